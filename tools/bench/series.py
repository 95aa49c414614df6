"""Ten quantities of a three-phase meter, minute by minute: recorded ones, or drawn to be as restless as those.

Source of the restlessness: UCI "Individual household electric power consumption" (doi 10.24432/C58K54), its first 1200
minutes: how much voltage and power change from one minute to the next. A recording is one household on one phase;
three thirds of it stand for the three phases. It holds no frequency: that is always drawn.
"""

from __future__ import annotations

import csv
import random
from bisect import bisect
from collections.abc import Iterator
from pathlib import Path

from hal import quantities as q
from tools.bench.child import BenchError

SEED = 4
# Of all changes of a minute such a share is below so many millivolts, watts.
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
CHANGES_MV = (0, 100, 240, 600, 1210, 1940, 2810)
CHANGES_W = (0, 6, 18, 120, 986, 1666, 2246)
BOUNDS_MV, BOUNDS_W = (225000, 245000), (200, 7700)
CHANGE_MHZ = 15
WH_AT_FIRST = 12_345_678
WH_FED_IN = 765_432  # there is no sun

Phase = tuple[int, int, int]  # V in mV, I in mA, P in W
TEN = (
    q.POWER_W, q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA, q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV,
    q.FREQUENCY_MHZ, q.ENERGY_IMPORT_WH, q.ENERGY_EXPORT_WH,
)  # fmt: skip


def minutes(recording: Path | None, count: int) -> list[dict[int, int]]:
    """Return so many minutes of the ten quantities. Raises: BenchError, OSError when they cannot be had."""
    rng = random.Random(SEED)  # noqa: S311  (a seed, no secret)
    phases = _drawn(rng, count) if recording is None else _recorded(recording, count)
    said, watt_minutes, frequency_mhz = [], 0, 50000
    for at in range(count):
        total_w = sum(phase[at][2] for phase in phases)
        watt_minutes += total_w
        frequency_mhz = _moved(frequency_mhz, rng.randint(-CHANGE_MHZ, CHANGE_MHZ), (49900, 50100))
        currents, voltages = [phase[at][1] for phase in phases], [phase[at][0] for phase in phases]
        energy_wh = WH_AT_FIRST + watt_minutes // 60
        told = [total_w, *currents, *voltages, frequency_mhz, energy_wh, WH_FED_IN]
        said.append(dict(zip(TEN, told, strict=True)))
    return said


def _drawn(rng: random.Random, count: int) -> list[list[Phase]]:
    return [list(_phase(rng, count)) for _ in range(3)]


def _phase(rng: random.Random, count: int) -> Iterator[Phase]:
    voltage_mv, power_w = 233000, 1200
    for _ in range(count):
        voltage_mv = _moved(voltage_mv, _change(rng, CHANGES_MV), BOUNDS_MV)
        power_w = _moved(power_w, _change(rng, CHANGES_W), BOUNDS_W)
        yield voltage_mv, power_w * 1_000_000 // voltage_mv, power_w


def _change(rng: random.Random, changes: tuple[int, ...]) -> int:
    """Draw a change up or down; those between two marks are equally likely."""
    share = rng.random() * SHARES[-1]
    at = bisect(SHARES, share) - 1
    part = (share - SHARES[at]) / (SHARES[at + 1] - SHARES[at])
    return rng.choice((-1, 1)) * round(changes[at] + part * (changes[at + 1] - changes[at]))


def _moved(number: int, change: int, bounds: tuple[int, int]) -> int:
    """Return the number after the change, or after the opposite one where that would leave the bounds."""
    return number + change if bounds[0] <= number + change <= bounds[1] else number - change


def _recorded(recording: Path, count: int) -> list[list[Phase]]:
    with recording.open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row["Voltage"] not in ("", "?")]
    third = len(rows) // 3
    if third < count:
        raise BenchError(f"{recording}: {len(rows)} minutes, {3 * count} are needed")
    return [[_row(row) for row in rows[begin : begin + count]] for begin in (0, third, 2 * third)]


def _row(row: dict[str, str]) -> Phase:
    names = ("Voltage", "Global_intensity", "Global_active_power")
    voltage_mv, current_ma, power_w = (round(float(row[name]) * 1000) for name in names)
    return voltage_mv, current_ma, power_w
