"""EVerest's load-balancing cases against our answers; where they differ is docs/decisions/0006 and nothing else.

Source: EVerest, modules/EnergyManagement/EnergyManager/tests/json_tests (Apache-2.0), beside the project, never in it.
An energy node is a circuit that nobody measures, an EVSE a charger, each of its limits a limit by the same name.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.circuits import Circuit
from agent.limits import IMPORT, MILLIAMP, SITE, Limit, settle
from agent.state import State
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.needs import ROOT, shared_data
from tests.shared.house import AGENT_ID, METER, row
from tests.shared.plant import Load, Plant
from tests.shared.wiring import WIDE

DECISION = ROOT / "docs" / "decisions" / "0006-load-balancing-differences.md"
CASES = (
    "1_0_two_ac_evse_load_balancing",
    "1_2_two_evse_load_balancing_one_unplugged_6A",
    "2_0_one_external_limit",
    "6_empty",
    "7_no_schedules",
)
# case, charger, what -> what EVerest answers, what we answer; each stands in the decision
DIFFERENCES: dict[tuple[str, str, str], tuple[object, object]] = {
    ("2_0_one_external_limit", "evse1", "source"): (
        "grid_connection_root,external_limit_1_root,EVSE1_root",
        "default",
    ),
    ("7_no_schedules", "evse_manager", "source"): ("", "meter never seen"),
}


def case(name: str) -> dict[str, Any]:
    """Return a case; one that stands on another's file with its patches made."""
    found: dict[str, Any] = json.loads(shared_data("everest_energy_manager", name + ".json").read_text())
    if "basefile" not in found:
        return found
    whole = case(found["basefile"].removesuffix(".json"))
    for patch in found["patches"]:
        assert patch["op"] == "replace"
        *path, last = patch["path"].strip("/").split("/")
        at: Any = whole
        for key in path:
            at = at[int(key)] if isinstance(at, list) else at[key]
        at[last] = patch["value"]
    return whole


class Site:
    """The nodes of a request as circuits, chargers and limits."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.units = [Unit(0, row("grid"), METER)]
        self.loads: list[Load] = []
        self.circuits: list[Circuit] = []
        self.limits: list[Limit] = []
        self._add(request, 0)
        measured = bool(request["schedule_import"])  # a connection of which nothing is known has no headroom
        self.plant = Plant([], self.loads, WIDE)
        self.plant.samples = [None] * len(self.units)
        self.plant.silent = [] if measured else [0]
        self.plant.state = State(Circuit(WIDE, 0), self.units, AGENT_ID, 7, 60, 10000, self.circuits)
        self.plant.state.limits = self.limits

    def _add(self, node: dict[str, Any], parent: int) -> None:
        if node["node_type"] == "Evse":
            self._add_charger(node, parent)
            return
        if node["node_type"] == "Undefined":
            return
        place = len(self.circuits) + 1
        table = {**WIDE, "id": node["uuid"], "parent": parent}
        self.circuits.append(Circuit(table, None, SITE - place))
        self._add_limits(node, SITE - place)
        for child in node["children"]:
            self._add(child, place)

    def _add_charger(self, node: dict[str, Any], circuit: int) -> None:
        index = len(self.units)
        least_a, most_a = 6.0, 32.0
        for entry in node["schedule_import"][:1]:
            least_a = entry["limits_to_root"]["ac_min_current_A"]["value"]
            most_a = 32.0
        contract = Contract(c.CHARGER, q.LIMIT_MA, (round(least_a * 1000), round(most_a * 1000), 100), 0, False, 10000)
        keys: dict[str, object] = {"default": 32000, "circuit": circuit, "power_max_w": 22080}
        self.units.append(Unit(index, row(node["uuid"], **keys), contract))
        self.loads.append(Load(22080 if node.get("evse_state") == "Charging" else 0))
        self._add_limits(node, index)

    def _add_limits(self, node: dict[str, Any], scope: int) -> None:
        for entry in node["schedule_import"][:1]:
            for side in ("limits_to_root", "limits_to_leaves"):
                limit = entry[side]["ac_max_current_A"]
                value_ma = round(limit["value"] * 1000)
                self.limits.append(
                    Limit(scope, IMPORT, value_ma, limit["source"], 0, limit["source"].encode(), MILLIAMP)
                )

    def answers(self) -> dict[str, dict[str, object]]:
        """Return what each charger is granted and why, in EVerest's words."""
        wanted = [load.wants_w for load in self.loads]
        for load in self.loads:
            load.wants_w = 0  # a car waits until it is told that it may
        self.plant.run(2)
        for at, load in enumerate(self.loads):
            load.wants_w = wanted[at]
        self.plant.run(60)
        found: dict[str, dict[str, object]] = {}
        for unit in self.units[1:]:
            assert unit.setpoint is not None
            found[unit.id] = {"ac_max_current_A": unit.setpoint / 1000, "source": unit.source.removeprefix("limit ")}
        return found


def theirs(limits: dict[str, Any]) -> dict[str, object]:
    """Return what EVerest answers for one charger."""
    return {
        key: limits["ac_max_current_A"][name] for key, name in (("ac_max_current_A", "value"), ("source", "source"))
    }


def differences(name: str) -> dict[tuple[str, str, str], tuple[object, object]]:
    """Return every answer in which EVerest and we differ, at each start time and each time of the schedule."""
    read = case(name)
    found: dict[tuple[str, str, str], tuple[object, object]] = {}
    assert len(read["expected_results"]) == len(read["start_times"])
    for expected in read["expected_results"]:
        site = Site(read["request"])
        ours = site.answers()
        assert sorted(ours) == sorted(result["uuid"] for result in expected)
        for result in expected:
            assert result["valid_for"] * 1000 == site.plant.state.lease_ms
            for limits in [result["limits_root_side"], *[entry["limits_to_root"] for entry in result["schedule"]]]:
                for key, answer in theirs(limits).items():
                    if answer != ours[result["uuid"]][key]:
                        found[name, result["uuid"], key] = answer, ours[result["uuid"]][key]
    return found


@pytest.mark.parametrize("name", CASES)
def test_we_differ_from_everest_only_where_it_was_decided(name: str) -> None:
    assert differences(name) == {key: answers for key, answers in DIFFERENCES.items() if key[0] == name}


def test_every_case_is_asked() -> None:
    assert sorted(path.stem for path in shared_data("everest_energy_manager").glob("*.json")) == sorted(CASES)


def test_every_difference_stands_in_the_decision() -> None:
    text = DECISION.read_text()
    for (name, charger, _), answers in DIFFERENCES.items():
        assert f"`{name}`" in text and f"`{charger}`" in text
        for answer in answers:
            assert f"`{answer}`" in text or answer == ""


def test_a_limit_that_begins_later_does_not_bind_before_as_everests_first_entry_does() -> None:
    """Decided in 0005: the cases state their limits from 13:08:36 on and start at 13:00."""
    read = case(CASES[0])
    site = Site(read["request"])
    assert read["start_times"][0] < read["request"]["schedule_import"][0]["timestamp"]
    for limit in site.limits:
        limit.due, limit.from_ms = False, 1 << 40
    settle(site.limits)
    assert [answer["ac_max_current_A"] for answer in site.answers().values()] == [32.0, 32.0]
