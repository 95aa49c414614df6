"""A line to one device or gateway by TCP on a board, kept open between requests.

A connection on which anything went wrong is closed, so that an answer which comes late dies with it.
"""

from __future__ import annotations

from boards.micropython.ticks import ticks_add, ticks_diff, ticks_ms
from boards.micropython.wire import collect, connect, throw_away
from hal.compat import const
from hal.errors import LineDown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from boards.micropython.wire import Connect

_CONNECT_MS = const(2000)
_RETRY_MS_MIN = const(250)
_RETRY_MS_MAX = const(2000)


class TcpLine:
    """Connects when first asked. After a failed connect the next one waits 0.25 s, then twice as long, 2 s at most;
    meanwhile every exchange ends in LineDown at once.
    """

    def __init__(self, host: str, port: int, connect_ms: int = _CONNECT_MS) -> None:
        self.name = f"{host}:{port}"
        self._host = host
        self._port = port
        self._connect_ms = connect_ms
        self.connect: Connect = connect
        self._end: Any = None
        self._busy = False
        self._retry_ms = 0
        self._retry_at = 0

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Send `request`, return the whole answer. Raises: LineTimeout, LineDown, FrameError."""
        assert not self._busy, "a line carries one request at a time"
        self._busy = True
        try:
            await self._fresh()
            if self._end.write(request) != len(request):
                raise LineDown(self.name, "the request did not leave whole")
            return await collect(self._read, missing, timeout_ms)
        except OSError as error:
            await self.close()
            raise LineDown(self.name, error.errno)
        except BaseException:
            await self.close()
            raise
        finally:
            self._busy = False

    async def _fresh(self) -> None:
        """Have a connection with nothing unread; one that the device closed while idle is replaced."""
        if self._end is not None:
            try:
                throw_away(self._read)
                return
            except (OSError, LineDown):
                await self.close()
        await self._connect()

    async def _connect(self) -> None:
        if self._retry_ms and ticks_diff(self._retry_at, ticks_ms()) > 0:
            raise LineDown(self.name, "waiting before the next connect")
        try:
            self._end = await self.connect(self._host, self._port, self._connect_ms)
        except OSError:
            self._retry_ms = min(max(2 * self._retry_ms, _RETRY_MS_MIN), _RETRY_MS_MAX)
            self._retry_at = ticks_add(ticks_ms(), self._retry_ms)
            raise
        self._retry_ms = 0

    def _read(self, size_bytes: int) -> bytes | None:
        chunk: bytes | None = self._end.read(size_bytes)
        if chunk == b"":
            raise LineDown(self.name, "closed by the other side")
        return chunk

    async def close(self) -> None:
        """Close the connection; exchange opens it again."""
        if self._end is not None:
            self._end.close()
            self._end = None
