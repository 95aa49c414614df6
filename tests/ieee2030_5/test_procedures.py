"""CSIP-AUS test procedures (SA TS 5573, table 12.4 and after), as others wrote them down, run against the client.

Which concern this client, which do not and why, and what of those that do it does not fulfil, stands here;
docs/ieee2030_5.md repeats it, and a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from boards.cpython.ieee2030_5.encode import DER_ROLE, SITE_ROLE
from tests.ieee2030_5 import outline
from tests.ieee2030_5.procedures import SECONDS_MAX, Run, polls_s
from tests.ieee2030_5.server import Utility
from tests.ieee2030_5.world import MAX_W, World
from tests.needs import ROOT, shared_data

SUBSCRIBES = "it subscribes, and a server must reach the site for that: this client polls"
AS_4755 = (
    "they judge the status by the modes 100 to 104 of AS/NZS 4755 equipment, which a site has not; the set-points that "
    "they send are carried out"
)
PRICES = "the pricing function set is not read: prices come from other sources here"
NOT_APPLICABLE = {
    "ALL-14": SUBSCRIBES, "ALL-16": SUBSCRIBES, "GEN-06": SUBSCRIBES, "GEN-08": SUBSCRIBES, "LOA-05": SUBSCRIBES,
    "LOA-07": SUBSCRIBES, "DRD-01": AS_4755, "DRL-01": AS_4755, "PRC-02": PRICES, "PRC-04": PRICES,
    "P-01": "it is for aggregators: two sites behind one certificate, and an agent is one site",
    "SDVN-01": "the server's first address is configured and not discovered",
}  # fmt: skip
REACTIVE = ("readings-site-reactive-power", "readings-der-reactive-power")
READINGS = {
    "readings-site-active-power": (SITE_ROLE, 38), "readings-voltage": (SITE_ROLE, 29),
    "readings-der-active-power": (DER_ROLE, 38), "readings-der-stored-energy": (DER_ROLE, 72),
}  # fmt: skip
NOT_SAID = ("rtgMaxVar", "rtgMaxVarNeg", "rtgMinPFOverExcited", "rtgMinPFUnderExcited")
NOT_SET = ("setMaxVar", "setMaxVarNeg", "setMinPFOverExcited", "setMinPFUnderExcited", "setMinWh")


def stop(world: World) -> None:
    """Stop the DER by hand."""
    world.state.units[1].default = 0


def start(world: World) -> None:
    """Let the DER run again."""
    world.state.units[1].default = world.default_w


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Case(NamedTuple):
    """How a procedure is run: what a person does at a step, and what must hold in W when a step is done.

    `export_w` and `import_w` by step; `more_s`: it has no end of its own, and what it asks for takes so long.
    """

    hands: Mapping[str, Callable[[World], None]] = NOTHING
    export_w: Mapping[str, int] = NOTHING
    import_w: Mapping[str, int] = NOTHING
    more_s: int = 0
    loads: bool = False
    stride_s: int = 3


def share(per_cent: int) -> int:
    """Return a share of the rated power."""
    return MAX_W * per_cent // 100


CASES = {
    "ALL-01": Case(), "ALL-03-REJ": Case(), "ALL-04": Case(),
    "ALL-06": Case(),
    "ALL-08": Case(hands={"PUT-DERSTATUS-DISCONNECT": stop, "PUT-DERSTATUS-CONNECT": start}),
    "ALL-10": Case(), "ALL-12": Case(), "ALL-18": Case(), "ALL-20": Case(), "ALL-22": Case(),
    "ALL-24": Case(export_w={"GET-DERC-3": share(25), "WAIT-TEST-END": share(20)}),
    "ALL-25": Case(more_s=1), "ALL-27": Case(),
    "ALL-29": Case(export_w={"WAIT-TEST-END": 0}), "ALT-ALL-29": Case(loads=True, import_w={"WAIT-TEST-END": 0}),
    "DRA-01": Case(),
    "GEN-02": Case(export_w={"WAIT-REACH-ZERO": MAX_W}),
    "GEN-04": Case(), "GEN-12": Case(more_s=660),
    "GEN-10": Case(export_w={
        "WAIT-OBSERVE-DEFAULT-DERC": share(30), "WAIT-DERC-1": 2 * MAX_W, "POST-DERC-2-RESPONSE-COMPLETED": 0,
        "WAIT-OBSERVE-DEFAULT-AFTER-DERC-3": share(30), "WAIT-OBSERVE-DERC-5": 2 * MAX_W,
        "WAIT-OBSERVE-DERC-6": share(50), "POST-DERC-7-RESPONSE-COMPLETED": 0, "WAIT-OBSERVE-DERC-9-10": share(20),
        "WAIT-OBSERVE-DERP-1-6-DEFAULTS": share(50),
    }),
    "LOA-01": Case(loads=True, import_w={"WAIT-REACH-ZERO": 0}),
    "LOA-03": Case(loads=True, import_w={
        "WAIT-RAMP-DEFAULT-DERC": share(30), "WAIT-RAMP-DEFAULT-DERC-2": share(30), "WAIT-TEST-END": 0,
    }),
    "LOA-09": Case(loads=True, import_w={"WAIT-TILL-END": share(30)}),
    "LOA-11": Case(loads=True, more_s=660), "LOA-13": Case(loads=True),
    "MUL-02": Case(export_w={"WAIT-TEST-END": 0}), "P-03": Case(export_w={
        "PROCEED-OBSERVE-ZERO": 0, "PROCEED-OBSERVE-DEFAULT": share(30),
    }),
    "STO-02": Case(), "STO-04": Case(), "STO-06": Case(stride_s=6),
}  # fmt: skip


def procedure(name: str) -> dict[str, Any]:
    """Return what others wrote."""
    text = shared_data("ieee2030_5", "csip_aus_procedures", f"{name}.yaml").read_text()
    held: dict[str, Any] = outline.read(text)
    return held


def carried_out(name: str, folder: Path) -> Run:
    """Run a procedure to its end."""
    case = CASES[name]
    world = World(folder, default_w=MAX_W if case.loads else -MAX_W, setpoints=1, isolator="isolator")
    world.warm()
    world.utility.one_list = name == "P-03"  # its steps wait for a list of all programs
    run = Run(procedure(name), world, case.hands, case.stride_s)
    run.run(SECONDS_MAX)
    assert run.finished and not run.failed, (run.left, run.failed)
    if case.more_s:
        run.go_on(case.more_s)
    return run


def test_every_procedure_is_run_or_told_why_not():
    there = {file.stem for file in shared_data("ieee2030_5", "csip_aus_procedures").glob("*.yaml")}
    assert there == set(CASES) | set(NOT_APPLICABLE)
    assert not set(CASES) & set(NOT_APPLICABLE)


def test_the_documentation_tells_of_each():
    told = (ROOT / "docs" / "ieee2030_5.md").read_text()
    rows = dict(re.findall(r"^\| ([A-Z0-9, -]+?) \| (.*?) \|$", told, re.MULTILINE))
    reasons = {name: why for names, why in rows.items() for name in names.split(", ")}
    assert {name: reasons.get(name) for name in NOT_APPLICABLE} == NOT_APPLICABLE
    for name in CASES:
        assert name in told, name
    for name in NOT_SAID + NOT_SET:
        assert name in told, name


@pytest.mark.parametrize("name", sorted(CASES))
def test_procedure(name, tmp_path):
    run = carried_out(name, tmp_path / "certificates")
    case, utility = CASES[name], run.utility
    assert run.left == [] or "finish-test" in str(procedure(name)["Steps"]), run.left
    for step, power_w in case.export_w.items():
        assert run.reached[step].export_w == power_w, (step, run.reached[step])
        assert run.reached[step].grid_w >= -power_w - 2, (step, run.reached[step])
    for step, power_w in case.import_w.items():
        assert run.reached[step].import_w == power_w, (step, run.reached[step])
        assert run.reached[step].grid_w <= max(power_w, share(4)), (step, run.reached[step])
    for check in procedure(name)["Criteria"]["checks"]:
        assert fulfilled(run, utility, check["type"], check["parameters"] or {}), check


def fulfilled(run: Run, utility: Utility, kind: str, given: dict[str, Any]) -> bool:
    """Tell whether what a procedure asks for at its end holds, as far as this agent says it does."""
    if kind in ("all-steps-complete", "end-device-contents") or kind in REACTIVE:
        return True  # looked at before; registered out of band; nothing here measures reactive power
    if kind == "response-contents":
        return all(given["status"] in run.told(tag) for tag in run.tags)
    if kind in READINGS:
        return len(readings(utility, *READINGS[kind])) >= given.get("minimum_count", 1)
    if kind == "all-polls-at-correct-time":
        every_s = given["poll_interval_seconds"]
        return all(
            max(polls_s(utility, path), default=0) <= every_s * 3 // 2
            for path in given["endpoints"]
            if given["request_type_str"] == "GET" and "*" not in path
        )
    place = {"der-capability-contents": "dercap", "der-settings-contents": "derg"}[kind]
    held = utility.put[f"/edev/1/der/1/{place}"]
    return all(re.search(f"{name.removesuffix('_set')}>", held) for name in given if name not in NOT_SAID + NOT_SET)


def readings(utility: Utility, role: str, unit: int) -> list[int]:
    """Return what was posted for a quantity."""
    for at, point in enumerate(utility.points):
        if f"<roleFlags>{role}</roleFlags>" in point and f"<uom>{unit}</uom>" in point:
            found = re.findall(r"<value>(-?\d+)</value>", "".join(utility.readings.get(at + 1, [])))
            return [int(number) for number in found]
    return []
