"""What a target finds out about one device, and what it may ask of it: pinned case by case."""

from __future__ import annotations

from agent import target
from agent.circuits import UNKNOWN_W
from agent.claims import CEILING, SETPOINT
from agent.limits import EXPORT, SITE
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.plant import Load
from tests.shared.steered import AGG, OWN, battery, claim, ev, limit, plant, pump, rod, told
from tests.shared.wiring import Branch, Wiring
from tests.shared.wiring import ev as car_at

NOW_MS = 100000
SMALL = Contract(c.HEAT_PUMP, q.LIMIT_W, (100, 6000, 1), 0, False, 10000)


def car(setpoint: int | None, **now: object) -> Unit:
    """Return a car that was told so and does it."""
    return told(plant(ev()), 1, setpoint, **now)


def store(setpoint: int | None, **now: object) -> Unit:
    """Return a battery that was told so and does it."""
    return told(plant(battery()), 1, setpoint, **now)


# Who is on its way


def test_a_unit_is_on_its_way_until_it_does_what_it_was_told_or_has_had_the_time():
    for gone_ms, off_w, on_its_way in (
        (0, 0, True),
        (2999, 0, True),
        (3000, 0, False),
        (3000, 100, False),
        (3000, 101, True),
        (3000, -100, False),
        (3000, -101, True),
        (5000, 0, False),
        (12999, 101, True),
        (13000, 101, False),
        (13001, 101, False),
    ):
        unit = car(10000, drawn_w=6900 + off_w)
        unit.guard.moved_ms = NOW_MS - gone_ms
        assert target._is_on_its_way(unit, NOW_MS) is on_its_way, (gone_ms, off_w)
        unit.source = ""
        assert not target._is_on_its_way(unit, NOW_MS)


def test_a_unit_that_says_nothing_or_does_not_obey_has_all_its_time():
    for known, obedient, on_its_way in ((True, True, False), (False, True, True), (True, False, True)):
        unit = car(10000, drawn_known=known, obedient=obedient)
        unit.guard.moved_ms = NOW_MS - 3000
        assert target._is_on_its_way(unit, NOW_MS) is on_its_way
        unit.guard.moved_ms = NOW_MS - 13000
        assert not target._is_on_its_way(unit, NOW_MS)


# Whom a target moves


def test_a_target_moves_those_it_is_the_nearest_to():
    site = Wiring([car_at("in", "box"), car_at("out")], [Branch("box", metered=True)])
    whole = claim(site, 5000)
    for_box = claim(site, 3000, scope=SITE - 1)
    connection, box = site.circuit(""), site.circuit("box")
    connection.aim, box.aim = whole, for_box
    assert target._is_member(site.state, site["in"], box, for_box)
    assert not target._is_member(site.state, site["in"], connection, whole)
    assert target._is_member(site.state, site["out"], connection, whole)
    assert not target._is_member(site.state, site["out"], box, for_box)
    box.aim = None
    assert target._is_member(site.state, site["in"], connection, whole)
    box.failsafe = 1
    assert not target._is_member(site.state, site["in"], connection, whole)


def test_a_target_moves_nobody_whom_a_stronger_claim_pins():
    for primacy, moved in ((AGG + 1, True), (AGG - 1, False)):
        site = plant(ev())
        wanted = claim(site, 5000)
        site.state.site.aim = wanted
        claim(site, 8000, SETPOINT, 1, primacy)
        assert target._is_member(site.state, site.state.units[1], site.state.site, wanted) is moved


# What it counts with


def learned(unit: Unit, error_w: int) -> tuple[int, int]:
    """Return what a unit counts with and the most that it seems to want."""
    target._learn(unit, error_w)
    assert unit.wished == unit.next
    return unit.does_w, unit.appetite_w


def test_a_battery_counts_with_what_it_was_told_while_it_does_nearly_that():
    for setpoint, drawn_w, error_w, does_w in (
        (2000, 1500, 1, 2000),
        (2000, 1499, 1, 1499),
        (2000, 1500, 0, 1500),
        (2000, 1800, 0, 2000),
        (2000, 1799, 0, 1799),
        (2000, 1799, -1, 1799),
        (2000, 2501, 1, 2501),
        (-2000, -1500, 0, -2000),
        (-2000, -1499, -1, -1499),
        (-2000, -1800, 1, -2000),
        (-2000, -1799, 1, -1799),
        (200, 100, 1, 200),
        (200, 100, -1, 200),
        (200, 99, 1, 99),
        (200, 99, -1, 99),
        (50, 0, 1, 50),
        (0, -100, 1, 0),
        (0, -101, 1, -101),
        (0, 101, 1, 101),
    ):
        case = (setpoint, drawn_w, error_w)
        assert learned(store(setpoint, drawn_w=drawn_w), error_w) == (does_w, UNKNOWN_W), case


def test_who_was_told_nothing_counts_with_what_it_does():
    assert learned(car(None, drawn_w=5000), 1) == (5000, UNKNOWN_W)
    assert learned(car(10000, drawn_w=6850, source=""), 1) == (6850, UNKNOWN_W)
    assert learned(car(10000, drawn_w=6850), 1) == (6900, UNKNOWN_W)
    assert learned(car(10000, drawn_w=0, drawn_known=False), 1) == (6900, UNKNOWN_W)
    assert learned(car(10000, drawn_w=0, drawn_known=False, appetite_w=3000), 1) == (6900, 3000)


def test_a_load_that_takes_far_less_than_it_may_wants_no_more():
    for setpoint, drawn_w, error_w, found in (
        (8000, 4830, 1, (5520, UNKNOWN_W)),
        (8000, 4830, -1, (4830, UNKNOWN_W)),
        (8000, 4829, 1, (4829, 4829)),
        (8000, 4968, -1, (5520, UNKNOWN_W)),
        (8000, 4967, -1, (4967, UNKNOWN_W)),
        (8000, 0, 1, (0, 0)),
        (0, 0, 1, (0, UNKNOWN_W)),
    ):
        assert learned(car(setpoint, drawn_w=drawn_w), error_w) == found, (setpoint, drawn_w)
    for drawn_w, found in ((430, (500, UNKNOWN_W)), (400, (500, UNKNOWN_W)), (399, (399, 399))):
        assert learned(told(plant(pump()), 1, 500, drawn_w=drawn_w), 1) == found


def test_what_a_load_wants_is_forgotten_once_it_takes_all_that_it_may():
    for drawn_w, appetite_w, found in (
        (6900, 5000, (6900, UNKNOWN_W)),
        (6210, 5000, (6900, UNKNOWN_W)),
        (6209, 5000, (6209, 6209)),
        (6500, 6500, (6500, 6500)),
        (6500, 6600, (6500, 6600)),
        (6500, 6499, (6900, UNKNOWN_W)),
        (6800, 6900, (6900, 6900)),
    ):
        assert learned(car(10000, drawn_w=drawn_w, appetite_w=appetite_w), 1) == found, (drawn_w, appetite_w)
    assert learned(car(0, drawn_w=-50, appetite_w=-50), 1) == (0, -50)
    assert learned(car(None, drawn_w=4000, appetite_w=4000), 1) == (4000, 4000)
    assert learned(car(None, drawn_w=4000, appetite_w=4000, was_steered=False), 1) == (4000, UNKNOWN_W)


# Who does not follow


def test_a_battery_lags_by_what_it_was_told_and_does_not_do():
    for wanted, does_w, lags_w in ((1000, 900, 0), (1000, 899, 101), (1000, 1100, 0), (1000, 1101, -101)):
        unit = store(0, wanted=wanted, does_w=does_w)
        assert target._lags_w(unit) == lags_w
    assert target._lags_w(store(0, wanted=None, does_w=500)) == 0
    assert target._lags_w(store(0, wanted=1000, does_w=0, source="")) == 0


def test_a_battery_that_lags_is_told_the_same_while_that_is_about_right():
    for wanted, does_w, asked_w, same in (
        (-2000, 0, -2200, True),
        (-2000, 0, -2201, False),
        (-2000, 0, 200, True),
        (-2000, 0, 201, False),
        (2000, 500, 300, True),
        (2000, 500, 299, False),
        (2000, 500, 2200, True),
        (2000, 500, 2201, False),
        (101, 0, 0, True),
        (100, 0, 0, False),
    ):
        unit = store(0, wanted=wanted, does_w=does_w)
        assert target._is_as_told(unit, asked_w) is same, (wanted, does_w, asked_w)


def test_of_a_battery_that_lags_comes_no_more_than_it_does():
    for wanted, asked_w, reached_w in (
        (2000, 600, 500),
        (2000, 400, 400),
        (-2000, 600, 600),
        (-2000, 400, 500),
        (550, 600, 600),
        (550, 400, 400),
    ):
        assert target._reached(store(0, wanted=wanted, does_w=500), asked_w) == reached_w, (wanted, asked_w)


def test_a_load_is_kept_from_what_was_wanted_of_it():
    for wanted, kept_w in ((1000, 0), (1050, 0), (1100, 0), (1101, 101), (900, 0), (899, -101), (None, 0)):
        unit = told(plant(("small", SMALL, {}, Load(0))), 1, 1000, wanted=wanted)
        assert target._kept_w(unit) == kept_w, wanted
    assert target._kept_w(car(None, wanted=10000)) == 0


# What may be asked


def test_who_is_kept_from_it_is_asked_on():
    for wanted, given_w, room_w, asked_w in (
        (6000, 5520, 0, 4140),
        (6000, 5520, 9000, 4140),
        (12000, 5520, 1000, 6520),
        (12000, 5520, 9000, 8280),
        (12000, 5520, -1, 5520),
        (12000, 5519, 1000, 5519),
        (12000, 5600, 1000, 5600),
        (8000, 5520, 1000, 5520),
    ):
        assert target._asked_w(car(8000, wanted=wanted), given_w, room_w) == asked_w, (wanted, given_w, room_w)
    assert target._asked_w(car(0, wanted=8000), 0, 1000) == 4140
    assert target._asked_w(car(0, wanted=8000), 0, 5000) == 5000


def test_who_takes_less_than_it_may_has_a_bit_more():
    for given_w, asked_w in ((4999, 4999), (5000, 5825), (5007, 5832), (5008, 5834)):
        assert target._asked_w(car(8000, appetite_w=5000), given_w, 0) == asked_w
    assert target._asked_w(car(8000, appetite_w=0), 0, 0) == 4140


def test_what_a_load_would_draw_without_the_target():
    for setpoint, now, natural_w in (
        (None, {"drawn_w": 3000}, 3000),
        (None, {"drawn_w": -50}, 0),
        (None, {"next": 10000, "wanted": 10000, "drawn_w": 3000}, 6900),
        (8000, {"next": None, "wanted": 8000, "drawn_w": 3000}, 22080),
        (8000, {"appetite_w": 5000}, 5000),
        (8000, {"appetite_w": -50}, 0),
        (8000, {"next": 10000, "wanted": 10000}, 5520),
        (8000, {"next": 10000, "wanted": 8000}, 6900),
        (8000, {"next": 10000, "wanted": 6000}, 6900),
        (8000, {"next": 7000, "wanted": 10000}, 4830),
    ):
        assert target._natural_w(car(setpoint, **now)) == natural_w, (setpoint, now)


def test_the_most_that_may_be_asked_of_a_unit():
    for keys, primacy, most_w in (
        ({}, AGG, 22080),
        ({"power_max_w": 0}, AGG, 22080),
        ({"power_max_w": 11000}, AGG, 11000),
        ({"power_max_w": 30000}, AGG, 30000),
        ({"comfort_max": 7000}, AGG, 4830),
        ({"comfort_max": 7000}, 1, 4830),
        ({"comfort_max": 7000}, OWN, 22080),
    ):
        site = plant(ev(**keys))
        unit = site.state.units[1]
        unit.cap_w = 5
        wanted = claim(site, 0, primacy=primacy)
        assert target._most_w(site.state, unit, wanted) == most_w, (keys, primacy)
    site = plant(ev())
    unit, wanted = site.state.units[1], claim(site, 0)
    limit(site, 9000, 1)
    assert target._most_w(site.state, unit, wanted) == 9000
    claim(site, 8000, CEILING, 1)
    assert target._most_w(site.state, unit, wanted) == 5520


def test_the_bounds_of_a_battery():
    for keys, primacy, bounds in (
        ({}, AGG, (-5000, 5000)),
        ({"comfort_min": -1000}, AGG, (-1000, 5000)),
        ({"comfort_min": -1000}, 1, (-1000, 5000)),
        ({"comfort_min": -1000}, OWN, (-5000, 5000)),
        ({"comfort_min": -6000}, AGG, (-5000, 5000)),
        ({"comfort_min": 500}, AGG, (0, 5000)),
        ({"comfort_max": 1500}, AGG, (-5000, 1500)),
        ({"comfort_max": -200}, AGG, (-5000, 0)),
    ):
        site = plant(battery(**keys))
        unit = told(site, 1, 0)
        assert target._bounds(site.state, unit, claim(site, 0, primacy=primacy)) == bounds, (keys, primacy)
    for export_w, lowest_w in ((2000, -2000), (9000, -5000)):
        site = plant(battery())
        unit = told(site, 1, 0)
        limit(site, export_w, 1, EXPORT)
        limit(site, 1500, 1)
        assert target._bounds(site.state, unit, claim(site, 0)) == (lowest_w, 1500)


def test_a_switch_that_stands_still_needs_a_bit_more_than_its_power():
    unit = plant(rod()).state.units[1]
    for running, power_w, needed_w in ((False, 2000, 2200), (True, 2000, 2000), (False, 1, 201), (False, 0, 0)):
        unit.guard.running = running
        assert target._needed_w(unit, power_w) == needed_w
