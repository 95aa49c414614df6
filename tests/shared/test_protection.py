"""What protection lets through of a wish: every timer, ramp, bound of charge and budget, to the millisecond."""

from __future__ import annotations

from agent import protection, record
from agent.kept import dump, load
from agent.limits import EXPORT, IMPORT, SITE, Limit
from agent.protection import HOUR_MS, ask, charge_bounds, may_start
from agent.snapshot import pack, unpack
from agent.step import Attached, Outcome
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import BATTERY, CHARGER, HEAT_PUMP, METER, SWITCH, row
from tests.shared.plant import Load, Plant

SG_READY = Contract(c.SG_READY, q.MODE, (1, 4, 1), None, True, 10000)
STOPPABLE = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, False, 10000)
FREE_PUMP = Contract(c.HEAT_PUMP, q.LIMIT_W, (0, 30000, 100), None, True, 10000)
KEEPING_BATTERY = Contract(c.BATTERY, q.SETPOINT_W, (-5000, 5000, 50), None, True, 10000)
THERMOSTAT = Contract(c.THERMOSTAT, q.TEMP_TARGET_MC, (5000, 30000, 500), None, True, 10000)
DAY_MS = 86400000


def unit(contract, **keys) -> Unit:
    """Return a unit that was told nothing yet."""
    return Unit(1, row("unit", **keys), contract)


def told(one, setpoint, now_ms, source="claim x") -> Unit:
    """Return the unit after it was granted a set-point."""
    one.decide(setpoint, source)
    one.grant(now_ms)
    return one


def delay(one) -> tuple[str, int]:
    """Return what delays a unit, and until when."""
    return one.guard.source, one.guard.at_ms


# Defaults

DEFAULTS = (
    (c.HEAT_PUMP, 600, 300, 7200, 4),
    (c.SG_READY, 600, 300, 7200, 4),
    (c.SWITCH, 60, 60, 0, 12),
    (c.CHARGER, 0, 30, 0, 0),
    (c.PHASE_SWITCH, 30, 30, 0, 4),
    (c.BATTERY, 0, 0, 0, 0),
    (c.THERMOSTAT, 0, 0, 0, 0),
    (c.METER, 0, 0, 0, 0),
)


def test_defaults_by_kind_are_those_that_are_documented():
    assert HOUR_MS == 3600000
    for kind, on_s, off_s, off_max_s, starts in DEFAULTS:
        guard = protection.Guard({}, kind)
        found = (guard.on_ms, guard.off_ms, guard.off_max_ms, guard.starts_per_h)
        assert found == (on_s * 1000, off_s * 1000, off_max_s * 1000, starts), kind
        assert (guard.soc_min_pm, guard.soc_max_pm, guard.ramp_w_s, guard.writes_per_day) == (100, 1000, 0, 48)
        assert guard.tokens == 12 * DAY_MS
        assert guard.changed_ms == (-1 if kind == c.CHARGER else 0), kind
        assert (guard.running, guard.empty, guard.full) == (kind != c.SWITCH, False, False)
        assert [guard.moved_ms, guard.ramped_ms, guard.asked_ms, guard.filled_ms, guard.at_ms] == [0] * 5
        assert [guard.short_runs, guard.writes] == [0, 0] and guard.started == [] and guard.source == ""


def test_configuration_goes_before_the_defaults():
    keys = ("on_s", "off_s", "off_max_s", "starts_per_h", "soc_min_pct", "soc_max_pct", "ramp_w_s", "writes_per_day")
    guard = protection.Guard({key: 11 + at for at, key in enumerate(keys)}, c.HEAT_PUMP)
    assert (guard.on_ms, guard.off_ms, guard.off_max_ms, guard.starts_per_h) == (11000, 12000, 13000, 14)
    assert (guard.soc_min_pm, guard.soc_max_pm, guard.ramp_w_s, guard.writes_per_day) == (150, 160, 17, 18)
    none = protection.Guard({"on_s": 0, "off_s": None, "starts_per_h": 0}, c.HEAT_PUMP)
    assert (none.on_ms, none.off_ms, none.starts_per_h) == (0, 300000, 0)


# Least run


def test_compressor_keeps_running_at_its_least_until_it_has_run_long_enough():
    pump = told(told(unit(STOPPABLE), 0, 1000), 3000, 400000)
    assert ask(pump, 0, 400001) == 500
    assert delay(pump) == ("protection run", 1000000)
    assert ask(pump, 0, 999999) == 500
    assert ask(pump, 0, 1000000) == 0
    assert delay(pump) == ("", 0)


def test_compressor_is_taken_for_running_since_boot():
    pump = unit(STOPPABLE)
    assert ask(pump, 0, 0) == 500
    assert ask(pump, 0, 599999) == 500 and delay(pump) == ("protection run", 600000)
    assert ask(pump, 0, 600000) == 0
    assert may_start(pump, 0)


def test_throttling_is_no_stop_and_waits_for_nothing():
    pump = told(unit(STOPPABLE), 3000, 1000)
    assert ask(pump, 500, 2000) == 500 and ask(pump, 6000, 2000) == 6000 and ask(pump, None, 2000) is None
    assert delay(pump) == ("", 0)


def test_locked_mode_waits_and_normal_is_the_least_running_mode():
    pump = unit(SG_READY, power_max_w=2000)
    assert ask(pump, q.SG_LOCK, 599999) == q.SG_NORMAL
    assert ask(pump, q.SG_LOCK, 600000) == q.SG_LOCK


def test_pump_that_tells_no_least_power_keeps_what_it_has_while_it_must_run():
    pump = told(unit(FREE_PUMP), 3000, 1000)
    assert ask(pump, 0, 2000) == 3000 and delay(pump) == ("protection run", 600000)
    assert ask(unit(FREE_PUMP), 0, 2000) is None
    assert unit(FREE_PUMP).least_running() == 100


def test_pump_without_an_off_has_nothing_to_wait_for():
    pump = told(unit(HEAT_PUMP), 500, 1000)
    assert ask(pump, 500, 2000) == 500 and delay(pump) == ("", 0)
    assert pump.guard.running and may_start(pump, 2000)


# Least stop, starts


def test_stopped_compressor_rests():
    pump = told(unit(STOPPABLE), 0, 700000)
    assert not may_start(pump, 999999)
    assert delay(pump) == ("protection rest", 1000000)
    ask(pump, 3000, 1000000)
    assert may_start(pump, 1000000)
    assert delay(pump) == ("", 0)


def test_contact_is_taken_for_open_since_boot_and_rests_before_its_first_start():
    rod = unit(SWITCH, power_max_w=2000)
    assert not rod.guard.running
    assert not may_start(rod, 59999) and delay(rod) == ("protection rest", 60000)
    assert may_start(rod, 60000)
    told(rod, 1, 60000)
    assert ask(rod, 0, 119999) == 1 and ask(rod, 0, 120000) == 0


def test_contact_without_a_known_power_rests_too():
    site = plant(("lamp", SWITCH, {"default": 1}, Load()))
    site.run(59)
    assert site.setpoints() == [0]
    site.run(1)
    assert site.setpoints() == [1]
    site.state.units[1].default = 0
    site.run(59)
    assert site.setpoints() == [1]
    site.run(1)
    assert site.setpoints() == [0]


def test_charger_may_start_at_once_after_boot_but_rests_between_two_starts():
    charger = told(unit(CHARGER), 0, 1000, "default")
    assert may_start(charger, 2000)
    assert ask(told(charger, 6000, 2000), 0, 3000) == 0
    told(charger, 0, 3000)
    assert not may_start(charger, 32999) and delay(charger) == ("protection rest", 33000)
    assert may_start(charger, 33000)


def test_charger_that_ran_before_its_first_stop_rests():
    charger = told(told(unit(CHARGER), 16000, 1000), 0, 2000)
    assert not may_start(charger, 31999) and may_start(charger, 32000)
    assert charger.guard.short_runs == 0


def test_starts_of_an_hour_are_counted_and_the_oldest_makes_room():
    pump = unit(STOPPABLE, on_s=0, off_s=0)
    for start in range(4):
        told(told(pump, 0, start * 10000), 3000, start * 10000 + 5000)
        assert pump.guard.starts_left(start * 10000 + 5000) == 3 - start
    told(pump, 0, 40000)
    assert not may_start(pump, 5000 + HOUR_MS - 1)
    assert delay(pump) == ("protection starts", 5000 + HOUR_MS)
    assert pump.guard.starts_left(5000 + HOUR_MS - 1) == 0 and pump.guard.starts_left(5000 + HOUR_MS) == 1
    assert may_start(pump, 5000 + HOUR_MS)
    told(pump, 3000, 5000 + HOUR_MS)
    assert pump.guard.started == [15000, 25000, 35000, 5000 + HOUR_MS]


def test_one_start_an_hour_and_as_many_as_one_likes():
    pump = unit(STOPPABLE, on_s=0, off_s=0, starts_per_h=1)
    told(told(pump, 0, 1000), 3000, 2000)
    told(told(pump, 0, 3000), 3000, 4000)
    assert pump.guard.started == [4000]
    free = told(told(unit(STOPPABLE, starts_per_h=0, off_s=0), 0, 1000), 3000, 2000)
    assert free.guard.started == [] and free.guard.starts_left(3000) is None
    assert may_start(told(free, 0, 3000), 3000)


def test_rest_and_starts_name_whichever_ends_later():
    pump = unit(STOPPABLE, on_s=0, off_s=300, starts_per_h=1)
    told(told(told(pump, 0, 1000), 3000, 2000), 0, HOUR_MS)
    assert not may_start(pump, HOUR_MS) and delay(pump) == ("protection rest", HOUR_MS + 300000)
    told(told(pump, 3000, HOUR_MS + 300000), 0, HOUR_MS + 301000)
    assert not may_start(pump, HOUR_MS + 302000) and delay(pump) == ("protection starts", 2 * HOUR_MS + 300000)


def test_two_starts_an_hour_keep_the_newest_two():
    pump = unit(STOPPABLE, on_s=0, off_s=0, starts_per_h=2)
    for start_ms in (1000, 3000, 5000):
        told(told(pump, 0, start_ms - 1000), 3000, start_ms)
    assert pump.guard.started == [3000, 5000]
    assert pump.guard.starts_left(5000) == 0 and pump.guard.starts_left(9000 + HOUR_MS) == 2
    told(pump, 0, 6000)
    assert not may_start(pump, 7000) and delay(pump) == ("protection starts", 3000 + HOUR_MS)


def test_charger_that_never_stopped_may_start_at_boot_whatever_its_rest():
    charger = told(unit(CHARGER, off_s=3600), 0, 0, "default")
    assert may_start(charger, 0) and delay(charger) == ("", 0)
    stopped = told(told(told(unit(CHARGER, on_s=60), 0, 0), 6000, 10000), 0, 69999)
    assert stopped.guard.short_runs == 1
    assert told(told(told(unit(CHARGER, on_s=60), 0, 0), 6000, 10000), 0, 90000).guard.short_runs == 0
    assert told(told(unit(CHARGER, on_s=60), 6000, 0), 0, 10).guard.short_runs == 0


# Longest stop


def test_lock_ends_after_two_hours_and_then_the_pump_runs_its_least():
    pump = told(unit(SG_READY, power_max_w=2000), q.SG_LOCK, 600000)
    end_ms = 600000 + 7200000
    assert ask(pump, q.SG_LOCK, end_ms - 1) == q.SG_LOCK and delay(pump) == ("", 0)
    assert ask(pump, q.SG_LOCK, end_ms) == q.SG_NORMAL
    assert delay(pump) == ("protection longest stop", end_ms + 600000)
    assert may_start(pump, end_ms) and delay(pump)[0] == "protection longest stop"
    told(pump, q.SG_NORMAL, end_ms)
    assert ask(pump, q.SG_LOCK, end_ms + 599999) == q.SG_NORMAL
    assert ask(pump, q.SG_LOCK, end_ms + 600000) == q.SG_LOCK


def test_pump_that_tells_no_least_power_is_free_after_its_longest_stop():
    pump = told(unit(FREE_PUMP), 0, 600000)
    assert ask(pump, 0, 600000 + 7200000) == 30000


def test_longest_stop_waits_for_no_budget_of_writes():
    pump = told(unit(SG_READY, power_max_w=2000), q.SG_LOCK, 600000)
    pump.guard.tokens = 0
    assert ask(pump, q.SG_LOCK, 600000 + 7200000) == q.SG_NORMAL


def test_contact_may_stay_open_for_ever_unless_the_configuration_says_otherwise():
    assert ask(told(unit(SWITCH), 0, 1000), 0, DAY_MS) == 0
    freezer = told(unit(SWITCH, off_max_s=3600), 0, 1000)
    assert ask(freezer, 0, 3599999) == 0 and ask(freezer, 0, 3600000) == 1
    charger = told(unit(CHARGER, off_max_s=60), 0, 1000, "default")
    assert ask(charger, 0, 61000) == 6000


# Hard limits


def plant(*parts) -> Plant:
    """Return a plant of a grid meter and (id, contract, keys, load) each."""
    units = [Unit(0, row("grid"), METER)]
    for device_id, contract, keys, _ in parts:
        units.append(Unit(len(units), row(device_id, **keys), contract))
    return Plant(units, [part[3] for part in parts])


def limit(site, value_w, scope=SITE, direction=IMPORT) -> None:
    """Put a grid operator's limit in force."""
    site.state.limits.append(Limit(scope, direction, value_w, "dso", 0, b"l" * 32))


def delays(facts):
    """Return the DELAY records among `facts`."""
    return [fact for fact in facts if fact[0] == record.DELAY]


def compressor(**keys):
    """Return a pump that can be stopped."""
    table = {"power_max_w": 6000, "default": 6000}
    table.update(keys)
    return plant(("pump", STOPPABLE, table, Load(4000)))


def test_hard_limit_stops_a_compressor_inside_its_least_run_and_the_start_afterwards_waits():
    site = compressor()
    site.run(100)
    limit(site, 0)
    site.run(1)
    pump = site.state.units[1]
    assert site.setpoints() == [0] and pump.source == "limit dso" and pump.guard.short_runs == 1
    site.state.limits.pop()
    facts = site.run(30)
    assert site.setpoints() == [0] and pump.source == "protection rest"
    assert delays(facts) == [[record.DELAY, 111000, 1, 0, "protection rest", 290000, 4, 0]]
    facts = site.run(269)
    assert site.setpoints() == [0] and delays(facts) == []
    site.run(2)
    assert site.setpoints() == [6000] and pump.guard.short_runs == 1
    assert pump.guard.started == [401000]


def test_hard_limit_at_boot_stops_what_is_taken_for_running():
    site = compressor()
    limit(site, 0)
    site.run(1)
    assert site.setpoints() == [0] and site.state.units[1].guard.short_runs == 1
    long_running = told(told(unit(STOPPABLE), 6000, 1000), 0, 600000)
    assert long_running.guard.short_runs == 0
    assert told(told(unit(STOPPABLE), 6000, 1000), 0, 599999).guard.short_runs == 1


def test_lost_meter_stops_at_once_too():
    site = compressor(fallback=0)
    site.run(60)
    site.silent = [0]
    site.run(12)
    assert site.setpoints() == [0] and site.state.units[1].guard.short_runs == 1


def test_wish_to_stop_is_told_once_with_its_earliest_time():
    site = compressor()
    site.run(10)
    site.state.units[1].default = 0
    facts = site.run(589)
    assert delays(facts) == [[record.DELAY, 11000, 1, 500, "protection run", 589000, 4, 0]]
    assert [fact for fact in facts if fact[0] == record.BINDING] == [[record.BINDING, 11000, 1, 500, "protection run"]]
    facts = site.run(1)
    assert site.setpoints() == [0] and delays(facts) == []


def test_longest_stop_is_told_with_its_name():
    site = compressor(off_max_s=900)
    site.run(1)
    site.state.units[1].default = 0
    facts = site.run(1500)
    assert site.setpoints() == [500]
    told_of = [(fact[1], fact[3], fact[4], fact[5], fact[6]) for fact in delays(facts)]
    assert told_of == [
        (2000, 500, "protection run", 598000, 4),
        (1500000, 500, "protection longest stop", 600000, 4),
    ]


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
        (500, (-5000, 5000)), (150, (-5000, 5000)), (149, (-4900, 5000)), (101, (-100, 5000)), (100, (0, 5000)),
        (150, (-5000, 5000)), (950, (-5000, 5000)), (951, (-5000, 4900)), (999, (-5000, 100)), (1000, (-5000, 0)),
    ]  # fmt: skip
    for soc_pm, bounds in cases:
        assert charge_bounds(soc(battery, soc_pm)) == bounds, soc_pm


def test_battery_at_a_bound_stays_there_until_it_is_well_away_from_it():
    battery = unit(BATTERY, power_max_w=5000, soc_min_pct=20, soc_max_pct=80)
    for soc_pm, lowest_w in ((200, 0), (219, 0), (220, -2000), (219, -1900), (201, -100), (150, 0)):
        assert charge_bounds(soc(battery, soc_pm))[0] == lowest_w, soc_pm
    for soc_pm, highest_w in ((800, 0), (781, 0), (780, 2000), (781, 1900), (799, 100), (850, 0)):
        assert charge_bounds(soc(battery, soc_pm))[1] == highest_w, soc_pm


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
    assert ask(soc(battery, 113), -3000, 1000) == -1300
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


# Keeping


def test_guard_goes_on_from_a_snapshot_as_it_was():
    site = compressor()
    site.run(100)
    limit(site, 0)
    site.run(5)
    again = unpack(pack(site.state)).units[1]
    assert not may_start(again, 106000) and delay(again) == ("protection rest", 401000)
    assert again.guard.short_runs == 1 and again.guard.on_ms == 600000


def test_new_bounds_change_no_timer():
    site = compressor()
    site.run(100)
    site.state.units[1].default = 0
    site.run(1, [Attached(1, Contract(c.HEAT_PUMP, q.LIMIT_W, (1000, 5000, 100), 0, False, 10000))])
    assert site.setpoints() == [1000] and site.state.units[1].source == "protection run"
    site.run(499)
    assert site.setpoints() == [0]
