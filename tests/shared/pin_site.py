"""A whole agent as start-up puts it together, on a board's own pins in virtual time.

A meter's pulses at the connection, a charging point with a vehicle, a relay.
"""

from __future__ import annotations

import asyncio

from agent import cbor, cose
from agent.config import checked
from boards.micropython.signer import SoftSigner
from boards.startup import Parts, assemble
from hal.memory import CountingWatchdog, LoopUplink, ManualClock, MemoryStore
from hal.memory_pins import MemoryPins
from hal.pins import INPUT, OUTPUT, PILOT, PULSES
from sim_devices.pins.sensors import PulseMeter
from sim_devices.pins.vehicle import Vehicle

VOLT = 230
CIVIL_MS = 1700000000000
CHANNELS = {
    "s0-1": PULSES, "s0-2": PULSES, "pilot": PILOT, "out-1": OUTPUT, "out-2": OUTPUT, "in-1": INPUT, "in-2": INPUT,
}  # fmt: skip


class PinSite:
    """Meter, charging point, relay: devices 0, 1, 2. `async with` takes the power of what still runs at the end."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.flash: dict[str, int] = {}
        self.dso = SoftSigner(b"\x08" * 32)
        self.meter = PulseMeter(1000)
        self.car_meter = PulseMeter(1000)
        self.vehicle = Vehicle(16000)
        self.base_w = 500
        self.counter = 0
        self.civil_ms = CIVIL_MS
        self.tree = {
            "site": {"name": "pins", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
            "agent": {"key": "agent.key", "reading_s": 10},
            "uplink": {"host": "h", "ca": "ca", "cert": "c", "cert_key": "k"},
            "authority": [
                {"name": "dso", "role": "grid", "power_max_w": 20000, "public_key": self.dso.public_key.hex()}
            ],
            "bus": [{"id": "own", "kind": "pins"}],
            "device": [
                {"id": "grid", "driver": "s0-meter", "bus": "own", "channel": "s0-1"},
                {
                    "id": "charger", "driver": "control-pilot", "bus": "own", "pilot": "pilot", "contactor": "out-1",
                    "feedback": "in-1", "pulses": "s0-2", "maximum_ma": 16000, "default": 16000, "power_max_w": 11040,
                },
                {"id": "boiler", "driver": "pin-relay", "bus": "own", "channel": "out-2", "power_max_w": 2000},
            ],
        }  # fmt: skip

    def boot(self) -> None:
        """Begin a life of the agent on what flash and journal hold. Raises: StartError."""
        self.clock = ManualClock()
        self.clock.set_civil(self.civil_ms)
        self.pins = MemoryPins(CHANNELS, self.clock, self.flash)
        self.pins.on_step = self._step
        self.pins.far_end = lambda channel, duty_pm: self.vehicle.peaks_mv(duty_pm)
        self.uplink = LoopUplink()
        signer = SoftSigner(b"\x07" * 32)
        self.loop = assemble(
            checked(self.tree), bytes(32),
            Parts(
                "test", bytes(32), self.clock, self.store, signer, self.uplink, CountingWatchdog(), bytes(32),
                lambda row: self.pins,
            ),
        )  # fmt: skip
        self.task = asyncio.create_task(self.loop.run())
        self.uplink.set_connected(True)

    async def __aenter__(self) -> PinSite:
        self.boot()
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.task.done():  # else it would stand down in a time that nobody lets pass
            await self.cut()

    def mains(self) -> bool:
        """Tell whether the contactor is closed."""
        return self.pins.driven.get("out-1") == 1

    def car_w(self) -> int:
        """Return what the vehicle draws on three phases."""
        return self.vehicle.current_ma * VOLT * 3 // 1000

    def _step(self, ms: int) -> None:
        self.pins.closed["in-1"] = 0 if self.mains() else 1
        self.vehicle.step(self.pins.duties.get("pilot", 1000), self.mains(), ms)
        load_w = self.base_w + self.car_w() + (2000 if self.pins.driven.get("out-2") else 0)
        if self.meter.step(load_w, ms):
            self.pins.pulse("s0-1")
        if self.car_meter.step(self.car_w(), ms):
            self.pins.pulse("s0-2")

    async def run(self, ms: int) -> None:
        """Let virtual time pass; tasks run to rest every 20 ms, and for as long as a signature takes each second."""
        for step in range(ms // 20):
            self.pins.advance(20)
            self.civil_ms += 20
            for _ in range(150 if step % 50 == 0 else 3):
                await asyncio.sleep(0)

    async def limit(self, value_w: int, duration_s: int) -> None:
        """Let the grid operator limit the connection."""
        self.counter += 1
        state = self.loop.state
        now_s = self.clock.now_ms() // 1000
        body = ["", 0, value_w, duration_s]
        payload = cbor.encode([3, 1, state.agent_id, state.epoch, self.counter, now_s + 30, 1, body])
        self.uplink.deliver("command", await cose.seal(self.dso, payload))

    async def stop(self) -> None:
        """Let the agent stand down."""
        self.loop.stop()
        for _ in range(60):
            await self.run(200)
            if self.task.done():
                break
        assert self.task.done(), "it does not stand down"
        await self.task

    async def cut(self) -> None:
        """Take the power: nothing stands down."""
        self.loop._leave = _nothing  # type: ignore[method-assign]
        self.task.cancel()
        for _ in range(10):
            await asyncio.sleep(0)

    def said(self, device: int) -> dict[int, int]:
        """Return the newest sample of a device."""
        sample = self.loop.posts[device].sample
        return {} if sample is None else sample.values


async def _nothing() -> None:
    pass
