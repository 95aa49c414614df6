"""A target is met by devices that lag, report late, want less, or do not follow at all."""

from __future__ import annotations

from agent import record
from agent.circuits import Circuit
from agent.claims import CHANGE
from agent.state import State
from tests.shared.house import AGENT_ID, TABLE
from tests.shared.steered import (
    NEAR_W,
    battery,
    claim,
    ev,
    events,
    is_met,
    moves,
    plant,
    pump,
    rod,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

# One device


def test_target_is_met_by_devices_of_every_lag_gain_and_lateness():
    for gain_pm in (1000, 900, 1060):
        for lag_s, old_s in ((0, 0), (0, 5), (1, 1), (3, 2), (8, 0), (8, 2)):
            for parts, target_w in (([battery()], 1000), ([ev()], 8000), ([ev(), battery()], 6000)):
                site = plant(*parts)
                for load in site.loads:
                    load.gain_pm, load.lag_s, load.old_s = gain_pm, lag_s, old_s
                site.run(60)
                claim(site, target_w)
                site.run(70)
                found = moves(site, 120)
                case = (gain_pm, lag_s, old_s, target_w, site.grid_w(), found)
                assert is_met(site, target_w) and found <= 4, case
                assert max(site.seen_w) - min(site.seen_w) <= 2 * NEAR_W, case


def test_flicker_moves_no_set_point_for_long():
    for parts, target_w in (([battery()], 1000), ([ev()], 8000), ([ev(), battery(), pump()], 6000)):
        site = plant(*parts)
        for load in site.loads:
            load.lag_s, load.gain_pm = 2, 970
        site.run(60)
        claim(site, target_w)
        site.run(60)
        found = moves(site, 600, 50)
        assert found <= 10, (target_w, found)
        assert max([abs(power_w - target_w) for power_w in site.seen_w]) <= NEAR_W + 50


def test_target_follows_what_nobody_moves():
    site = plant(battery())
    claim(site, 1000)
    site.run(30)
    for base_w in (500, 2000, -500, 1000):
        site.base_w = [base_w] * 3
        site.run(20)
        assert is_met(site, 1000), base_w


def test_target_within_reach_of_what_flows_anyway_still_takes_the_battery_in_hand():
    site = plant(battery())
    claim(site, 3050)
    site.run(20)
    assert site.setpoints() == [50] and site.state.units[1].source == "claim agg"
    site.base_w = [1040, 1030, 1030]
    site.run(20)
    assert site.setpoints() == [50]
    site.base_w = [1040, 1040, 1035]
    site.run(20)
    assert site.setpoints() == [-100]


# Change


def test_change_counts_from_the_mean_of_the_minutes_before():
    site = plant(ev(), battery())
    site.run(180)
    wanted = claim(site, -4000, CHANGE)
    site.run(40)
    assert wanted.base == 14040 and is_met(site, 10040)
    site.loads[0].wants_w = 0
    site.run(60)
    assert wanted.base == 14040 and is_met(site, 8000)  # all that the battery can take in
    assert events(site) == [record.STARTED]


def test_change_waits_for_its_baseline_and_moves_nothing_before():
    site = plant(ev(), battery())
    wanted = claim(site, -4000, CHANGE)
    site.run(58)
    assert not wanted.started and site.setpoints() == [20600, None] and events(site) == []
    site.run(30)
    assert wanted.started and wanted.base is not None and is_met(site, wanted.base - 4000)


def test_change_that_never_had_a_baseline_lapses():
    site = plant(ev(), battery())
    site.silent = [0]
    claim(site, -4000, CHANGE, until_ms=120000)
    site.run(130)
    assert events(site) == [record.LAPSED]


# Several


def test_batteries_move_before_loads_and_loads_before_those_that_come_first():
    site = plant(pump(), ev(), battery())
    site.run(60)
    wanted = claim(site, 14000)
    for target_w, pump_w, ev_w, battery_w in ((14000, 4000, 11040, -4050), (8000, 4000, 5934, -4950),
                                              (5000, 4000, 0, -2000), (-2000, 0, 0, -5000)):  # fmt: skip
        wanted.value = target_w
        site.run(60)
        assert is_met(site, target_w), (target_w, site.grid_w())
        assert [load.power_w for load in site.loads] == [pump_w, ev_w, battery_w]
    wanted.value = 14000
    site.run(90)
    assert is_met(site, 14000)


def test_loads_of_one_priority_are_lowered_alike():
    site = plant(ev(), ev(7360, "second"), ev(11040, "third", priority=10))
    site.base_w = [0, 0, 0]
    table = dict(TABLE)
    table["import_limit_w"], table["fuse_ma"] = 60000, 100000
    site.state = State(Circuit(table, 0), site.state.units, AGENT_ID, 7, 60, 10000)
    site.run(60)
    assert is_met(site, 29440)
    claim(site, 22000)
    site.run(40)
    powers = [load.power_w for load in site.loads]
    assert is_met(site, 22000) and powers[2] == 11040 and abs(powers[0] - powers[1]) <= 250, powers


def test_who_cannot_run_with_its_share_stops_and_the_other_gets_it():
    site = plant(ev(), ev(11040, "second"))
    site.base_w = [0, 0, 0]
    claim(site, 6000)
    site.run(120)
    assert sorted([load.power_w > 0 for load in site.loads]) == [False, True]
    assert is_met(site, 6000)
    assert moves(site, 300) == 0


def test_second_battery_and_then_loads_make_up_for_one_that_does_not_follow():
    site = plant(ev(), battery(), battery("second", priority=40))
    site.loads[1].gain_pm = 0
    site.run(60)
    claim(site, 10000)
    site.run(60)
    assert is_met(site, 10000) and site.loads[2].power_w < -3800 and site.loads[0].power_w == 11040
    site.loads[2].gain_pm = 0
    site.run(60)
    assert is_met(site, 10000) and site.loads[0].power_w < 7200
    assert moves(site, 300, 50) <= 5


def test_weak_battery_is_asked_for_no_more_than_before_and_let_go_at_once():
    site = plant(battery())
    site.run(10)
    wanted = claim(site, 0)
    site.loads[0].gain_pm = 500
    site.run(60)
    held = site.setpoints()[0]
    site.run(300)
    assert site.setpoints() == [held] and -3100 <= held <= -3000
    wanted.value = 2500
    site.run(60)
    assert site.setpoints()[0] >= -600


def test_contacts_without_a_meter_are_given_their_time():
    site = plant(rod())
    site.loads[0].lag_s = 9
    site.run(120)
    assert site.loads[0].power_w == 2000
    claim(site, 3000)
    assert moves(site, 300, 40) == 1
    assert site.loads[0].power_w == 0


def test_load_without_a_meter_is_lowered_beside_one_that_has_one():
    site = plant(ev(7360), rod(priority=10))
    site.loads[0].reports = False
    site.run(120)
    claim(site, 10000)
    site.run(60)
    assert is_met(site, 10000) and site.loads[1].power_w == 2000
    assert moves(site, 300, 40) <= 4


def test_stopped_load_starts_only_with_room_to_stay():
    site = plant(ev())
    wanted = claim(site, 5000)
    site.run(60)
    wanted.value = 7300
    assert moves(site, 600) == 0 and site.loads[0].power_w == 0
    wanted.value = 7400
    assert moves(site, 600, 50) <= 2 and site.loads[0].power_w >= 4140


# Raising


def test_target_above_what_is_wanted_raises_batteries_then_chargers():
    site = plant(ev(default=0), battery())
    site.run(40)
    wanted = claim(site, 7000)
    site.run(60)
    assert is_met(site, 7000) and site.loads[0].power_w == 0
    wanted.value = 13000
    site.run(60)
    assert is_met(site, 13000) and site.loads[1].power_w > 4900 and site.loads[0].power_w > 4500


def test_charger_without_a_car_is_passed_over():
    site = plant(ev(0, default=0, priority=10), ev(11040, "second", default=0))
    site.run(40)
    claim(site, 9000)
    site.run(120)
    assert is_met(site, 9000) and site.loads[1].power_w > 5800
    assert moves(site, 300, 50) <= 4


def test_full_car_is_passed_over_when_loads_are_lowered():
    site = plant(ev(0, priority=20), ev(11040, "second", priority=20))
    site.run(60)
    claim(site, 9000)
    site.run(120)
    assert is_met(site, 9000)
    assert moves(site, 600, 50) <= 10


def test_heat_pumps_are_not_made_to_heat():
    site = plant(pump(default=0))
    site.run(30)
    claim(site, 9000)
    site.run(60)
    assert site.grid_w() == 3000
