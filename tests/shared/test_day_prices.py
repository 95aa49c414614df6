"""Prices of the hours of a day, and what is told of them: local time, the day before, texts of windows."""

from __future__ import annotations

from agent.limits import EXPORT, IMPORT
from agent.prices import Prices
from agent.sources.day_prices import DayPrices, windows_of
from tests.shared.house import AGGREGATOR, House

SUMMER_S = 1720656000  # 2024-07-11 00:00 UTC
WINTER_S = 1700006400  # 2023-11-15 00:00 UTC
NIGHT = windows_of(["02:00-03:00 7"])


def hours(at_s, offset_min, summer):
    """Return the hours (UTC) of a day that have the night's price."""
    prices = DayPrices(House().state, NIGHT, 30, 0, offset_min, summer)
    return [hour for hour in range(24) if prices.import_at((at_s + hour * 3600) // 900) == 7]


def test_windows_are_local_time_and_summer_time_only_where_there_is_one():
    for at_s, offset_min, summer, expected in (
        (WINTER_S, 60, "eu", [1]), (SUMMER_S, 60, "eu", [0]), (SUMMER_S, 60, "none", [1]), (SUMMER_S, 0, "none", [2]),
        (WINTER_S, -300, "none", [7]),
    ):  # fmt: skip
        assert hours(at_s, offset_min, summer) == expected, (at_s, offset_min, summer)


def test_on_the_days_on_which_clocks_change_a_window_is_as_long_as_they_show_it():
    assert hours(1711843200, 60, "eu") == []  # 2024-03-31: from 02:00 it is 03:00
    assert hours(1729987200, 60, "eu") == [0, 1]  # 2024-10-27: 02:00 comes twice


def test_behind_what_is_told_each_quarter_hour_is_as_the_same_one_of_the_day_before():
    state, first = House().state, WINTER_S // 900
    state.prices = Prices(["agg"])
    for direction, more in ((IMPORT, 100), (EXPORT, 0)):
        said = [more + at for at in range(96)]
        assert state.prices.take(state, AGGREGATOR, [direction, WINTER_S, 900, said]) == 0
    prices = DayPrices(state, NIGHT, 30, 20, 0, "none")
    assert prices.import_at(first + 96) == 30 and prices.end() == 0  # nobody has looked yet
    for now in (first, first + 95):
        prices.look(now)
        for at in (95, 96, 97, 191, 192):
            assert prices.import_at(first + at) == 100 + at % 96
            assert prices.export_at(first + at, 1000) == at % 96
        assert prices.end() == first + 96


def test_a_text_of_a_window_is_a_span_and_a_whole_price():
    for text, price in (("22:00-06:00 5", 5), ("22:00-06:00 -5", -5), ("22:00-06:00 9999999", 9999999)):
        assert windows_of([text]) == [(1320, 360, price)]
    for text in (
        "22:00-06:00", "22:00-06:00 ", "22:00-06:00 +5", "22:00-06:00 -", "22:00-06:00 --5", "22:00-06:00 10000000",
        "22:00-06:00 1.5", "22:00-06:00 1 0", "22:00 5", "25:00-06:00 5", 5, None,
    ):  # fmt: skip
        assert _refused([text]) == text, text
    assert len(windows_of(["22:00-06:00 5"] * 12)) == 12
    for given in (["22:00-06:00 5"] * 13, [], "22:00-06:00 5", None):
        assert _refused(given) == given


def _refused(given):
    try:
        return "taken: " + str(windows_of(given))
    except ValueError as fault:
        assert fault.args[0] == "windows"
        return fault.args[1]
