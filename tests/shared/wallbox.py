"""A charging point on pins in memory with a simulated vehicle, stepped every 10 ms."""

from __future__ import annotations

import asyncio

from drivers.chargers.control_pilot import ControlPilot
from hal.errors import DeviceError
from hal.memory import ManualClock
from hal.memory_pins import MemoryPins
from hal.pins import INPUT, OUTPUT, PILOT, PULSES
from sim_devices.pins.sensors import PulseMeter
from sim_devices.pins.vehicle import Vehicle

CHANNELS = {"cp": PILOT, "k1": OUTPUT, "k1-aux": INPUT, "s0": PULSES}


class Wallbox:
    """Pilot, contactor, vehicle. What the contactor does while it should not is counted."""

    def __init__(self, **options: object) -> None:
        self.clock = ManualClock()
        self.pins = MemoryPins(CHANNELS, self.clock)
        self.pins.on_step = self._step
        self.pins.far_end = lambda channel, duty_pm: self.vehicle.peaks_mv(duty_pm)
        self.vehicle = Vehicle()
        self.stuck: int | None = None  # the contactor's real position, whatever it is told
        self.closings = 0
        self.broken_ma = 0  # the largest current that was opened
        self.mains = False
        self.pins.closed["k1-aux"] = 1
        self.meter = PulseMeter()
        chosen: dict[str, object] = {"pilot": "cp", "contactor": "k1", "feedback": "k1-aux", "pulses": "s0"}
        chosen.update(options)
        self.driver = ControlPilot(self.pins, 1, chosen)
        self.stage = self.driver.stage

    def _step(self, ms: int) -> None:
        told = self.pins.driven["k1"] if self.stuck is None else self.stuck
        if told and not self.mains:
            self.closings += 1
        if not told and self.mains:
            self.broken_ma = max(self.broken_ma, self.vehicle.current_ma)
        self.mains = bool(told)
        self.pins.closed["k1-aux"] = 0 if told else 1
        self.vehicle.step(self.pins.duties["cp"], self.mains, ms)
        if self.meter.step(self.vehicle.current_ma * 690 // 1000, ms):
            self.pins.pulse("s0")

    async def run(self, ms: int) -> None:
        """Let time pass, all tasks running to rest at each step."""
        for _ in range(ms // 10):
            self.pins.advance(10)
            await asyncio.sleep(0)

    async def done(self, job: object, ms_max: int = 10000) -> object:
        """Return what a coroutine returns while time passes."""
        task = asyncio.create_task(_caught(job))
        for _ in range(ms_max // 10):
            await asyncio.sleep(0)
            if task.done():
                break
            self.pins.advance(10)
            await asyncio.sleep(0)
        found, fault = await task
        if fault is not None:
            raise fault
        return found

    async def begin(self, limit_ma: int = 0) -> None:
        """Open the driver and give it a first limit."""
        await self.done(self.driver.open())
        if limit_ma:
            await self.driver.obey(limit_ma)

    async def charging(self, limit_ma: int = 16000) -> None:
        """Plug the vehicle in and wait until it charges."""
        await self.begin(limit_ma)
        self.vehicle.plugged = True
        await self.run(9000)
        assert self.mains and self.vehicle.current_ma > 0


async def _caught(job):
    try:
        return await job, None
    except DeviceError as fault:
        return None, fault
