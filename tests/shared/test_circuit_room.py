"""A circuit's room to the watt and the milliampere: what is taken off, given back, kept, tried on and relieved."""

from __future__ import annotations

from agent.circuits import UNKNOWN_W, Circuit, lower_to_limits, lower_to_room
from agent.limits import EXPORT, IMPORT, MILLIAMP, SITE
from hal import quantities as q
from tests.shared.wiring import Branch, Wiring, ev

TABLE = {"import_limit_w": 9000, "export_limit_w": 4000, "fuse_ma": 20000, "imbalance_ma": 0, "meter_stale_ms": 10000}
READING = {
    q.POWER_W: 2300,
    q.CURRENT_L1_MA: 5000,
    q.CURRENT_L2_MA: 3000,
    q.CURRENT_L3_MA: 2000,
    q.POWER_L1_W: 1150,
    q.POWER_L2_W: 690,
    q.POWER_L3_W: -460,
}


def plant(phases: int = 7, **site: int) -> Wiring:
    """Return a plant of one charger at the connection."""
    keys = dict(TABLE)
    keys.update(site)
    found = Wiring([ev("car", phases=phases)], [], **keys)
    found["car"].drawn_known, found["car"].source = True, "before"
    return found


def measured(phases: int = 7, **site: int) -> Wiring:
    """Return the same once its meter was read."""
    found = plant(phases, **site)
    found.state.site.open(found.state, dict(READING))
    return found


def blind(phases: int = 7, **site: int) -> Wiring:
    """Return the same where nobody measures."""
    found = plant(phases, **site)
    found.state.site.open(found.state, None)
    return found


def room(circuit: Circuit) -> list[int]:
    """Return what is left."""
    return [circuit.left_w] + circuit.left_ma


def late(circuit: Circuit) -> list[int]:
    """Return what is about to come free."""
    return [circuit.late_w] + circuit.late_ma


def test_circuit_that_was_never_opened_has_nothing():
    circuit = Circuit(TABLE, None)
    assert room(circuit) == late(circuit) == [0, 0, 0, 0]
    assert (circuit.limit_w, circuit.moved_w, circuit.most_ma) == (0, 0, [0, 0, 0])
    assert (circuit.failsafe, circuit.meter_bad_ms, circuit.parent, circuit.imbalance_ma) == (0, 0, 0, 0)
    assert circuit.scope == SITE and circuit.metered() and circuit.baseline_w() is None
    assert (circuit.own, circuit.fuses) == ("connection", ("fuse L1", "fuse L2", "fuse L3"))


def test_circuit_below_is_measured_where_it_has_a_meter():
    table = {"id": "shed", "parent": 2}
    table.update(TABLE)
    assert not Circuit(table, None, SITE - 1).metered()
    assert Circuit(table, 0, SITE - 1).metered()
    circuit = Circuit(table, None, SITE - 1)
    assert (circuit.own, circuit.fuses[2], circuit.parent) == ("circuit shed", "fuse shed L3", 2)


def test_room_is_what_the_meter_leaves_in_each_phase_and_its_direction():
    site = measured().state.site
    assert room(site) == [6700, 15000, 17000, 22000]
    assert site.shown_w == 2300 and site.most_ma == [20000, 20000, 20000]
    assert room(blind().state.site) == [9000, 20000, 20000, 20000]


def test_the_tighter_of_its_own_limit_and_one_in_force_names_itself():
    for value, limit_w, name in ((8999, 8999, "limit dso"), (9000, 9000, "connection"), (9001, 9000, "connection")):
        site = plant()
        site.limit(value)
        site.state.site.open(site.state, None)
        assert (site.state.site.limit_w, site.state.site.limit_name) == (limit_w, name)
    for value, most_ma, name in ((19999, 19999, "limit dso"), (20000, 20000, "fuse L2"), (20001, 20000, "fuse L2")):
        site = plant()
        site.limit(value, quantity=MILLIAMP, phases=2)
        site.state.site.open(site.state, None)
        assert site.state.site.most_ma == [20000, most_ma, 20000]
        assert site.state.site.names == ["fuse L1", name, "fuse L3"]
    for value, floor_w, name in ((3999, -3999, "limit dso"), (4000, -4000, "connection"), (4001, -4000, "connection")):
        site = plant()
        site.limit(value, direction=EXPORT)
        assert site.state.site.export_floor_w(site.state) == (floor_w, name)


def test_what_no_phase_tells_could_flow_in_each():
    site = plant()
    site["car"].drawn_w, site["car"].drawn_ma = 690, [1000, 1000, 1000]
    site.state.site.open(site.state, {q.POWER_W: 2990})
    assert room(site.state.site) == [6010, 9000, 9000, 9000]  # 2300 W that nobody explains, and its own ampere
    site.state.site.open(site.state, {q.POWER_W: 500})
    assert room(site.state.site) == [8500, 19000, 19000, 19000]
    below = Wiring([ev("car", "shed"), ev("far")], [Branch("shed", metered=True, fuse_ma=20000)])
    for unit in below.state.powered:
        unit.drawn_w, unit.drawn_ma = 690, [1000, 1000, 1000]
    below.circuit("shed").open(below.state, {q.POWER_W: 920})
    assert below.circuit("shed").left_ma == [18000, 18000, 18000]  # what is drawn elsewhere explains nothing here


def test_each_tick_begins_without_what_the_last_one_kept():
    site = measured()
    circuit = site.state.site
    circuit.late_w, circuit.moved_w, circuit.late_ma[:] = 7, 8, [9, 9, 9]
    circuit.open(site.state, dict(READING))
    assert late(circuit) == [0, 0, 0, 0] and circuit.moved_w == 0


def test_what_a_unit_draws_is_given_back_where_it_was_measured():
    site = measured(3)
    site["car"].drawn_w, site["car"].drawn_ma = 460, [1500, 500, 0]
    site.state.site.give_back(site["car"])
    assert room(site.state.site) == [7160, 16500, 17500, 22000]
    site["car"].drawn_w, site["car"].drawn_ma = -460, [-1000, -1000, 0]
    site.state.site.give_back(site["car"])
    assert room(site.state.site) == [7160, 16500, 17500, 22000]
    site = blind()
    site["car"].drawn_w, site["car"].drawn_ma = 460, [1500, 500, 0]
    site.state.site.give_back(site["car"])
    assert room(site.state.site) == [9000, 20000, 20000, 20000]


def test_the_most_of_what_is_kept_and_drawn_is_taken_off_and_what_will_not_stay_comes_free():
    site = measured(3)
    circuit, unit = site.state.site, site["car"]
    unit.drawn_w, unit.drawn_ma = 1000, [4000, 100, 0]
    circuit.take(unit, 920, 5000, 460)
    assert room(circuit) == [5700, 11000, 15000, 22000]
    assert late(circuit) == [540, 3000, 1000, 0]
    circuit.take(unit, 920, 5000, 460, -1)
    assert room(circuit) == [6700, 15000, 17000, 22000] and late(circuit) == [0, 0, 0, 0]
    circuit.take(unit, 920, 5000, UNKNOWN_W)
    assert late(circuit) == [0, 0, 0, 0]


def test_one_that_feeds_in_takes_nothing_off():
    site = measured(3)
    site["car"].drawn_w, site["car"].drawn_ma = -1000, [-2000, -2000, 0]
    site.state.site.take(site["car"], -500, 0, UNKNOWN_W)
    assert room(site.state.site) == [6700, 15000, 17000, 22000]


def test_where_nobody_measures_all_that_it_may_draw_or_says_that_it_does_is_taken_off():
    site = blind(3)
    circuit, unit = site.state.site, site["car"]
    unit.drawn_w, unit.drawn_ma = 9000, [9000, 9000, 0]
    circuit.take(unit, 0, 920, 0)
    assert room(circuit) == [8080, 18000, 18000, 20000]
    assert late(circuit) == [0, 0, 0, 0]
    circuit.take(unit, 0, 920, 0, -1)
    unit.said_w, unit.said_ma = 1150, [5000, 0, 0]
    circuit.take(unit, 0, 920, 0)
    assert room(circuit) == [7850, 15000, 18000, 20000]


def test_trying_on_takes_what_is_drawn_unseen_only_once():
    site = measured(3)
    circuit, unit = site.state.site, site["car"]
    unit.drawn_w, unit.drawn_ma = 9000, [9000, 9000, 0]
    circuit.try_on(unit, 920, 1)
    assert room(circuit) == [5780, 13000, 15000, 22000]
    circuit.try_on(unit, 920, -1)
    unit.drawn_known, unit.setpoint = False, 6000  # on two phases 2760 W
    circuit.try_on(unit, 2760, 1)
    assert room(circuit) == [6700, 15000, 17000, 22000]
    circuit.try_on(unit, 2000, 1)
    assert room(circuit) == [6700, 15000, 17000, 22000]
    circuit.try_on(unit, 3220, 1)
    assert room(circuit) == [6240, 14000, 16000, 22000]
    unseen = blind(3)
    unseen["car"].drawn_known, unseen["car"].setpoint = False, 6000
    unseen.state.site.try_on(unseen["car"], 2760, 1)
    assert room(unseen.state.site) == [6240, 14000, 14000, 20000]


def test_relief_is_room_in_its_phases():
    site = measured(3)
    site.state.site.relieve(site["car"], 920)
    assert room(site.state.site) == [7620, 17000, 19000, 22000]


def bound(site: Wiring, at: int = 0) -> tuple[int, str]:
    """Return the room for the charger and what binds it."""
    return site.state.site.room_w(site["car"], at), site.state.site.binding


def test_room_is_bound_by_the_tightest_phase_that_a_unit_uses():
    assert bound(measured()) == (6700, "connection")
    assert bound(measured(import_limit_w=12650)) == (10350, "connection")  # as much as the fuse
    assert bound(measured(import_limit_w=12651)) == (10350, "fuse L1")
    assert bound(measured(2)) == (3910, "fuse L2")
    assert bound(measured(6)) == (6700, "connection")
    assert bound(measured(4)) == (5060, "fuse L3")


def test_room_is_bound_by_the_phases_that_a_unit_does_not_use():
    # 5 A, 3 A and -2 A flow
    assert bound(measured(1, imbalance_ma=10000)) == (690, "imbalance")
    assert bound(measured(2, imbalance_ma=10000)) == (1150, "imbalance")
    assert bound(measured(4, imbalance_ma=10000)) == (3450, "imbalance")
    assert bound(measured(3, imbalance_ma=10000)) == (1380, "imbalance")
    assert bound(measured(7, imbalance_ma=10000)) == (6700, "connection")
    assert bound(measured(4, imbalance_ma=17000)) == (5060, "fuse L3")  # as much as the fuse
    assert bound(measured(1, imbalance_ma=6999)) == (-1, "imbalance")


def test_room_with_what_comes_free_anyway():
    site = measured(1, import_limit_w=4000, imbalance_ma=20000)
    circuit = site.state.site
    circuit.late_w, circuit.late_ma[:] = 500, [1000, 0, 0]
    assert bound(site) == (1700, "connection")
    assert bound(site, 1) == (2200, "connection")
    circuit.left_w = 9000
    assert bound(site) == (2990, "imbalance")
    assert bound(site, 1) == (3220, "imbalance")
    circuit.imbalance_ma = 0
    assert bound(site) == (3450, "fuse L1")
    assert bound(site, 1) == (3680, "fuse L1")


def capped(site: Wiring) -> tuple[int, str]:
    """Return the charger's cap by its circuits."""
    unit = site["car"]
    unit.cap_w, unit.cap_name = UNKNOWN_W, ""
    lower_to_room(unit)
    return unit.cap_w, unit.cap_name


def test_cap_is_the_room_where_a_unit_has_nothing_yet():
    site = measured(1, imbalance_ma=0)
    assert capped(site) == (3450, "fuse L1")
    site.state.site.late_w, site.state.site.late_ma[:] = 500, [1000, 0, 0]
    site["car"].setpoint = 0
    assert capped(site) == (3450, "fuse L1")  # nobody rises into it


def test_cap_keeps_what_a_unit_has_when_room_is_about_to_come():
    for had_ma, late_ma, cap_w in ((16000, 500, 3565), (16000, 1500, 3680), (15000, 500, 3450), (16000, 0, 3450)):
        site = measured(1)
        site["car"].setpoint = had_ma
        site.state.site.late_w, site.state.site.late_ma[0] = 9999, late_ma
        assert capped(site) == (cap_w, "fuse L1")


def test_cap_of_one_that_draws_unseen_is_what_it_has_less_the_excess():
    for shown_w, cap_w in ((9000, 3680), (9001, 3679), (12000, 680), (8000, 3680)):
        site = plant(1)
        site["car"].setpoint, site["car"].drawn_known = 16000, False
        site.state.site.open(site.state, dict(READING))
        site.state.site.left_w = 9000 - shown_w
        assert capped(site)[0] == cap_w
    site.state.site.limit_w = 3000
    site.state.site.left_w = -100
    assert capped(site)[0] == 2900
    unseen = blind(1)
    unseen["car"].setpoint, unseen["car"].drawn_known = 16000, False
    unseen.state.site.left_w = 3000
    assert capped(unseen)[0] == 3000


def test_cap_of_one_that_does_not_take_what_it_has_stays_while_what_it_draws_fits():
    for drawn_w, cap_w in ((1000, 3680), (3449, 3680), (3450, 3680), (3451, 3450)):
        site = measured(1)
        site["car"].setpoint, site["car"].idles, site["car"].drawn_w = 16000, True, drawn_w
        assert capped(site)[0] == cap_w
        site["car"].idles = False
        assert capped(site)[0] == 3450
    site = measured(1)
    site["car"].setpoint, site["car"].idles, site["car"].drawn_w = 10000, True, 1000
    assert capped(site)[0] == 3450  # it may rise


def test_cap_by_limits_on_the_unit_itself():
    site = plant(3)
    lower_to_limits(site.state, site["car"])
    assert site["car"].cap_w == UNKNOWN_W
    site.limit(8000, "car", quantity=MILLIAMP, phases=4)
    lower_to_limits(site.state, site["car"])
    assert site["car"].cap_w == UNKNOWN_W
    site.limit(8000, "car", EXPORT)
    lower_to_limits(site.state, site["car"])
    assert site["car"].cap_w == UNKNOWN_W
    site.limit(7000, "car", IMPORT)
    lower_to_limits(site.state, site["car"])
    assert (site["car"].cap_w, site["car"].cap_name) == (7000, "limit dso")
    site.limit(10000, "car", quantity=MILLIAMP, phases=2)
    lower_to_limits(site.state, site["car"])
    assert site["car"].cap_w == 4600


def test_baseline_forgets_what_was_before_the_meter_failed():
    circuit = Circuit(TABLE, 0)
    for second in range(180):
        circuit.shown_w = 100 * (second // 60)
        circuit.remember(second * 1000)
        assert circuit.baseline_w() == (None, 0, 50)[second // 60]
    circuit.shown_w = None
    circuit.remember(180000)
    assert circuit.baseline_w() is None
    circuit.shown_w = 700
    circuit.remember(239999)
    assert circuit.baseline_w() is None
    circuit.remember(240000)
    assert circuit.baseline_w() == 700


def test_baseline_has_five_minutes_and_no_more():
    circuit = Circuit(TABLE, 0)
    for minute in range(8):
        circuit.shown_w = 1 << minute
        circuit.remember(minute * 60000)
    assert circuit.baseline_w() == (4 + 8 + 16 + 32 + 64) // 5


def test_baseline_of_the_first_minute_is_its_mean():
    circuit = Circuit(TABLE, 0)
    circuit.shown_w = 100
    circuit.remember(0)
    circuit.remember(60000)
    assert circuit.baseline_w() == 100


def test_what_flows_unseen_is_counted_to_the_watt():
    for shown_w, drawn_w, fuse_ma, left_ma in (
        (0, 0, 20000, 20000),
        (0, -1000, 20000, 20000 - 4347),
        (230000, 0, 2000000, 1000000),
    ):
        site = plant(fuse_ma=fuse_ma)
        site["car"].drawn_w = drawn_w
        site.state.site.open(site.state, {q.POWER_W: shown_w})
        assert site.state.site.left_ma == [left_ma] * 3


def test_who_draws_unseen_keeps_no_more_than_the_whole_circuit_may_draw():
    site = measured(import_limit_w=5000)
    unit = site["car"]
    unit.setpoint, unit.drawn_known = 10000, False
    unit.cap_w = UNKNOWN_W
    lower_to_room(unit)
    assert (unit.cap_w, unit.cap_name) == (5000, "connection")
