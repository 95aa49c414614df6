"""One bus, many units: turns, the gap, and what a silent unit costs the others."""

from __future__ import annotations

import asyncio

from hal.errors import FrameError, LineDown, LineTimeout, Refused
from hal.modbus import pdu
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from hal.modbus.turns import WAITING_MAX, Turns
from tests.shared.modbus_units import ManualClock, MemoryLine, Unit, crc_bitwise, failure_of

POLL_MS = 1000


def bus_of(units, answer_ms=0, tcp=False):
    clock = ManualClock()
    line = MemoryLine(units, clock, tcp, answer_ms)
    return Bus(line, Tcp() if tcp else Rtu(), clock), line, clock


async def polled(bus, clock, line, units, until_ms, back=None):
    """Ask every unit once a second; return unit -> times of its answers. `back` is (unit, at_ms, registers)."""
    requests = {unit: bus.request(unit, pdu.read(3, 0, 2)) for unit in units}
    heard = {unit: [] for unit in units}
    due_ms = 0
    while due_ms < until_ms:
        clock.at_ms = max(clock.at_ms, due_ms)
        if back is not None and clock.at_ms >= back[1]:
            line.units[back[0]] = back[2]
        for unit in units:
            try:
                await bus.ask(requests[unit])
            except LineTimeout:
                continue
            heard[unit].append(clock.at_ms)
        due_ms += POLL_MS
    return heard


async def test_one_dead_unit_of_twenty_keeps_nobody_below_its_rate():
    for dead in (1, 10, 20):
        for tcp in (False, True):
            alive = {unit: Unit({0: unit, 1: 0}) for unit in range(1, 21) if unit != dead}
            bus, line, clock = bus_of(alive, 15, tcp)
            heard = await polled(bus, clock, line, range(1, 21), 60 * POLL_MS)
            passed_ms = clock.at_ms
            for unit in alive:
                assert len(heard[unit]) * 100000 >= 95 * passed_ms, (dead, tcp, unit, len(heard[unit]), passed_ms)
            assert heard[dead] == []
            assert line.exchanges < 20 * 60 + 20


async def test_a_unit_that_returns_is_back_within_five_seconds():
    for back_ms in (8000, 9300, 21700, 33000):
        units = {unit: Unit({0: unit, 1: 0}) for unit in (1, 3)}
        bus, line, clock = bus_of(units, 15)
        heard = await polled(bus, clock, line, (1, 2, 3), 60 * POLL_MS, (2, back_ms, Unit({0: 2, 1: 0})))
        assert back_ms <= heard[2][0] <= back_ms + 5000, (back_ms, heard[2][0])
        assert len(heard[2]) >= 50 - back_ms // 1000


async def test_one_lost_answer_costs_one_reading_only():
    bus, line, _clock = bus_of({1: Unit({0: 7})})
    request = bus.request(1, pdu.read(3, 0, 1))
    unit = line.units.pop(1)
    assert type(await failure_of(bus.ask(request))) is LineTimeout
    line.units[1] = unit
    assert await bus.ask(request) == b"\x00\x07"


async def test_a_resting_unit_is_not_asked_and_says_so():
    bus, line, clock = bus_of({})
    request = bus.request(9, pdu.read(3, 0, 1))
    for _ in range(2):
        assert (await failure_of(bus.ask(request))).args == (9, request.timeout_ms)
    assert line.exchanges == 2
    assert (await failure_of(bus.ask(request))).args == (9, 0)
    assert line.exchanges == 2
    clock.at_ms += 1000
    assert (await failure_of(bus.ask(request))).args == (9, (request.timeout_ms + request.wire_ms) // 2)


async def test_a_slow_product_is_heard_again_by_a_patient_request():
    bus, _line, clock = bus_of({})
    request = bus.request(9, pdu.read(3, 0, 1))
    waits = []
    for _ in range(17):
        clock.at_ms += 10000
        waits.append((await failure_of(bus.ask(request))).args[1])
    assert waits[0] == waits[1] == waits[8] == waits[16] == request.timeout_ms
    assert waits[2] == waits[7] == waits[9] == (request.timeout_ms + request.wire_ms) // 2


async def test_a_gateway_that_answers_for_a_dead_unit_counts_as_silence():
    dead = Unit()
    dead.refuse[0] = 11
    bus, line, _clock = bus_of({5: dead}, tcp=True)
    request = bus.request(5, pdu.read(3, 0, 1))
    for _ in range(2):
        assert (await failure_of(bus.ask(request))).args == (3, 11)
    assert type(await failure_of(bus.ask(request))) is LineTimeout
    assert line.exchanges == 2


async def test_a_refusal_is_an_answer():
    unit = Unit()
    bus, line, _clock = bus_of({5: unit})
    request = bus.request(5, pdu.read(3, 0, 1))
    for _ in range(5):
        assert type(await failure_of(bus.ask(request))) is Refused
    assert line.exchanges == 5


async def test_damaged_answers_are_errors_and_make_a_unit_rest():
    bus, line, clock = bus_of({1: Unit({0: 7})})
    request = bus.request(1, pdu.read(3, 0, 1))
    line.spoil = lambda frame: frame[:4] + bytes((frame[4] ^ 1,)) + frame[5:]
    for _ in range(2):
        assert type(await failure_of(bus.ask(request))) is FrameError
    assert type(await failure_of(bus.ask(request))) is LineTimeout
    line.spoil = None
    clock.at_ms += 1000
    assert await bus.ask(request) == b"\x00\x07"


async def test_one_request_at_a_time_and_set_points_first():
    order = []

    class SlowLine:
        busy = False

        async def exchange(self, request, missing, timeout_ms):
            assert not self.busy
            self.busy = True
            await asyncio.sleep(0)
            order.append(request[0])
            self.busy = False
            said = request[:1] + Unit({0: 1}).answer(request[1:-2])
            return said + crc_bitwise(said)

    bus = Bus(SlowLine(), Rtu(), ManualClock())
    read = [bus.request(unit, pdu.read(3, 0, 1)) for unit in (1, 2, 3)]
    write = bus.request(9, pdu.write_register(0, 5))
    await asyncio.gather(bus.ask(read[0]), bus.ask(read[1]), bus.ask(read[2]), bus.ask(write, True))
    assert order == [1, 9, 2, 3]


async def test_who_gives_up_waiting_does_not_keep_the_turn():
    turns = Turns()
    assert turns.take_free()
    waiting = asyncio.create_task(turns.wait(False))
    given_up = asyncio.create_task(turns.wait(False))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.sleep(0)
    turns.give_back()
    await waiting
    turns.give_back()
    assert turns.take_free()


async def test_a_turn_given_to_a_cancelled_task_goes_on():
    turns = Turns()
    assert turns.take_free()
    waiting = asyncio.create_task(turns.wait(False))
    await asyncio.sleep(0)
    turns.give_back()
    waiting.cancel()
    try:
        await waiting
    except asyncio.CancelledError:
        pass
    else:
        turns.give_back()  # it had woken before it was cancelled
    assert turns.take_free()


async def test_the_queue_is_bounded():
    turns = Turns()
    assert turns.take_free()
    waiting = [asyncio.create_task(turns.wait(False)) for _ in range(WAITING_MAX)]
    await asyncio.sleep(0)
    assert type(await failure_of(turns.wait(True))) is LineDown
    for task in waiting:
        turns.give_back()
        await task


async def test_the_gap_between_frames_is_kept_when_asked_for():
    clock = ManualClock()
    line = MemoryLine({1: Unit({0: 1})}, clock, False, 5)
    bus = Bus(line, Rtu(), clock, 50)
    request = bus.request(1, pdu.read(3, 0, 1))
    await bus.ask(request)
    await bus.ask(request)
    clock.at_ms += 30
    await bus.ask(request)
    clock.at_ms += 80
    await bus.ask(request)
    assert clock.slept == [50, 20]
