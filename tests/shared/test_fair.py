"""Fair shares: those of one priority get as much as one another, and nobody stops who can be throttled."""

from __future__ import annotations

from agent import fair, record
from agent.circuits import UNKNOWN_W
from agent.unit import Contract
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import SWITCH
from tests.shared.plant import Load
from tests.shared.seeded import Lcg
from tests.shared.wiring import Branch, Wiring, battery, ev, heat_pump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.shared.wiring import Part


def plug(site: Wiring, name: str, wants_w: int = 22080) -> None:
    """Let a device want something from now on."""
    site.loads[site[name].index - 1].wants_w = wants_w


def opened(parts: list[Part], branches: list[Branch], left_w: int, **site: int) -> Wiring:
    """Return a plant in the middle of a tick: so much is left of the connection."""
    found = Wiring(parts, branches, **site)
    for circuit in found.state.circuits:
        circuit.open(found.state, {q.POWER_W: 0} if circuit.metered() else None)
    for unit in found.state.powered:
        unit.drawn_known, unit.source = True, "before"
    found.state.site.left_w = left_w
    return found


def rooms(site: Wiring) -> list[int]:
    """Return everything that shares try on and must put back."""
    found: list[int] = []
    for circuit in site.state.circuits:
        found += [circuit.left_w, circuit.late_w] + circuit.left_ma + circuit.late_ma
    return found


def shares(site: Wiring, most_w: list[int]) -> list[int]:
    """Return the shares of all devices; 0 for one without."""
    before = rooms(site)
    fair.share(site.state.powered, most_w)
    assert rooms(site) == before
    return [0 if unit.share_w == UNKNOWN_W else unit.share_w for unit in site.state.powered]


def fine(name: str, circuit: str = "") -> Part:
    """Return a load that can be set to each watt from 1000 on, and stopped."""
    return name, Contract(c.HEAT_PUMP, q.LIMIT_W, (1000, 9000, 1), 0, False, 10000), {"circuit": circuit}, Load(0)


def test_levels_are_within_eight_watts_and_put_everything_back():
    site = opened([fine("a"), fine("b")], [], 6001)
    assert shares(site, [9000, 9000]) == [2998, 2998]
    assert [unit.share_source for unit in site.state.powered] == ["connection", "connection"]
    assert shares(site, [2000, 9000]) == [0, 4001]
    assert shares(site, [2000, 4001]) == [0, 0]
    assert shares(site, [2000, 4002]) == [0, 3995]
    site.state.site.left_w = 6009
    assert shares(site, [8192, 8192]) == [3000, 3000]
    assert shares(site, [9216, 9216]) == [3002, 3002]


def test_least_is_what_starts_in_order():
    site = opened([fine("a"), fine("b"), fine("c")], [], 2999)
    assert shares(site, [9000, 9000, 9000])[2] == 0
    assert site.state.powered[2].share_w == 0 and site.state.powered[2].share_source == "connection"
    assert shares(site, [9000, 9000, 9000])[:2] == [1496, 1496]
    site.state.site.left_w = 3000
    assert shares(site, [9000, 9000, 9000]) == [1000, 1000, 1000]
    site.state.site.left_w = 999
    shares(site, [9000, 9000, 9000])
    assert [unit.share_w for unit in site.state.powered] == [0, 0, 0]
    shares(site, [500, 9000, 9000])
    assert [unit.share_w for unit in site.state.powered] == [UNKNOWN_W, 0, 0]


def test_who_takes_no_share_keeps_what_it_draws():
    site = opened([fine("a"), fine("b"), fine("c")], [], 5000)
    site.state.powered[1].setpoint = site.state.powered[1].drawn_w = 2000
    assert shares(site, [9000, 0, 9000]) == [1496, 0, 1496]
    assert site.state.powered[1].share_w == UNKNOWN_W
    assert shares(site, [1500, 0, 1500]) == [0, 0, 0]
    site.state.powered[1].idles = True
    site.state.powered[1].setpoint = 6000
    assert shares(site, [9000, 9000, 9000]) == [1496, 6000, 1496]
    assert site.state.powered[1].share_source == "before"
    assert shares(site, [1000, 3000, 1000]) == [0, 0, 0]


def test_circuits_below_put_everything_back_too():
    box = Branch("box", metered=True, import_limit_w=3000)
    shed = Branch("shed", import_limit_w=4000)
    site = opened([fine("a", "box"), fine("b", "box"), fine("c", "shed"), fine("d")], [box, shed], 15000)
    assert shares(site, [9000, 9000, 9000, 9000])[2:] == [3997, 8010]
    assert shares(site, [9000, 9000, 9000, 9000])[:2] == [1496, 1496]
    names = [unit.share_source for unit in site.state.powered]
    assert names == ["circuit box", "circuit box", "circuit shed", "connection"]


def test_a_wish_between_two_steps_is_left_whole_where_there_is_room():
    site = opened([ev("a", "box"), ev("b")], [Branch("box", import_limit_w=5000)], 20000)
    assert shares(site, [22080, 6000]) == [4968, 0]


def test_what_is_drawn_unseen_is_not_taken_off_twice():
    site = opened([fine("a"), fine("b")], [], 4000)
    site.state.powered[0].drawn_known = False
    site.state.powered[0].setpoint = 2000
    assert shares(site, [9000, 9000]) == [2998, 2998]
    site = opened([fine("a", "shed"), fine("b")], [Branch("shed")], 4000)
    site.state.powered[0].drawn_known = False
    site.state.powered[0].setpoint = 2000
    site.state.circuits[1].left_w = 2500
    assert shares(site, [9000, 9000]) == [2497, 3502]


def test_two_equal_chargers_get_half_each():
    site = Wiring([ev("a"), ev("b")], [], fuse_ma=32000)
    site.begin()
    assert site.told("a", "b") == [16000, 16000]
    assert site["a"].source == site["b"].source == "fuse L1"


def test_a_tighter_limit_throttles_both_and_stops_neither_however_slow_they_are():
    for lag_s in (0, 3, 9):
        site = Wiring([ev("a"), ev("b")], [])
        for load in site.loads:
            load.lag_s = lag_s
        site.begin()
        site.limit(22080)
        for _ in range(60):
            site.run(1)
            assert site.told("a", "b") == [16000, 16000]
        assert site.grid_w() == 22080


def test_a_tighter_limit_throttles_chargers_that_say_nothing_and_stops_none():
    site = Wiring([ev("a"), ev("b")], [])
    for load in site.loads:
        load.reports = False
    site.begin()
    site.limit(22080)
    site.run(120)
    assert site.grid_w() <= 22080
    assert min(site.told("a", "b")) >= 8000


def test_chargers_that_say_nothing_keep_their_halves():
    site = Wiring([ev("a"), ev("b")], [], import_limit_w=22080)
    for load in site.loads:
        load.reports = False
    site.begin(0)
    for _ in range(120):
        site.run(1)
        assert site.told("a", "b") == [16000, 16000]


def test_one_that_says_nothing_does_not_shrink_the_share_of_its_equal():
    site = Wiring([ev("a"), ev("b")], [], import_limit_w=22080)
    site.loads[1].reports = False
    site.begin()
    assert site.told("a", "b") == [16000, 16000]


def test_one_that_does_not_follow_is_made_up_for_by_its_equal():
    site = Wiring([ev("a"), ev("b")], [])
    site.begin()
    site.loads[0].obeys = False
    site.limit(22080)
    site.run(5)
    assert site.told("b") == [16000]
    site.run(20)
    assert site.told("b") == [0]
    assert site.grid_w() == 22080


def test_three_share_and_the_small_one_has_all_it_wants():
    site = Wiring([ev("a"), ev("b", default=8000), ev("c")], [], fuse_ma=40000)
    site.begin()
    assert site.told("a", "b", "c") == [16000, 8000, 16000]
    assert site["b"].source == "default"


def test_a_small_nameplate_counts_with_what_it_can_draw():
    site = Wiring([ev("a"), ev("b", power_max_w=5000), ev("c")], [], fuse_ma=40000)
    site.begin()
    assert site.told("a", "b", "c") == [16400, 7200, 16400]
    assert site["b"].source == "nameplate"


def test_who_is_limited_below_its_least_takes_no_share():
    site = Wiring([ev("a"), ev("b"), ev("c")], [], fuse_ma=40000)
    site.limit(4000, "b")
    site.begin()
    assert site.told("a", "b", "c") == [20000, 0, 20000]
    assert site["b"].source == "limit dso"


def test_one_and_three_phases_get_the_same_power():
    site = Wiring([ev("a"), ev("b", phases=1)], [], fuse_ma=25000)
    site.begin()
    assert site.told("a", "b") == [6200, 18800]
    assert abs(site.loads[0].power_w - site.loads[1].power_w) < 69


def test_on_other_phases_nothing_is_taken_from_an_equal():
    site = Wiring([ev("a", phases=1), ev("b", phases=2), ev("c", phases=2)], [], fuse_ma=32000)
    site.begin()
    assert site.told("a", "b", "c") == [32000, 16000, 16000]


def test_three_that_just_run_are_throttled_to_their_least():
    site = Wiring([ev("a"), ev("b"), ev("c")], [])
    site.begin()
    site.limit(3 * 4140 + 30)
    site.run(60)
    assert site.told("a", "b", "c") == [6000, 6000, 6000]


def test_when_not_all_can_run_the_first_do_and_share_what_there_is():
    site = Wiring([ev("a"), ev("b"), ev("c")], [], fuse_ma=17000)
    site.begin()
    assert site.told("a", "b", "c") == [8500, 8500, 0]
    site = Wiring([ev("a"), ev("b")], [], fuse_ma=11000)
    site.begin()
    assert site.told("a", "b") == [11000, 0]
    site = Wiring([ev("a"), ev("b")], [], fuse_ma=5900)
    site.begin()
    assert site.told("a", "b") == [0, 0]


def test_who_needs_less_than_the_stopped_first_runs_in_its_place():
    site = Wiring([ev("a"), ev("b", phases=1), ev("c", phases=2)], [], import_limit_w=3000)
    site.begin()
    assert site.told("a", "b", "c") == [0, 6500, 6500]


def test_steps_round_down_for_both():
    site = Wiring([ev("a"), ev("b")], [], import_limit_w=15000)
    for name in ("a", "b"):
        site[name].contract.step = 1000
    try:
        site.begin()
        assert site.told("a", "b") == [10000, 10000]
    finally:
        for name in ("a", "b"):
            site[name].contract.step = 100


def test_a_full_circuit_leaves_the_rest_to_the_others():
    site = Wiring([ev("a", "box"), ev("b", "box"), ev("c"), ev("d")], [Branch("box", fuse_ma=16000)], fuse_ma=60000)
    site.begin()
    assert site.told("a", "b", "c", "d") == [8000, 8000, 22000, 22000]
    assert [site[name].source for name in "abcd"] == ["fuse box L1", "fuse box L1", "fuse L1", "fuse L1"]


def test_a_step_that_only_one_could_have_holds_nobody_else_down():
    site = Wiring([ev("a", "box"), ev("b", "box"), ev("c")], [Branch("box", fuse_ma=20150)])
    site.begin()
    assert site.told("a", "b", "c") == [10000, 10000, 32000]


def test_many_circuits_fill_up_one_after_the_other():
    sizes = [7000, 9000, 11000, 13000, 15000, 17000, 19000, 21000]
    parts = [ev("c%d" % at, "b%d" % at) for at in range(8)]
    branches = [Branch("b%d" % at, metered=bool(at & 1), fuse_ma=sizes[at]) for at in range(8)]
    site = Wiring(parts, branches, fuse_ma=100000)
    site.begin()
    assert [unit.setpoint for unit in site.state.units[1:9]] == [7000, 9000] + [14000] * 0 + [11000, 13000, 15000] + [
        15000
    ] * 3


def test_equals_of_a_blind_circuit_take_no_share():
    box = Branch("box", metered=True)
    site = Wiring([ev("a", "box", fallback=6000), ev("b"), ev("c")], [box], fuse_ma=40000)
    site.silent = [box.meter]
    site.begin()
    assert site.told("a", "b", "c") == [6000, 17000, 17000]


def test_priority_goes_before_shares():
    site = Wiring([ev("a"), ev("b"), heat_pump("pump"), ev("late", priority=40)], [], import_limit_w=26000)
    site.begin()
    assert site.told("a", "b", "late") == [15900, 15900, 0]
    assert site.told("pump") == [6000]


def test_heat_pump_and_charger_of_one_priority_share():
    site = Wiring([ev("a"), heat_pump("pump", wants_w=6000, priority=20)], [], import_limit_w=10000)
    site.begin()
    assert site.told("a", "pump") == [7200, 5000]


def test_heat_pump_that_cannot_stop_keeps_its_least():
    site = Wiring([ev("a", priority=10), ev("b", priority=10), heat_pump("pump")], [], import_limit_w=8000)
    site.begin()
    assert site.told("a", "b", "pump") == [6000, 0, 3800]


def test_switched_loads_share_by_running_or_not():
    rod: dict[str, object] = {"power_max_w": 3000, "default": 1, "priority": 20}
    parts = [("one", SWITCH, rod, Load(3000)), ("two", SWITCH, rod, Load(3000)), ev("a")]
    site = Wiring(parts, [], import_limit_w=11000)
    site.begin(400)
    assert site.told("one", "two", "a") == [1, 1, 7200]
    site.limit(9000)
    site.run(400)
    assert site.told("one", "two", "a") == [1, 1, 0]


def test_battery_that_charges_shares_and_one_in_its_own_mode_does_not():
    site = Wiring([ev("a"), battery("bat", default=3000, priority=20), ev("b")], [], import_limit_w=22080)
    site.begin(90)
    assert site.told("a", "bat", "b") == [13800, 3000, 13800]
    site.claim("bat", 0)
    site.run(60)
    assert site.told("a", "bat", "b") == [16000, 0, 16000]
    site = Wiring([ev("a"), battery("bat", priority=20), ev("b")], [], import_limit_w=22080)
    site.begin(90)
    assert site.told("a", "bat", "b") == [16000, None, 16000]


def test_car_that_takes_less_frees_room_once_it_has_settled():
    site = Wiring([ev("a"), ev("b", wants_w=4200)], [], import_limit_w=22080)
    site.begin(25)
    assert site.told("a", "b") == [16000, 16000]
    site.run(40)
    assert site.told("a", "b") == [25900, 16000]
    facts = site.run(600)
    assert [fact for fact in facts if fact[0] == record.BINDING] == []
    plug(site, "b")
    site.run(60)
    assert site.told("a", "b") == [16000, 16000]
    assert site.grid_w() <= 22080


def test_car_that_takes_all_it_has_gets_more_again_though_its_equal_would_take_it():
    site = Wiring([ev("a"), ev("b", wants_w=4200)], [], import_limit_w=22080)
    site.begin(120)
    site.base_w = [4000, 4000, 4000]
    site.run(60)
    plug(site, "b")
    site.base_w = [0, 0, 0]
    site.run(120)
    assert site.told("a", "b") == [16000, 16000]


def test_car_on_one_phase_of_three_shares_that_phase():
    site = Wiring([ev("a"), ev("b")], [], fuse_ma=32000)
    site.loads[0].phases = (0,)
    site.loads[0].gain_pm = 333
    site.begin(10)
    assert site.told("a", "b") == [16000, 16000]
    site.run(120)
    assert site.told("a", "b") == [16000, 16000]


def test_car_that_comes_later_gets_its_half():
    for first in ("a", "b"):
        second = "b" if first == "a" else "a"
        site = Wiring([ev("a", wants_w=0), ev("b", wants_w=0)], [], fuse_ma=32000)
        plug(site, first)
        site.begin(120)
        assert site.told(first)[0] == 32000 or site.told(first) == [16000]
        plug(site, second)
        site.run(120)
        assert site.told("a", "b") == [16000, 16000]
        assert max(site.seen_w[-60:]) <= 22080


def changes(site: Wiring, names: list[str], seconds: int, noise_w: int, lcg: Lcg) -> int:
    """Return how often set-points change over a noisy base load."""
    counted, before = 0, site.told(*names)
    for _ in range(seconds):
        site.base_w = [1000 + lcg.below(noise_w), 1000 + lcg.below(noise_w), 1000 + lcg.below(noise_w)]
        site.run(1)
        now = site.told(*names)
        counted += sum([1 for at in range(len(names)) if now[at] != before[at]])
        before = now
    return counted


def test_noise_moves_set_points_seldom():
    lcg = Lcg(3)
    site = Wiring([ev("a"), ev("b"), ev("c")], [], fuse_ma=50000)
    site.begin()
    changes(site, ["a", "b", "c"], 60, 400, lcg)
    del site.seen_w[:]
    assert changes(site, ["a", "b", "c"], 1800, 400, lcg) <= 300
    assert min(site.told("a", "b", "c")) >= 13000
    assert max(site.seen_w) <= 50 * 690 + 1200 + 3 * 69 * 3


def test_noise_about_what_just_runs_starts_and_stops_seldom():
    lcg = Lcg(4)
    site = Wiring([ev("a"), ev("b")], [], import_limit_w=3600 + 2 * 4140)
    site.begin()
    stops, before = 0, site.told("b")
    for _ in range(1800):
        site.base_w = [1000 + lcg.below(400), 1000 + lcg.below(400), 1000 + lcg.below(400)]
        site.run(1)
        stops += 1 if before != [0] and site.told("b") == [0] else 0
        before = site.told("b")
    assert stops <= 60
    assert site.told("a")[0] >= 6000


def test_work_of_a_tick_is_bounded_by_devices_circuits_and_limits():
    masks = (7, 1, 2, 4)
    parts = [ev("d%d" % at, "c%d" % (at % 16), phases=masks[at % 4]) for at in range(64)]
    branches = []
    for at in range(16):
        parent = "c%d" % (at // 2 - 1) if at > 1 else ""
        branches.append(Branch("c%d" % at, parent, metered=at % 3 == 0, fuse_ma=40000 + 17000 * (16 - at)))
    site = Wiring(parts, branches, fuse_ma=900000, import_limit_w=300000)
    for at in range(32):
        site.limit(200000 + 100 * at, "c%d" % (at % 16))
    site.begin(0)
    steps = [0]
    for circuit in site.state.circuits:
        for name in ("room_w", "try_on", "take", "give_back"):
            count(circuit, name, steps)
    site.run(1)
    assert len(set(site.told(*[part[0] for part in parts]))) >= 3  # shares of some levels, not one for all
    assert steps[0] < 20000


def count(circuit: object, name: str, steps: list[int]) -> None:
    """Count the calls of a method of one circuit."""
    method = getattr(circuit, name)

    def counted(*args: object) -> object:
        steps[0] += 1
        return method(*args)

    setattr(circuit, name, counted)
