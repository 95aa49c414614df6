"""In a reserved window no other programme is served on what it holds, judged by what the journal says of windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent import record
from tools.simulate.rules.base import Rule

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.world import World

Window = tuple[str, list[int], int, int]  # source, devices, from and until on the agent's own clock


class OneProgramme(Rule):
    """Knows windows from their records alone, and looks at who decides on their devices and circuits."""

    name = "one programme"

    def __init__(self) -> None:
        self._windows: dict[bytes, list[Window]] = {}

    def booted(self, world: World, life: Life) -> None:
        """All that hold are stated anew."""
        self._windows = {}

    def told(self, world: World, fact: list[Any]) -> None:
        """Follow windows; elements of a set share a name, and what ends before its time is stated once more."""
        if fact[0] == record.RESERVATION:
            at_ms, command, source, _place, devices, _direction, _power_w, wait_ms, left_ms = fact[1:]
            if left_ms:
                known = self._windows.setdefault(command, [])
                known.append((source, devices, at_ms + wait_ms, at_ms + left_ms))
            else:
                self._windows.pop(command, None)
        elif fact[0] == record.CLOCK:
            self._windows = {}  # a clock that is known at last moves them, and they are stated anew

    def look(self, world: World) -> None:
        """Look at every window that runs."""
        if world.life is None or world.life.ended:
            return
        state, rows = world.life.loop.state, world.config.authorities + world.config.sources
        programmes = [row["name"] for row in rows if row["role"] in ("aggregator", "utility")]
        for source, devices, from_ms, until_ms in [each for known in self._windows.values() for each in known]:
            if not from_ms <= state.now_ms < until_ms:
                continue
            for unit in [unit for unit in state.units if unit.index in devices]:
                aims = [circuit.aim.name for circuit in unit.chain if circuit.aim is not None]
                for served in [unit.source, unit.wanted_source, *aims]:
                    if served in [f"claim {name}" for name in programmes if name != source]:
                        raise self.broken(f"{unit.id} is {source}'s and {served} is served")
