"""One life of the agent: from power on to power off, with everything that it can touch."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from agent.config import Config
from boards.cpython.peers import Peer
from boards.startup import Parts, assemble
from hal.memory import CountingWatchdog, LoopUplink
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from tools.simulate.line import SimLine
from tools.simulate.plant import Plant
from tools.simulate.power import Power
from tools.simulate.rest import RestLoop
from tools.simulate.signer import HashSigner, RealSigner
from tools.simulate.store import FlashStore
from tools.simulate.timeline import Civil, SimClock, Timeline

INBOUND_MAX = 16


class Life:
    """The assembled agent, running; `ended` once its task is done, for whatever reason. Raises: PowerCut at start."""

    def __init__(
        self, config: Config, timeline: Timeline, civil: Civil, plant: Plant, store: FlashStore,
        signer: HashSigner | RealSigner, on_request: Callable[[str, bytes], None],
    ) -> None:  # fmt: skip
        self.began_ms = timeline.now_ms
        self.power = Power()
        self.tasks = RestLoop(timeline)  # type: ignore[abstract]  # whatever waits for the world is not there
        self.store = store
        store.begin(self.power)
        self.uplink = LoopUplink(INBOUND_MAX)
        self.watchdog = CountingWatchdog()
        clock = SimClock(timeline, civil, self.power, self.tasks)

        def open_bus(row: dict[str, Any]) -> Bus:
            framing = Tcp() if row["kind"] == "tcp" else Rtu(row["baud"])
            name = row["id"]
            line = SimLine(plant.home.frames(name), plant.made.lan_ms, clock, self.power, partial(on_request, name))
            return Bus(line, framing, clock)

        parts = Parts("simulated", bytes(32), clock, store, signer, self.uplink, self.watchdog, b"simulated", open_bus)
        self.clock = clock
        self.loop = assemble(config, hashlib.sha256(b"simulated").digest(), parts)
        self._run: asyncio.Task[None] | None = None
        self._beside: list[asyncio.Task[None]] = []  # what runs beside the agent and ends with it
        self.lingering: list[str] = []  # what did not end when it was told to

    @property
    def peers(self) -> list[Peer]:
        """Return the agent's side of each protocol with a peer."""
        return [] if self.loop.sources is None else self.loop.sources.peers

    def beside(self, job: Coroutine[Any, Any, None], name: str) -> None:
        """Let something run until this life ends."""
        self._beside.append(self.tasks.create_task(job, name=name))

    def start(self) -> None:
        """Let the agent run."""
        self._run = self.tasks.create_task(self.loop.run())

    @property
    def ended(self) -> bool:
        """Tell whether the agent has ended."""
        return self._run is not None and self._run.done()

    @property
    def failure(self) -> BaseException | None:
        """Return what ended the agent, None for an order or while it runs."""
        if self._run is None or not self._run.done() or self._run.cancelled():
            return None
        return self._run.exception()

    def cut(self) -> None:
        """Take the power away: everything that the agent still tries ends in PowerCut."""
        self.power.cut()
        for task in self._beside:
            task.cancel()
        if self._run is not None and not self._run.done():
            self._run.cancel()
        self.tasks.rest()
        self.lingering = [task.get_name() for task in self._beside if not task.done()]
        if self._run is not None and self._run.done() and not self._run.cancelled():
            self._run.exception()  # looked at
        self.tasks.faults.clear()
