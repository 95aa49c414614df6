"""One device as the core sees it: what it may be told, what it may then draw, and what of what it says is believed."""

from __future__ import annotations

from agent.circuits import UNKNOWN_W
from agent.image import Sample
from agent.unit import Contract, Unit, contract_of
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import BATTERY, CHARGER, METER, SWITCH, row

WORN_PUMP = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, True, 10000)
NO_STOP_PUMP = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), None, False, 10000)
FROM_NOTHING = Contract(c.HEAT_PUMP, q.LIMIT_W, (0, 6000, 100), None, False, 10000)
ODD_BOX = Contract(c.CHARGER, q.LIMIT_MA, (6030, 32000, 100), None, False, 10000)
FINE_BOX = Contract(c.CHARGER, q.LIMIT_MA, (6000, 32000, 1), None, False, 10000)
MODES = Contract(c.SG_READY, q.MODE, (q.SG_LOCK, q.SG_FORCED, 1), None, False, 10000)
ROOM = Contract(c.THERMOSTAT, q.TEMP_TARGET_MC, (5000, 30000, 500), None, False, 10000)
PHASES = Contract(c.PHASE_SWITCH, q.PHASES, (1, 3, 2), None, False, 10000)
ROOF = Contract(c.INVERTER, q.LIMIT_W, (-8000, 0, 1), None, False, 10000)
NOW_MS = 100000


def made(contract: Contract, **keys: object) -> Unit:
    """Return the device that is third on the site."""
    return Unit(3, row("thing", **keys), contract)


def granted(unit: Unit, setpoint: int | None, now_ms: int, source: str = "claim agg") -> Unit:
    """Let a device be granted something."""
    unit.decide(setpoint, source)
    unit.grant(now_ms)
    return unit


def looked(unit: Unit, power_w: int, now_ms: int = NOW_MS, **values: int) -> Unit:
    """Let a device say what it draws."""
    said = {q.POWER_W: power_w}
    for at in (0, 1, 2):
        if "l%d" % (at + 1) in values:
            said[q.CURRENT_L1_MA + at] = values["l%d" % (at + 1)]
    unit.look(Sample(now_ms, said), now_ms)
    return unit


# What it is


class Wallbox(c.Controllable):
    """A product of some kind, as its driver describes it."""

    kind = c.CHARGER
    control = q.LIMIT_MA
    minimum, maximum, step, off = 6000, 16000, 1000, 0
    stale_ms, response_ms = 4000, 7000


def described(contract: Contract) -> list[object]:
    """Return all that a contract says."""
    bounds = [contract.minimum, contract.maximum, contract.step, contract.off]
    return [contract.kind, contract.control, bounds, contract.persistent, contract.stale_ms, contract.response_ms]


def test_a_contract_is_what_the_driver_promises():
    box = Wallbox()
    assert described(contract_of(box)) == [c.CHARGER, q.LIMIT_MA, [6000, 16000, 1000, 0], True, 4000, 7000]
    box.write_cost = c.VOLATILE
    assert not contract_of(box).persistent
    assert described(contract_of(c.Meter())) == [c.METER, 0, [0, 0, 1, None], False, 10000, 10000]


def test_a_new_device_was_told_nothing_and_is_not_known():
    unit = made(CHARGER, phases=5, power_max_w=11000, default=16000, fallback=6000, priority=7, comfort_max=20000)
    assert (unit.index, unit.id, unit.phases, unit.power_max_w) == (3, "thing", (0, 2), 11000)
    assert (unit.default, unit.fallback, unit.priority, unit.comfort) == (16000, 6000, 7, (None, 20000))
    assert (unit.circuit, unit.chain, unit.switches) == (0, [], None)
    assert (unit.setpoint, unit.source, unit.granted) == (None, "", (3, None, ""))
    assert (unit.next, unit.next_source, unit.wanted, unit.wanted_source) == (None, "", None, "")
    assert (unit.held, unit.covering, unit.steered, unit.was_steered, unit.idles) == (False,) * 5
    assert (unit.kept, unit.wished, unit.soc_pm, unit.written) == (None, None, None, None)
    assert (unit.drawn_known, unit.drawn_w, unit.drawn_ma, unit.said_w, unit.said_ma) == (
        False,
        0,
        [0, 0, 0],
        0,
        [0, 0, 0],
    )
    assert unit.appetite_w == unit.cap_w == unit.share_w == UNKNOWN_W
    assert (unit.does_w, unit.taken_w, unit.risen_ms, unit.covered_ms, unit.fell_ms) == (0, 0, 0, 0, 0)
    assert unit.written_ms == 0 and unit.obedient
    assert made(CHARGER, circuit=2).circuit == 2


# What it may be told


def test_a_set_point_is_a_step_between_the_bounds_or_the_stop():
    for contract, wanted, fitted in (
        (CHARGER, 10000, 10000),
        (CHARGER, 10099, 10000),
        (CHARGER, 6000, 6000),
        (ODD_BOX, 10000, 9930),
        (CHARGER, 5999, 0),
        (CHARGER, -1, 0),
        (CHARGER, 32000, 32000),
        (CHARGER, 32001, 32000),
        (NO_STOP_PUMP, 499, 500),
        (NO_STOP_PUMP, 500, 500),
        (NO_STOP_PUMP, 699, 600),
        (BATTERY, -25, -50),
        (BATTERY, -5001, -5000),
        (BATTERY, 5001, 5000),
    ):
        assert made(contract).fit(wanted) == fitted, wanted


def test_a_batterys_nameplate_counts_both_ways():
    for power_max_w, wanted, fitted in (
        (3000, 4000, 3000),
        (3000, -4000, -3000),
        (3000, -2990, -3000),
        (2999, -4000, -2950),
        (3010, 4000, 3000),
        (3010, -4000, -3000),
        (3010, -3005, -3000),
        (0, -4000, -4000),
    ):
        assert made(BATTERY, power_max_w=power_max_w).fit(wanted) == fitted, (power_max_w, wanted)
    assert made(CHARGER, power_max_w=3000).fit(10000) == 10000
    assert made(WORN_PUMP, power_max_w=3000).fit(4000) == 4000


def test_only_what_fits_is_allowed():
    for contract, setpoint, allowed in (
        (CHARGER, 0, True),
        (CHARGER, -1, False),
        (CHARGER, 100, False),
        (ODD_BOX, 9930, True),
        (ODD_BOX, 9970, False),
        (CHARGER, 5900, False),
        (CHARGER, 6000, True),
        (CHARGER, 6050, False),
        (CHARGER, 6100, True),
        (CHARGER, 32000, True),
        (CHARGER, 32100, False),
        (NO_STOP_PUMP, 0, False),
        (NO_STOP_PUMP, 550, False),
        (BATTERY, 0, True),
        (BATTERY, -5000, True),
    ):
        assert made(contract).allows(setpoint) is allowed, setpoint


def test_between_two_bounds_around_nothing():
    for lowest_w, highest_w, wanted, found in (
        (-1000, 2000, 2001, 2000),
        (-1000, 2040, 2041, 2000),
        (-1000, 2000, 2000, 2000),
        (-1000, 2000, -1000, -1000),
        (-1000, 2000, -1001, -1000),
        (-1020, 2000, -1021, -1000),
        (-1000, 2000, 33, 33),
        (-1000, 2040, 2040, 2040),
        (-1020, 2000, -1020, -1020),
        (-6000, 2000, -7000, -5000),
        (0, 0, 500, 0),
        (0, 0, -500, 0),
    ):
        assert made(BATTERY).between(lowest_w, highest_w, wanted) == found, (lowest_w, highest_w, wanted)


def test_stopping_and_least_running():
    for contract, lowest, least in (
        (CHARGER, 0, 6000),
        (ODD_BOX, 6030, 6030),
        (BATTERY, 0, 50),
        (WORN_PUMP, 0, 500),
        (NO_STOP_PUMP, 500, 500),
        (FROM_NOTHING, 0, 100),
        (SWITCH, 0, 1),
        (MODES, q.SG_LOCK, q.SG_NORMAL),
        (PHASES, 1, 3),
        (ROOF, -8000, 1),
        (ROOM, 5000, 5000),
    ):
        unit = made(contract)
        assert (unit.lowest(), unit.least_running()) == (lowest, least), contract.kind


def test_what_runs():
    for contract, setpoint, runs in (
        (CHARGER, 0, False),
        (CHARGER, 1, True),
        (CHARGER, None, True),
        (WORN_PUMP, 0, False),
        (WORN_PUMP, 500, True),
        (BATTERY, 0, True),
        (BATTERY, -500, True),
        (BATTERY, None, True),
        (ROOM, 0, True),
        (ROOM, -500, True),
        (SWITCH, None, False),
        (SWITCH, 0, False),
        (SWITCH, 1, True),
        (MODES, None, True),
        (MODES, q.SG_LOCK, False),
        (MODES, q.SG_NORMAL, True),
        (PHASES, 1, False),
        (PHASES, 3, True),
        (ROOF, None, True),
        (ROOF, -8000, True),
        (ROOF, 0, True),
    ):
        assert made(contract).runs(setpoint) is runs, (contract.kind, setpoint)
    switch = made(PHASES)
    for running in (True, False):
        switch.guard.running = running
        assert switch.runs(None) is running


# What it may draw


def test_what_a_set_point_lets_it_draw():
    for contract, power_max_w, setpoint, power_w in (
        (CHARGER, 0, 10000, 6900),
        (CHARGER, 4000, 10000, 6900),
        (CHARGER, 0, None, 22080),
        (CHARGER, 11000, None, 11000),
        (BATTERY, 0, -500, -500),
        (BATTERY, 0, None, 5000),
        (BATTERY, 3000, None, 3000),
        (WORN_PUMP, 0, 700, 700),
        (WORN_PUMP, 0, None, 6000),
        (SWITCH, 2000, 1, 2000),
        (SWITCH, 2000, 0, 0),
        (SWITCH, 2000, None, 2000),
        (SWITCH, 0, None, UNKNOWN_W),
        (MODES, 3000, q.SG_LOCK, 0),
        (MODES, 3000, q.SG_NORMAL, 3000),
        (MODES, 3000, q.SG_FORCED, 3000),
        (MODES, 0, None, UNKNOWN_W),
        (ROOF, 8000, None, 0),
        (ROOF, 0, None, 0),
        (ROOF, 8000, -3000, 0),
    ):
        assert made(contract, power_max_w=power_max_w).power_of(setpoint) == power_w, (contract.kind, setpoint)
    assert made(CHARGER, phases=2).power_of(10000) == 2300


def test_the_set_point_for_a_power():
    for contract, power_max_w, power_w, setpoint in (
        (CHARGER, 0, 6900, 10000),
        (CHARGER, 0, 6899, 9900),
        (CHARGER, 0, 4139, 0),
        (SWITCH, 2000, 2000, 1),
        (SWITCH, 2000, 2001, 1),
        (SWITCH, 2000, 1999, 0),
        (MODES, 2000, 2000, q.SG_NORMAL),
        (MODES, 2000, 2001, q.SG_NORMAL),
        (MODES, 2000, 1999, q.SG_LOCK),
        (WORN_PUMP, 0, 799, 700),
        (BATTERY, 0, -30, -50),
    ):
        assert made(contract, power_max_w=power_max_w).setpoint_for(power_w) == setpoint, (contract.kind, power_w)
    assert made(CHARGER, phases=1).setpoint_for(6900) == 30000
    assert made(FINE_BOX).setpoint_for(10025) == 14528


def test_whose_power_follows_its_set_point():
    for contract, power_max_w, takes in (
        (CHARGER, 0, True),
        (BATTERY, 0, True),
        (WORN_PUMP, 0, True),
        (SWITCH, 0, False),
        (SWITCH, 1, True),
        (MODES, 0, False),
        (MODES, 1, True),
        (ROOM, 2000, False),
        (PHASES, 2000, False),
        (ROOF, 2000, False),
        (METER, 2000, False),
    ):
        assert made(contract, power_max_w=power_max_w).takes_power() is takes, contract.kind


def test_watts_and_amperes():
    unit = made(CHARGER)
    assert (unit.watts(10000), unit.share_ma(6900), made(CHARGER, phases=4).share_ma(2300)) == (6900, 10000, 10000)
    assert unit.watts(10000000) == 6900000 and unit.share_ma(690000) == 1000000


def test_what_it_had_and_may_have():
    unit = made(CHARGER)
    assert unit.had_w() == 0
    assert granted(unit, 10000, 0).had_w() == 6900
    unit.next = 8000
    assert unit.may_draw_w() == 5520
    store = made(BATTERY)
    store.taken_w = 700
    assert store.may_draw_w() == 5000
    store.drawn_known = True
    assert store.may_draw_w() == 700
    store.next = -500
    assert store.may_draw_w() == 0
    assert granted(store, -500, 0).had_w() == 0
    for other, power_w in ((unit, 22080), (made(WORN_PUMP), 6000)):
        other.next, other.drawn_known, other.taken_w = None, True, 700
        assert other.may_draw_w() == power_w


def test_the_lowest_cap_counts_and_the_first_of_equals_names_it():
    unit = made(CHARGER)
    unit.lower_cap(5000, "first")
    unit.lower_cap(5000, "second")
    assert (unit.cap_w, unit.cap_name) == (5000, "first")
    unit.lower_cap(4999, "third")
    unit.lower_cap(6000, "fourth")
    assert (unit.cap_w, unit.cap_name) == (4999, "third")


def test_what_wears_or_switches_rises_late():
    for contract, rise_ms in (
        (CHARGER, 10000),
        (BATTERY, 10000),
        (NO_STOP_PUMP, 10000),
        (WORN_PUMP, 300000),
        (SWITCH, 300000),
        (MODES, 300000),
        (PHASES, 10000),
    ):
        assert made(contract).rise_ms == rise_ms


# What it was granted


def test_a_grant_is_made_anew_only_when_it_changes():
    unit = granted(made(CHARGER), 10000, 0)
    first = unit.granted
    assert first == (3, 10000, "claim agg") and (unit.setpoint, unit.source) == (10000, "claim agg")
    assert granted(unit, 10000, 1000).granted is first
    assert granted(unit, 10000, 2000, "limit dso").granted == (3, 10000, "limit dso")
    assert granted(unit, 8000, 3000, "limit dso").granted == (3, 8000, "limit dso")
    assert granted(unit, 8000, 4000, "claim agg").granted == (3, 8000, "claim agg")


def test_who_is_told_more_settles_after_three_response_times():
    assert not made(CHARGER).settled(29999) and made(CHARGER).settled(30000)
    unit = granted(made(CHARGER), 10000, 5000)
    assert not unit.settled(34999) and unit.settled(35000)
    granted(unit, 10000, 50000)
    granted(unit, 8000, 60000)
    assert unit.settled(60000)
    granted(unit, 8100, 70000)
    assert not unit.settled(99999) and unit.settled(100000)


def test_who_is_told_less_follows_within_its_response_time():
    unit = made(CHARGER)
    assert not unit.follows(0)
    granted(unit, 10000, 5000)
    assert unit.follows(14999) and not unit.follows(15000) and unit.fell_ms == 0
    granted(unit, 12000, 20000)
    assert not unit.follows(20000) and unit.fell_ms == 0
    granted(unit, 12000, 21000)
    assert not unit.follows(21000) and unit.fell_ms == 0
    granted(unit, 10000, 30000)
    assert unit.follows(39999) and not unit.follows(40000) and unit.fell_ms == 30000
    granted(unit, 8000, 35000)
    assert not unit.follows(40000) and unit.fell_ms == 35000
    unit.obedient = False
    granted(unit, 7000, 50000)
    assert not unit.follows(50000) and unit.fell_ms == 50000


def test_the_guard_takes_note_of_what_is_granted():
    unit = granted(made(CHARGER), 10000, 5000)
    granted(unit, 0, 8000)
    assert not unit.guard.running and unit.guard.changed_ms == unit.guard.moved_ms == 8000
