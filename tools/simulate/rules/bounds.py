"""Whatever can grow is bounded: queues, limits, claims, pages in hand, the store, tasks that sleep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.simulate.life import INBOUND_MAX
from tools.simulate.rules.base import Rule

if TYPE_CHECKING:
    from tools.simulate.world import World

INBOX_MAX = 64  # messages; reports of workers come on top, two for each device at most
LIMITS_MAX = CLAIMS_MAX = WINDOWS_MAX = 32
COUNTERS_MAX = 5  # keys that the site knows
IN_FLIGHT_MAX = 4
UNSEALED_MAX = 8
BUFFER_BYTES_MAX = 65536
SLEEPERS_OF_PEER_MAX = 16


class Bounded(Rule):
    """Looks at every queue."""

    name = "bounded"

    def look(self, world: World) -> None:
        """Compare what is there with what may be."""
        if world.life is None:
            return
        loop = world.life.loop
        devices = len(world.config.devices)
        for what, found, most in (
            ("inbox", len(loop.inbox), INBOX_MAX + 2 * devices),
            ("limits", len(loop.state.limits), LIMITS_MAX),
            ("claims", len(loop.state.claims), CLAIMS_MAX),
            ("windows", len(loop.state.reserving.windows) if loop.state.reserving else 0, WINDOWS_MAX),
            ("counters", len(loop.state.counters), COUNTERS_MAX + len(world.config.sources)),
            ("facts", len(loop.state.records), 2 * (LIMITS_MAX + CLAIMS_MAX)),
            ("pages in flight", len(loop.session._flights), IN_FLIGHT_MAX),
            ("unsealed pages", len(loop.ledger.unsealed), UNSEALED_MAX),
            ("journal buffer", loop.ledger.journal.waiting_bytes, BUFFER_BYTES_MAX),
            ("store", world.store.size_bytes(), world.store.capacity_bytes),
            ("received", len(world.life.uplink._inbox), INBOUND_MAX),
            ("sleepers", world.timeline.asleep, 2 * devices + 8 + SLEEPERS_OF_PEER_MAX * len(world.far_sides)),
        ):
            if found > most:
                raise self.broken(f"{what}: {found}, at most {most}")
