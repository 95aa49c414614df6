"""What a device says that it draws, and how much of that the core believes and counts with."""

from __future__ import annotations

from agent.image import Sample
from hal import quantities as q
from tests.shared.house import BATTERY, CHARGER, SWITCH
from tests.shared.test_unit import FINE_BOX, MODES, NOW_MS, PHASES, WORN_PUMP, granted, looked, made


def test_who_says_nothing_is_not_known():
    unit = looked(granted(made(CHARGER), 10000, 0), 6900)
    assert unit.drawn_known and unit.drawn_w == 6900
    unit.obedient = False
    unit.look(None, NOW_MS)
    assert (unit.drawn_known, unit.drawn_w, unit.said_w, unit.obedient) == (False, 0, 0, True)
    assert unit.drawn_ma == [0, 0, 0] and unit.said_ma == [0, 0, 0]
    looked(unit, 6900).look(Sample(NOW_MS, {q.CURRENT_L1_MA: 10000}), NOW_MS)
    assert (unit.drawn_known, unit.drawn_w, unit.drawn_ma, unit.said_ma) == (False, 0, [0, 0, 0], [0, 0, 0])


def test_a_pump_that_nobody_sees_may_draw_by_itself_once_its_lock_is_over():
    for contract, setpoint, after_ms, said_w in (
        (MODES, q.SG_LOCK, 7199999, 0),
        (MODES, q.SG_LOCK, 7200000, 6900),
        (MODES, q.SG_LOCK, 7200001, 6900),
        (MODES, q.SG_NORMAL, 7200000, 0),
        (MODES, None, 7200000, 0),
        (SWITCH, q.SG_LOCK, 7200000, 0),
        (FINE_BOX, q.SG_LOCK, 7200000, 0),
        (PHASES, q.SG_LOCK, 7200000, 0),
    ):
        unit = granted(made(contract, power_max_w=6900, phases=6), setpoint, 1000)
        unit.guard.changed_ms = 1000
        unit.look(None, 1000 + after_ms)
        assert (unit.drawn_w, unit.drawn_ma, unit.said_w) == (0, [0, 0, 0], said_w), (contract.kind, setpoint)
        assert unit.said_ma == ([0, 15000, 15000] if said_w else [0, 0, 0])
    unit = looked(granted(made(MODES, power_max_w=6900), q.SG_LOCK, 0), 100, 7200000)
    assert unit.said_w == 100


def test_only_a_battery_waits_for_its_charge():
    for contract, waits in ((BATTERY, True), (CHARGER, False), (WORN_PUMP, False)):
        unit = made(contract, power_max_w=5000)
        unit.look(Sample(0, {q.SOC_PM: 500}), 0)
        assert unit.guard.charge_seen is waits, contract.kind


def test_only_a_charge_that_can_be_is_believed():
    for said_pm, soc_pm in ((0, 0), (1000, 1000), (-1, None), (1001, None), (None, None)):
        unit = made(BATTERY)
        unit.look(Sample(0, {} if said_pm is None else {q.SOC_PM: said_pm}), 0)
        assert unit.soc_pm == soc_pm
    unit.look(None, 0)
    assert unit.soc_pm is None


def test_nothing_carries_three_times_what_it_is_made_for():
    for contract, power_w, known in (
        (CHARGER, 33000, True),
        (CHARGER, 33001, False),
        (CHARGER, -100, True),
        (CHARGER, -101, False),
        (BATTERY, 33000, True),
        (BATTERY, 33001, False),
        (BATTERY, -33000, True),
        (BATTERY, -33001, False),
        (WORN_PUMP, -101, False),
    ):
        assert looked(made(contract, power_max_w=11000), power_w).drawn_known is known, (contract.kind, power_w)


def test_what_it_draws_counts_up_to_what_it_was_granted():
    for power_w, drawn_w, said_w, obedient in (
        (6900, 6900, 6900, True),
        (7862, 6900, 7862, True),
        (7863, 6900, 7863, False),
        (5000, 5000, 5000, True),
        (0, 0, 0, True),
        (-50, -50, 0, True),
    ):
        unit = looked(granted(made(CHARGER), 10000, 0), power_w)
        assert (unit.drawn_w, unit.said_w, unit.obedient) == (drawn_w, said_w, obedient), power_w
    unit = looked(granted(made(BATTERY), -1000, 0), 500)
    assert (unit.drawn_w, unit.said_w, unit.obedient) == (0, 500, False)
    unit = looked(granted(made(BATTERY), -1000, 0), -1025)
    assert (unit.drawn_w, unit.said_w, unit.obedient) == (-1025, 0, True)


def test_while_it_follows_what_it_had_before_counts():
    unit = granted(made(CHARGER), 10000, 0)
    granted(unit, 6000, 50000)
    assert looked(unit, 6900, 59999).drawn_w == 6900 and unit.obedient
    assert looked(unit, 6900, 60000).drawn_w == 4140 and not unit.obedient
    granted(unit, 10000, 61000)
    assert looked(unit, 6900, 61000).drawn_w == 6900


def test_phases_carry_what_it_says_of_them():
    unit = looked(granted(made(CHARGER), 10000, 0), 6000, l1=12000, l2=9000, l3=5000)
    assert unit.drawn_ma == [12000, 9000, 5000] and unit.said_ma == [12000, 9000, 5000]
    unit = looked(granted(made(CHARGER), 10000, 0), 13800, l1=20000, l2=20000)
    assert unit.drawn_ma == [10000, 10000, 10000] and unit.said_ma == [20000, 20000, 20000]
    unit = looked(granted(made(CHARGER), 10000, 0), 2300, l1=15000, l2=0, l3=0)
    assert unit.drawn_ma == [10000, 0, 0] and unit.said_ma == [15000, 0, 0]
    unit = looked(granted(made(CHARGER), 10000, 0), -50, l1=500)
    assert unit.drawn_ma == [-73, -73, -73] and unit.said_ma == [0, 0, 0]
    for power_w, drawn_ma in ((0, [0, 0, 0]), (1, [3, 0, 0])):
        assert looked(granted(made(CHARGER), 10000, 0), power_w, l1=3, l2=0, l3=0).drawn_ma == drawn_ma
    unit = looked(granted(made(CHARGER, power_max_w=230000), None, 0), 230000, l1=2000000, l2=2000000, l3=2000000)
    assert unit.drawn_ma == [1000000, 1000000, 1000000]
    unit = granted(made(CHARGER), 10000, 0)
    unit.look(Sample(NOW_MS, {q.POWER_W: 3000, q.CURRENT_L1_MA: 5000, q.POWER_L1_W: -1000}), NOW_MS)
    assert unit.drawn_ma[0] == 0
    unit = looked(granted(made(CHARGER, phases=5), 10000, 0), 4600)
    assert unit.drawn_ma == [10000, 0, 10000] and unit.said_ma == [10000, 0, 10000]


def test_what_is_on_one_phase_may_call_that_the_first():
    for phases, currents, drawn_ma in (
        (2, {"l1": 9000}, [0, 9000, 0]),
        (2, {"l2": 9000}, [0, 9000, 0]),
        (2, {"l1": 9000, "l2": 0}, [0, 9000, 0]),
        (2, {"l1": 5000, "l2": 9000}, [0, 9000, 0]),
        (2, {}, [0, 10000, 0]),
        (6, {"l1": 9000}, [0, 5000, 5000]),
        (6, {"l1": 9000, "l2": 0, "l3": 4000}, [0, 0, 4000]),
    ):
        unit = looked(granted(made(CHARGER, phases=phases), 10000, 0), 2300, **currents)
        assert unit.drawn_ma == drawn_ma, (phases, currents)
