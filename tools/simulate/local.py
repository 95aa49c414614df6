"""Sources of control that live in the agent's own tick, as an installer chooses them for a site."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tools.simulate.premises import BATTERY, CHARGER, LOAD, Premises

Row = dict[str, Any]


def frequency(rng: random.Random, made: Premises) -> Row | None:
    """Return a relay for the loads and a droop for the battery."""
    loads, batteries = made.having(LOAD), made.having(BATTERY)
    if not loads and not batteries:
        return None
    row: Row = {"name": "mains", "kind": "frequency", "power_max_w": 10000, "meter": "grid"}
    if loads:
        row |= {"stops": loads, "for_s": rng.choice([10, 600])}
    if batteries:
        row |= {"battery": batteries[0], "power_w": 3000}
    return row


def surplus(rng: random.Random, _made: Premises) -> Row | None:
    """Return own sun first, by the connection's meter."""
    return {
        "name": "sun", "kind": "surplus", "power_max_w": 30000, "enable_s": rng.choice([0, 60]),
        "start_w": rng.choice([100, 1400]),
    }  # fmt: skip


def tariff(rng: random.Random, made: Premises) -> Row | None:
    """Return a departure for the charger."""
    if not made.having(CHARGER):
        return None
    return {
        "name": "tariff", "kind": "tariff", "power_max_w": 30000, "device": made.having(CHARGER)[0], "setpoint": 16000,
        "power_w": 11040, "energy_wh": rng.choice([2000, 20000]), "departure": "06:30", "price": 300,
        "windows": ["22:00-06:00 180", "12:00-14:00 90"],
    }  # fmt: skip


def peak(rng: random.Random, _made: Premises) -> Row | None:
    """Return a limit of the owner's for some hours."""
    return {
        "name": "peak", "kind": "peak", "power_max_w": 30000, "limit_w": rng.choice([4000, 9000]),
        "hours": ["00:00-12:00", "17:00-21:00"],
    }  # fmt: skip


def random_delay(rng: random.Random, made: Premises) -> Row | None:
    """Return regulation 11 for the charger."""
    if not made.having(CHARGER):
        return None
    return {
        "name": "delay", "kind": "random-delay", "power_max_w": 0, "device": made.having(CHARGER)[0],
        "max_s": rng.choice([0, 60, 600]), "randomised": ["agg"],
    }  # fmt: skip


LOCAL: tuple[Callable[[random.Random, Premises], Row | None], ...] = (frequency, surplus, tariff, peak, random_delay)
