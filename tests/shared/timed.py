"""Products with a watchdog of their own, a bus, and our worker on it, in virtual time."""

from __future__ import annotations

from agent.worker import Post, Worker
from drivers import catalogue
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from tests.shared.modbus_units import ManualClock, MemoryLine
from tests.shared.products import ON_SERIAL, charger_unit, inverter_unit, put, room_unit

LEASE_MS = 10000


def nothing_passes(_ms) -> None:
    """Let time pass for a product that has no timer."""


def timed_charger():
    """A set-point counts for a minute after it was written, then the safe current applies."""
    unit = charger_unit()
    left_ms = [0]

    def written(unit):
        unit.registers[1206], unit.registers[1207] = unit.registers[1210], unit.registers[1211]
        left_ms[0] = 60000
        passes(0)

    def passes(ms):
        left_ms[0] = max(left_ms[0] - ms, 0)
        put(unit.registers, 1208, "I", left_ms[0] // 1000)
        if not left_ms[0]:
            put(unit.registers, 1206, "f", 6.0)
            unit.fallen = True

    unit.fallen = False
    unit.after_write = written
    return unit, passes


def timed_battery():
    """Every write to the storage model starts the revert timer anew."""
    unit, at = inverter_unit()
    left_ms = [0]

    def written(unit):
        left_ms[0] = unit.registers[at + 15] * 1000

    def passes(ms):
        if left_ms[0]:
            left_ms[0] = max(left_ms[0] - ms, 0)
            if not left_ms[0]:
                unit.registers[at + 5] = 0
                unit.fallen = True

    unit.fallen = False
    unit.after_write = written
    return unit, passes


def timed_room():
    """A hold ends after the minutes that were written before its temperature."""
    unit = room_unit()
    hold, left_ms = unit.after_write, [0]

    def written(unit):
        hold(unit)
        if unit.asked[-1][1] == 37:
            left_ms[0] = ((unit.registers[37] >> 8) * 60 + (unit.registers[37] & 255)) * 60000

    def passes(ms):
        if unit.registers[32] == 2:
            left_ms[0] = max(left_ms[0] - ms, 0)
            minutes = left_ms[0] // 60000
            unit.registers[37] = (minutes // 60) << 8 | minutes % 60
            if not left_ms[0]:
                unit.registers[32], unit.registers[6] = 1, 210
                unit.fallen = True

    unit.fallen = False
    unit.after_write = written
    return unit, passes


def refuse_writes(unit, address) -> None:
    """Let the product refuse every write that begins there; it answers reads as before."""
    answer = unit.answer

    def refused(request):
        if request[0] in (5, 6, 16) and (request[1] << 8) | request[2] == address:
            return bytes((request[0] | 128, 4))
        return answer(request)

    unit.answer = refused


class Bench:
    """One product, our driver and worker; `alive` is whether the loop still renews its grant."""

    def __init__(self, model, product, options=None) -> None:
        self.unit, self.passes = product
        self.clock = ManualClock()
        tcp = model not in ON_SERIAL
        self.line = MemoryLine({1: self.unit}, self.clock, tcp)
        bus = Bus(self.line, Tcp() if tcp else Rtu(), self.clock)
        self.driver = catalogue.load(model)(bus, 1, options or {})
        self.heard = []
        self.post = Post(0, self.driver, self.heard.append)
        self.worker = Worker([self.post], self.clock)
        self.alive = True
        self.setpoint = None

    async def tick(self, ms) -> None:
        """Let `ms` pass, and the worker have its round."""
        self.clock.at_ms += ms
        self.passes(ms)
        if self.alive:
            assert self.post.actuator is not None
            self.post.actuator.grant((0, self.setpoint, "claim"), self.clock.at_ms + max(LEASE_MS, 2 * ms))
        await self.worker.round()
        await self.worker.look()

    async def run(self, ms, tick_ms=1000) -> None:
        """Let so much time pass."""
        for _ in range(ms // tick_ms):
            await self.tick(tick_ms)

    async def begin(self, setpoint) -> None:
        """Let the product be found and its first set-point be written."""
        self.setpoint = setpoint
        await self.run(2000)
        assert await self.driver.kept() == setpoint
        self.unit.fallen = False

    def silent(self, ms) -> None:
        """Let time pass for the product alone: the agent is dead."""
        for _ in range(ms // 1000):
            self.clock.at_ms += 1000
            self.passes(1000)
