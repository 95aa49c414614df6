"""Recorded temperatures, as the house reads them."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime

import pytest

from sim_devices.house import Weather
from sim_devices.temperatures import outside_c
from tests.needs import lacking


@pytest.fixture(autouse=True)
def recorded():
    if importlib.util.find_spec("eemeter") is None:
        lacking("eemeter is not installed: make build/cost/ready")


def test_an_hour_reads_what_was_recorded_in_2016_whatever_the_year():
    # il-tempF.csv.gz: 2016-01-01T00:00:00-06:00,26.4
    for year in (2016, 2022, 2024):
        assert outside_c(datetime(year, 1, 1, tzinfo=UTC)) == pytest.approx((26.4 - 32) / 1.8)


def test_between_two_hours_it_is_between_them_and_the_year_ends_where_it_begins():
    before, after = outside_c(datetime(2022, 7, 1, 13, tzinfo=UTC)), outside_c(datetime(2022, 7, 1, 14, tzinfo=UTC))
    assert outside_c(datetime(2022, 7, 1, 13, 30, tzinfo=UTC)) == pytest.approx((before + after) / 2)
    assert (
        abs(outside_c(datetime(2022, 12, 31, 23, 59, tzinfo=UTC)) - outside_c(datetime(2022, 1, 1, tzinfo=UTC))) < 0.2
    )


def test_the_day_after_a_leap_day_is_read_as_the_first_of_march():
    assert outside_c(datetime(2024, 3, 1, tzinfo=UTC)) == outside_c(datetime(2022, 3, 1, tzinfo=UTC))


def test_a_house_feels_them_unless_a_constant_is_set():
    at = datetime(2022, 1, 18, 6, tzinfo=UTC)
    assert Weather(recorded=True).outside_c(at) == outside_c(at) != Weather().outside_c(at)
    assert Weather(recorded=True, constant_c=4.0).outside_c(at) == 4.0
