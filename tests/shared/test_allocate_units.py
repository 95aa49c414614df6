"""How one unit is decided in one tick: its wish, its share in a group, how it falls, waits and rises."""

from __future__ import annotations

from agent import allocate
from agent.circuits import UNKNOWN_W
from agent.claims import CEILING, Claim
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import HEAT_PUMP
from tests.shared.plant import Load
from tests.shared.wiring import Branch, Wiring, battery, ev, heat_pump

NOW_MS = 100000


def claim(site: Wiring, value: int, primacy: int = 5, mode: int = 0) -> None:
    """Want something of the pump."""
    site.state.created += 1
    made = Claim(site["pump"].index, value, primacy, site.state.created, "agg", 0, b"c" * 32, mode)
    made.started = True
    site.state.claims.append(made)


def wished(site: Wiring) -> tuple[int | None, str]:
    """Return what is wanted of the pump."""
    allocate.wish(site.state, site["pump"], NOW_MS)
    return site["pump"].next, site["pump"].next_source


def test_wish_is_the_default_until_somebody_claims():
    assert wished(Wiring([heat_pump("pump", default=None)], [])) == (None, "default")
    site = Wiring([heat_pump("pump", default=5050)], [])
    assert wished(site) == (5000, "default")
    claim(site, 2040)
    assert wished(site) == (2000, "claim agg")


def test_ceiling_lowers_a_wish_that_is_above_it():
    for value, decided in ((2999, (2900, "claim agg")), (3000, (3000, "default")), (3001, (3000, "default"))):
        site = Wiring([heat_pump("pump", default=3000)], [])
        claim(site, value, mode=CEILING)
        assert wished(site) == decided
    site = Wiring([heat_pump("pump", default=None)], [])
    claim(site, 3000, mode=CEILING)
    assert wished(site) == (3000, "claim agg")


def test_comfort_bounds_every_wish_but_the_owners():
    for value, primacy, decided in (
        (1900, 5, (2000, "comfort")),
        (2000, 5, (2000, "claim agg")),
        (3000, 5, (3000, "claim agg")),
        (4000, 5, (4000, "claim agg")),
        (4100, 5, (4000, "comfort")),
        (1900, 1, (2000, "comfort")),
        (1900, 0, (1900, "claim agg")),
        (4100, 0, (4100, "claim agg")),
    ):
        site = Wiring([heat_pump("pump", comfort_min=2000, comfort_max=4000)], [])
        claim(site, value, primacy)
        assert wished(site) == decided
    for lowest, setpoint in ((1900, 1900), (1901, 2000), (1999, 2000), (2000, 2000)):
        site = Wiring([heat_pump("pump", default=1000, comfort_min=lowest)], [])
        assert wished(site) == (setpoint, "comfort")
    site = Wiring([heat_pump("pump", default=5000, comfort_max=4000)], [])
    assert wished(site) == (4000, "comfort")
    site = Wiring([heat_pump("pump", default=None, comfort_min=2000, comfort_max=4000)], [])
    assert wished(site) == (None, "default")


def standing(site: Wiring, name: str, setpoint: int | None) -> Unit:
    """Let a unit be settled where it was told."""
    unit = site[name]
    unit.setpoint, unit.source, unit.drawn_known = setpoint, "before", True
    unit.next, unit._raised_ms = setpoint, -60000
    return unit


def test_who_takes_nine_tenths_of_what_it_has_takes_all():
    site = Wiring([ev("car")], [])
    unit = standing(site, "car", 10000)  # 6900 W
    for drawn_w, takes in ((6211, True), (6210, True), (6209, False), (0, False)):
        unit.drawn_w = drawn_w
        assert allocate._takes_all(unit, NOW_MS) is takes
    for drawn_ma, takes in ((8999, False), (9001, True), (9000, True)):
        unit.drawn_ma[1] = drawn_ma
        assert allocate._takes_all(unit, NOW_MS) is takes
    unit.drawn_ma[1] = 0
    unit.drawn_known = False
    assert allocate._takes_all(unit, NOW_MS)
    unit.drawn_known, unit._raised_ms = True, NOW_MS - 29999
    assert allocate._takes_all(unit, NOW_MS)
    unit._raised_ms = NOW_MS - 30000
    assert not allocate._takes_all(unit, NOW_MS)


def test_what_a_unit_wants_of_its_group():
    site = Wiring([ev("car", "box", power_max_w=6000), battery("bat"), ev("wide")], [Branch("box", metered=True)])
    car, bat = standing(site, "car", 10000), standing(site, "bat", None)
    assert allocate._wanted_w(site.state, standing(site, "wide", 32000)) == 22080
    pump = Wiring([heat_pump("pump")], [])
    assert allocate._wanted_w(pump.state, standing(pump, "pump", None)) == 6000
    assert allocate._wanted_w(site.state, car) == 5934  # 8.6 A
    car.next = 8000
    assert allocate._wanted_w(site.state, car) == 5520
    car.next = 0
    assert allocate._wanted_w(site.state, car) == 0
    car.next = None
    assert allocate._wanted_w(site.state, car) == 6000
    assert allocate._wanted_w(site.state, bat) == 0
    bat.next = 300
    assert allocate._wanted_w(site.state, bat) == 300
    bat.next = -300
    assert allocate._wanted_w(site.state, bat) == 0
    car.next = 8000
    site.limit(5519, "car")
    assert allocate._wanted_w(site.state, car) == 5451
    site.limit(3000, "car")
    assert allocate._wanted_w(site.state, car) == 0
    site.state.limits.clear()
    site.circuit("box").failsafe = 1
    assert allocate._wanted_w(site.state, car) == 0


def taken(site: Wiring, name: str, reserved_w: int) -> tuple[int, int, int]:
    """Return what is kept for a unit, how much less the connection has left, and what of it comes free."""
    circuit = site.state.site
    circuit.open(site.state, {q.POWER_W: 0})
    before_w = circuit.left_w
    allocate._take(site[name], reserved_w)
    return site[name].taken_w, before_w - circuit.left_w, circuit.late_w


def test_what_is_taken_off_for_a_unit():
    site = Wiring([ev("car")], [])
    unit = standing(site, "car", 10000)
    unit.drawn_w = 6900
    assert taken(site, "car", 0) == (6900, 6900, 0)
    assert taken(site, "car", 7000) == (7000, 7000, 0)
    unit.next = 8000
    assert taken(site, "car", 0) == (6900, 6900, 0)
    unit.share_w = 5520
    assert taken(site, "car", 0) == (6900, 6900, 1380)
    assert taken(site, "car", 6000) == (6900, 6900, 900)
    unit.next = unit.share_w = 0
    assert taken(site, "car", 0) == (6900, 6900, 6900)
    unit.drawn_known, unit.drawn_w, unit.share_w = False, 0, UNKNOWN_W
    assert taken(site, "car", 5520) == (5520, 5520, 5520)
    unit.next = 12000
    assert taken(site, "car", 8280) == (8280, 8280, 6900)
    bat = Wiring([battery("bat")], [])
    standing(bat, "bat", -500).drawn_w = -500
    assert taken(bat, "bat", -500) == (0, 0, 0)
    bat["bat"].share_w = 5000
    assert taken(bat, "bat", -500) == (0, 0, 0)


def test_what_wears_and_falls_again_falls_by_a_whole_band():
    worn = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, True, 10000)
    fine = Contract(c.HEAT_PUMP, q.LIMIT_W, (0, 6000, 1), 0, True, 10000)
    for contract, setpoint, fell_ms, cap_w, decided in (
        (worn, 4000, NOW_MS - 299999, 3900, 3600),
        (worn, 4000, NOW_MS - 300000, 3900, 3900),
        (worn, 4000, NOW_MS - 300001, 3900, 3900),
        (worn, 4000, 0, 3900, 3900),
        (worn, 3900, NOW_MS - 1000, 3900, 3900),  # it does not fall
        (worn, 3000, NOW_MS - 1000, 3900, 3900),
        (worn, 4000, NOW_MS - 1000, 700, 700),  # less would be a stop
        (worn, 4000, NOW_MS - 1000, 800, 500),
        (HEAT_PUMP, 4000, NOW_MS - 1000, 100, 500),
        (fine, 4000, NOW_MS - 1000, 3901, 3601),
        (fine, 4000, NOW_MS - 1000, 100, 100),
    ):
        site = Wiring([("pump", contract, {"power_max_w": 6000}, Load(0))], [])
        unit = standing(site, "pump", setpoint)
        unit.fell_ms = fell_ms
        assert allocate._step_down(unit, cap_w, NOW_MS) == decided
    site = Wiring([ev("car")], [])
    unit = standing(site, "car", 16000)
    unit.fell_ms = NOW_MS - 1000
    assert allocate._step_down(unit, 6900, NOW_MS) == 10000


def test_what_a_limit_held_down_rises_once_room_has_lasted():
    site = Wiring([ev("car")], [])
    for held, wanted, risen_ms, decided in (
        (True, 12000, NOW_MS - 9999, (10000, "before", True)),
        (True, 12000, NOW_MS - 10000, (12000, "now", False)),
        (True, 12000, NOW_MS - 10001, (12000, "now", False)),
        (False, 12000, NOW_MS, (12000, "now", False)),
        (True, 10000, NOW_MS, (10000, "now", False)),
        (True, 9000, NOW_MS, (9000, "now", False)),
    ):
        unit = standing(site, "car", 10000)
        unit.held, unit.risen_ms = held, risen_ms
        allocate._rise(unit, wanted, "now", NOW_MS)
        assert (unit.next, unit.next_source, unit.held) == decided
        assert unit.risen_ms == (risen_ms if unit.held else NOW_MS)
    unit = standing(site, "car", None)
    unit.held, unit.risen_ms = True, NOW_MS
    allocate._rise(unit, 12000, "now", NOW_MS)
    assert unit.next == 12000


def test_phases_and_circuits_that_take_turns_are_no_news_while_nothing_moves():
    for setpoint, source, binding, named in (
        (10000, "fuse L1", "fuse L2", "fuse L1"),
        (10000, "connection", "fuse L2", "connection"),
        (10000, "connection", "circuit box", "connection"),
        (10000, "circuit box", "fuse box L3", "circuit box"),
        (10000, "imbalance", "fuse L2", "imbalance"),
        (10000, "fuse L1", "limit dso", "limit dso"),
        (10000, "limit dso", "fuse L1", "fuse L1"),
        (11000, "fuse L1", "fuse L2", "fuse L2"),
        (10000, "claim agg", "fuse L2", "fuse L2"),
    ):
        site = Wiring([ev("car")], [])
        unit = standing(site, "car", setpoint)
        unit.source = source
        allocate._throttle(unit, 10000, binding, NOW_MS)
        assert (unit.next, unit.next_source, unit.held) == (10000, named, True)


def test_groups_are_those_of_one_priority_and_served_in_order():
    site = Wiring(
        [ev("a", priority=5), ev("b", priority=9), ev("c", priority=7), ev("d", priority=7), ev("e", priority=9)], []
    )
    site.begin(0)
    site.limit(30 * 690)
    site.run(60)
    assert site.told("a", "c", "d", "b", "e") == [30000, 0, 0, 0, 0]
    site.claim("a", 8000)
    site.run(60)
    assert site.told("a", "c", "d", "b", "e") == [8000, 11000, 11000, 0, 0]
    site.claim("c", 7000)
    site.claim("d", 0)
    site.run(60)
    assert site.told("a", "c", "d", "b", "e") == [8000, 7000, 0, 7500, 7500]
