"""Keeps programs up as a service manager does: started, killed, started again; every life is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tools.broker import Broker
from tools.demo.processes import Program
from tools.errors import UsageError

AGAIN_S = 1.0  # a program that ended by itself is started again after this
MADE = Callable[[Callable[[str, dict[str, Any]], None]], Program]


@dataclass
class Life:
    """One process from its start to its end; seconds of the run."""

    began_s: float
    ready_s: float | None = None
    ended_s: float | None = None
    killed: bool = False
    exit_code: int | None = None
    ready: dict[str, Any] = field(default_factory=dict)  # what it said when it was
    facts: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    resident_kb: list[tuple[float, int]] = field(default_factory=list)
    handles: list[tuple[float, int]] = field(default_factory=list)

    def at(self, now_s: float) -> bool:
        """Tell whether it was ready and alive then."""
        return self.ready_s is not None and self.ready_s <= now_s and (self.ended_s is None or now_s < self.ended_s)


class Kept(Protocol):
    """Something that can be killed and comes back."""

    name: str
    lives: list[Life]

    def kill(self, down_s: float) -> None:
        """End it as a power cut does; it is started again after `down_s`."""

    async def run(self) -> None:
        """Keep it up until cancelled; it is gone when this has ended."""


class Keeper:
    """A program with a process of its own; `links` are removed when it ends.

    A terminal's number is given away again at once: a link that still named it would lead to somebody else's meter.
    """

    def __init__(self, name: str, make: MADE, now_s: Callable[[], float], links: Sequence[Path] = ()) -> None:
        self.name = name
        self.lives: list[Life] = []
        self.program: Program | None = None
        self._make = make
        self._now_s = now_s
        self._links = links
        self._down_s = AGAIN_S

    def kill(self, down_s: float) -> None:
        """Kill it, also while it is only starting; nothing happens while it is down already."""
        if self.program is not None and self.program.pid is not None:
            self.lives[-1].killed = True
            self._down_s = down_s
            self.program.kill()

    async def run(self) -> None:
        """Start it again and again."""
        try:
            while True:
                self._down_s = AGAIN_S
                await self._live()
                await asyncio.sleep(self._down_s)
        finally:
            if self.program is not None and self.program.pid is not None:
                self.lives[-1].killed = True
                self.program.kill()
                await self.program.ended()
                self.lives[-1].ended_s = self._now_s()

    async def _live(self) -> None:
        life = Life(self._now_s())
        self.lives.append(life)
        self.program = self._make(lambda _name, said: self._hear(life, said))
        try:
            await self.program.start()
        except UsageError:
            self.program.kill()  # neither ready nor ended in half a minute counts as an end of its own
        life.exit_code = await self.program.ended()
        for link in self._links:
            link.unlink(missing_ok=True)
        life.ended_s = self._now_s()
        self.program = None

    def _hear(self, life: Life, said: dict[str, Any]) -> None:
        now_s = self._now_s()
        if life.ready_s is None and (said.get("ready") or said.get("fact") == "ready"):
            life.ready_s, life.ready = now_s, said
        elif "at_ms" in said:  # a record; what else an agent says, say why it ends, is in its log
            life.facts.append((now_s, said))


class BrokerKeeper:
    """The broker, which says nothing and keeps its port."""

    def __init__(self, broker: Broker, now_s: Callable[[], float]) -> None:
        self.name = "broker"
        self.lives: list[Life] = []
        self._broker = broker
        self._now_s = now_s
        self._down_s = 0.0
        self._hit = asyncio.Event()

    def kill(self, down_s: float) -> None:
        """Kill it once it runs."""
        self._down_s = down_s
        self._hit.set()

    async def run(self) -> None:
        """Start it again and again. Raises: BrokerError when it does not come up."""
        try:
            while True:
                life = Life(self._now_s())
                self.lives.append(life)
                await asyncio.to_thread(self._broker.start)
                life.ready_s = self._now_s()
                await self._hit.wait()
                self._hit.clear()
                life.killed = True
                await asyncio.to_thread(self._broker.kill)
                life.ended_s = self._now_s()
                await asyncio.sleep(self._down_s)
        finally:
            self._broker.kill()
