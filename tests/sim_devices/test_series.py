"""The recorded series: units, clocks, and the days they are read for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sim_devices import series
from tests.needs import lacking


@pytest.fixture(autouse=True)
def recorded() -> None:
    try:
        series.base_load_w(0, datetime(2022, 1, 1, tzinfo=UTC))
    except series.NoSeries as missing:
        lacking(str(missing))


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_a_year_of_sun_is_what_the_file_sums_to():
    hours = [series.pv_w_per_kwp(moment(2022, 1, 1) + timedelta(hours=h)) for h in range(365 * 24)]
    assert sum(hours) / 1000 == pytest.approx(1249, rel=0.01)
    assert max(hours) < 853


def test_the_sun_is_highest_around_noon_and_gone_at_night():
    june = [series.pv_w_per_kwp(moment(2022, 6, 20, h)) for h in range(24)]
    assert 10 <= june.index(max(june)) <= 15
    assert june[0] == june[23] == 0


def test_a_home_uses_what_its_column_sums_to():
    quarters = [series.base_load_w(7, moment(2022, 1, 1) + timedelta(minutes=15 * q)) for q in range(35040)]
    assert sum(quarters) / 4000 == pytest.approx(6276, rel=0.001)
    assert min(quarters) >= 0


def test_a_leap_day_and_other_years_read_the_same_days():
    assert series.base_load_w(7, moment(2024, 2, 29, 12)) == series.base_load_w(7, moment(2022, 2, 28, 12))
    assert series.seconds_of_year(moment(2023, 1, 1)) == 0


def test_prices_know_both_spellings_of_their_dates_and_where_they_end():
    assert series.price_eur_mwh(moment(2015, 1, 1, 1, 30)) == 34.94
    assert series.price_eur_mwh(moment(2023, 1, 1, 0, 5)) == -3.61
    assert series.price_eur_mwh(moment(2030, 1, 1)) is None


def test_an_unknown_column_is_named():
    with pytest.raises(series.NoSeries, match="no column 25"):
        series.base_load_w(25, moment(2022, 1, 1))
