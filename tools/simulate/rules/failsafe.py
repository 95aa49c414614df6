"""Failsafes: entered when they must be, nothing above the fallback inside, left once and without anybody's help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import record
from hal import quantities as q
from tools.simulate.rules.base import Rule

if TYPE_CHECKING:
    from agent.unit import Unit
    from tools.simulate.life import Life
    from tools.simulate.world import World

LATE_MS = 3_000  # a tick of a second, and an answer that was on its way
LEFT_MS = 75_000  # a silent unit rests 3.5 s, a wrong one 30 s, twice; then the meter must be good for 5 s
LEFT_TICKS = 4  # each of those waits ends at a tick


class FailsafeEntered(Rule):
    """A grid meter that says nothing for longer than `meter_stale_ms` gives no headroom."""

    name = "failsafe entered"

    def __init__(self) -> None:
        self._silent_ms: int | None = None

    def look(self, world: World) -> None:
        """Count the silence of the meter."""
        faults = world.plant.home.devices["grid"].faults
        if faults.get("silence") is None or world.life is None:
            self._silent_ms = None
            return
        if self._silent_ms is None:
            self._silent_ms = world.now_ms
        silent_ms = min(world.now_ms - self._silent_ms, world.up_ms())
        stale_ms = world.config.site["meter_stale_ms"]
        if (
            silent_ms > stale_ms + LATE_MS + world.slack_ms
            and not world.life.loop.state.failsafe
            and not world.life.ended
        ):
            raise self.broken(f"the meter is silent for {silent_ms} ms and there is headroom")


class FallbackKept(Rule):
    """While there is no headroom nobody is told more than the fallback."""

    name = "nothing above fallback"

    def look(self, world: World) -> None:
        """Look at what every unit was told."""
        if world.life is None or not world.life.loop.state.failsafe:
            return
        for unit in world.life.loop.state.powered:
            if not unit.source:
                continue
            most = unit.lowest() if unit.fallback is None else unit.fallback
            if unit.setpoint is None or _draw_w(unit, unit.setpoint) > _draw_w(unit, most):
                raise self.broken(f"{unit.id} was told {unit.setpoint}, its fallback is {most}")


def _draw_w(unit: Unit, setpoint: int) -> int:
    """Return the order of set-points by what they draw; SG-Ready counts up, everything else is a magnitude."""
    return 0 if unit.contract.control == q.MODE and setpoint == q.SG_LOCK else unit.power_of(setpoint)


class FailsafeLeft(Rule):
    """Entered and left in turns, with the same cause, and left by itself once the meter is good."""

    name = "failsafe left once"

    def __init__(self) -> None:
        self._cause = 0
        self._good_ms: int | None = None

    def booted(self, world: World, life: Life) -> None:
        """A boot begins outside."""
        self._cause = 0

    def told(self, world: World, fact: list[object]) -> None:
        """Follow the records."""
        if fact[0] != record.FAILSAFE or fact[3] == record.SHUTDOWN:
            return
        cause, entered = fact[3], fact[4]
        assert isinstance(cause, int)
        if entered is (self._cause != 0) or (not entered and cause != self._cause):
            raise self.broken(f"cause {cause} {'entered' if entered else 'left'} while {self._cause} is in force")
        self._cause = cause if entered else 0

    def look(self, world: World) -> None:
        """Count since when the meter is good."""
        life = world.life
        if life is None or not world.plant.meter_true or life.ended:
            self._good_ms = None
            return
        if self._good_ms is None:
            self._good_ms = world.now_ms
        good_ms = min(world.now_ms - self._good_ms, world.up_ms())
        if good_ms > LEFT_MS + LEFT_TICKS * world.slack_ms and life.loop.state.failsafe:
            raise self.broken(f"the meter is good for {good_ms} ms and cause {life.loop.state.failsafe} is in force")
