"""What a rule is: it looks at the world at certain moments and says so when something does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.world import World


class Broken(Exception):
    """Args: name of the rule, what was found."""


class Rule:
    """Base of the rules; each overrides what it needs. All raise Broken."""

    name = ""

    def booted(self, world: World, life: Life) -> None:
        """The agent stands and has not run yet."""

    def look(self, world: World) -> None:
        """A tick, or a second, has passed and everybody has done what was to do."""

    def requested(self, world: World, bus: str, frame: bytes) -> None:
        """The agent sends a frame to a bus."""

    def told(self, world: World, fact: list[object]) -> None:
        """The agent has kept a fact."""

    def before_cut(self, world: World) -> None:
        """The power has failed; the store still holds what was not durable."""

    def ended(self, world: World) -> None:
        """The run is over: everything was healed and drained, the agent has stood down."""

    def broken(self, found: str) -> Broken:
        """Return what to raise."""
        return Broken(self.name, found)
