"""Writes that wear a product out are few, whatever happens around it.

Source: docs/architecture.md, leases and failsafes: persistent registers and contacts are written on change only. Some
products die after 300 000 writes; the bound here is what a quarter of an hour with a fault a minute may cost.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from agent import record
from tools.simulate.rules.base import Rule

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.world import World

WINDOW_MS = 600_000
SETPOINTS_MAX = 60  # and never at more than every second tick, all the time


class WearBudget(Rule):
    """Counts the set-points that a device with persistent registers or contacts took."""

    name = "wear"

    def __init__(self) -> None:
        self._kept: dict[int, deque[int]] = {}

    def booted(self, world: World, life: Life) -> None:
        """Count anew: a boot writes all."""
        self._kept = {}

    def told(self, world: World, fact: list[object]) -> None:
        """Count one write."""
        if fact[0] != record.WRITE or fact[4] not in (record.APPLIED, record.DEFAULTED) or world.life is None:
            return
        at = fact[2]
        assert isinstance(at, int)
        if not world.life.loop.state.units[at].contract.persistent:
            return
        kept = self._kept.setdefault(at, deque())
        kept.append(world.now_ms)
        while kept[0] <= world.now_ms - WINDOW_MS:
            kept.popleft()
        if len(kept) > min(SETPOINTS_MAX, WINDOW_MS // world.tick_ms // 2):
            raise self.broken(f"{world.config.devices[at]['id']} took {len(kept)} set-points in ten minutes")
