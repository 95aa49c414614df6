"""Every line keeps its promises: TCP and serial on both runtimes, and the twin."""

from __future__ import annotations

import os

import pytest

from boards.cpython.serial_line import SerialLine
from boards.cpython.tcp_line import TcpLine
from hal.errors import LineDown, LineTimeout
from hal.memory import ScriptedLine
from tests.boards.fake_board import make_world
from tests.ports.board import holds, holds_on_fakes, holds_on_micropython, promises
from tests.ports.contracts import direction
from tests.ports.contracts import line as contracts
from tests.ports.far_end import refusing_port, scripted, serial_far_end, tcp_far_end

ALL = pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)


class Lines:
    def __init__(self, line, absent_line):
        self.line = line
        self.absent_line = absent_line


@ALL
async def test_twin(promise):
    def absent(request):
        raise LineDown("absent", "nobody there")

    assert await holds(promise, Lines(ScriptedLine(scripted), ScriptedLine(absent)))


@ALL
async def test_tcp_on_a_gateway(promise):
    async with tcp_far_end() as port:
        with refusing_port() as absent:
            assert await holds(promise, Lines(TcpLine("127.0.0.1", port), TcpLine("127.0.0.1", absent)))


@ALL
async def test_serial_port_on_a_gateway(promise):
    async with serial_far_end() as path:
        assert await holds(
            promise, Lines(SerialLine(path, 9600, settle_ms=contracts.SETTLE_MS), SerialLine("/dev/absent", 9600))
        )


@ALL
async def test_tcp_on_a_board(promise):
    async with tcp_far_end() as port:
        with refusing_port() as absent:
            assert await holds_on_micropython(promise, "tcp_line", port, absent)


@ALL
async def test_serial_port_on_a_board(promise):
    async with serial_far_end() as path:
        assert await holds_on_micropython(promise, "serial_line", path)


@ALL
async def test_uart_with_a_direction_pin_on_a_board(promise, tmp_path):
    async with serial_far_end() as path:
        assert await holds_on_fakes(promise, uart_world(tmp_path, path), "uart_line")


@pytest.mark.parametrize("promise", promises(direction), ids=lambda promise: promise.__name__)
async def test_direction_of_a_uart_on_a_board(promise, tmp_path):
    async with serial_far_end() as path:
        assert await holds_on_fakes(promise, uart_world(tmp_path, path), "uart_line")


def uart_world(folder, path):
    return make_world(folder, "rp2", {"1": {"path": path, "de": 6}, "2": {"path": "/dev/absent", "de": 10}})


async def test_a_port_that_takes_no_parity_is_a_line_that_is_down():
    near, far = os.openpty()  # a pseudo-terminal never has parity, and says so when nothing else changes
    faults = []
    for _ in range(2):
        line = SerialLine(os.ttyname(far), 9600, "E")
        with pytest.raises((LineDown, LineTimeout)) as raised:
            await line.exchange(b"\x01", len, 20)
        faults.append(raised.type)
        await line.close()
    assert faults[1] is LineDown
    os.close(near)
    os.close(far)
