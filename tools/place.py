"""Where a product is: a serial port or a TCP host named on the command line, and a bus to it that is ours alone."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from boards.cpython.clock import SystemClock
from boards.cpython.serial_line import SerialLine
from boards.cpython.tcp_line import TcpLine
from hal.modbus.ascii import Ascii
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from tools.errors import UsageError

MODBUS_PORT = 502
UNITS = range(256)


def number(text: str, allowed: range, what: str) -> int:
    """Return a whole number from the command line. Raises: UsageError."""
    if not text.isdecimal() or int(text) not in allowed:
        raise UsageError(f"{what} {text!r}: expected {allowed[0]}..{allowed[-1]}")
    return int(text)


def numbers(text: str, allowed: range, what: str) -> list[int]:
    """Return what "1-4,100" names, in order. Raises: UsageError."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin = number(first, allowed, what)
        found += range(begin, (number(last, allowed, what) if dash else begin) + 1)
    return list(dict.fromkeys(found))


def host_row(place: str) -> dict[str, Any]:
    """Return a TCP bus as a configuration has it. Raises: UsageError."""
    host, colon, port = place.rpartition(":") if place.count(":") == 1 else (place, "", "")
    return {"kind": "tcp", "host": host, "port": number(port, range(1, 65536), "port") if colon else MODBUS_PORT}


def port_row(place: argparse.Namespace, baud: int, parity: str, stop_bits: int = 1) -> dict[str, Any]:
    """Return a serial bus as a configuration has it."""
    kind = "ascii" if place.ascii else "serial"
    return {"kind": kind, "port": place.port, "baud": baud, "parity": parity, "stop_bits": stop_bits}


def said(row: dict[str, Any]) -> str:
    """Return a bus for people."""
    if row["kind"] == "tcp":
        return f"{row['host']}:{row['port']}"
    return f"{row['port']} {row['baud']} 8{row['parity']}{row['stop_bits']}"


@asynccontextmanager
async def bus_of(row: dict[str, Any], timeout_ms: int) -> AsyncIterator[Bus]:
    """Open a bus with a time-out of its own; it is closed behind."""
    line: TcpLine | SerialLine
    framing: Ascii | Rtu | Tcp
    if row["kind"] == "tcp":
        line, framing = TcpLine(row["host"], row["port"]), Tcp(timeout_ms)
    else:
        line = SerialLine(row["port"], row["baud"], row["parity"], row["stop_bits"], settle_ms=timeout_ms)
        framing = (Ascii if row["kind"] == "ascii" else Rtu)(row["baud"], timeout_ms)
    try:
        yield Bus(line, framing, SystemClock())
    finally:
        await line.close()
