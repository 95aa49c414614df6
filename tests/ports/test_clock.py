"""Every clock keeps its promises: the machine's on both runtimes, and the twin."""

from __future__ import annotations

import asyncio
import time

import pytest

from boards.cpython.clock import SystemClock
from hal import quantities as q
from hal.memory import ManualClock
from tests.boards.fake_board import make_world
from tests.ports.board import holds, holds_on_fakes, holds_on_micropython, promises
from tests.ports.contracts import board_clock
from tests.ports.contracts import clock as contracts

ALL = pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)
BOARD = pytest.mark.parametrize("promise", promises(board_clock), ids=lambda promise: promise.__name__)


class Real:
    def __init__(self):
        self.clock = SystemClock()

    def elsewhere_ms(self):
        return time.perf_counter_ns() // 10**6

    async def let_pass(self, ms):
        await asyncio.sleep((ms + 2) / 1000)


class Twin:
    def __init__(self, civil_ms):
        self.clock = ManualClock()
        self._passed_ms = 0
        if civil_ms:
            self.clock.set_civil(civil_ms)

    def elsewhere_ms(self):
        return self._passed_ms

    async def let_pass(self, ms):
        self.clock.advance(ms)
        self._passed_ms += ms
        for _ in range(3):
            await asyncio.sleep(0)


@ALL
@pytest.mark.parametrize("civil_ms", [0, 1_794_000_000_000])
async def test_twin(promise, civil_ms):
    assert await holds(promise, Twin(civil_ms))


@ALL
async def test_clock_of_a_gateway(promise):
    assert await holds(promise, Real())


@ALL
async def test_clock_of_a_board(promise):
    assert await holds_on_micropython(promise, "clock")


@BOARD
async def test_clock_of_other_ports(promise):
    assert await holds_on_micropython(promise, "other_ports")


@ALL
@pytest.mark.parametrize(("port", "bench"), [("rp2", "new_clock"), ("esp32", "set_clock")])
async def test_clock_that_time_servers_set(promise, port, bench, tmp_path):
    assert await holds_on_fakes(promise, make_world(tmp_path, port), bench)


def test_a_gateway_that_was_never_set_has_no_civil_time(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 86_400 * 10**9)
    clock = SystemClock()
    assert clock.civil_ms() == 0
    assert clock.quality() == q.CLOCK_UNKNOWN


def test_a_step_of_the_civil_time_does_not_move_the_monotonic_one(monkeypatch):
    clock, began_ns = SystemClock(), time.perf_counter_ns()
    before_ms = clock.now_ms()
    stepped_ns = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: stepped_ns)
    assert clock.civil_ms() == stepped_ns // 10**6
    passed_ms = clock.now_ms() - before_ms
    assert 0 <= passed_ms <= (time.perf_counter_ns() - began_ns) // 10**6 + 1
