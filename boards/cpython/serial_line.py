"""A serial bus, RS-485 as a rule, through an adapter that turns the direction by itself.

Source: MODBUS over Serial Line V1.02, section 2.5.1.1: frames are 3.5 characters of silence apart, and 1.75 ms
above 19200 baud. Nothing on such a bus says which request an answer belongs to, so after a failure the bus is left
alone for `settle_ms` and what comes meanwhile is thrown away: choose it above the slowest unit's delay. After a mere
silence that counts from the request, and is no more than twice the longest delay heard here lately: a unit that is
gone is asked again and again, and the others wait.
"""

from __future__ import annotations

import asyncio
import termios
from collections.abc import Callable
from typing import Any

import serial

from boards.cpython.wire import Wire
from hal.errors import LineDown, LineTimeout

SETTLE_MS = 200
REOPEN_MS = 500
SURE_S = 0.02  # on top of twice the longest delay
FADES = 0.99  # of the longest delay with each answer
BITS_PER_CHARACTER = 11


class SerialLine:
    """Opens `port` when first asked, for itself alone. The time-out covers the time that the bytes take as well."""

    def __init__(self, port: str, baud: int, parity: str = "N", stop_bits: int = 1, settle_ms: int = SETTLE_MS) -> None:
        self.name = port
        self._settings: dict[str, Any] = {
            "baudrate": baud,
            "parity": parity,
            "stopbits": stop_bits,
            "timeout": 0,
            "exclusive": True,
        }
        self._gap_s = 0.00175 if baud > 19200 else 3.5 * BITS_PER_CHARACTER / baud
        self._settle_s = settle_ms / 1000
        self._wire: Wire | None = None
        self._busy = False
        self._free_at_s = 0.0
        self._reopen_at_s = 0.0
        self._delay_s = 0.0  # the longest from a request to the first byte of its answer, as it fades

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Send `request`, return the whole answer. Raises: LineTimeout, LineDown, FrameError."""
        assert not self._busy, "a line carries one request at a time"
        self._busy = True
        rest_s = self._settle_s
        try:
            wire = await self._opened()
            await self._wait_for_silence(wire)
            asked_s = asyncio.get_running_loop().time()
            answer = await wire.exchange(request, missing, timeout_ms)
            self._delay_s = max(wire.first_s - asked_s, self._delay_s * FADES)
            rest_s = self._gap_s
            return answer
        except LineTimeout:
            rest_s = max(self._late_s() - timeout_ms / 1000, self._gap_s)
            raise
        except LineDown:
            await self.close()
            raise
        finally:
            self._busy = False
            self._free_at_s = asyncio.get_running_loop().time() + rest_s

    def _late_s(self) -> float:
        """Return how long after a request its answer may still begin."""
        return min(self._settle_s, 2 * self._delay_s + SURE_S) if self._delay_s else self._settle_s

    async def _opened(self) -> Wire:
        if self._wire is None or self._wire.lost:
            await self.close()
            self._wire = self._open()
        return self._wire

    def _open(self) -> Wire:
        loop = asyncio.get_running_loop()
        if loop.time() < self._reopen_at_s:
            raise LineDown(self.name, "waiting before the port is opened again")
        try:
            port = serial.Serial(self.name, **self._settings)
        except (OSError, ValueError, termios.error) as error:
            self._reopen_at_s = loop.time() + REOPEN_MS / 1000
            raise LineDown(self.name, str(error)) from error
        return Wire(self.name, _told_apart(port.fileno()), port.close)

    async def _wait_for_silence(self, wire: Wire) -> None:
        """Wait for the frame gap after the last byte; a bus that babbles on is asked all the same."""
        loop = asyncio.get_running_loop()
        give_up_s = max(loop.time(), self._free_at_s) + self._settle_s
        while True:
            wait_s = min(max(self._free_at_s, wire.heard_s + self._gap_s), give_up_s) - loop.time()
            if wait_s <= 0:
                return
            await asyncio.sleep(wait_s)

    async def close(self) -> None:
        """Give the port back; exchange opens it again."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def _told_apart(handle: int) -> int:
    """Let an empty read mean that the port is gone: pyserial's VMIN of 0 makes it mean "nothing yet" too."""
    settings = termios.tcgetattr(handle)
    settings[6][termios.VMIN] = 1
    termios.tcsetattr(handle, termios.TCSANOW, settings)
    return handle
