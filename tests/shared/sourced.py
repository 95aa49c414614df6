"""A whole agent in virtual time with sources of control beside its signed commands."""

from __future__ import annotations

import asyncio

from agent import record
from agent.sources.desk import Sources, authority_of
from tests.shared.site import TwinSite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.sources.desk import Control, Desk


class SourcedSite(TwinSite):
    """A meter, a charger and one source; `boot` puts a new desk of the same kind in its place."""

    def __init__(self, kind: type[Desk], role: str = "grid", power_max_w: int = 20000) -> None:
        super().__init__()
        self.kind = kind
        self.role = role
        self.power_max_w = power_max_w
        self.heard: list[list[object]] = []

    def boot(self) -> None:
        """Build an agent and its source."""
        super().boot()
        self.desk = self.kind(self.loop, authority_of("source", self.role, self.power_max_w))
        self.loop.sources = Sources()
        self.loop.sources.desks.append(self.desk)
        self.loop.tell = self.heard.append

    async def start(self) -> asyncio.Task[None]:
        """Boot without an uplink, and return the running task."""
        self.boot()
        task = asyncio.create_task(self.loop.run())
        await self.let_pass(3000)
        return task

    async def let_pass(self, ms: int) -> None:
        """Let virtual time pass in steps of 500 ms: nobody here waits for a signature."""
        for _ in range(ms // 500):
            self.clock.advance(500)
            self.civil_ms += 500
            for _turn in range(20):
                await asyncio.sleep(0)

    async def say(self, controls: list[Control], origin: bytes = b"peer", ms: int = 2000) -> None:
        """Let the source say a set, and time pass."""
        self.desk.replace(controls, origin)
        await self.let_pass(ms)

    def decisions(self) -> list[list[object]]:
        """Return the decisions that were kept."""
        return [fact for fact in self.heard if fact[0] == record.DECISION]


def limit(most_w: int, duration_s: int = 0, **options: int) -> Control:
    """Return an import limit of the site."""
    named = {"start_s": 3}
    body: Control = ["", 0, most_w, duration_s]
    return [1, body + [{named[key]: options[key] for key in options}] if options else body]


def claim(wanted: int, duration_s: int = 600, primacy: int = 5, start_s: int = 0) -> Control:
    """Return a set-point for the charger."""
    body: Control = ["charger", wanted, duration_s, primacy]
    return [2, body + [{3: start_s}] if start_s else body]
