"""Charge, ramps and wear: how far protection lets a wish through, to the W and the write."""

from __future__ import annotations

from agent import protection, record
from agent.kept import dump, load
from agent.limits import EXPORT, SITE
from agent.protection import ask, charge_bounds, follow_charge
from agent.step import Outcome
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import BATTERY, CHARGER, HEAT_PUMP
from tests.shared.plant import Load
from tests.shared.protected import (
    DAY_MS,
    KEEPING_BATTERY,
    SG_READY,
    STOPPABLE,
    THERMOSTAT,
    delay,
    delays,
    limit,
    plant,
    told,
    unit,
)

# Charge


def soc(one, soc_pm) -> Unit:
    """Let a battery say its charge."""
    one.soc_pm = soc_pm
    return one


def test_unknown_charge_allows_neither_way():
    battery = unit(BATTERY, power_max_w=5000)
    assert charge_bounds(battery) == (0, 0)
    assert ask(battery, 3000, 1000) == 0 and delay(battery) == ("protection charge", protection.NEVER_MS)
    assert ask(battery, -3000, 1000) == 0
    assert ask(battery, 0, 1000) == 0 and delay(battery) == ("", 0)
    assert ask(battery, None, 1000) is None and delay(battery) == ("", 0)


def test_battery_slows_down_before_its_bounds():
    battery = unit(BATTERY, power_max_w=5000)
    cases = [
        (500, (-5000, 5000)), (150, (-5000, 5000)), (141, (-5000, 5000)), (140, (-4000, 5000)),
        (101, (-1000, 5000)), (100, (0, 5000)),
        (150, (-5000, 5000)), (950, (-5000, 5000)), (959, (-5000, 5000)), (960, (-5000, 4000)),
        (999, (-5000, 1000)), (1000, (-5000, 0)),
    ]  # fmt: skip
    for soc_pm, bounds in cases:
        assert charge_bounds(soc(battery, soc_pm)) == bounds, soc_pm


def test_battery_at_a_bound_stays_there_until_it_is_well_away_from_it():
    battery = unit(BATTERY, power_max_w=5000, soc_min_pct=20, soc_max_pct=80)
    for soc_pm, lowest_w in ((200, 0), (219, 0), (220, -2000), (219, -2000), (201, -1000), (150, 0)):
        assert charge_bounds(soc(battery, soc_pm))[0] == lowest_w, soc_pm
    for soc_pm, highest_w in ((800, 0), (781, 0), (780, 2000), (781, 2000), (799, 1000), (850, 0)):
        assert charge_bounds(soc(battery, soc_pm))[1] == highest_w, soc_pm


def test_battery_that_was_found_beyond_a_bound_stays_there_too():
    battery = unit(BATTERY, power_max_w=5000, soc_min_pct=20, soc_max_pct=80)
    assert charge_bounds(soc(battery, 150))[0] == 0 and charge_bounds(soc(battery, 210))[0] == 0
    assert charge_bounds(soc(battery, 850))[1] == 0 and charge_bounds(soc(battery, 790))[1] == 0


def test_charge_outside_its_bounds_is_as_good_as_at_them():
    battery = unit(BATTERY, power_max_w=5000, soc_min_pct=20, soc_max_pct=80)
    assert charge_bounds(soc(battery, 100)) == (0, 5000)
    assert charge_bounds(soc(battery, 230)) == (-3000, 5000)
    assert charge_bounds(soc(battery, 210)) == (-1000, 5000)
    assert charge_bounds(soc(battery, 900)) == (-5000, 0)
    assert charge_bounds(soc(battery, 770)) == (-5000, 3000)
    assert charge_bounds(soc(battery, 790)) == (-5000, 1000)


def test_wish_is_cut_to_what_the_charge_allows():
    battery = soc(unit(BATTERY, power_max_w=5000), 110)
    assert ask(battery, -3000, 1000) == -1000 and delay(battery) == ("protection charge", protection.NEVER_MS)
    assert ask(battery, -1000, 1000) == -1000 and delay(battery) == ("", 0)
    assert ask(soc(battery, 113), -3000, 1000) == -2000
    assert ask(soc(battery, 990), 3000, 1000) == 1000
    assert ask(soc(battery, 990), 1000, 1000) == 1000


def test_battery_without_a_nameplate_has_its_contract():
    assert charge_bounds(soc(unit(BATTERY), 500)) == (-5000, 5000)


def test_floor_passes_ramp_dead_band_and_budget():
    battery = told(unit(KEEPING_BATTERY, power_max_w=5000, ramp_w_s=100), -200, 1000)
    battery.guard.tokens = 0
    assert ask(soc(battery, 100), -200, 2000) == 0
    assert ask(soc(battery, None), -200, 2000) == 0


def test_covering_battery_never_passes_its_floor():
    site = plant(("battery", BATTERY, {"power_max_w": 5000}, Load(0)))
    site.base_w = [2000, 2000, 2000]
    limit(site, 3000)
    site.run(10)
    assert site.setpoints()[0] <= -3000
    site.loads[0].soc_pm = 120
    site.run(1)
    assert site.setpoints() == [-2000]
    site.loads[0].soc_pm = 99
    site.run(1)
    assert site.setpoints() == [0]
    site.loads[0].soc_pm = None
    site.run(1)
    assert site.setpoints() == [0]


def test_full_battery_takes_nothing_in():
    site = plant(("battery", BATTERY, {"power_max_w": 5000}, Load(0)))
    site.base_w = [-2000, -2000, -2000]
    limit(site, 3000, SITE, EXPORT)
    site.run(10)
    assert site.setpoints()[0] >= 3000
    site.loads[0].soc_pm = 1000
    site.run(1)
    assert site.setpoints() == [0]


def moves(site, charges, seconds=600) -> int:
    """Let a battery that shall discharge say these charges in turn; return how often it was told something else."""
    told_w, count = site.setpoints(), 0
    for second in range(seconds):
        site.loads[0].soc_pm = charges[second % len(charges)]
        site.run(1)
        count += site.setpoints() != told_w
        told_w = site.setpoints()
    return count


def test_charge_that_flaps_moves_nothing_to_and_fro():
    for charges in ((500, 100), (500, None), (140, 141), (0, 1000), (None, 90, 2000, 500), (500,) * 9 + (100,)):
        for contract in (BATTERY, KEEPING_BATTERY):
            site = plant(
                ("battery", contract, {"power_max_w": 5000, "default": -5000, "writes_per_day": 86400}, Load(0))
            )
            site.run(20)
            assert site.setpoints() == [-5000]
            assert moves(site, charges) == 1, charges


def test_charge_that_allows_more_is_heeded_once_it_has_lasted():
    for contract, lasts_s in ((BATTERY, 10), (KEEPING_BATTERY, 300)):
        for wanted_w, bound_pm in ((-5000, 100), (5000, 1000)):
            site = plant(("battery", contract, {"power_max_w": 5000, "default": wanted_w}, Load(0)))
            site.loads[0].soc_pm = None
            site.run(20)
            assert site.setpoints() == [0]
            site.loads[0].soc_pm = 500
            site.run(1)
            assert site.setpoints() == [wanted_w]  # it was never known before
            for said_pm in (bound_pm, None):
                site.loads[0].soc_pm = said_pm
                site.run(1)
                assert site.setpoints() == [0]
                site.loads[0].soc_pm = 500
                site.run(lasts_s - 1)
                assert site.setpoints() == [0]
                site.run(1)
                assert site.setpoints() == [wanted_w]


def test_more_is_allowed_so_long_after_less_was_allowed_last():
    for side, near_pm in ((0, 120), (1, 980)):
        battery = unit(BATTERY, power_max_w=5000)
        for now_ms, soc_pm, most_w in (
            (0, 500, 5000),
            (1000, near_pm, 2000),
            (5000, near_pm, 2000),
            (14999, 500, 2000),
            (15001, 500, 5000),
        ):
            follow_charge(soc(battery, soc_pm), now_ms)
            assert abs(charge_bounds(battery)[side]) == most_w, now_ms


def test_battery_that_regulates_itself_is_left_alone_at_any_charge():
    site = plant(("battery", BATTERY, {"power_max_w": 5000}, Load(-2000)))
    for soc_pm in (500, 50, 1000, None):
        site.loads[0].soc_pm = soc_pm
        assert delays(site.run(10)) == [] and site.setpoints() == [None]


# Ramps


def ramped(one, wanted, ticks, at_ms=1000000):
    """Return what a wish comes to, second by second."""
    told_of = []
    for tick in range(ticks):
        now_ms = at_ms + tick * 1000
        told(one, ask(one, wanted, now_ms), now_ms)
        told_of.append(one.setpoint)
    return told_of


def steady(one, setpoint, seconds=10) -> Unit:
    """Return a unit that has had a set-point for a while."""
    for second in range(seconds):
        ask(one, setpoint, 1000000 - 1000 * (seconds - second))
        told(one, setpoint, 1000000 - 1000 * (seconds - second))
    return one


def test_power_changes_within_the_ramp_both_ways_however_long_it_stood_still():
    battery = steady(soc(unit(BATTERY, power_max_w=5000, ramp_w_s=500), 500), 0, 1000)
    assert ramped(battery, 2000, 5) == [500, 1000, 1500, 2000, 2000]
    assert delay(battery) == ("", 0)
    assert ramped(battery, -1000, 7, 1005000) == [1500, 1000, 500, 0, -500, -1000, -1000]


def test_ramp_says_when_the_wish_is_reached():
    battery = steady(soc(unit(BATTERY, power_max_w=5000, ramp_w_s=500), 500), 0)
    assert ask(battery, 2000, 1000000) == 500
    assert delay(battery) == ("protection ramp", 1003000)
    assert ask(battery, -2000, 1000000) == -500 and delay(battery) == ("protection ramp", 1003000)


def test_ramp_finer_than_a_step_waits_for_the_step_and_never_goes_faster():
    battery = steady(soc(unit(BATTERY, power_max_w=5000, ramp_w_s=20), 500), 0)
    assert ramped(battery, 100, 7) == [0, 0, 50, 50, 50, 100, 100]
    battery = steady(soc(unit(BATTERY, power_max_w=5000, ramp_w_s=20), 500), 0)
    assert ramped(battery, -100, 7) == [0, 0, -50, -50, -50, -100, -100]


def test_charger_starts_at_its_least_when_the_ramp_has_got_there_and_stops_from_it():
    charger = steady(unit(CHARGER, ramp_w_s=1000), 0)
    assert ramped(charger, 10000, 9) == [0, 0, 0, 0, 6000, 7400, 8800, 10000, 10000]
    assert ramped(charger, 0, 10, 1009000) == [8600, 7200, 6000, 6000, 6000, 6000, 6000, 0, 0, 0]


def test_ramp_that_just_suffices_is_not_in_the_way():
    battery = steady(soc(unit(BATTERY, power_max_w=5000, ramp_w_s=500), 500), 1000)
    assert ask(battery, 1500, 1000000) == 1500 and delay(battery) == ("", 0)
    assert ask(battery, 500, 1000000) == 500 and delay(battery) == ("", 0)
    assert ask(battery, 3000, 1000000) == 1500 and delay(battery) == ("protection ramp", 1003000)
    charger = steady(unit(CHARGER, ramp_w_s=4140), 0)
    assert ask(charger, 6000, 1000000) == 6000 and delay(charger) == ("", 0)


def test_a_ramp_of_single_watts_is_kept_to_the_watt():
    fine = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 1), 0, False, 10000)
    pump = steady(unit(fine, ramp_w_s=1000), 1000)
    assert ask(pump, 6000, 1000000) == 2000
    pump = steady(unit(fine, ramp_w_s=1000), 5000)
    assert ask(pump, 600, 1000000) == 4000


def test_ramp_under_a_limit_is_no_savings_account():
    site = plant(("battery", BATTERY, {"power_max_w": 5000, "ramp_w_s": 200, "default": 0}, Load(0)))
    limit(site, 1000, 1)
    site.run(20)
    site.state.units[1].default = 4000
    facts = site.run(300)
    assert site.setpoints() == [1000]
    assert len(delays(facts)) == 1
    site.state.limits.pop()
    del site.seen_w[:]
    site.run(40)
    assert site.setpoints() == [4000]
    assert max([site.seen_w[at + 1] - site.seen_w[at] for at in range(39)]) <= 203


def test_hard_limit_passes_the_ramp():
    site = plant(("charger", CHARGER, {"power_max_w": 22080, "ramp_w_s": 100, "default": 32000}, Load(11040)))
    site.run(400)
    assert site.setpoints() == [25000]
    limit(site, 5000)
    site.run(2)
    assert site.grid_w() <= 5000


def test_no_ramp_into_or_out_of_default_mode_nor_for_degrees():
    battery = soc(unit(BATTERY, power_max_w=5000, ramp_w_s=10), 500)
    assert ask(battery, 3000, 1000) == 3000
    assert ask(told(battery, 3000, 1000), None, 2000) is None
    room = told(unit(THERMOSTAT, ramp_w_s=1), 20000, 1000)
    assert ask(room, 21000, 2000) == 21000


def test_bounds_that_shrank_pass_ramp_and_budget():
    pump = told(
        unit(Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 5800, 100), None, True, 10000), power_max_w=6000), 6000, 1000
    )
    assert ask(pump, 5800, 2000) == 5800


# Wear


def worn_out(one) -> Unit:
    """Return a unit whose budget of writes is used up."""
    for _ in range(12):
        one.guard.worn()
    return one


def test_change_that_is_not_worth_a_write_is_not_made():
    pump = told(unit(HEAT_PUMP, power_max_w=6000), 3000, 1000)
    assert ask(pump, 3200, 2000) == 3000 and delay(pump) == ("", 0)
    assert ask(pump, 3300, 2000) == 3300 and ask(pump, 2800, 2000) == 3000 and ask(pump, 2700, 2000) == 2700
    volatile = told(unit(STOPPABLE, power_max_w=6000), 3000, 1000)
    assert ask(volatile, 3100, 2000) == 3100
    large = told(unit(Contract(c.HEAT_PUMP, q.LIMIT_W, (0, 30000, 1), None, True, 10000), power_max_w=20000), 9000, 0)
    assert ask(large, 9999, 1) == 9000 and ask(large, 10000, 1) == 10000 and ask(large, 8001, 1) == 9000


def test_modes_contacts_and_stops_know_no_dead_band():
    pump = told(unit(SG_READY, power_max_w=2000), q.SG_NORMAL, 1000)
    assert ask(pump, q.SG_FORCED, 2000) == q.SG_FORCED
    room = told(unit(THERMOSTAT, power_max_w=100000), 20000, 1000)
    assert ask(room, 20500, 2000) == 20500
    stopping = told(unit(Contract(c.HEAT_PUMP, q.LIMIT_W, (100, 6000, 100), 0, True, 10000), power_max_w=6000), 200, 0)
    assert ask(stopping, 0, 600000) == 0
    assert ask(told(stopping, 0, 600000), 100, 900000) == 100


def test_writes_come_in_a_burst_and_then_by_the_day():
    pump = told(unit(HEAT_PUMP, power_max_w=6000), 3000, 0)
    for _ in range(11):
        pump.guard.worn()
    assert ask(pump, 6000, 0) == 6000
    pump.guard.worn()
    assert ask(pump, 6000, 0) == 3000 and delay(pump) == ("protection wear", 1800000)
    assert ask(pump, 6000, 1799999) == 3000 and ask(pump, 6000, 1800000) == 6000
    assert pump.guard.writes == 12


def test_budget_never_grows_over_its_burst_and_holds_wishes_for_default_mode_too():
    pump = told(unit(HEAT_PUMP, power_max_w=6000), 3000, 0)
    ask(pump, 6000, 40 * DAY_MS)
    assert ask(worn_out(pump), 6000, 40 * DAY_MS) == 3000
    assert ask(pump, None, 40 * DAY_MS) == 3000
    assert ask(unit(HEAT_PUMP), 6000, 0) == 6000


def test_writes_a_day_are_configured():
    pump = worn_out(told(unit(HEAT_PUMP, power_max_w=6000, writes_per_day=1), 3000, 0))
    assert ask(pump, 6000, DAY_MS - 1) == 3000 and delay(pump) == ("protection wear", DAY_MS)
    assert ask(pump, 6000, DAY_MS) == 6000


def test_the_budget_is_full_at_twelve_days():
    pump = unit(HEAT_PUMP, power_max_w=6000)
    for now_ms in (1000, DAY_MS, 40 * DAY_MS):
        pump.guard.fill(now_ms)
        assert pump.guard.tokens == 12 * DAY_MS


def test_without_any_writes_a_day_the_burst_is_all_there_is():
    pump = worn_out(told(unit(HEAT_PUMP, power_max_w=6000, writes_per_day=0), 3000, 0))
    assert ask(pump, 6000, DAY_MS) == 3000 and delay(pump) == ("protection wear", 2 * DAY_MS)


def test_hard_limit_passes_an_empty_budget():
    site = plant(("pump", HEAT_PUMP, {"power_max_w": 6000, "default": 6000}, Load(6000)))
    site.run(10)
    worn_out(site.state.units[1])
    limit(site, 3000)
    facts = site.run(60)
    assert site.setpoints() == [3000] and max(site.seen_w[-59:]) == 3000
    assert [fact[3:] for fact in delays(facts)] == [[3000, "protection wear", 1788000, 4, 12]]


def test_writes_are_counted_over_a_reboot():
    site = plant(("pump", HEAT_PUMP, {"power_max_w": 6000, "default": 6000}, Load(6000)))
    site.run(1)
    outcome = Outcome(1, 6000, record.APPLIED, record.READBACK, 6000, "default")
    for _ in range(12):
        site.run(1, [outcome])
    assert site.state.must_persist
    after = plant(("pump", HEAT_PUMP, {"power_max_w": 6000, "default": 6000}, Load(6000)))
    load(after.state, dump(site.state), 0)
    pump = after.state.units[1]
    assert pump.guard.writes == 12 and pump.guard.tokens == site.state.units[1].guard.tokens
    after.run(1)
    assert after.setpoints() == [6000]
    pump.default = 3000
    after.run(1)
    assert after.setpoints() == [6000] and pump.source == "protection wear"


def test_writes_to_what_does_not_wear_are_not_counted():
    site = plant(("charger", CHARGER, {"default": 6000}, Load(6000)))
    site.run(1, [Outcome(1, 6000, record.APPLIED, record.READBACK, 6000, "default")])
    assert site.state.units[1].guard.writes == 0
