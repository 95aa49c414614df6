"""A board's own pins keep their promises: the twin in memory, and the adapter on `machine` with stand-ins for pins."""

from __future__ import annotations

import json

import pytest

from hal.memory import ManualClock
from hal.memory_pins import MemoryPins
from tests.ports.board import holds, holds_on_micropython, promises
from tests.ports.contracts import board_pins
from tests.ports.contracts import pins as contracts

ALL = pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)
BOARD = pytest.mark.parametrize("promise", promises(board_pins), ids=lambda promise: promise.__name__)


class Twin:
    def __init__(self):
        self._flash = {}
        self.pins = self.cut()

    def cut(self):
        return MemoryPins(contracts.KINDS, ManualClock(), self._flash)

    def let_pass(self, ms):
        self.pins.advance(ms)

    def pulse(self, count):
        self.pins.pulse("s0", count)

    def put_uv(self, voltage_uv):
        self.pins.voltage_uv["ntc"] = voltage_uv

    def put_wave(self, rms_uv):
        self.pins.wave_uv["ct"] = rms_uv

    def put_level(self, closed):
        self.pins.closed["in"] = closed

    def put_peaks(self, plus_mv, minus_mv):
        self.pins.far_end = lambda channel, duty_pm: (plus_mv, minus_mv)


@ALL
async def test_twin(promise):
    assert await holds(promise, Twin())


@pytest.fixture
def world(tmp_path, monkeypatch):
    (tmp_path / "world.json").write_text(json.dumps({"port": "rp2", "path": [], "uart": {}}))
    monkeypatch.setenv("BOARD_WORLD", str(tmp_path))
    return tmp_path


@ALL
@pytest.mark.parametrize("kind", ["hard", "calibrated"])
async def test_on_a_board(promise, kind, world):
    assert await holds_on_micropython(promise, "board_pins", world, kind)


@BOARD
async def test_on_a_board_only(promise, world):
    assert await holds_on_micropython(promise, "board_pins", world, "hard")
