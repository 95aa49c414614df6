"""A tariff by the time of day: which quarter hours, what was drawn already, clocks, and what stands in the plan."""

from __future__ import annotations

import asyncio

from agent.prices import Prices
from agent.sources.cheapest import cheapest, runs, slots_for
from agent.sources.desk import Desk
from agent.sources.local_time import is_summer, local_s, minutes
from agent.sources.tariff import Tariff
from hal import quantities as q
from tests.shared.listening import Listener, refused
from tests.shared.site import stopped
from tests.shared.sourced import SourcedSite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MIDNIGHT_S = 1700006400  # 2023-11-15 00:00 UTC
FOR_S = 2592000
REST = ["charger", 0, FOR_S, 191]


def tariff(at="00:00", **changed) -> Listener:
    """Return a car that needs 11 kWh at 11 kW by 07:00; nights from 23:00 to 05:00 are cheap, from 02:00 cheaper."""
    options = {
        "device": "charger", "setpoint": 16000, "power_w": 11000, "energy_wh": 11000, "departure": "07:00",
        "price": 300, "windows": ["02:00-04:00 100", "23:00-05:00 180"],
    }  # fmt: skip
    source = Listener("owner")
    source.state.kept["source"] = changed.pop("kept", [])
    options.update(changed)
    found = minutes(at)
    assert found is not None
    source.civil_ms = MIDNIGHT_S * 1000 + found * 60000
    source.now_ms = 5000
    return source.using(Tariff, **options)


def planned(source, register_wh=None, seconds=1) -> list[tuple[str, int]]:
    """Let time pass; return (when it begins by the clock, minutes) of each run, after the rest between them."""
    told = None if register_wh is None else {q.ENERGY_IMPORT_WH: register_wh}
    said = source.look([None, told], seconds)
    assert said[0] == REST
    found = []
    for name, setpoint, duration_s, primacy, options in said[1:]:
        assert (name, setpoint, primacy) == ("charger", 16000, 190)
        begins_s = options[3] + (source.civil_ms - source.now_ms) // 1000
        found.append(("%02d:%02d" % (begins_s // 3600 % 24, begins_s // 60 % 60), duration_s // 60))
    return found


def pass_unseen(source, seconds) -> None:
    """Let time pass in which nobody looks."""
    source.now_ms += seconds * 1000
    source.civil_ms += seconds * 1000


def test_the_cheapest_quarter_hours_before_the_departure_are_chosen():
    assert planned(tariff()) == [("02:00", 60)]
    assert planned(tariff(energy_wh=22000)) == [("02:00", 120)]
    assert planned(tariff(energy_wh=33000)) == [("00:00", 60), ("02:00", 120)]
    assert planned(tariff(energy_wh=200000)) == [("00:00", 420)]
    assert planned(tariff(energy_wh=1)) == [("02:00", 15)]
    assert planned(tariff(energy_wh=2751)) == [("02:00", 30)]


def test_prices_that_were_told_go_before_the_hours_of_the_day():
    source = tariff()
    source.state.prices = Prices(["source"])
    for first, prices in ((0, [300, 300, 300, 300, 300, 90]), (6, [95])):
        body = [0, MIDNIGHT_S + first * 3600, 3600, prices]
        assert source.state.prices.take(source.state, source.authority, body) == 0
        expected = [("05:00", 60)]
        assert planned(source, None, 900) == expected
    assert source.state.prices.at(source.state, 0, MIDNIGHT_S // 900 + 27) == 95
    fallen_back = tariff("23:00", energy_wh=22000)
    fallen_back.state.prices, fallen_back.state.priced = source.state.prices, source.state.priced
    assert planned(fallen_back) == [("02:00", 120)]  # of this day nothing is told


def test_a_departure_that_has_passed_is_tomorrows():
    assert planned(tariff("08:00")) == [("02:00", 60)]
    assert planned(tariff("08:00", departure="22:00")) == [("08:00", 60)]
    assert planned(tariff("08:00", departure="08:00", energy_wh=1)) == [("02:00", 15)]


def test_what_the_register_counted_is_taken_off_and_the_run_keeps_its_beginning():
    source = tariff("01:59", energy_wh=22000)
    assert planned(source, 5000) == [("02:00", 120)]
    assert planned(source, 5000, 120) == [("02:00", 120)]
    assert planned(source, 7750, 900) == [("02:00", 120)]
    assert source.changes == 1
    assert planned(source, 16000, 900) == [("02:00", 90)]
    assert planned(source, 27000, 900) == [] and source.changes == 3


def test_without_a_register_the_plan_counts():
    source = tariff("01:59")
    for _ in range(4):
        assert planned(source, None, 900) == [("02:00", 60)]
    assert planned(source, None, 900) == []
    assert planned(source, None, 3 * 3600) == [] and planned(source, None, 5 * 3600) == [("02:00", 60)]


def test_a_register_that_falls_or_leaps_is_another_and_the_plan_counts_for_that_quarter_hour():
    for other_wh in (0, 4000, 900000):
        source = tariff("01:59", energy_wh=22000)
        planned(source, 5000, 61)
        assert planned(source, 7750, 900) == [("02:00", 120)]
        assert planned(source, other_wh, 900) == [("02:00", 120)]
        assert planned(source, other_wh + 2750, 900) == [("02:00", 120)]
        assert planned(source, other_wh + 2750 + 5500, 900) == [("02:00", 105)]


def test_a_register_that_was_silent_tells_later_what_was_drawn_meanwhile():
    source = tariff("01:59", energy_wh=22000)
    planned(source, 5000, 61)
    for _ in range(3):
        assert planned(source, None, 900) == [("02:00", 120)]
    assert planned(source, 5000 + 2750, 900) == [("02:00", 165)]
    source = tariff("06:59", energy_wh=22000)
    planned(source, 5000)
    planned(source, None, 3600)  # at the departure, too
    pass_unseen(source, 18 * 3600 + 60)
    planned(source, 50000)
    assert planned(source, 50000 + 5500, 2 * 900) == [("02:00", 120)]
    assert planned(source, 50000 + 5500, 900) == [("02:00", 135)]


def test_a_quarter_hour_in_which_the_device_was_stopped_does_not_count_as_run():
    source = tariff("01:59")
    planned(source, None, 61)
    source.state.units[1].guard.running = False
    assert planned(source, None, 900) == [("02:00", 75)]
    source.state.units[1].guard.running = True
    assert planned(source, None, 900) == [("02:00", 75)]


def test_what_was_drawn_today_is_known_after_a_reboot():
    source = tariff("01:59", energy_wh=22000)
    planned(source, 5000, 61)
    assert planned(source, 7750, 900) == [("02:00", 120)]
    kept = source.state.kept["source"]
    again = tariff("02:20", energy_wh=22000, kept=kept)
    assert planned(again) == [("02:19", 100)]
    assert planned(again, 8750, 900) == [("02:19", 115)]
    again = tariff("02:20", energy_wh=22000, kept=kept)
    assert planned(again, 9000000) == [("02:19", 100)]
    assert planned(tariff("07:20", energy_wh=22000, kept=kept)) == [("02:00", 120)]
    assert planned(tariff("02:20", energy_wh=22000, kept=[4200, 7200])) == [("02:19", 115)]  # another kind's


def test_a_departure_on_the_day_on_which_the_clocks_change_is_where_they_then_show_it():
    for changes_s, hours in ((1711846800, 10), (1729990800, 11)):
        source = tariff(energy_wh=200000, offset_min=60, summer="eu", windows=["00:00-24:00 100"])
        source.civil_ms = (changes_s - 6 * 3600) * 1000
        assert [each[1] for each in planned(source)] == [hours * 60]
        pass_unseen(source, hours * 3600)
        assert [each[1] for each in planned(source)] == [73 * 15]


def test_a_clock_that_is_set_back_has_its_next_departure():
    source = tariff("00:00", energy_wh=33000)
    source.civil_ms += 3 * 86400000
    planned(source)
    source.civil_ms -= 3 * 86400000
    assert planned(source) == [("00:00", 60), ("02:00", 120)]


def test_local_time_and_summer_decide_the_window():
    assert planned(tariff(offset_min=60)) == [("01:00", 60)]
    assert planned(tariff(offset_min=-300)) == [("07:00", 60)]
    source = tariff(offset_min=60, summer="eu")
    source.civil_ms += (1720000000 // 86400 * 86400 - MIDNIGHT_S) * 1000  # July
    assert planned(source) == [("00:00", 60)]


def test_summer_begins_and_ends_as_the_directive_says():
    for begins_s, ends_s in ((1711846800, 1729990800), (1743296400, 1761440400), (1774746000, 1792890000)):
        assert [is_summer(at_s) for at_s in (begins_s - 1, begins_s, ends_s - 1, ends_s)] == [False, True, True, False]
    assert local_s(1720000000, 60, True) == 1720007200 and local_s(1720000000, 60, False) == 1720003600
    assert local_s(1700000000, 60, True) == 1700003600


def test_without_a_clock_nothing_is_said_and_a_clock_that_is_set_plans_anew():
    source = tariff()
    assert planned(source) == [("02:00", 60)]
    at_ms, source.civil_ms = source.civil_ms, 0
    assert source.look([], 5) == []
    source.civil_ms = at_ms + 3600000
    assert planned(source) == [("02:00", 60)]
    source.civil_ms += 3600000
    assert planned(source) == [("02:00", 60)]


def test_a_clock_that_creeps_changes_nothing():
    source = tariff()
    planned(source)
    for _ in range(20):
        source.civil_ms += 60
        source.look([], 1)
    assert source.changes == 1


def test_a_plan_in_pieces_has_no_more_runs_than_the_owner_has_places_and_a_rest():
    windows = ["%02d:00-%02d:30 100" % (hour, hour) for hour in range(10)]
    source = tariff("00:00", windows=windows, energy_wh=55000, departure="10:00")
    assert [each[1] for each in planned(source)][:5] == [30] * 5
    assert len(planned(source)) == 6


def test_a_set_point_that_draws_more_than_the_source_may_ask_for_is_refused_at_the_start():
    options = {"device": "charger", "setpoint": 16000, "power_w": 11000, "energy_wh": 1, "departure": "07:00"}
    options.update(price=1, windows=["23:00-05:00 0"])
    for most_w, expected in ((11040, None), (11039, "power_max_w")):
        found = None
        try:
            Listener("owner", most_w).using(Tariff, **options)
        except ValueError as fault:
            found = fault.args[0]
        assert found == expected


def test_parts_of_the_plan():
    assert slots_for(11000, 11000) == 4 and slots_for(11001, 11000) == 5 and slots_for(0, 11000) == 0
    assert cheapest([3, 1, 2, 1, 3], 3) == [1, 2, 3] and cheapest([5, 5, 5], 2) == [0, 1] and cheapest([1], 9) == [0]
    assert runs([0, 1, 4, 6, 7]) == [(0, 2), (4, 1), (6, 2)] and runs([]) == []
    assert [minutes(text) for text in ("00:00", "24:00", "06:05")] == [0, 1440, 365]
    assert [minutes(text) for text in ("24:01", "6:05", "06:60", "ab:cd", "06-05", 5, None, "")] == [None] * 8


async def test_a_charger_runs_in_its_quarter_hour_and_rests_around_it():
    site = SourcedSite(Desk, "owner")
    site.boot()
    assert site.loop.sources is not None
    options: dict[str, Any] = {
        "device": "charger",
        "setpoint": 10000,
        "power_w": 6900,
        "energy_wh": 1725,
        "departure": "07:00",
    }
    options.update({"price": 300, "windows": ["22:15-22:30 100"]})
    site.loop.sources.lookers.append(Tariff(site.desk, options))
    task = asyncio.create_task(site.loop.run())  # it is 22:13:20
    await site.let_pass(60000)
    assert site.charger.limit_ma == 0 and len(site.loop.state.claims) == 2
    await site.let_pass(60000)
    assert site.charger.limit_ma == 10000
    await site.let_pass(870000)
    assert site.charger.limit_ma == 10000
    await site.let_pass(20000)
    assert site.charger.limit_ma == 0 and site.desk.reason == 0
    await stopped(site, task)


def test_the_owners_word_on_the_next_departure_goes_before_the_daily_one_and_only_once():
    source = tariff("00:00")
    assert planned(source) == [("02:00", 60)]
    state = source.state
    state.civil_ms = source.civil_ms
    state.departures["charger"] = (source.civil_ms + 90 * 60000, 5500)
    assert planned(source) == [("00:00", 30)]
    assert planned(source, None, 900) == [("00:00", 30)]
    state.departures["charger"] = (source.civil_ms + 26 * 3600000, 22000)
    assert planned(source) == [("02:00", 120)]
    state.civil_ms = state.departures["charger"][0]
    source.civil_ms = state.civil_ms
    assert planned(source) == [("02:15", 60)]


def test_an_owners_word_that_is_taken_back_takes_back_nothing_that_was_drawn():
    source = tariff("01:59", energy_wh=22000)
    planned(source, 5000, 61)
    source.state.civil_ms = source.civil_ms
    source.state.departures["charger"] = (source.civil_ms + 26 * 3600000, 22000)
    assert planned(source, 5000) == [("02:00", 120)]
    assert planned(source, 7750, 900) == [("02:00", 120)]
    del source.state.departures["charger"]
    assert planned(source, 10500, 900) == [("02:00", 120)]
    assert planned(source, 10500, 5 * 3600) == [("02:00", 120)]


def test_wrong_options_are_refused_by_name():
    right = {
        "device": "charger", "setpoint": 16000, "power_w": 11000, "energy_wh": 1, "departure": "07:00", "price": 1,
        "windows": ["22:00-06:00 -5"],
    }  # fmt: skip
    assert refused(Tariff, **right) is None
    for name, wrong in (
        ("device", "grid"), ("device", "cellar"), ("setpoint", 0), ("power_w", 99), ("energy_wh", 0),
        ("departure", "25:00"), ("windows", []), ("windows", "22:00-06:00 5"), ("windows", ["22:00 06:00 5"]),
        ("windows", ["22:00-06:00"]), ("windows", ["22:00-06:00 1.5"]), ("windows", ["22:00-06:00 5"] * 13),
        ("summer", "us"), ("offset_min", 900), ("primacy", 255),
    ):  # fmt: skip
        changed = dict(right)
        changed[name] = wrong
        assert refused(Tariff, **changed) == name, (name, wrong)
    for name in ("setpoint", "power_w", "energy_wh", "price", "departure", "windows", "device"):
        changed = dict(right)
        del changed[name]
        assert refused(Tariff, **changed) == name
