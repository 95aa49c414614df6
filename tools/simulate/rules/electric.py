"""The connection holds: import limit, fuses, export by batteries, the battery's own bounds; judged on the truth.

Nothing is promised while the meter lies, a device is at fault, the agent is off or in failsafe, or what nobody can
move is too much already. A disturbance starts the clock anew; so much time is allowed: the agent's 10 s for a device
to follow before others must make room, the slowest device's own lag, a reading and a tick. Sources of the lags:
sim_devices (charge point 5 s + 4 s; compressor: time constant 15 s, so 90 s until it is in the noise).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from agent.limits import WATT
from tools.simulate.premises import PUMP, SG_READY
from tools.simulate.rules.base import Rule, once_a_look

if TYPE_CHECKING:
    from tools.simulate.world import World

FOLLOW_MS = 10_000  # before others make room for who does not follow
DEVICES_MS = 15_000
COMPRESSOR_MS = 75_000
CALM_MS = 60_000  # after a fault or a boot: resting units, a failsafe's exit, a product that is probed again
CALM_TICKS = 4  # each of those waits ends at a tick
HELD_TICKS = 3  # a reading, the end of FOLLOW_MS, the order to others
SLACK_W = 300
SLACK_PER_CENT = 3
IMPORT, EXPORT = 0, 1


def allowed_w(world: World, direction: int) -> float:
    """Return the tightest limit of the site that the agent has taken in, or the connection's own."""
    site = world.made.site["site"]
    found: float = site["export_limit_w" if direction == EXPORT else "import_limit_w"]
    assert world.life is not None
    for limit in world.life.loop.state.limits:
        if limit.live and limit.scope == -1 and limit.direction == direction and limit.quantity == WATT:
            found = min(found, limit.value)
    return found


@once_a_look
def is_promised(world: World) -> bool:
    """Tell whether anything is promised now."""
    life, plant = world.life, world.plant
    return not (
        life is None
        or world.up_ms() < CALM_MS + CALM_TICKS * world.slack_ms
        or life.loop.state.failsafe
        or life.ended
        or not (plant.meter_true and plant.devices_obey)
    )


class Held(Rule, ABC):
    """Base: counts for how long something is passed while it could be kept."""

    def __init__(self) -> None:
        self._since_ms: dict[object, int] = {}
        self._calm_from_ms = 0

    def look(self, world: World) -> None:
        """Look at everything that may be passed."""
        if not is_promised(world):
            self._forget(world)
            return
        if world.now_ms < self._calm_from_ms:
            return
        for key, over in self.passed(world):
            if over:
                self._count(world, key, over)
            else:
                self._since_ms.pop(key, None)

    @abstractmethod
    def passed(self, world: World) -> list[tuple[object, str]]:
        """Return a key and a text for everything looked at; the text is empty where it is kept or cannot be."""

    def _forget(self, world: World) -> None:
        self._since_ms.clear()
        self._calm_from_ms = world.now_ms + CALM_MS + CALM_TICKS * world.slack_ms

    def _count(self, world: World, key: object, over: str) -> None:
        since_ms = max(self._since_ms.setdefault(key, world.now_ms), world.stirred_ms)
        slow = world.made.having(PUMP, SG_READY)
        allowed_ms = FOLLOW_MS + DEVICES_MS + (COMPRESSOR_MS if slow else 0) + HELD_TICKS * world.slack_ms
        if world.now_ms - since_ms > allowed_ms:
            raise self.broken(f"{over} for {(world.now_ms - since_ms) // 1000} s")


class ImportHeld(Held):
    """The connection and the grid operator's import limit."""

    name = "import limit"

    def passed(self, world: World) -> list[tuple[object, str]]:
        """Look at the sum of the phases."""
        most_w = allowed_w(world, IMPORT)
        found_w = world.plant.grid_w()
        if found_w <= most_w + most_w * SLACK_PER_CENT / 100 + SLACK_W:
            return [("site", "")]
        movable_w = sum(world.plant.movable_w())
        over = found_w - movable_w < most_w - SLACK_W and movable_w > SLACK_W
        return [("site", f"{found_w:.0f} W where {most_w:.0f} W may flow" if over else "")]


class FusesHeld(Held):
    """No phase imports more than its fuse carries."""

    name = "fuse"

    def passed(self, world: World) -> list[tuple[object, str]]:
        """Look at each phase."""
        fuse_a = world.made.site["site"]["fuse_ma"] / 1000
        connection = world.plant.house.grid.connection
        found: list[tuple[object, str]] = []
        for phase in range(3):
            here_a = connection.current_a(phase) if connection.flow.w[phase] > 0 else 0.0
            over = False
            if here_a > fuse_a * (1 + SLACK_PER_CENT / 100) + 1:
                movable_w = world.plant.movable_w()[phase]
                over = here_a - movable_w / connection.voltage_v[phase] < fuse_a - 1 and movable_w > SLACK_W
            found.append((phase, f"{here_a:.1f} A on L{phase + 1} behind {fuse_a:.0f} A" if over else ""))
        return found


class CircuitFusesHeld(Held):
    """No phase of a circuit below the connection imports more than its fuse carries: only the agent moves it."""

    name = "circuit fuse"

    def passed(self, world: World) -> list[tuple[object, str]]:
        """Look at each phase of each circuit."""
        found: list[tuple[object, str]] = []
        volt = world.plant.house.grid.connection.voltage_v
        for row in world.made.site.get("circuit", []):
            drawn_w = world.plant.hung_w(row["id"])
            for phase in range(3):
                here_a = max(drawn_w[phase], 0.0) / volt[phase]
                over = here_a > row["fuse_ma"] / 1000 * (1 + SLACK_PER_CENT / 100) + 1
                text = f"{here_a:.1f} A on L{phase + 1} of {row['id']}" if over else ""
                found.append(((row["id"], phase), text))
        return found


class ExportHeld(Held):
    """A battery does not push the export over its limit."""

    name = "export limit"

    def passed(self, world: World) -> list[tuple[object, str]]:
        """Look at what a discharging battery adds."""
        inverter = world.plant.house.inverter
        if inverter is None:
            return []
        most_w = allowed_w(world, EXPORT)
        found_w = -world.plant.grid_w()
        bound_w = most_w + most_w * SLACK_PER_CENT / 100 + SLACK_W
        if found_w <= bound_w or inverter.battery.power_w >= -SLACK_W:
            return [("site", "")]
        return [
            ("site", f"{found_w:.0f} W fed in where {most_w:.0f} W may, battery at {inverter.battery.power_w:.0f} W")
        ]


class SocBounded(Rule):
    """The battery stays between its hard ends."""

    name = "state of charge"

    def look(self, world: World) -> None:
        """Look at the cells."""
        inverter = world.plant.house.inverter
        if inverter is None:
            return
        cells = inverter.battery
        if not cells.soc_min - 0.001 <= cells.soc <= cells.soc_max + 0.001:
            raise self.broken(f"{cells.soc:.4f} outside {cells.soc_min}..{cells.soc_max}")
