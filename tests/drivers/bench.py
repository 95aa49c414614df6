"""A bus of ours on a real port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from boards.cpython.serial_line import SerialLine
from boards.cpython.tcp_line import TcpLine
from drivers import catalogue
from hal.memory import ManualClock
from hal.modbus.ascii import Ascii
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from sim_devices.home import Home

BAUD = 9600
PATIENCE_MS = 3000  # both ends share one process, and that its machine with other tests


@asynccontextmanager
async def tcp_bus(port: int, timeout_ms: int = PATIENCE_MS) -> AsyncIterator[Bus]:
    """A bus on a TCP port of this machine."""
    line = TcpLine("127.0.0.1", port)
    try:
        yield Bus(line, Tcp(timeout_ms), ManualClock())
    finally:
        await line.close()


@asynccontextmanager
async def rtu_bus(path: str, timeout_ms: int = PATIENCE_MS, framing: type[Rtu | Ascii] = Rtu) -> AsyncIterator[Bus]:
    """A bus on a serial port or pseudo-terminal."""
    line = SerialLine(path, BAUD, settle_ms=20)
    try:
        yield Bus(line, framing(BAUD, timeout_ms), ManualClock())
    finally:
        await line.close()


@asynccontextmanager
async def driver_for(home: Home, device: str, model: str, **options: Any) -> AsyncIterator[Any]:
    """Open our driver for a device of a simulated home."""
    where = home.addresses[device]
    framing = Ascii if where.kind == "ascii" else Rtu
    bus = tcp_bus(where.port) if where.kind == "tcp" else rtu_bus(where.path, framing=framing)
    async with bus as opened:
        driver = catalogue.load(model)(opened, where.unit, options)
        await driver.open()
        yield driver
