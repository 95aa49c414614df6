"""One non-blocking handle, a socket or a serial port, with at most one request under way.

Written by hand because it runs for every poll: a timer of the loop instead of a task per time-out, one read and
one write per exchange.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from hal.errors import FrameError, LineDown, LineTimeout

READ_BYTES = 512
ANSWER_BYTES_MAX = 512  # twice the longest Modbus frame
STALE_READS_MAX = 64


class Wire:
    """Owns `handle` from here on; `close_handle` gives it back. After `lost` is set only `close` may be called."""

    def __init__(self, name: str, handle: int, close_handle: Callable[[], None]) -> None:
        self.name = name
        self.lost = ""  # what ended it, in the system's words
        self.heard_s = 0.0  # loop time of the last byte
        self.first_s = 0.0  # and of the first byte of the last answer
        self._handle = handle
        self._close_handle = close_handle
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[bytes] | None = None
        self._missing: Callable[[bytes], int] | None = None
        self._received = b""
        self._wanted_bytes = 0
        self._loop.add_reader(handle, self._on_readable)

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Send, and return the answer once `missing` wants no more. Raises: LineTimeout, LineDown, FrameError."""
        assert self._answer is None
        self._throw_away()
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answer = answer
        self._missing, self._received, self._wanted_bytes = missing, b"", 1
        timer = self._loop.call_later(timeout_ms / 1000, self._fail, LineTimeout(self.name, timeout_ms))
        try:
            self._send(request)
            return await answer
        finally:
            timer.cancel()
            self._answer = None

    def _throw_away(self) -> None:
        """Drop what came unasked; also finds out here that the other side has gone."""
        for _ in range(STALE_READS_MAX):
            if not self._read():
                break
        else:
            self._lose("does not stop talking")
        if self.lost:
            raise LineDown(self.name, self.lost)

    def _send(self, request: bytes) -> None:
        try:
            sent_bytes = os.write(self._handle, request)
        except OSError as error:
            raise LineDown(self.name, str(error)) from error
        if sent_bytes != len(request):
            raise LineDown(self.name, "the request did not leave whole")

    def _read(self) -> bytes:
        """Return what is there, nothing when nothing is; sets `lost` at the end of the stream."""
        try:
            chunk = os.read(self._handle, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            self._lose(str(error))
            return b""
        if not chunk:
            self._lose("closed by the other side")
        self.heard_s = self._loop.time()
        return chunk

    def _lose(self, why: str) -> None:
        self.lost = why
        self._loop.remove_reader(self._handle)
        self._fail(LineDown(self.name, why))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _on_readable(self) -> None:
        chunk = self._read()
        if not chunk or self._answer is None or self._answer.done():
            return  # nobody asked
        if not self._received:
            self.first_s = self.heard_s
        self._received += chunk
        if len(self._received) >= self._wanted_bytes:
            self._look()

    def _look(self) -> None:
        assert self._missing is not None and self._answer is not None
        try:
            if len(self._received) > ANSWER_BYTES_MAX:
                raise FrameError("answer too long", self._received[:260])
            missing_bytes = self._missing(self._received)
        except FrameError as error:
            self._fail(error)
            return
        self._wanted_bytes = len(self._received) + missing_bytes
        if missing_bytes <= 0:
            self._answer.set_result(self._received)

    def close(self) -> None:
        """Give the handle back; an exchange under way ends in LineDown."""
        if not self.lost:
            self._lose("closed here")
        self._close_handle()
