"""A grid operator's contact that dims the site: here the relay of the room's thermostat, which the house moves.

A closed contact is owed its limit for as long as it is seen closed.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from agent.limits import IMPORT
from tools.simulate.peers.base import FarSide, Owed
from tools.simulate.premises import ROOM

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.premises import Premises
    from tools.simulate.world import World

SEEN_TICKS = 3  # a reading, the tick that takes it, and one that a busy bus may miss


class Contact(FarSide):
    """Says nothing: it is looked at."""

    kind = "relays"

    def __init__(self, row: dict[str, Any], world: World) -> None:
        super().__init__(row, world)
        self._device = world.plant.home.devices[row["w4"]]
        self._closed_ms: int | None = None

    @staticmethod
    def row_for(rng: random.Random, made: Premises) -> dict[str, Any] | None:
        """Return a source where the site has a room."""
        if not made.having(ROOM):
            return None
        return {
            "name": "relays", "kind": Contact.kind, "power_max_w": 30000, "w4": made.having(ROOM)[0],
            "dim_w": rng.choice([1400, 4200, 8000]),
        }  # fmt: skip

    def begin(self, life: Life, peer: Any) -> None:
        """It has no task."""

    def act(self, word: str, seed: int, seconds: int) -> None:
        """It has no words."""

    def heal(self) -> None:
        """It is never ill."""

    def owed(self) -> list[Owed]:
        """Return the dimming while the contact is closed and its device is well."""
        closed = self._device.product.state()["relay"] and not self._device.faults.any
        if not closed or self.world.life is None:
            self._closed_ms = None
            return []
        if self._closed_ms is None:
            self._closed_ms = self.world.now_ms
        waited_ms = min(self.world.now_ms - self._closed_ms, self.world.up_ms())
        if waited_ms < SEEN_TICKS * self.world.tick_ms + 10_000:
            return []
        return [Owed("", IMPORT, self.row["dim_w"], "the contact is closed")]
