"""Runs CSIP-AUS test procedures as others wrote them, in virtual time, against the client and the core.

A procedure says what the server holds, and its steps wait for requests, for time, or for a person, and then change it.
The first step listens from the beginning, as do those that a procedure enables; it has passed when every step has.
`reached` has what held at the site when a step was done.

Source: the format of bsgip/cactus-test-definitions (MIT); the procedures themselves are those of SA TS 5573.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from itertools import pairwise
from typing import Any, NamedTuple

from tests.ieee2030_5.server import CANCELLED, Program, Request, Utility
from tests.ieee2030_5.world import MAX_W, World

STRIDE_S = 3
SECONDS_MAX = 7200
WATCHED_S = 240  # how long a person looks before going on
UNITS = {"second": 1, "minute": 60, "hour": 3600}
RATES = {"dcap": "dcap", "edev_list": "edev", "fsa_list": "fsa", "der_list": "der", "derp_list": "derp"}
KNOWN_W = ("maxImportW", "maxExportW", "setMaxW", "setMaxVA", "setMaxChargeRateW", "setMaxDischargeRateW")


PUT_AT = {"der-settings-contents": "/edev/1/der/1/derg", "der-capability-contents": "/edev/1/der/1/dercap"}


class Reached(NamedTuple):
    """What held when a step was done."""

    at_s: int
    import_w: int | None
    export_w: int | None
    grid_w: int


class Run:
    """One procedure on its way; `hands` do what its instructions ask of a person, when that step begins to listen."""

    def __init__(
        self,
        procedure: dict[str, Any],
        world: World,
        hands: Mapping[str, Callable[[World], None]],
        stride_s: int = STRIDE_S,
    ) -> None:
        self.world, self.utility = world, world.utility
        self.reached: dict[str, Reached] = {}
        self.finished = False
        self.failed = ""
        self.tags: dict[str, str] = {}  # a control's mRID by the name that the procedure gives it
        self._programs: dict[str, Program] = {}
        self._hands, self._stride_s = hands, stride_s
        self._steps: dict[str, Any] = procedure.get("Steps") or {}
        self._left = list(self._steps)
        self._listening: dict[str, int] = {}  # since when
        self.utility.before.append(lambda request: self._heard(request, False))
        self.utility.after.append(lambda request: self._heard(request, True))
        held = procedure["Preconditions"]
        for action in (held.get("init_actions") or []) + (held.get("actions") or []):
            self.do(action)
        if self._left and not self._listening:
            self._listen(self._left[0])

    def run(self, seconds_max: int) -> None:
        """Run until it ends, at the latest after so long."""
        asyncio.run(self._run(seconds_max))

    async def _run(self, seconds_max: int) -> None:
        end_s = self.world.now_s + seconds_max
        while not self.finished and self.world.now_s < end_s:
            await self.world.step(self._stride_s)
            for name in list(self._listening):
                event = self._steps[name]["event"]
                waited_s = self.world.now_s - self._listening[name]
                over_s = {"wait": event["parameters"].get("duration_seconds", 0), "proceed": WATCHED_S}
                if waited_s >= over_s.get(event["type"], SECONDS_MAX):
                    self._done(name)

    def go_on(self, seconds: int) -> None:
        """Let time pass after the end."""
        self.finished = False
        self.run(seconds)

    @property
    def left(self) -> list[str]:
        """The steps that have not passed."""
        return self._left

    def told(self, tag: str) -> list[int]:
        """Return what the utility was told of a control."""
        return self.world.told(self.tags[tag])

    def _listen(self, name: str) -> None:
        self._listening[name] = self.world.now_s
        if name in self._hands:
            self._hands[name](self.world)

    def _heard(self, request: Request, served: bool) -> None:
        for name in list(self._listening):
            event = self._steps[name]["event"]
            method, _, what = event["type"].partition("-")
            if what != "request-received" or method != request.method:
                continue
            wanted = event["parameters"]
            after = bool(wanted.get("serve_request_first"))
            if after is served and fnmatch(request.path, wanted["endpoint"]) and self._holds(event.get("checks") or []):
                self._done(name)

    def _done(self, name: str) -> None:
        world = self.world
        self.reached[name] = Reached(world.now_s, world.import_w, world.export_w, world.site.grid_w())
        self._listening.pop(name, None)
        actions = self._steps[name].get("actions") or []
        removes = [action["parameters"]["steps"] for action in actions if action["type"] == "remove-steps"]
        for action in actions:
            self.do(action)
        if not any(name in steps for steps in removes) and name in self._left:
            self._listening[name] = world.now_s  # it is heard again
        if not self._left:
            self.finished = True

    def do(self, action: dict[str, Any]) -> None:
        """Carry out one action."""
        kind, given = action["type"], action.get("parameters") or {}
        getattr(self, "_" + kind.replace("-", "_"))(given)

    def _enable_steps(self, given: dict[str, Any]) -> None:
        for name in given["steps"]:
            self._listen(name)

    def _remove_steps(self, given: dict[str, Any]) -> None:
        for name in given["steps"]:
            self._listening.pop(name, None)
            if name in self._left:
                self._left.remove(name)

    def _finish_test(self, given: dict[str, Any]) -> None:
        self.failed = given.get("fail_message", "")
        self.finished = True

    def _set_comms_rate(self, given: dict[str, Any]) -> None:
        for name, rate_s in given.items():
            if name == "mup_post_seconds":
                self.utility.post_s = rate_s
            elif name.removesuffix("_poll_seconds") in RATES:
                self.utility.rates[RATES[name.removesuffix("_poll_seconds")]] = rate_s

    def _register_end_device(self, given: dict[str, Any]) -> None:
        digits = str(given["registration_pin"])
        self.utility.pin = int(digits + str(-sum(map(int, digits)) % 10))

    def _communications_status(self, given: dict[str, Any]) -> None:
        self.utility.reachable = given["enabled"]

    def _create_der_program(self, given: dict[str, Any]) -> None:
        made = self.utility.add_program(given["primacy"], given.get("fsa_id", 1))
        self._programs[given.get("tag", "")] = made

    def _program(self, given: dict[str, Any]) -> Program:
        """Return the program that an action means."""
        if "der_program_tag" in given:
            return self._programs[given["der_program_tag"]]
        if "derp_id" in given:
            return self.utility.programs[given["derp_id"] - 1]
        if not self.utility.programs:
            self.utility.add_program(given.get("primacy", 0))
        primacy = given.get("primacy", self.utility.programs[0].primacy)
        return next(program for program in self.utility.programs if program.primacy == primacy)

    def _set_default_der_control(self, given: dict[str, Any]) -> None:
        program = self._program(given)
        if given.get("cancelled"):
            program.default = None
            return
        said = {name: self._number(said) for name, said in given.items() if name != "derp_id"}
        program.default = (program.default or {}) | said

    def _create_der_control(self, given: dict[str, Any]) -> None:
        modes = {name: self._number(said) for name, said in given.items() if name.startswith("opMod")}
        ramp_s = given.get("ramp_time_seconds")
        made = self.utility.add_event(
            self._program(given), self._number(given["start"]), given["duration_seconds"], modes,
            random_start_s=given.get("randomizeStart_seconds"), tens=given.get("pow_10_multipliers", 0),
            ramp_cs=None if ramp_s is None else ramp_s * 100,
        )  # fmt: skip
        self.tags[given.get("tag", f"control {len(self.tags) + 1}")] = made.mrid

    def _cancel_active_der_controls(self, _given: dict[str, Any]) -> None:
        now_s = self.utility.now_s()
        for program in self.utility.programs:
            for event in program.events:
                if event.status is None and event.start_s + event.duration_s > now_s:
                    event.status = CANCELLED

    def _number(self, said: Any) -> Any:
        """Return a number; `$(...)` is worked out."""
        if type(said) is not str:
            return said
        inside = re.fullmatch(r"\$\((.*)\)", said)
        if not inside:
            return said
        found = re.sub(r"'(\d+) (second|minute|hour)s?'", lambda m: str(int(m[1]) * UNITS[m[2]]), inside[1])
        names = dict.fromkeys(KNOWN_W, MAX_W) | {"now": self.utility.now_s()}
        return round(eval(found, {"__builtins__": {}}, names))  # a procedure's arithmetic, from a pinned file

    def _holds(self, checks: list[dict[str, Any]]) -> bool:
        return all(self._check(check["type"], check.get("parameters") or {}) for check in checks)

    def _check(self, kind: str, given: dict[str, Any]) -> bool:
        if kind == "response-contents":
            mrids = [self.tags[given["subject_tag"]]] if "subject_tag" in given else list(self.tags.values())
            mrids = [mrid.zfill(32) for mrid in mrids]
            told = self.utility.responses[-1:] if given.get("latest") else self.utility.responses
            return any(status == given["status"] and subject in mrids for _, status, subject in told)
        if kind == "der-status-contents":
            return status_is(self.utility, given)
        if kind in PUT_AT:
            held = self.utility.put.get(PUT_AT[kind], "")
            return bool(held) and all(f"<{name}>" in held for name, wanted in given.items() if wanted is True)
        raise AssertionError(kind)


def status_is(utility: Utility, given: dict[str, Any]) -> bool:
    """Tell whether the DERStatus that the server has says so."""
    held = utility.put.get("/edev/1/der/1/ders", "")
    found = {
        name: re.search(f"<{name}>.*?<value>(\\w+)</value>", held)
        for name in ("operationalModeStatus", "genConnectStatus")
    }
    for name, wanted in given.items():
        match = found[name.removesuffix("_bit0")]
        if match is None:
            return False
        said = int(match[1], 16)
        if bool(said & 1) is not wanted if name.endswith("_bit0") else said != wanted:
            return False
    return True


def polls_s(utility: Utility, path: str) -> list[int]:
    """Return the times between requests for a path."""
    times = sorted({request.at_s for request in utility.seen if request.method == "GET" and request.path == path})
    return [later - earlier for earlier, later in pairwise(times)]
