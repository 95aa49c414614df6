"""How large a site is and how often its agent looks and acts, as installers choose it, and the settings that must fit.

Source: docs/config.md: a tick of 100 ms to 10 s, a lease of two ticks at least. Every device is read once a tick: a
meter that is trusted for less than a few ticks would be lost with one lost frame.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

TRUSTED_TICKS = LEASE_TICKS = 3
READING_TICKS = 6


@dataclass(frozen=True)
class Pace:
    """What a kind of scenario draws from: ticks in ms, kinds of devices beside the grid meter, ms on the LAN."""

    ticks_ms: tuple[int, ...]
    kinds: tuple[int, ...]
    lan_ms: tuple[int, ...]


HOURS = Pace((250, 1000, 1000, 1000, 2000, 5000, 10_000), (1, 2, 3, 4, 5, 6, 7), (3,))
# An agent costs by tick and device, so that a day is drawn mostly slow and small: 200 of them run in minutes.
DAYS = Pace((10_000,) * 19 + (5000,), (1, 1, 1, 1, 2, 2, 3), (0, 0, 0, 3))


def set_pace(rng: random.Random, site: dict[str, Any], pace: Pace) -> None:
    """Draw the tick of a site, and keep lease, reading and trust in the meter long enough for it."""
    tick_ms = rng.choice(pace.ticks_ms)
    agent, house = site["agent"], site["site"]
    agent["tick_ms"] = tick_ms
    agent["lease_ms"] = max(10_000, LEASE_TICKS * tick_ms)
    agent["reading_s"] = max(agent["reading_s"], READING_TICKS * tick_ms // 1000)
    house["meter_stale_ms"] = max(house["meter_stale_ms"], TRUSTED_TICKS * tick_ms)
