"""A serial bus on a board, RS-485 as a rule, through a driver that turns the direction by itself.

Source: MODBUS over Serial Line V1.02, section 2.5.1.1: frames are 3.5 characters of silence apart, and 1.75 ms
above 19200 baud (2 ms here, the timer's grain). Nothing on such a bus says which request an answer belongs to, so
after a failure the bus is left alone for `settle_ms` and what comes meanwhile is thrown away: choose it above the
slowest unit's delay. After a mere silence that counts from the request.
"""

from __future__ import annotations

from boards.micropython.ticks import sleep_ms, ticks_add, ticks_diff, ticks_ms
from boards.micropython.wire import collect, throw_away
from hal.compat import const
from hal.errors import LineDown, LineTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SETTLE_MS = const(200)
_REOPEN_MS = const(500)
_BITS_PER_CHARACTER = const(11)
_TALK_GAPS_MAX = const(100)


class SerialLine:
    """Asks `open_port` for the port when first used: an object whose `read` never waits, such as a
    `machine.UART(..., timeout=0)` or what boards.micropython.tty opens. The time-out covers the time that the
    bytes take as well.
    """

    def __init__(self, open_port: Callable[[], Any], baud: int, settle_ms: int = _SETTLE_MS) -> None:
        self._open_port = open_port
        self._gap_ms = 2 if baud > 19200 else (4 * _BITS_PER_CHARACTER * 1000 + baud - 1) // baud
        self._settle_ms = settle_ms
        self._port: Any = None
        self._busy = False
        self._free_at = ticks_ms()

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Send `request`, return the whole answer. Raises: LineTimeout, LineDown, FrameError."""
        assert not self._busy, "a line carries one request at a time"
        self._busy = True
        rest_ms = self._settle_ms
        try:
            await sleep_ms(max(0, ticks_diff(self._free_at, ticks_ms())))
            if self._port is None:
                self._port = self._open_port()
            await self._silence()
            await self._send(request)
            answer = await collect(self._port.read, missing, timeout_ms)
            rest_ms = self._gap_ms
            return answer
        except LineTimeout:
            rest_ms = max(rest_ms - timeout_ms, self._gap_ms)
            raise
        except OSError as error:
            await self.close()
            rest_ms = _REOPEN_MS
            raise LineDown("serial", error.errno)
        finally:
            self._busy = False
            self._free_at = ticks_add(ticks_ms(), rest_ms)

    async def _silence(self) -> None:
        """Drop what came unasked, and wait while somebody else talks. Raises: LineDown."""
        for _ in range(_TALK_GAPS_MAX):
            if not throw_away(self._port.read):
                return
            await sleep_ms(self._gap_ms)
        raise LineDown("serial", "somebody else talks on this bus")

    async def _send(self, request: bytes) -> None:
        if self._port.write(request) != len(request):
            raise LineDown("serial", "the request did not leave whole")

    async def close(self) -> None:
        """Give the port back; exchange opens it again."""
        if self._port is not None:
            self._port.close()
            self._port = None
