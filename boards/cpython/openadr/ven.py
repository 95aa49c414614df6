"""The VEN: enrols, polls its VTN, hears its broker, enters what the events ask for, and sends the reports they want.

Every answer of the VTN replaces what was known as a whole (known.py); what that asks for becomes one set of controls at
the desk (docs/sources.md), entered again only when it differs. While the VTN is away what it said runs on to its end.
Source: OpenADR 3.1.0 User Guide 6 (scenarios); options and behaviour: docs/openadr.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import record
from boards import telling
from boards.cpython.notes import Notes
from boards.cpython.openadr.agenda import PROGRAMS_MAX, Agenda
from boards.cpython.openadr.events import Event, program_of
from boards.cpython.openadr.known import merged
from boards.cpython.openadr.marks import Marks
from boards.cpython.openadr.notices import Notices
from boards.cpython.openadr.options import ven_options
from boards.cpython.openadr.plan import in_watts, steps
from boards.cpython.openadr.reports import Reports
from boards.cpython.openadr.signals import Places, Unserved
from boards.cpython.openadr.subscription import Subscription
from boards.cpython.openadr.tariff import Tariff
from boards.cpython.openadr.vtn import Vtn, VtnError
from boards.cpython.openadr.webhook import Webhook
from boards.cpython.peer_options import secret, trusting
from boards.cpython.steps import Step, controls, is_enough
from boards.cpython.strict_json import Malformed, as_id, as_object
from boards.retry import retry_ms
from hal import quantities as q

if TYPE_CHECKING:
    from agent.sources.desk import Control
    from agent.sources.peer_desk import PeerDesk

LOOK_S = 1
ENTER_TURNS = 10
SOON_MS = 3600000
WAITING_MAX = 64
SHORTEST_POLL_S = 0.2  # however many notifications come


class Ven:
    """A source of control: see boards/cpython/peers.py. `trouble` says why the VTN was last not reached."""

    def __init__(self, desk: PeerDesk, options: dict[str, Any]) -> None:
        self.desk = desk
        self.options = ven_options(desk, options)
        self.trouble = ""
        self._notes = Notes(desk.authority.name)
        self.attempts = 0  # to ask the VTN, that have ended
        self.polls = 0  # those of them that brought a whole list
        self.waiting: deque[dict[str, Any]] = deque(maxlen=WAITING_MAX)  # reports
        self._credentials: tuple[str, str] | None = None
        self._tls = trusting(Path(), None)
        self._wake = asyncio.Event()
        self.pause_ms = retry_ms  # after an outage of so long; a simulation draws it from its seed
        self._said: dict[Step, Control] | None = None  # what holds at the desk; None: nothing was said yet
        self._origin = b""
        self._refused: dict[str, str] = {}
        self._unheard: dict[str, str] = {}  # why no notification comes by webhook
        self._heard_ms = 0  # civil, when the VTN was last heard
        self.notices: Notices | None = None
        self._tariff = Tariff(desk, self.options["price_units"])
        state = desk.loop.state
        places = Places(state, desk.authority, self.options["targets"], self.options["simple"])
        self.agenda = Agenda(places, state.agent_id)
        names = sorted({"", *self.options["targets"].values()})
        scopes = [state.scope_named(name) for name in names]
        if None in scopes:
            raise ValueError(f"targets: there is no {names[scopes.index(None)]!r} among circuits and devices")
        self.marks = Marks(desk, [scope for scope in scopes if scope is not None])
        self.reports = Reports(self.marks, self.options["ven_name"])

    def open(self, folder: Path) -> None:
        """Read the secret and the authority of the VTN's certificate. Raises: ValueError, OSError."""
        self._tls = trusting(folder, self.options["ca"])
        if self.options["client_id"] is not None:
            self._credentials = (
                self.options["client_id"],
                secret(folder, "client_secret", self.options["client_secret"]),
            )

    @property
    def refusals(self) -> dict[str, str]:
        """What of the VTN's events is not done, and why."""
        return {**self.reports.unserved, **self._refused, **self.agenda.unserved, **self.agenda.events.refusals}

    async def run(self) -> None:
        """Talk to the VTN, for ever."""
        vtn = Vtn(self.options["url"], self._tls, self._credentials, self.options["token_url"])
        async with vtn:
            await self.serve(vtn)

    async def serve(self, vtn: Vtn) -> None:
        """Talk to a VTN whose session is open, for ever."""
        subscription: Subscription | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._poll(vtn))
                tasks.create_task(self._look())
                if self.options["notices"] == "mqtt":
                    tasks.create_task(self._hear(vtn))
                if self.options["notices"] == "webhook":
                    token = secrets.token_hex(32)
                    subscription = self._subscription(vtn, token)
                    tasks.create_task(self._webhook(token).run())
                    tasks.create_task(self._subscribe(vtn, subscription))
        except ExceptionGroup as group:  # one of them broke: what it broke by is told
            raise group.exceptions[0] from group
        finally:  # not in its own task, which an end of all tasks at once would cut short
            if subscription is not None:
                await subscription.drop()

    def notes_to(self, say: Callable[[str], None]) -> None:
        """Tell people, from now on, what is refused and why the VTN is not reached."""
        self._notes.to(say)

    def wake(self) -> None:
        """Ask the VTN now."""
        self._wake.set()

    async def _poll(self, vtn: Vtn) -> None:
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        while True:
            self._wake.clear()
            began_s = loop.time()
            try:
                await self._ask(vtn)
                await self._send(vtn)
                self.trouble, heard_s, rest_s = "", loop.time(), float(self.options["poll_s"])
            except VtnError as error:
                self.trouble = str(error)
                rest_s = min(self.pause_ms(int((loop.time() - heard_s) * 1000)) / 1000, self.options["poll_s"])
            self.attempts += 1
            self._tell()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._wake.wait()
            await asyncio.sleep(max(0, began_s + SHORTEST_POLL_S - loop.time()))

    def _tell(self) -> None:
        self._notes.tell({**self.refusals, **self._unheard, **({"VTN": self.trouble} if self.trouble else {})})

    async def _ask(self, vtn: Vtn) -> None:
        """Take all programmes and events of this VEN. Raises: VtnError."""
        program_id = await self._take_programs(vtn)
        query = {} if program_id is None else {"programID": program_id}
        queries = [query] + [{**query, "targets": target} for target in self.options["targets"]]
        lists = [await vtn.listed("/events", each) for each in queries]
        now_ms = self.desk.loop.clock.civil_ms()
        if not now_ms:  # an event that begins now would have begun in 1970
            raise VtnError("nobody here knows the time yet: its events wait")
        self._heard_ms = now_ms
        listed = merged(lists)
        changed = self.agenda.take(listed, now_ms)
        self._origin = json.dumps(listed, default=str, sort_keys=True).encode()
        self.polls += 1
        self._refused = {}
        self.enter(now_ms, changed)

    async def _take_programs(self, vtn: Vtn) -> str | None:
        """Take the programmes; return the id of the one that is configured. Raises: VtnError."""
        found = {}
        for each in (await vtn.listed("/programs", {}))[:PROGRAMS_MAX]:
            with contextlib.suppress(Malformed):  # its events are then refused for want of units
                program = program_of(each)
                found[program.id] = program
        self.agenda.programs = found
        return self._program_id()

    def _program_id(self) -> str | None:
        """Return the id of the programme that is configured, None without one. Raises: VtnError."""
        name = self.options["program"]
        if name is None:
            return None
        for program in self.agenda.programs.values():
            if program.name == name:
                return program.id
        raise VtnError(f"the VTN has no programme {name!a}")

    def enter(self, now_ms: int, changed: bool = False) -> None:
        """Say what the known events ask for from `now_ms` (Unix) on, where that differs from what was said.

        Unless they changed, what differs later than in an hour has time: intervals that repeat come up one by one.
        """
        if not self.polls or self.desk.loop.clock.quality() != q.CLOCK_SYNCHRONISED:
            return  # what was kept over a restart runs on until the VTN was heard
        found = steps(self.agenda.wishes(now_ms), now_ms)
        self._tariff.follow(self.agenda.points, now_ms)
        before = self._said or {}
        left = [step for step in before if not step.is_over(now_ms)]
        if self._said is None or not is_enough(left, found, now_ms, None if changed else now_ms + SOON_MS):
            left = found
        lease_ms = self.options["lease_s"] * 1000
        lease_until_ms = (self._heard_ms // lease_ms + 2) * lease_ms
        resolved = {in_watts(self.desk.loop.state, step): step for step in left}
        placed = controls(self.desk, list(resolved), now_ms, lease_until_ms, self.options["primacy"])
        said = {resolved[step]: placed[step] for step in placed}
        if left is found or any(before[step] != said.get(step) for step in left):
            self._said = {step: said[step] for step in said if self._is_taken(step, said[step])}
            self.desk.replace(list(self._said.values()), self._origin)

    def _is_taken(self, step: Step, control: Control) -> bool:
        """Tell whether the core takes a control by itself: a set with one that it refuses is refused as a whole."""
        reason = self.desk.reason_against(control)
        if reason != record.ACCEPTED:
            self._refused[step.event] = telling.reason(reason)
        return reason == record.ACCEPTED

    async def _look(self) -> None:
        """Remember what the site shows, and follow what changes without the VTN: charge, leases, what is over."""
        clock = self.desk.loop.clock
        for turn in itertools.count():
            if clock.quality() == q.CLOCK_SYNCHRONISED:
                self.marks.look(clock.civil_ms())
                if turn % ENTER_TURNS == 0:
                    self.enter(clock.civil_ms())
            await asyncio.sleep(LOOK_S)

    async def _send(self, vtn: Vtn) -> None:
        """Post the reports that are due; one that the VTN refuses is not sent again. Raises: VtnError."""
        now_ms, state = self.desk.loop.clock.civil_ms(), self.desk.loop.state
        known = list(self.agenda.events.known.values())
        self.waiting.extend(self.reports.due(known, self._scopes_of, now_ms, state.agent_id))
        while self.waiting:
            try:
                await vtn.post("/reports", self.waiting[0])
            except VtnError as error:
                if not 400 <= error.status < 500 or error.status in (401, 408, 429):
                    raise
                self._refused[self.waiting[0]["eventID"]] = f"its report was refused: {error}"
            self.waiting.popleft()

    def _scopes_of(self, event: Event) -> list[int]:
        try:
            return self.agenda.places.scopes(event.targets)
        except Unserved:
            return []

    async def _hear(self, vtn: Vtn) -> None:
        """Listen to the VTN's broker, for ever, where it has one."""
        ven_id = await self._enrolled(vtn)
        name = "siteward-" + self.desk.loop.state.agent_id.hex()
        notices = Notices(vtn, self._tls, name, self.options["client_id"] or "", self._told)
        self.notices = notices
        await notices.run([f"vens/{ven_id}/events"])

    async def _subscribe(self, vtn: Vtn, subscription: Subscription) -> None:
        """Be told by webhook, for ever, of what changes."""
        await self._enrolled(vtn)
        await subscription.run(self._program_id, self.wake)  # what changed before is in the list

    def _subscription(self, vtn: Vtn, token: str) -> Subscription:
        note = partial(self._note, "subscription")
        return Subscription(vtn, self.options["ven_name"], self.options["callback_url"], token, note)

    def _webhook(self, token: str) -> Webhook:
        return Webhook(self.options["callback_port"], token, self._told, partial(self._note, "callback_port"))

    def _note(self, about: str, why: str) -> None:
        """Tell why no notification comes, "" when it does."""
        self._unheard.pop(about, None)
        if why:
            self._unheard[about] = why
        self._tell()

    def _told(self, deleted: str) -> None:
        if deleted:
            self.agenda.events.deleted(deleted)
        self.wake()

    async def _enrolled(self, vtn: Vtn) -> str:
        """Return the id that the VTN knows this VEN by; make it and its devices known where they are not."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            try:
                return await enrol(vtn, self.options["ven_name"], self._resources())
            except (VtnError, Malformed) as error:
                self.trouble = str(error)
            await asyncio.sleep(retry_ms(int((loop.time() - began_s) * 1000)) / 1000)

    def _resources(self) -> list[str]:
        return sorted({scope for scope in self.options["targets"].values() if scope})


async def enrol(vtn: Vtn, ven_name: str, resources: list[str]) -> str:
    """Create what is missing of a VEN and its resources; return the VEN's objectID. Raises: VtnError, Malformed."""
    found = await vtn.listed("/vens", {"venName": ven_name})
    mine = [each for each in found if as_object("ven", each).get("venName") == ven_name]
    ven = mine[0] if mine else await vtn.post("/vens", {"objectType": "VEN_VEN_REQUEST", "venName": ven_name})
    ven_id = as_id("ven id", as_object("ven", ven).get("id"))
    there = [
        as_object("resource", each).get("resourceName") for each in await vtn.listed("/resources", {"venID": ven_id})
    ]
    for name in resources:
        if name not in there:
            await vtn.post("/resources", {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": name, "venID": ven_id})
    return ven_id
