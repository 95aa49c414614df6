"""Protocols with a peer: none breaks whatever the peer says, each refusal has a reason, and what was taken holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import record
from agent.limits import WATT
from tools.simulate.rules.base import Rule

if TYPE_CHECKING:
    from tools.simulate.peers import Owed
    from tools.simulate.world import World

NONSENSE = (record.MALFORMED, record.UNKNOWN_DEVICE, record.ROLE_FORBIDS, record.OVER_CEILING, record.TOO_LARGE)


class PeersGoOn(Rule):
    """Whatever a peer sends, the source that listens to it goes on: a gateway would begin it anew after a minute."""

    name = "source goes on"

    def look(self, world: World) -> None:
        """Look at every source with a peer."""
        for far in world.far_sides.values():
            if far.broke:
                raise self.broken(f"{far.name} broke: {far.broke}")


class RefusalsExplained(Rule):
    """What a peer sends is taken, or it is answered or told why not."""

    name = "refusal has a reason"

    def look(self, world: World) -> None:
        """Ask every peer."""
        if world.life is None or world.life.ended:
            return
        for far in world.far_sides.values():
            found = far.unexplained()
            if found:
                raise self.broken(f"{far.name}: {found}")


class SourceHeld(Rule):
    """A limit that a source has taken from its peer is in force for as long as it was said for."""

    name = "source's limit"

    def look(self, world: World) -> None:
        """Look at what every peer is owed."""
        if world.life is None or world.life.ended:
            return
        for far in world.far_sides.values():
            for owed in far.owed():
                self._look_at(world, far.name, owed)

    def _look_at(self, world: World, name: str, owed: Owed) -> None:
        assert world.life is not None
        state = world.life.loop.state
        scope = state.scope_named(owed.scope)
        held = [
            limit.value
            for limit in state.limits
            if limit.live and limit.source == name and limit.scope == scope
            and limit.direction == owed.direction and limit.quantity == WATT
        ]  # fmt: skip
        if not held or min(held) > owed.most_w:
            raise self.broken(f"{name} holds {held or 'nothing'} where {owed.most_w} W are owed: {owed.why}")


class SetsMakeSense(Rule):
    """A source leaves out of its set what the core would refuse: one absurd control takes no other along."""

    name = "set makes sense"

    def told(self, world: World, fact: list[object]) -> None:
        """Look at the answer to every set of a source with a peer."""
        if fact[0] != record.DECISION or world.life is None or fact[5] not in NONSENSE:
            return
        for peer in world.life.peers:
            if peer.desk.digest == fact[2]:
                raise self.broken(f"the set of {peer.desk.authority.name} was refused with {fact[5]}")
