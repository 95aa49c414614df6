"""When the car comes home, as recorded: ElaadNL's distribution of arrivals at private charge points, shipped in ev2gym.

Half of the recorded private sessions take more than 11 kWh (distribution-of-energy-demand.csv): that is what each takes
here. It arrives between 15:00 and 22:00, drawn from a seed, and leaves at 07:00 each day.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sim_devices.series import recorded_file

SEED = 11
ENERGY_WH = 11000
LEAVES_H = 7
FIRST, LAST = "15:00", "22:00"


@dataclass(frozen=True)
class Session:
    """From coming home to leaving, local standard time."""

    arrives: datetime
    leaves: datetime


def sessions(start: datetime, days: int) -> list[Session]:
    """Return the session of each day, on whole quarters of an hour. Raises: NoSeries."""
    with recorded_file("distribution-of-arrival.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if FIRST <= row["Arrival time"] <= LAST]
    midnight = start.replace(hour=0, minute=0)
    return [_session(midnight + timedelta(days=day), rows) for day in range(days)]


def _session(midnight: datetime, rows: list[dict[str, str]]) -> Session:
    """Draw from what was recorded; a day is the same in whichever run it lies."""
    rng = random.Random(f"{SEED}/{midnight:%Y-%m-%d}")  # noqa: S311  (a seed, no secret)
    (clock,) = rng.choices([row["Arrival time"] for row in rows], [float(row["private"]) for row in rows])
    hours, minutes = clock.split(":")
    arrives = midnight + timedelta(hours=int(hours), minutes=int(minutes))
    return Session(arrives, midnight + timedelta(days=1, hours=LEAVES_H))
