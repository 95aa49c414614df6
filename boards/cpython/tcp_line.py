"""A line to one device or gateway by TCP, kept open between requests.

A connection on which anything went wrong is closed, so that an answer which comes late dies with it. A connection
that the device closed while idle, as many do after a minute, is noticed before the next request is sent.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from boards.cpython.wire import Wire
from hal.errors import LineDown

CONNECT_MS = 2000
RETRY_MS_MIN = 250
RETRY_MS_MAX = 2000


class TcpLine:
    """Connects when first asked. IPv6 by address only, as devices on a site's network are reached.

    After a refused or failed connect the next one waits 0.25 s, then twice as long, 2 s at most; meanwhile
    every exchange ends in LineDown at once.
    """

    def __init__(self, host: str, port: int, connect_ms: int = CONNECT_MS) -> None:
        self.name = f"{host}:{port}"
        self._address = (host, port)
        self._connect_ms = connect_ms
        self._wire: Wire | None = None
        self._busy = False
        self._retry_ms = 0
        self._retry_at_s = 0.0

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Send `request`, return the whole answer. Raises: LineTimeout, LineDown, FrameError."""
        assert not self._busy, "a line carries one request at a time"
        self._busy = True
        try:
            if self._wire is None or self._wire.lost:
                await self.close()
                self._wire = await self._connect()
            return await self._wire.exchange(request, missing, timeout_ms)
        except BaseException:
            await self.close()
            raise
        finally:
            self._busy = False

    async def _connect(self) -> Wire:
        loop = asyncio.get_running_loop()
        if loop.time() < self._retry_at_s:
            raise LineDown(self.name, "waiting before the next connect")
        end = socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET)
        try:
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(self._connect_ms / 1000):
                await loop.sock_connect(end, self._address)
        except OSError as error:  # a time-out is one too
            end.close()
            self._retry_ms = min(max(2 * self._retry_ms, RETRY_MS_MIN), RETRY_MS_MAX)
            self._retry_at_s = loop.time() + self._retry_ms / 1000
            raise LineDown(self.name, str(error) or "no answer to the connect") from error
        except BaseException:
            end.close()
            raise
        self._retry_ms = 0
        return Wire(self.name, end.fileno(), end.close)

    async def close(self) -> None:
        """Close the connection; exchange opens it again."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
