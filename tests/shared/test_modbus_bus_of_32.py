"""A serial bus with 32 units of which three are dead: what that costs the others, and how soon a dead one is back."""

from __future__ import annotations

from agent.worker import Post, Worker
from hal.capabilities import Meter
from hal.errors import LineTimeout
from hal.modbus import pdu
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from tests.shared.modbus_units import ManualClock, Unit, crc_bitwise

WORDS = 20  # of a reading
BITS = 11  # of a byte
UNITS = range(1, 33)
WARM_MS = 10000  # the first silences are heard out
BUSY, IDLE = 9600, 57600  # baud: on the first, 32 readings take longer than a second


class Wire:
    """A serial line on which every byte takes its time, and a unit thinks before it answers."""

    def __init__(self, units, clock, baud) -> None:
        self.units = units
        self.clock = clock
        self.baud = baud
        self.thinks_ms = {}

    async def exchange(self, request, missing, timeout_ms):
        unit = request[0]
        took_ms = timeout_ms + 1
        if unit in self.units:
            said = bytes((unit,)) + self.units[unit].answer(request[1:-2])
            frame = said + crc_bitwise(said)
            took_ms = (len(request) + len(frame)) * BITS * 1000 // self.baud + self.thinks_ms.get(unit, 15) + 4
        self.clock.at_ms += min(took_ms, timeout_ms)
        if took_ms > timeout_ms:
            raise LineTimeout(unit, timeout_ms)
        assert missing(frame) == 0
        return frame

    async def close(self):
        pass


class Plain(Meter):
    """One block, and the moments at which it was read."""

    model = "plain"

    def __init__(self, bus, unit, clock) -> None:
        self.bus = bus
        self.request = bus.request(unit, pdu.read(3, 0, WORDS))
        self.clock = clock
        self.heard_ms = []

    async def read(self):
        await self.bus.ask(self.request)
        self.heard_ms.append(self.clock.at_ms)
        return {}


class Bench:
    """The agent's worker on such a bus; only `asked` are configured, and `dead` do not answer until they are back."""

    def __init__(self, baud, asked=UNITS, dead=()) -> None:
        self.clock = ManualClock()
        self.away = {unit: Unit(dict.fromkeys(range(WORDS), unit)) for unit in dead}
        self.units = {unit: Unit(dict.fromkeys(range(WORDS), unit)) for unit in asked if unit not in dead}
        self.wire = Wire(self.units, self.clock, baud)
        bus = Bus(self.wire, Rtu(baud), self.clock)
        self.meters = {unit: Plain(bus, unit, self.clock) for unit in asked}
        posts = [Post(at, self.meters[unit], lambda _: None) for at, unit in enumerate(asked)]
        self.worker = Worker(posts, self.clock)

    async def run(self, until_ms):
        while self.clock.at_ms < until_ms:
            began_ms = self.clock.at_ms
            await self.worker.round()
            self.clock.at_ms = max(self.clock.at_ms, began_ms - began_ms % 1000 + 1000)

    def readings(self, unit, until_ms):
        return len([at_ms for at_ms in self.meters[unit].heard_ms if WARM_MS <= at_ms < until_ms])


async def least_percent(baud, dead, until_ms):
    """Return what the worst off of the others has of its rate alone."""
    alone = Bench(baud, [unit for unit in UNITS if unit not in dead])
    await alone.run(until_ms)
    bench = Bench(baud, UNITS, dead)
    await bench.run(until_ms)
    return min([bench.readings(unit, until_ms) * 100 // alone.readings(unit, until_ms) for unit in alone.meters])


async def test_three_dead_units_of_32_leave_the_others_95_percent_of_their_rate_alone():
    for dead in ((1, 2, 3), (15, 16, 17), (30, 31, 32)):
        assert await least_percent(IDLE, dead, 40000) >= 95, dead


async def test_they_do_so_on_a_bus_that_is_never_idle():
    assert await least_percent(BUSY, (1, 16, 32), 110000) >= 95


async def test_dead_units_of_32_are_back_within_five_seconds():
    for baud, back_ms in ((BUSY, 21000), (BUSY, 22700), (IDLE, 21000), (IDLE, 23900)):
        bench = Bench(baud, UNITS, (1, 16, 32))
        await bench.run(back_ms)
        back_ms = bench.clock.at_ms
        bench.units.update(bench.away)
        await bench.run(back_ms + 6000)
        for unit in bench.away:
            assert bench.meters[unit].heard_ms[0] <= back_ms + 5000, (baud, back_ms, unit)


async def test_a_unit_that_takes_its_time_is_waited_for_as_long_as_it_takes_after_a_silence_too():
    bench = Bench(IDLE)
    bench.wire.thinks_ms[5] = 400
    await bench.run(20000)
    away = bench.units.pop(5)
    await bench.run(30000)
    back_ms = bench.clock.at_ms
    bench.units[5] = away
    await bench.run(back_ms + 6000)
    assert back_ms < bench.meters[5].heard_ms[-1] - 900
