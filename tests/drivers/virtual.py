"""Our worker on a bus of a simulated home, in virtual time: no port, and nothing waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.step import Notice, Outcome
from agent.worker import Post, Worker
from drivers import catalogue
from hal.errors import LineTimeout
from hal.memory import ManualClock
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from sim_devices.config import load
from sim_devices.home import Home
from sim_devices.wire.frames import Frames
from tests.sim_devices.homes import BUSES, home_tree

LEASE_MS = 10000


class FrameLine:
    """The request goes straight into the simulated products."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        answered = self._frames.answer(request)
        if answered is None or missing(answered[0]) > 0:
            raise LineTimeout(request[:1], timeout_ms)
        return answered[0]

    async def close(self) -> None:
        pass


class Bench:
    """One device of the home; `alive` False is an agent that was killed."""

    def __init__(self, device: str, model: str, **options: Any) -> None:
        self.home = Home.furnished(load(home_tree(options={device: options.pop("product", {})})))
        self.home.advance(0.001)
        bus_id, kind, unit = next(
            (bus, kind, unit) for bus, kind, members in BUSES for name, _, unit in members if name == device
        )
        self.clock = ManualClock()
        bus = Bus(FrameLine(self.home.frames(bus_id)), Tcp() if kind == "tcp" else Rtu(), self.clock)
        self.seat(device, catalogue.load(model)(bus, unit, options))

    def seat(self, device: str, driver: Any) -> None:
        """Put a driver under a worker, in a home with a clock."""
        self.product: Any = self.home.devices[device].product
        self.driver = driver
        self.heard: list[Any] = []
        self.post = Post(0, self.driver, self.heard.append)
        self.worker = Worker([self.post], self.clock)
        self.setpoint: int | None = None
        self.alive = self.renewed = True

    async def run(self, seconds: int) -> None:
        """Let so much virtual time pass."""
        for _ in range(seconds):
            self.home.advance(1)
            self.clock.advance(1000)
            if not self.alive:
                continue
            if self.renewed:
                assert self.post.actuator is not None
                self.post.actuator.grant((0, self.setpoint, "claim"), self.clock.now_ms() + LEASE_MS)
            await self.worker.round()
            await self.worker.look()

    async def begin(self, setpoint: int) -> None:
        """Find the product and write its first set-point."""
        self.setpoint = setpoint
        await self.run(3)
        assert await self.driver.kept() == setpoint

    def states(self) -> list[int]:
        """Return what was said of the device's state."""
        return [told.state for told in self.heard if type(told) is Notice]

    def outcomes(self) -> list[int]:
        """Return what became of its writes."""
        return [told.outcome for told in self.heard if type(told) is Outcome]
