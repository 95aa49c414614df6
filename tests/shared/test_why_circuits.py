"""What is told of circuits, of what waits or rests, of targets, of protection, and of another controller's hand."""

from __future__ import annotations

import json

from agent import record, told, why
from agent.actuator import Actuator
from agent.claims import CEILING, CHANGE, TARGET
from agent.limits import HOLD
from agent.snapshot import pack
from agent.step import Outcome
from hal.capabilities.charger import Charger
from tests.shared.house import AGGREGATOR, DSO, OWNER
from tests.shared.plant import Plant
from tests.shared.test_step import command
from tests.shared.wiring import Branch, Wiring, battery, ev, heat_pump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AUTHORITIES = [DSO, AGGREGATOR, OWNER]
LIMIT, CLAIM, CANCEL, SET = 1, 2, 3, 4
QUANTITY, PHASES, START_S, ON_EXPIRY, MODE, RAMP_S = 1, 2, 3, 4, 5, 8


def house(*circuit: str) -> Wiring:
    """Return a garage with two cars behind an annex, and a heat pump and a battery at the connection."""
    annex, garage = Branch("annex", fuse_ma=63000), Branch("garage", "annex", metered=True, fuse_ma=32000)
    made = Wiring(
        [ev("car", "garage"), ev("bike", "annex", 3680, phases=1, priority=30), heat_pump("pump"), battery("battery")],
        [annex, garage],
        imbalance_ma=20000,
    )
    made.begin(120)
    return made


def device(plant: Plant, name: str, later_ms: int = 0) -> Any:
    """Return what is told of a device between two ticks."""
    unit = plant.state.unit_named(name)
    assert unit is not None
    return why.device(plant.state, plant.measure(), AUTHORITIES, unit, plant.now_ms + later_ms)


def site(plant: Plant, later_ms: int = 0) -> Any:
    """Return what is told of the connection and its circuits."""
    return why.site(plant.state, plant.measure(), AUTHORITIES, plant.now_ms + later_ms)


def circuit(plant: Plant, name: str) -> Any:
    """Return what is told of one circuit."""
    return next(each for each in site(plant)["circuits"] if each["circuit"] == name)


def by_source(told_of: Any, source: str) -> Any:
    """Return the limits of one source on a device."""
    return [each for each in told_of["limits"] if each["source"] == source]


def test_circuits_tell_their_meter_their_room_and_what_they_hang_on():
    plant = house()
    assert [(each["circuit"], each["parent"]) for each in site(plant)["circuits"]] == [
        ("annex", ""),
        ("garage", "annex"),
    ]
    garage, annex = circuit(plant, "garage"), circuit(plant, "annex")
    assert garage["meter"]["device"] == "m-garage" and garage["meter"]["fresh"] and garage["metered"]
    assert garage["shown_w"] == plant.circuit_w("garage")
    assert 0 <= garage["room_ma"][0] < 1000
    assert annex["meter"] is None and not annex["metered"] and annex["failsafe"] == 0
    assert annex["room_ma"][1] == plant.circuit("annex").left_ma[1]
    assert site(plant)["baseline_w"] == plant.state.site.baseline_w()
    car = device(plant, "car")
    assert car["circuits"] == ["garage", "annex", ""]
    assert [each["device"] for each in car["inputs"]] == ["car", "m-garage", "grid"]
    only = why.site(plant.state, plant.measure(), AUTHORITIES, plant.now_ms, plant["bike"].chain)
    assert [each["circuit"] for each in only["circuits"]] == ["annex"]


def test_a_fuse_of_a_circuit_binds_and_the_others_do_not():
    plant = house()
    plant.branches[1].base_w = [0, 2300, 0]
    plant.run(20)
    car = device(plant, "car")
    assert car["source"] == "fuse garage L2"
    fuses = [(each["scope"], each["binds"]) for each in car["limits"] if each["source"] == "fuse"]
    assert fuses == [("garage", True), ("annex", False), ("", False)]
    assert [each["scope"] for each in device(plant, "bike")["limits"] if each["source"] == "imbalance"] == [""]
    assert by_source(car, "imbalance") == []


def test_a_circuit_without_headroom_says_so_and_tells_no_room():
    plant = house()
    plant.silent.append(plant.branches[1].meter)
    plant.run(14)
    garage = circuit(plant, "garage")
    assert garage["failsafe"] == record.METER_STALE and not garage["meter"]["fresh"]
    assert (garage["room_w"], garage["room_ma"], garage["shown_w"]) == (None, None, None)
    car, bike = device(plant, "car"), device(plant, "bike")
    assert (car["failsafe"], car["failsafe_circuit"], car["source"]) == (record.METER_STALE, "garage", "meter stale")
    assert (bike["failsafe"], bike["failsafe_circuit"]) == (0, None)
    assert site(plant)["failsafe"] == 0


def test_a_current_limit_binds_on_its_phases():
    plant = house()
    plant.run(2, [command(DSO, 1, LIMIT, ["garage", 0, 10000, 600, {QUANTITY: 1, PHASES: 2}])])
    (limit,) = by_source(device(plant, "car"), "limit dso")
    assert (limit["ma"], limit["phases"], limit["scope"], limit["binds"]) == (10000, [2], "garage", True)
    assert "w" not in limit and limit["state"] == told.IN_FORCE
    assert [each["binds"] for each in circuit(plant, "garage")["limits"]] == [True]
    assert by_source(device(plant, "bike"), "limit dso") == []


def test_a_limit_that_waits_tells_when_it_begins_and_binds_nobody():
    plant = house()
    start_s = plant.now_ms // 1000 + 100
    plant.run(1, [command(DSO, 1, LIMIT, ["", 0, 1000, 600, {START_S: start_s}])])
    limit = by_source(device(plant, "car", 500), "limit dso")[0]
    assert limit["state"] == told.WAITS and not limit["binds"]
    assert (limit["starts_ms"], limit["left_ms"]) == (98500, 698500)
    assert device(plant, "pump")["next"] == "limit dso begins" and device(plant, "pump")["next_ms"] == 99000


def test_a_default_limit_rests_while_another_word_of_its_source_is_in_force():
    plant = house()
    plant.run(1, [command(DSO, 1, LIMIT, ["", 0, 9000, 0])])
    (default,) = site(plant)["limits"]
    assert (default["state"], default["default"], default["left_ms"], default["binds"]) == (
        "in force",
        True,
        None,
        True,
    )
    plant.run(1, [command(DSO, 2, LIMIT, ["", 0, 12000, 5])])
    default, timed = site(plant)["limits"]
    assert (default["state"], default["binds"]) == (told.SUSPENDED, False)
    assert (timed["state"], timed["binds"], timed["left_ms"]) == (told.IN_FORCE, True, 5000)
    plant.run(5)
    assert [each["state"] for each in site(plant)["limits"]] == [told.IN_FORCE]


def test_a_limit_that_holds_stays_when_its_time_is_over():
    plant = house()
    plant.run(1, [command(DSO, 1, LIMIT, ["", 0, 9000, 5, {ON_EXPIRY: HOLD}])])
    (limit,) = site(plant)["limits"]
    assert limit["holds"] and (limit["state"], limit["left_ms"]) == (told.IN_FORCE, 5000)
    plant.run(10)
    (limit,) = site(plant)["limits"]
    assert (limit["state"], limit["left_ms"], limit["binds"]) == (told.HELD, None, True)


def test_claims_of_each_mode_stand_by_themselves_and_what_waits_stands_last():
    plant = house()
    start_s = plant.now_ms // 1000 + 100
    bodies: list[list[Any]] = [
        ["battery", 800, 600, 1, {START_S: start_s}],
        ["battery", 2000, 600, 9, {MODE: CEILING}],
        ["battery", 1600, 0, 5],
        ["battery", 1000, 600, 7],
    ]
    plant.run(1, [command(AGGREGATOR, at, CLAIM, body) for at, body in enumerate(bodies, 1)])
    about = device(plant, "battery")
    assert [(each["mode"], each["setpoint"], each["default"], each["wins"]) for each in about["claims"]] == [
        (0, 1000, False, True),
        (0, 1600, True, False),
        (1, 2000, False, True),
        (0, 800, False, False),
    ]
    assert about["claims"][3]["starts_ms"] == 99000
    assert [right["wins"] for right in about["may_change"]] == [False, True, True]


def test_a_ramp_tells_what_is_wanted_at_present_and_when_it_is_there():
    plant = house()
    plant.run(1, [command(AGGREGATOR, 1, CLAIM, ["battery", -5000, 600, 5])])
    plant.run(1, [command(AGGREGATOR, 2, CLAIM, ["battery", -1000, 600, 4, {RAMP_S: 100}])])
    plant.run(50)
    claim = device(plant, "battery")["claims"][0]
    assert claim["setpoint"] == -1000 and claim["ramp_left_ms"] == 50000
    assert claim["now"] == -3000


def test_a_target_is_told_with_what_the_meter_shows_and_what_it_counts_from():
    plant = house()
    before_w = plant.state.site.baseline_w()
    plant.run(3, [command(AGGREGATOR, 1, CLAIM, ["", -2000, 600, 5, {MODE: CHANGE}])])
    (target,) = site(plant)["targets"]
    assert (target["mode"], target["w"], target["base_w"]) == (CHANGE, -2000, before_w)
    assert before_w is not None and target["now"] == before_w - 2000
    battery_told = device(plant, "battery")
    assert battery_told["steered"] and battery_told["source"] == "claim agg" and battery_told["claims"] == []
    (seen,) = battery_told["targets"]
    assert (seen["scope"], seen["w"], seen["shown_w"]) == ("", -2000, plant.state.site.shown_w)
    plant.run(3, [command(AGGREGATOR, 2, CLAIM, ["garage", 3000, 600, 4, {MODE: TARGET}])])
    assert [each["scope"] for each in device(plant, "car")["targets"]] == ["garage", ""]


def test_protection_tells_what_it_delays_until_when_and_what_is_left():
    plant = house()
    plant.run(1, [command(OWNER, 1, CLAIM, ["bike", 0, 10, 0])])
    assert device(plant, "bike")["protection"]["bound_ms"] == 30000
    plant.run(12)
    bike = device(plant, "bike", 500)
    assert (bike["source"], bike["setpoint"]) == ("protection rest", 0)
    resting = bike["protection"]
    assert (resting["delays"], resting["left_ms"], resting["running"]) == ("protection rest", 17500, False)
    assert resting["bound_ms"] == 17500 and resting["starts_left"] is None
    assert (bike["next_ms"], bike["next"]) == (17500, "protection rest")
    plant.run(18)
    assert device(plant, "bike")["protection"]["delays"] == ""
    guard = plant["pump"].guard
    assert device(plant, "pump")["protection"]["starts_left"] == guard.starts_left(plant.now_ms)
    guard.running, guard.started = False, [plant.now_ms - 1000] * guard.starts_per_h
    used_up = device(plant, "pump", 2)["protection"]
    assert (used_up["starts_left"], used_up["bound_ms"]) == (0, 3600000 - 1000 - 2)


def test_the_budget_of_writes_is_the_one_that_is_used():
    plant = house()
    unit = plant["pump"]
    assert unit.contract.persistent
    for days in (0, 1, 3):
        plant.run(1, [Outcome(unit.index, 6000, record.APPLIED, record.READBACK, 6000, "default")] * 5)
        later_ms = days * 86400000
        told_of = device(plant, "pump", later_ms)["protection"]
        tokens, filled_ms = unit.guard.tokens, unit.guard.filled_ms
        unit.guard.fill(plant.now_ms + later_ms)
        assert told_of["writes_left"] == max(0, unit.guard.tokens // 86400000)
        unit.guard.tokens, unit.guard.filled_ms = tokens, filled_ms
        assert told_of["writes"] == unit.guard.writes > 0
    assert "writes" not in device(plant, "car")["protection"]


def test_a_battery_tells_its_charge_and_its_bounds():
    plant = house()
    plant.loads[3].soc_pm = 90
    plant.run(2, [command(AGGREGATOR, 1, CLAIM, ["battery", -3000, 600, 5])])
    told_of = device(plant, "battery")
    assert told_of["source"] == "protection charge" and told_of["setpoint"] == 0
    guard = told_of["protection"]
    assert (guard["soc_pm"], guard["soc_min_pm"], guard["soc_max_pm"]) == (90, 100, 1000)
    assert guard["empty"] and not guard["full"] and guard["delays"] == "protection charge"


def test_another_controllers_hand_is_told():
    actuator = Actuator(1, Charger(), lambda _: None)
    assert told.hand(actuator, 5) is None
    actuator.foreign, actuator.foreign_ms, actuator.foreign_kept, actuator.foreign_times = True, 1000, 8000, 2
    assert told.hand(actuator, 4000) == {"now": True, "age_ms": 3000, "kept": 8000, "times": 2}


def test_looking_changes_nothing_whatever_is_in_force():
    plant = house()
    start_s = plant.now_ms // 1000 + 100
    bodies = [
        (DSO, LIMIT, ["", 0, 12000, 600]),
        (DSO, LIMIT, ["garage", 0, 9000, 0, {QUANTITY: 1}]),
        (DSO, LIMIT, ["", 1, 3000, 600, {START_S: start_s, ON_EXPIRY: HOLD}]),
        (AGGREGATOR, CLAIM, ["", -2000, 600, 5, {MODE: CHANGE}]),
        (AGGREGATOR, CLAIM, ["battery", 2000, 600, 5, {RAMP_S: 60}]),
        (OWNER, CLAIM, ["car", 8000, 0, 0, {MODE: CEILING}]),
    ]
    plant.run(5, [command(who, at, kind, body) for at, (who, kind, body) in enumerate(bodies, 1)])
    plant.loads[3].soc_pm = 80
    plant.silent.append(plant.branches[1].meter)
    for _ in range(20):
        plant.run(1)
        before = pack(plant.state)
        answers = [device(plant, unit.id, 700) for unit in plant.state.units] + [site(plant, 700)]
        assert json.loads(json.dumps(answers)) == answers
        assert pack(plant.state) == before
        assert len(json.dumps(answers[1])) < 20000
