"""How a target is split in one tick: who is lowered, who is raised, who stays: pinned case by case."""

from __future__ import annotations

from agent import target
from agent.claims import CEILING
from agent.unit import Contract
from hal import capabilities as c
from hal import quantities as q
from tests.shared.plant import Load, Plant
from tests.shared.steered import AGG, OWN, battery, claim, ev, limit, plant, pump, rod, stand, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.unit import Unit


def nexts(units: list[Unit]) -> list[int | None]:
    """Return what is decided."""
    return [unit.next for unit in units]


# One load at a level


def test_what_a_load_draws_at_a_level():
    for keys, wanted, primacy, level_w, power_w in (
        ({}, 10000, AGG, 6900, 6900),
        ({}, 10000, AGG, 6901, 6900),
        ({}, 10000, AGG, 6899, 6831),
        ({}, 10000, AGG, 4140, 4140),
        ({}, 10000, AGG, 4139, 0),
        ({"comfort_min": 8000}, 10000, AGG, 4139, 5520),
        ({"comfort_min": 8000}, 10000, 1, 4139, 5520),
        ({"comfort_min": 8000}, 10000, OWN, 4139, 0),
        ({"comfort_min": 8000}, 10000, AGG, 6000, 5934),
        ({"comfort_max": 8000}, 10000, AGG, 0, 0),
        ({"comfort_min": 12000}, 10000, AGG, 0, 6900),
        ({}, 6000, AGG, 0, 6900),
        ({}, 12000, AGG, 0, 0),
    ):
        site = plant(ev(**keys))
        unit = told(site, 1, 10000, wanted=wanted)
        found = target._at(unit, 6900, claim(site, 0, primacy=primacy), level_w)
        assert found == power_w, (keys, wanted, primacy, level_w)


def test_a_load_that_is_kept_running_is_lowered_no_further_and_never_raised():
    site = plant(ev())
    unit = told(site, 1, 8000, wanted=6000)
    wanted = claim(site, 0)
    assert target._at(unit, 6900, wanted, 4500) == 5520
    assert target._at(unit, 5000, wanted, 4500) == 5000
    assert target._at(told(site, 1, 10000), 6850, wanted, 6899) == 6850


# Lowering


def test_loads_are_lowered_from_the_last_in_priority_to_the_first():
    for budget_w, given in (
        (10900, [4000, 6900]),
        (10899, [4000, 6831]),
        (9000, [4000, 4968]),
        (8140, [4000, 4140]),
        (8139, [4000, 0]),
        (3000, [3000, 0]),
        (2999, [2900, 0]),
        (500, [500, 0]),
        (499, [0, 0]),
        (0, [0, 0]),
        (-3000, [0, 0]),
    ):
        site = plant(pump(), ev())
        loads = stand(site, 4000, 10000)
        assert target._lowered(loads, [4000, 6900], claim(site, 0), budget_w) == given, budget_w


def test_who_comes_first_leaves_what_nobody_can_take_from_the_later_ones():
    site = plant(pump(), ev(comfort_min=8000))
    loads = stand(site, 4000, 10000)
    for budget_w, given in ((8000, [2400, 5589]), (5600, [0, 5589]), (3000, [0, 5520]), (9520, [4000, 5520])):
        assert target._lowered(loads, [4000, 6900], claim(site, 0), budget_w) == given, budget_w
    second = plant(ev(priority=10), ev(comfort_min=8000), ev())
    loads = stand(second, 10000, 10000, 10000)
    assert target._lowered(loads, [6900, 6900, 6900], claim(second, 0), 10000) == [4416, 5520, 0]


def test_those_of_one_priority_get_one_level_exactly():
    for running in (True, False):
        for step in range(60, 100):
            site = plant(ev())
            loads = stand(site, 10000)
            loads[0].guard.running = running
            power_w = step * 69
            budget_w = power_w if running else power_w + 200
            for more_w, given_w in ((0, power_w), (68, power_w), (-1, power_w - 69 if step > 60 else 0)):
                given = target._lowered(loads, [6900], claim(site, 0), budget_w + more_w)
                assert given == [given_w], (running, step, more_w)


def test_three_of_one_priority_behind_another():
    site = plant(pump(), ev(), ev(name="second"), ev(name="third"))
    loads = stand(site, 4000, 10000, 10000, 8000)
    natural, wanted = [4000, 6900, 6900, 5520], claim(site, 0)
    for budget_w, given in (
        (23320, [4000, 6900, 6900, 5520]),
        (22000, [4000, 6210, 6210, 5520]),
        (19000, [4000, 4968, 4968, 4968]),
        (16000, [4000, 6900, 5037, 0]),
        (13000, [4000, 6900, 0, 0]),
    ):
        assert target._lowered(loads, natural, wanted, budget_w) == given, budget_w


def test_who_stands_still_needs_more_room_also_behind_others():
    for running, given in ((True, [4000, 4968, 4968]), (False, [4000, 4899, 4899])):
        site = plant(pump(), ev(), ev(name="second"))
        loads = stand(site, 4000, 10000, 10000)
        loads[2].guard.running = running
        assert target._lowered(loads, [4000, 6900, 6900], claim(site, 0), 14000) == given


def test_a_load_of_single_watts_is_lowered_to_the_watt():
    fine = Contract(c.HEAT_PUMP, q.LIMIT_W, (0, 6000, 1), 0, False, 10000)
    for budget_w, given in ((100, [100, 0]), (101, [100, 1]), (1, [1, 0]), (0, [0, 0]), (-1, [0, 0])):
        site = plant(("first", fine, {"priority": 1}, Load(0)), ("second", fine, {"priority": 2}, Load(0)))
        loads = stand(site, 100, 100)
        assert target._lowered(loads, [100, 100], claim(site, 0), budget_w) == given


def test_what_a_level_leaves_starts_the_first_that_can_stay():
    for running, natural, budget_w, given in (
        ((True, True), [6900, 6900], 10000, [4968, 4968]),
        ((True, True), [6900, 6900], 6000, [5934, 0]),
        ((False, True), [6900, 6900], 6000, [0, 5934]),
        ((False, True), [5000, 5000], 5200, [5000, 0]),
        ((False, True), [5000, 5000], 5199, [0, 5000]),
        ((True, True), [4200, 5000], 8280, [4140, 4140]),
        ((True, True), [4200, 5000], 8279, [4200, 0]),
        ((True, True), [3000, 6900], 4300, [3000, 0]),
        ((False, False), [6900, 6900], 8680, [4140, 4140]),
        ((False, False), [5000, 5000], 8679, [5000, 0]),
        ((False, False), [4140, 4140], 4339, [0, 0]),
    ):
        site = plant(ev(), ev(name="second"))
        loads = stand(site, 10000, 10000)
        loads[0].guard.running, loads[1].guard.running = running
        found = target._lowered(loads, natural, claim(site, 0), budget_w)
        assert found == given, (running, natural, budget_w)


# Raising


def raised(site: Plant, natural: list[int], extra_w: int) -> list[int]:
    """Return what each load shall draw."""
    loads = site.state.units[1:]
    return target._raised(site.state, loads, natural, claim(site, 0), extra_w)


def test_a_charger_that_runs_is_raised_by_what_is_more_than_the_band():
    for extra_w, given_w in ((99, 6900), (100, 6900), (101, 6969), (5000, 11868), (20000, 22080)):
        site = plant(ev())
        stand(site, 10000)
        assert raised(site, [6900], extra_w) == [given_w]


def test_a_charger_that_stands_still_is_raised_where_it_will_stay():
    for running, extra_w, given_w in (
        (True, 4139, 0),
        (True, 4140, 4140),
        (False, 4140, 0),
        (False, 4339, 0),
        (False, 4340, 4278),
        (False, 5000, 4968),
    ):
        site = plant(ev())
        stand(site, 0)[0].guard.running = running
        assert raised(site, [0], extra_w) == [given_w]
    site = plant(ev())
    stand(site, 6000)[0].guard.running = False
    assert raised(site, [4140], 150) == [4140]
    for extra_w, given_w in ((2199, 0), (2200, 2000), (9000, 2000)):
        site = plant(rod())
        stand(site, 0)
        assert raised(site, [0], extra_w) == [given_w]


def test_who_is_not_made_to_draw_more_is_passed_over():
    site = plant(pump(), ev(), ev(name="full"), ev(name="last"))
    units = stand(site, 1000, None, 10000, 8000)
    units[1].drawn_w = 3000
    assert raised(site, [1000, 3000, 5000, 5520], 3000) == [1000, 3000, 5000, 8487]
    assert raised(site, [1000, 3000, 7000, 5520], 3000) == [1000, 3000, 9936, 5520]


def test_a_heat_pump_of_modes_is_not_made_to_heat():
    modes = Contract(c.SG_READY, q.MODE, (q.SG_LOCK, q.SG_FORCED, 1), None, False, 10000)
    site = plant(("modes", modes, {"power_max_w": 2000}, Load(0)))
    stand(site, q.SG_LOCK)
    assert raised(site, [0], 5000) == [0]


def test_each_is_raised_as_far_as_it_may_and_the_next_by_the_rest():
    site = plant(ev(), ev(name="second"), ev(name="third"))
    units = stand(site, 10000, 10000, 10000)
    limit(site, 8000, 1)
    units[1].appetite_w = 7500
    assert raised(site, [6900, 6900, 6900], 3000) == [8000, 7500, 8142]
    assert raised(site, [6900, 6900, 6900], 1200) == [8000, 6900, 6900]
    assert raised(site, [6900, 6900, 6900], 1201) == [8000, 6969, 6900]


# All together


def split(site: Plant, units: list[Unit], budget_w: int) -> list[int | None]:
    """Split a budget; return what is decided."""
    target._split(site.state, units, claim(site, 0), budget_w)
    return nexts(units)


def test_batteries_take_what_loads_leave_one_after_the_other():
    for budget_w, decided in (
        (1000, [1000, 0]),
        (7000, [5000, 2000]),
        (-7000, [-5000, -2000]),
        (12000, [5000, 5000]),
        (-12000, [-5000, -5000]),
    ):
        site = plant(battery(), battery("second"))
        units = stand(site, 0, 0)
        assert split(site, units, budget_w) == decided
        assert [unit.next_source for unit in units] == ["claim agg", "claim agg"]


def test_loads_stay_while_batteries_can_do_it():
    for budget_w, decided, source in (
        (4000, [10000, -2900], "before"),
        (1900, [10000, -5000], "before"),
        (1899, [9900, -4950], "claim agg"),
        (1, [7200, -5000], "claim agg"),
        (0, [7200, -5000], "claim agg"),
        (11900, [10000, 5000], "before"),
        (12000, [10000, 5000], "before"),
        (12001, [10100, 5000], "claim agg"),
        (14000, [13000, 5000], "claim agg"),
    ):
        site = plant(ev(), battery())
        units = stand(site, 10000, 0)
        assert split(site, units, budget_w) == decided, budget_w
        assert units[0].next_source == source


def test_two_batteries_are_counted_together_before_loads_are_moved():
    for budget_w, decided in (
        (-3100, [10000, -5000, -5000]),
        (-3101, [9900, -5000, -4950]),
        (16900, [10000, 5000, 5000]),
        (17000, [10000, 5000, 5000]),
        (17001, [10100, 5000, 5000]),
    ):
        site = plant(ev(), battery(), battery("second", priority=40))
        assert split(site, stand(site, 10000, 0, 0), budget_w) == decided, budget_w


def test_a_load_that_wants_less_than_it_may_is_left_alone_unless_it_is_to_be_lowered():
    for appetite_w, budget_w, decided, source in (
        (5000, 5000, 8400, "claim agg"),
        (5000, 4500, 6500, "claim agg"),
        (6000, 6000, 10000, "before"),
        (6000, 5999, 8600, "claim agg"),
    ):
        site = plant(ev())
        units = stand(site, 10000)
        units[0].appetite_w = appetite_w
        assert split(site, units, budget_w) == [decided], (appetite_w, budget_w)
        assert units[0].next_source == source


def test_a_ceiling_holds_for_what_a_target_asks():
    site = plant(ev())
    units = stand(site, 10000)
    claim(site, 6000, CEILING, 1)
    assert split(site, units, 6000) == [6000]


def test_a_battery_that_does_not_follow_is_told_the_same_and_the_next_makes_up_for_it():
    for wanted, does_w, budget_w, decided in (
        (-3000, -1000, -4000, [-4000, -3000]),
        (-3000, -1000, -3200, [-3000, -2200]),
        (-3000, -1000, -800, [-3000, 200]),
        (-3000, -1000, -500, [-500, 0]),
        (3000, 1000, 3200, [3000, 2200]),
        (3000, 1000, 4000, [4000, 3000]),
    ):
        site = plant(battery(), battery("second"))
        units = stand(site, -3000, 0)
        units[0].wanted, units[0].does_w = wanted, does_w
        assert split(site, units, budget_w) == decided, (wanted, budget_w)
