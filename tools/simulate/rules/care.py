"""Equipment and people are looked after whoever asks: rests and least runs, charge, comfort.

What is granted is judged, for each device at each look: a device that fails or that somebody else moves is not the
agent's doing. A hard limit may stop a device in its least run; nobody starts one in its rest.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from agent import record
from agent.protection import HOUR_MS
from hal.capabilities import BATTERY, THERMOSTAT
from tools.simulate.rules.base import Rule

if TYPE_CHECKING:
    from agent.unit import Unit
    from tools.simulate.life import Life
    from tools.simulate.world import World

WISHES = ("claim", "default", "comfort")
CHARGE_SLACK = 0.01  # a product tells its charge in whole steps
OWNER = "claim owner"


class TimersKept(Rule):
    """A rest and the starts of an hour are kept by everybody, a least run by every wish."""

    name = "protection timers"

    def __init__(self) -> None:
        self._runs: dict[int, bool] = {}
        self._changed_ms: dict[int, int] = {}
        self._starts: dict[int, deque[int]] = {}
        self._bound: set[object] = set()  # devices that something harder than a wish bound since the last look

    def booted(self, world: World, life: Life) -> None:
        """Begin anew, but for the starts: what a device did while the agent was off is not known."""
        self._runs, self._changed_ms = {}, {}

    def told(self, world: World, fact: list[object]) -> None:
        """Remember what a limit bound: a wish may take its place in the same moment, and has stopped nothing then."""
        if fact[0] == record.BINDING and not str(fact[4]).startswith(WISHES):
            self._bound.add(fact[2])

    def look(self, world: World) -> None:
        """Look at every device that starts and stops."""
        if world.life is None:
            return
        for unit in world.life.loop.state.units:
            if unit.contract.control and unit.source and unit.contract.kind != BATTERY:
                self._look_at(world, unit)
        self._bound.clear()

    def _look_at(self, world: World, unit: Unit) -> None:
        runs, before = unit.runs(unit.setpoint), self._runs.get(unit.index)
        self._runs[unit.index] = runs
        if before is None or runs is before:
            return
        since_ms = world.now_ms - self._changed_ms.get(unit.index, -HOUR_MS * 24)
        self._changed_ms[unit.index] = world.now_ms
        guard = unit.guard
        slack_ms = world.slack_ms  # the agent decided somewhat before this look
        if runs:
            if since_ms + slack_ms < guard.off_ms:
                raise self.broken(f"{unit.id} starts {since_ms} ms after it stopped, by {unit.source}")
            self._count_start(world, unit)
        elif since_ms + slack_ms < guard.on_ms and unit.source.startswith(WISHES) and unit.index not in self._bound:
            raise self.broken(f"{unit.id} stops {since_ms} ms after it started, by {unit.source}")

    def _count_start(self, world: World, unit: Unit) -> None:
        most = unit.guard.starts_per_h
        starts = self._starts.setdefault(unit.index, deque())
        while starts and starts[0] + HOUR_MS - world.slack_ms <= world.now_ms:
            starts.popleft()
        starts.append(world.now_ms)
        if most and len(starts) > most:
            raise self.broken(f"{unit.id} starts {len(starts)} times in an hour")


class ChargeKept(Rule):
    """No battery is told to go below its floor or above its ceiling."""

    name = "charge bounds"

    def look(self, world: World) -> None:
        """Look at what the battery was told and at its cells."""
        inverter = world.plant.house.inverter
        if world.life is None or inverter is None or not world.plant.devices_obey:
            return
        for unit in world.life.loop.state.units:
            told_w = unit.setpoint
            if unit.contract.kind != BATTERY or told_w is None or not unit.source:
                continue
            soc, guard = inverter.battery.soc, unit.guard
            if told_w < 0 and soc < guard.soc_min_pm / 1000 - CHARGE_SLACK:
                raise self.broken(f"{unit.id} is told {told_w} W at {soc:.3f}, by {unit.source}")
            if told_w > 0 and soc > guard.soc_max_pm / 1000 + CHARGE_SLACK:
                raise self.broken(f"{unit.id} is told {told_w} W at {soc:.3f}, by {unit.source}")


class ComfortKept(Rule):
    """Only the owner leaves the comfort band."""

    name = "comfort"

    def look(self, world: World) -> None:
        """Look at every thermostat."""
        if world.life is None:
            return
        for unit in world.life.loop.state.units:
            lowest, highest = unit.comfort
            told = unit.setpoint
            if unit.contract.kind != THERMOSTAT or told is None or unit.source == OWNER:
                continue
            if (lowest is not None and told < lowest) or (highest is not None and told > highest):
                raise self.broken(f"{unit.id} is told {told}, by {unit.source}")
