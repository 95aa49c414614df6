"""Whose turn it is in one tick, what it then may have, and what it keeps from those who come after."""

from __future__ import annotations

from agent import allocate, record
from agent.circuits import UNKNOWN_W
from agent.limits import EXPORT
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import SWITCH
from tests.shared.plant import Load
from tests.shared.wiring import Branch, Wiring, battery, ev, heat_pump

NOW_MS = 100000
FINE = Contract(c.HEAT_PUMP, q.LIMIT_W, (0, 6000, 1), 0, False, 10000)


def standing(site: Wiring, name: str, setpoint: int | None, **now: object) -> Unit:
    """Let a unit be settled where it was told, and draw that; `now` says what is otherwise."""
    unit = site[name]
    unit.setpoint = unit.next = setpoint
    unit.source = unit.next_source = "before"
    unit.drawn_known, unit.soc_pm, unit._raised_ms = True, 500, -60000
    unit.drawn_w = 0 if setpoint is None else max(unit.power_of(setpoint), 0)
    unit.guard.running = unit.runs(setpoint)
    for key in now:
        setattr(unit, key, now[key])
    return unit


def leave(site: Wiring, left_w: int) -> None:
    """Let the connection's meter show that so much is left, and that the fuses have all their room."""
    circuit = site.state.site
    shown = {q.POWER_W: circuit.import_limit_w - left_w}
    for phase in (0, 1, 2):
        shown[q.CURRENT_L1_MA + phase] = 0
    circuit.open(site.state, shown)


def served(site: Wiring, name: str, left_w: int) -> tuple[int | None, str, bool]:
    """Serve a unit with so much room; return what is decided, why, and whether a limit holds it."""
    leave(site, left_w)
    allocate._serve(site.state, site[name], NOW_MS)
    return site[name].next, site[name].next_source, site[name].held


# Protection


def test_protection_says_what_it_keeps_a_unit_from():
    for keys, setpoint, wanted, decided in (
        ({"on_s": 600}, 4000, 0, (500, "protection run")),
        ({"on_s": 600, "ramp_w_s": 100}, 1000, 4000, (2000, "protection ramp")),
        ({"on_s": 600}, 4000, 4000, (4000, "now")),
        ({"on_s": 600}, 4000, 500, (500, "now")),
        ({"on_s": 600}, 1000, 4000, (4000, "now")),
    ):
        site = Wiring(
            [("pump", Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, False, 10000), keys, Load(0))], []
        )
        unit = standing(site, "pump", setpoint, next=wanted, next_source="now")
        unit.guard.changed_ms = NOW_MS - 1000
        unit.guard.ramped_ms = NOW_MS - 10000
        allocate._protect(unit, NOW_MS)
        assert (unit.next, unit.next_source) == decided


def test_what_is_not_worth_a_write_stays_for_the_reason_it_had():
    worn = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, True, 10000)
    site = Wiring([("pump", worn, {"power_max_w": 6000}, Load(0))], [])
    unit = standing(site, "pump", 4000, next=4100, next_source="now")
    allocate._protect(unit, NOW_MS)
    assert (unit.next, unit.next_source) == (4000, "before")


def test_who_has_not_rested_does_not_start():
    for wanted, stopped_ms, decided in (
        (8000, NOW_MS - 29999, (0, "protection rest")),
        (8000, NOW_MS - 30000, (8000, "before")),
        (0, NOW_MS - 29999, (0, "before")),
    ):
        site = Wiring([ev("car", off_s=30)], [])
        unit = standing(site, "car", 0, next=wanted)
        unit.guard.changed_ms = stopped_ms
        allocate._let_rest(unit, NOW_MS)
        assert (unit.next, unit.next_source) == decided


def test_who_has_not_rested_does_not_start_though_there_is_room():
    site = Wiring([ev("car", off_s=30)], [])
    standing(site, "car", 0, next=8000).guard.changed_ms = NOW_MS - 1000
    assert served(site, "car", 20000) == (0, "protection rest", False)


def test_protection_comes_after_wishes_for_all_that_is_controlled():
    lamp = ("lamp", SWITCH, {"default": 1, "off_s": 60}, Load(0))
    pump = ("pump", Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, False, 10000), {"default": 0}, Load(0))
    site = Wiring([pump, lamp], [])
    for seconds, told in ((1, [500, 0]), (58, [500, 0]), (1, [500, 1]), (539, [500, 1]), (1, [0, 1])):
        site.run(seconds)
        assert site.told("pump", "lamp") == told


# A turn


def test_a_wish_that_just_fits_is_granted():
    for left_w, decided in (
        (6901, (10000, "now", False)),
        (6900, (10000, "now", False)),
        (6899, (9900, "connection", True)),
        (0, (0, "connection", True)),
        (-500, (0, "connection", True)),
    ):
        site = Wiring([ev("car")], [])
        standing(site, "car", 0, next=10000, next_source="now", held=True)
        assert served(site, "car", left_w) == decided


def test_to_the_watt_and_never_below_nothing():
    for left_w, setpoint in ((4000, 4000), (3999, 3999), (1, 1), (0, 0), (-1, 0), (-700, 0)):
        site = Wiring([("pump", FINE, {"power_max_w": 6000}, Load(0))], [])
        standing(site, "pump", 4000, drawn_w=0)
        assert served(site, "pump", left_w)[0] == setpoint


def test_who_has_no_headroom_has_its_fallback_and_waits():
    for fallback, import_w, decided in (
        (None, 9000, (0, "meter stale", True)),
        (6000, 9000, (6000, "meter stale", True)),
        (8000, 4139, (0, "connection", True)),
        (8000, 5000, (7200, "connection", True)),
    ):
        site = Wiring([ev("car", fallback=fallback)], [])
        standing(site, "car", 10000)
        circuit = site.state.site
        circuit.failsafe, circuit.import_limit_w = record.METER_STALE, import_w
        circuit.open(site.state, None)
        allocate._serve(site.state, site["car"], NOW_MS)
        assert (site["car"].next, site["car"].next_source, site["car"].held) == decided
    for limit_w, setpoint in ((-3, 0), (0, 0), (1, 1)):
        site = Wiring([("pump", FINE, {"power_max_w": 6000, "fallback": 3000}, Load(0))], [])
        standing(site, "pump", 4000)
        site.state.site.failsafe, site.state.site.import_limit_w = record.METER_STALE, limit_w
        site.state.site.open(site.state, None)
        allocate._serve(site.state, site["pump"], NOW_MS)
        assert (site["pump"].next, site["pump"].next_source) == (setpoint, "connection")


def test_a_battery_that_does_not_charge_takes_no_turn():
    for setpoint, held in ((500, False), (0, True), (-500, True)):
        site = Wiring([battery("bat")], [])
        unit = standing(site, "bat", setpoint, held=True, drawn_w=0, taken_w=77, _raised_ms=NOW_MS)
        served(site, "bat", 9000)
        assert (unit.next, unit.held, unit.taken_w) == (setpoint, held, max(setpoint, 0))
    for part in (ev("unit"), heat_pump("unit")):
        site = Wiring([part], [])
        standing(site, "unit", 0, held=True)
        assert served(site, "unit", 9000) == (0, "before", False)


def test_a_battery_charges_when_it_is_told_to_and_its_own_mode_is_not_asked():
    for wanted, charges in ((None, False), (0, False), (-1, False), (1, True), (500, True)):
        site = Wiring([battery("bat")], [])
        unit = standing(site, "bat", wanted)
        site.limit(6000, "bat")
        assert allocate._charges(site.state, unit) is charges and unit.next == wanted
        site.limit(2000, "bat", EXPORT)
        assert allocate._charges(site.state, unit) is charges
        assert unit.next == (0 if wanted is None else wanted)


def test_room_is_kept_for_who_rises_or_may_still_take_it():
    for wanted, raised_ms, kept_w in (
        (10000, 0, 3000),
        (8000, 0, 3000),
        (10100, 0, 6969),
        (12000, 0, 8280),
        (10000, NOW_MS - 29999, 6900),
        (8000, NOW_MS - 29999, 5520),
        (0, NOW_MS, 3000),
    ):
        site = Wiring([ev("car")], [])
        unit = standing(site, "car", 10000, next=wanted, drawn_w=3000, _raised_ms=raised_ms)
        served(site, "car", 20000)
        assert (unit.next, unit.taken_w) == (wanted, kept_w)
        assert site.state.site.left_w == 20000 - kept_w


def test_a_share_names_what_binds_it_or_what_else_binds():
    for share_w, source, found in (
        (5000, "fuse L2", (5000, "fuse L2")),
        (5000, "", (5000, "connection")),
        (UNKNOWN_W, "", (6000, "connection")),
    ):
        site = Wiring([ev("car")], [])
        unit = standing(site, "car", 0)
        leave(site, 6000)
        unit.share_w, unit.share_source = share_w, source
        allocate._find_cap(site.state, unit)
        assert (unit.cap_w, unit.cap_name) == found
        site.limit(4000, "car")
        allocate._find_cap(site.state, unit)
        assert (unit.cap_w, unit.cap_name) == (4000, "limit dso")


# What it says while it waits


def test_who_waits_to_rise_says_what_it_waits_for():
    for setpoint, wanted, binding, stopped_ms, decided in (
        (0, 8000, "limit dso", NOW_MS - 1000, (0, "protection rest")),
        (0, 8000, "limit dso", NOW_MS - 40000, (0, "limit dso")),
        (0, 0, "limit dso", NOW_MS - 1000, (0, "limit dso")),
        (8000, 10000, "limit dso", NOW_MS - 1000, (8000, "limit dso")),
        (8000, 10000, "nameplate", NOW_MS - 1000, (8000, "before")),
        (8000, 8000, "nameplate", NOW_MS - 1000, (8000, "nameplate")),
        (8000, 6000, "nameplate", NOW_MS - 1000, (6000, "nameplate")),
    ):
        site = Wiring([ev("car", off_s=30)], [])
        unit = standing(site, "car", setpoint, held=True, risen_ms=NOW_MS - 1000)
        unit.guard.running, unit.guard.changed_ms = False, stopped_ms
        allocate._throttle(unit, wanted, binding, NOW_MS)
        assert (unit.next, unit.next_source) == decided, (setpoint, wanted, binding)
        assert unit.held


# All turns


def shared(site: Wiring, left_w: int) -> list[int | None]:
    """Let all have their turns with so much room besides what they draw; return what is decided."""
    drawn_w = sum([unit.drawn_w for unit in site.state.powered])
    leave(site, left_w - drawn_w)
    allocate._share(site.state, NOW_MS)
    return [unit.next for unit in site.state.powered]


def test_who_is_alone_in_its_priority_has_no_share():
    site = Wiring([ev("a", priority=5), ev("b", priority=9)], [])
    standing(site, "a", 8000)
    standing(site, "b", 10000, drawn_w=3000)
    assert shared(site, 5520 + 5000) == [8000, 7200]
    assert [site[name].share_w for name in ("a", "b")] == [UNKNOWN_W, UNKNOWN_W]


def test_who_alone_of_its_priority_wants_room_has_no_share():
    site = Wiring([ev("a", priority=5), ev("b", priority=5)], [])
    standing(site, "a", 0, idles=True)
    standing(site, "b", 10000)
    assert shared(site, 5000) == [0, 7200]
    assert [site[name].share_w for name in ("a", "b")] == [UNKNOWN_W, UNKNOWN_W]
    assert [site[name].idles for name in ("a", "b")] == [False, False]


def test_those_who_want_room_share_it():
    site = Wiring([ev("a", priority=5), ev("b", priority=5), ev("c", priority=5)], [])
    for name in ("a", "b"):
        standing(site, name, 10000)
    standing(site, "c", 0)
    assert shared(site, 10000) == [7200, 7200, 0]
    assert site["a"].share_w == site["b"].share_w < UNKNOWN_W and site["c"].share_w == UNKNOWN_W


def test_only_batteries_cover_and_only_with_headroom():
    site = Wiring([heat_pump("pump"), battery("bat")], [Branch("box", metered=True)])
    for name in ("pump", "bat"):
        standing(site, name, None, drawn_w=0)
    site["pump"].setpoint = site["pump"].next = 500
    assert shared(site, -1000) == [500, -1100]
    assert not site["pump"].covering and site["bat"].covering
    for failsafe in (0, record.METER_STALE):
        site = Wiring([ev("car"), battery("bat", "box")], [Branch("box", metered=True)])
        standing(site, "car", 0)
        standing(site, "bat", None, drawn_w=0)
        site.circuit("box").failsafe = failsafe
        site.circuit("box").open(site.state, None if failsafe else {q.POWER_W: 0})
        assert shared(site, -1000) == [0, 0 if failsafe else -1100]
