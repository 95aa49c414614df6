"""What a rule is: it looks at the world at certain moments and says so when something does not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tools.simulate.life import Life
    from tools.simulate.world import World


class Broken(Exception):
    """Args: name of the rule, what was found."""


Asked = TypeVar("Asked")


def once_a_look(ask: Callable[[World], Asked]) -> Callable[[World], Asked]:
    """Ask the world once at each of its looks: several rules want to know the same."""

    def known(world: World) -> Asked:
        if ask not in world.seen:
            world.seen[ask] = ask(world)
        found: Asked = world.seen[ask]
        return found

    return known


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
