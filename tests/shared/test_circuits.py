"""Circuits below the connection: each carries what it may, whoever measures it; what binds is named."""

from __future__ import annotations

from agent import record
from agent.limits import EXPORT, MILLIAMP
from hal import quantities as q
from tests.shared.house import SWITCH
from tests.shared.plant import Load
from tests.shared.wiring import Branch, Wiring, battery, ev, heat_pump, sg_ready


def test_fuse_of_a_metered_circuit_binds_by_phase_and_names_the_phase():
    garage = Branch("garage", metered=True, fuse_ma=32000)
    site = Wiring([ev("car", "garage"), ev("other")], [garage])
    site.begin()
    garage.base_w = [0, 2300, 0]
    site.run(20)
    assert site.told("car", "other") == [22000, 32000]
    assert site["car"].source == "fuse garage L2"
    assert site["other"].source == "default"


def test_fuse_of_an_unmetered_circuit_carries_what_its_devices_may_draw():
    site = Wiring([ev("one", "garage", priority=1), ev("two", "garage")], [Branch("garage", fuse_ma=40000)])
    site.begin()
    assert site.told("one", "two") == [32000, 8000]
    assert site["two"].source == "fuse garage L1"
    site.loads[0].wants_w = 0
    site.run(120)
    assert site.told("one", "two") == [32000, 8000]  # it may draw it at any time, and nobody would see


def test_limit_of_a_circuit_binds_in_watts_by_its_name():
    site = Wiring([ev("car", "garage")], [Branch("garage", metered=True, import_limit_w=7000)])
    site.begin()
    assert site["car"].source == "circuit garage"
    assert 6900 <= site.circuit_w("garage") <= 7000
    site.limit(5000, "garage")
    site.run(5)
    assert site["car"].source == "limit dso"
    assert 4800 <= site.circuit_w("garage") <= 5000


def test_three_levels_hold_each_and_the_tightest_is_named():
    house, garage = Branch("house", metered=True, fuse_ma=50000), Branch("garage", "house", fuse_ma=40000)
    box = Branch("box", "garage", metered=True, fuse_ma=20000)
    parts = [ev("a", "box"), ev("b", "garage"), ev("c", "house", priority=30), ev("d", priority=40)]
    site = Wiring(parts, [house, garage, box], fuse_ma=63000)
    site.begin()
    assert site.told("a", "b", "c", "d") == [20000, 20000, 10000, 13000]
    assert [site[name].source for name in "abcd"] == ["fuse box L1", "fuse garage L1", "fuse house L1", "fuse L1"]
    house.base_w = [0, 0, 2300]
    site.run(60)
    assert site.told("a", "b", "c", "d") == [20000, 20000, 0, 13000]
    assert site["c"].source == "fuse house L3"


def test_draw_in_a_nested_circuit_is_counted_once_on_every_level():
    garage = Branch("garage", metered=True, fuse_ma=32000)
    site = Wiring([ev("car", "garage"), heat_pump("pump")], [garage], fuse_ma=40000)
    site.base_w = [1150, 1150, 1150]
    garage.base_w = [690, 690, 690]
    site.begin(120)
    assert site.told("car", "pump") == [26200, 6000]
    assert 39500 <= site.phase_w(0) * 1000 // 230 <= 40000


def stale(site: Wiring, branch: Branch) -> None:
    site.silent.append(branch.meter)


def absurd(site: Wiring, branch: Branch) -> None:
    branch.says_w = 900000


def test_circuit_whose_meter_fails_falls_back_alone_and_comes_back_once():
    for fail, cause in ((stale, "meter stale"), (absurd, "meter absurd")):
        garage = Branch("garage", metered=True, fuse_ma=32000)
        site = Wiring([ev("car", "garage", fallback=6000), ev("other")], [garage])
        site.begin()
        fail(site, garage)
        site.run(30)
        assert site.told("car", "other") == [6000, 32000]
        assert site["car"].source == cause and site["other"].source == "default"
        assert site.state.failsafe == 0
        site.silent.clear()
        garage.says_w = None
        site.run(60)
        assert site.told("car", "other") == [32000, 32000]
        told = [fact[2:] for fact in site.facts if fact[0] == record.FAILSAFE]
        code = record.METER_STALE if fail is stale else record.METER_ABSURD
        assert told == [[garage.meter, code, True], [garage.meter, code, False]]


def test_circuit_whose_meter_was_never_seen_stays_on_its_fallback():
    garage = Branch("garage", metered=True, fuse_ma=32000)
    site = Wiring([ev("car", "garage", fallback=6000), ev("other")], [garage])
    stale(site, garage)
    site.begin()
    assert site.told("car", "other") == [6000, 32000]
    assert site["car"].source == "meter never seen"
    site.silent.clear()
    site.run(30)
    assert site.told("car") == [32000]


def test_fallbacks_of_a_blind_circuit_hold_its_fuse_together():
    garage = Branch("garage", metered=True, fuse_ma=16000)
    parts = [ev(name, "garage", fallback=8000) for name in ("a", "b", "c")]
    site = Wiring(parts, [garage])
    stale(site, garage)
    site.begin(5)
    assert site.told("a", "b", "c") == [8000, 8000, 0]
    assert site["c"].source == "fuse garage L1"


def test_blind_connection_leaves_circuits_and_their_limits_in_force():
    garage = Branch("garage", fuse_ma=16000)
    parts = [ev(name, "garage", fallback=8000) for name in ("a", "b", "c")] + [ev("d", fallback=8000)]
    site = Wiring(parts, [garage])
    site.silent = [0]
    site.begin(5)
    assert site.told("a", "b", "c", "d") == [8000, 8000, 0, 8000]
    site.limit(6000, "garage")
    site.run(40)
    assert site.told("a", "b", "c", "d") == [8000, 0, 0, 8000]
    assert site["b"].source == "limit dso"
    site.state.limits.pop()
    site.limit(7000, quantity=MILLIAMP, phases=2)
    site.run(40)
    assert site.told("a", "b", "c", "d") == [7000, 0, 0, 0]
    assert site["a"].source == "limit dso"


def test_blind_connection_gives_no_more_than_its_fuse():
    site = Wiring([ev("a", fallback=16000), ev("b", fallback=16000)], [], fuse_ma=25000)
    site.silent = [0]
    site.begin(5)
    assert site.told("a", "b") == [16000, 9000]
    assert site["b"].source == "fuse L1"


def test_unmetered_circuit_counts_a_device_that_says_nothing_with_all_it_may_draw():
    site = Wiring(
        [heat_pump("pump", "cellar", default=None), ev("car", "cellar")], [Branch("cellar", import_limit_w=12000)]
    )
    site.loads[0].reports = False
    site.begin(60)
    assert site.told("pump", "car") == [None, 8600]  # 6000 W are the pump's whatever it does
    assert site["car"].source == "circuit cellar"


def test_unmetered_circuit_counts_a_pump_whose_lock_has_lasted_for_two_hours():
    for says, left_ma in ((False, 16000), (True, 32000)):
        site = Wiring([sg_ready("pump", "garage"), ev("car", "garage")], [Branch("garage", fuse_ma=32000)])
        site.loads[0].reports = says
        site.limit(0, "pump")
        site.run(120)
        assert site.told("pump", "car") == [q.SG_LOCK, 32000]
        site.now_ms = site["pump"].guard.changed_ms + 7199000 - 1000
        site.run(1)
        assert site.told("pump", "car") == [q.SG_LOCK, 32000]
        site.run(1)
        assert site.told("pump", "car") == [q.SG_LOCK, left_ma]


def test_unmetered_circuit_counts_what_a_device_says_that_disobeys():
    site = Wiring([heat_pump("pump", "cellar"), ev("car", "cellar")], [Branch("cellar", fuse_ma=32000)])
    site.begin()
    assert site.told("pump", "car") == [6000, 23300]
    site.claim("pump", 2000)
    site.loads[0].obeys = False
    site.loads[0].phases = (2,)
    site.run(30)
    assert site.told("pump", "car") == [2000, 14600]  # 17.39 A flow on L3
    assert site["car"].source == "fuse cellar L3"


def test_device_that_says_nothing_keeps_what_it_has_in_an_unmetered_circuit_below_a_meter():
    site = Wiring([heat_pump("pump", "cellar")], [Branch("cellar")], import_limit_w=7000)
    site.loads[0].reports = False
    site.begin(30)
    facts = site.run(400)
    assert site.told("pump") == [6000]
    assert [fact for fact in facts if fact[0] == record.BINDING] == []
    site.base_w = [1500, 1500, 1500]
    site.run(10)
    assert 6500 <= site.grid_w() <= 7000


def test_imbalance_holds_a_single_phase_charger_to_the_other_phases():
    site = Wiring([ev("car", phases=1)], [], imbalance_ma=20000)
    site.begin()
    assert site.told("car") == [20000]
    assert site["car"].source == "imbalance"
    site.base_w = [0, 1150, 0]
    site.run(30)
    assert site.told("car") == [20000]  # L3 is the least loaded
    site.base_w = [0, 1150, 920]
    site.run(30)
    assert site.told("car") == [24000]
    site.base_w = [2300, 1150, 920]
    site.run(30)
    assert site.told("car") == [14000]


def test_imbalance_leaves_three_phase_devices_alone():
    site = Wiring([ev("car")], [], imbalance_ma=16000)
    site.base_w = [5750, 0, 0]
    site.begin()
    assert site.told("car") == [32000]
    assert site["car"].source == "default"


def test_imbalance_is_about_the_phases_that_a_two_phase_device_does_not_use():
    site = Wiring([ev("car", phases=3)], [], imbalance_ma=16000)
    site.begin()
    assert site.told("car") == [16000]
    site.base_w = [0, 0, 2300]
    site.run(30)
    assert site.told("car") == [26000]


def test_imbalance_of_a_circuit_is_its_own_and_is_shared():
    site = Wiring([ev("a", "garage", phases=1), ev("b", "garage", phases=1)], [Branch("garage", imbalance_ma=20000)])
    site.begin()
    assert site.told("a", "b") == [10000, 10000]
    assert site["b"].source == "imbalance"


def test_current_limit_of_the_grid_operator_binds_on_its_phase():
    garage = Branch("garage", metered=True)
    parts = [ev("one", "garage", phases=1), ev("two", "garage", phases=2), ev("three", "garage", phases=4)]
    site = Wiring(parts, [garage])
    site.limit(10000, "garage", quantity=MILLIAMP, phases=2)
    site.begin()
    assert site.told("one", "two", "three") == [32000, 10000, 32000]
    assert site["two"].source == "limit dso"
    site.limit(12000, "", quantity=MILLIAMP, phases=5)
    garage.base_w = [0, 0, 920]
    site.run(30)
    assert site.told("one", "two", "three") == [12000, 10000, 8000]
    assert site["three"].source == "limit dso"


def test_current_limit_on_a_device_itself():
    site = Wiring([ev("car"), ev("single", phases=2)], [])
    site.limit(9000, "car", quantity=MILLIAMP, phases=4)
    site.limit(7000, "single", quantity=MILLIAMP, phases=5)  # not its phase
    site.begin()
    assert site.told("car", "single") == [9000, 32000]
    assert site["car"].source == "limit dso"


def test_meter_without_phase_currents_guards_the_fuses_of_its_circuit():
    cellar = Branch("cellar", metered=True, fuse_ma=25000)
    cellar.phase_currents = False
    site = Wiring([ev("car", "cellar", phases=1)], [cellar])
    cellar.base_w = [500, 500, 500]
    site.begin()
    assert site.told("car") == [18400]  # 1500 W could all be on L1
    assert site["car"].source == "fuse cellar L1"


def test_export_limit_of_a_metered_circuit_holds_its_battery():
    shed = Branch("shed", metered=True, export_limit_w=2000)
    site = Wiring([battery("bat", "shed", default=-4000)], [shed])
    site.base_w = [2000, 2000, 2000]
    site.begin(30)
    assert -2000 <= site.circuit_w("shed") <= -1700
    assert site["bat"].source == "circuit shed"
    shed.base_w = [0, 0, 1000]
    site.run(30)
    assert -2000 <= site.circuit_w("shed") <= -1700
    site.limit(500, "shed", EXPORT)
    site.run(5)
    assert -500 <= site.circuit_w("shed") <= -200
    assert site["bat"].source == "limit dso"


def test_export_limit_of_an_unmetered_circuit_holds_its_batteries_together():
    parts = [battery("a", "shed", default=-1500), battery("b", "shed", default=-1500)]
    site = Wiring(parts, [Branch("shed", export_limit_w=2000)])
    site.base_w = [2000, 2000, 2000]
    site.begin(30)
    assert -2000 <= site.circuit_w("shed") <= -1800
    assert site.told("a") == [-1500]
    assert site["b"].source == "circuit shed"


def test_two_batteries_take_in_a_surplus_once():
    site = Wiring([battery("a", power_max_w=3000), battery("b", power_max_w=3000)], [], export_limit_w=1000)
    site.base_w = [-1700, -1700, -1700]
    site.begin(30)
    site.run(300)
    assert min(site.seen_w) >= -1000 and max(site.seen_w) <= -600
    assert len([fact for fact in site.facts if fact[0] == record.BINDING]) <= 4


def test_two_batteries_cover_an_excess_once_and_let_go_one_after_the_other():
    site = Wiring([battery("a", power_max_w=2000), battery("b", power_max_w=2000)], [], import_limit_w=3000)
    site.base_w = [2000, 2000, 2000]
    site.begin(30)
    site.run(60)
    assert min(site.seen_w) >= 2500 and max(site.seen_w) <= 3000
    site.base_w = [1500, 1500, 1500]
    site.run(2)
    del site.seen_w[:]
    site.run(120)
    assert max(site.seen_w) <= 3000


def test_battery_covers_the_excess_of_its_own_circuit_only():
    garage, cellar = Branch("garage", metered=True, fuse_ma=16000), Branch("cellar", metered=True, import_limit_w=2000)
    site = Wiring([battery("bat", "cellar")], [garage, cellar])
    garage.base_w = [4600, 4600, 4600]
    site.begin(10)
    assert site.told("bat") == [None]
    cellar.base_w = [1000, 1000, 1000]
    site.run(10)
    assert 1500 <= site.circuit_w("cellar") <= 2000
    assert site["bat"].source == "circuit cellar"


def test_battery_in_an_unmetered_circuit_does_not_run_away():
    site = Wiring([heat_pump("pump", "cellar"), battery("bat", "cellar")], [Branch("cellar", import_limit_w=3000)])
    site.begin(10)
    site.limit(0, "cellar")
    site.run(60)
    assert site.told("pump", "bat") == [500, -600]  # the least that the pump can do is covered, and no more
    site.state.limits.pop()
    site.run(400)
    assert site.told("pump", "bat") == [3000, None]


def test_battery_that_charges_in_an_unmetered_circuit_keeps_to_its_fuse():
    site = Wiring([ev("car", "shed"), battery("bat", "shed", default=5000)], [Branch("shed", import_limit_w=14000)])
    site.loads[0].wants_w = 11040
    site.begin(60)
    assert site.told("car", "bat") == [20200, 50]
    site.claim("car", 16000)
    site.run(60)
    assert site.told("car", "bat") == [16000, 2950]
    site.loads[1].gain_pm = 300  # nearly full: it takes less, and may take more again
    facts = site.run(60)
    assert site.told("car", "bat") == [16000, 2950]
    assert [fact for fact in facts if fact[0] == record.BINDING] == []


def test_silent_battery_in_an_unmetered_circuit_counts_with_its_nameplate():
    site = Wiring([battery("bat", "shed", priority=10), ev("car", "shed")], [Branch("shed", import_limit_w=14000)])
    site.begin(60)
    assert site.told("car") == [20200]
    site.silent = [1]
    site.run(30)
    assert site.told("car") == [13000]


def test_negative_room_stops_what_can_stop_and_is_no_credit():
    garage = Branch("garage", metered=True, fuse_ma=16000)
    site = Wiring([ev("car", "garage"), ev("other")], [garage])
    site.begin()
    garage.base_w = [4600, 0, 0]
    site.run(3)
    assert site.told("car", "other") == [0, 32000]
    assert site["car"].source == "fuse garage L1"
    garage.base_w = [-4600, 0, 0]
    site.run(60)
    assert site.told("car") == [16000]  # sun on L1 is no room on L2


def test_switch_on_one_phase_leaves_the_other_phases_to_others():
    rod = (
        "rod",
        SWITCH,
        {"power_max_w": 3000, "default": 1, "phases": 1, "circuit": "cellar", "priority": 1},
        Load(3000),
    )
    site = Wiring(
        [rod, ev("two", "cellar", phases=2), ev("one", "cellar", phases=1)], [Branch("cellar", fuse_ma=20000)]
    )
    site.loads[0].phases = (0,)
    site.begin(90)
    assert site.told("rod", "two", "one") == [1, 20000, 6900]


def test_baseline_is_the_mean_of_the_last_five_whole_minutes_of_each_circuit():
    garage = Branch("garage", metered=True)
    garage.base_w = [300, 0, 0]
    site = Wiring([ev("car", "garage", 0)], [garage])
    circuit = site.circuit("garage")
    site.run(59)
    assert circuit.baseline_w() is None
    site.run(1)
    assert circuit.baseline_w() == 300
    garage.base_w = [900, 0, 0]
    site.run(300)
    assert circuit.baseline_w() == 898  # a second of the fifth minute was before
    garage.base_w = [0, 0, 0]
    site.run(60)
    assert circuit.baseline_w() == 723
    stale(site, garage)
    site.run(11)
    assert circuit.baseline_w() is None


def test_empty_battery_covers_nothing_in_its_circuit():
    site = Wiring([battery("bat", "shed")], [Branch("shed", metered=True, import_limit_w=1000)])
    site.branches[0].base_w = [1000, 1000, 1000]
    site.loads[0].soc_pm = 100
    site.begin(10)
    assert site.told("bat") == [0]
