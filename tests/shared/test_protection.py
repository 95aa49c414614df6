"""Timers of what protection lets through of a wish: every one, to the millisecond."""

from __future__ import annotations

from agent import protection, record
from agent.protection import HOUR_MS, ask, may_start
from agent.snapshot import pack, unpack
from agent.step import Attached
from agent.unit import Contract
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import CHARGER, HEAT_PUMP, SWITCH
from tests.shared.plant import Load
from tests.shared.protected import (
    DAY_MS,
    FREE_PUMP,
    SG_READY,
    STOPPABLE,
    delay,
    delays,
    limit,
    plant,
    told,
    unit,
)

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


def test_who_must_run_says_so_whatever_held_it_before():
    for source, said in (("protection rest", "protection run"), ("protection longest stop", "protection longest stop")):
        pump = told(unit(STOPPABLE, on_s=600), 3000, 1000, source)
        assert ask(pump, 0, 2000) == 500 and delay(pump)[0] == said


def test_who_must_run_goes_down_to_its_least_within_its_ramp():
    pump = told(unit(STOPPABLE, on_s=600, ramp_w_s=100), 4000, 1000)
    assert ask(pump, 4000, 1000) == 4000
    assert ask(pump, 0, 11000) == 3000


def test_charger_that_never_started_may_stop_at_boot_whatever_its_least_run():
    charger = unit(CHARGER, on_s=600)
    assert charger.guard.running and ask(charger, 0, 1000) == 0 and delay(charger) == ("", 0)


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


def test_the_oldest_start_of_the_hour_says_when_there_may_be_another():
    pump = unit(STOPPABLE, on_s=0, off_s=300, starts_per_h=2)
    for start_ms in (60000, 3000000):
        told(told(pump, 0, start_ms - 1000), 3000, start_ms)
    told(pump, 0, 3480000)
    assert not may_start(pump, 3700000) and delay(pump) == ("protection rest", 3780000)
    told(told(pump, 3000, 3780000), 0, HOUR_MS + 2700000)
    assert not may_start(pump, HOUR_MS + 2800000) and delay(pump) == ("protection rest", HOUR_MS + 3000000)
    assert may_start(pump, HOUR_MS + 3000000)


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
