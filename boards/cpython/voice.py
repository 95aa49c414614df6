"""Says lines to whoever reads this program's output, and never waits for the reader.

A terminal that is held (Ctrl-S) or a pipe that nobody empties takes no more after a while, and a write then lasts until
somebody reads. Here a thread of its own waits for that, and not the loop that controls devices. Lines that find no
room are dropped and counted; a reader that has gone is not spoken to again.

Source: write(2), pipe(7).
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

LINES_MAX = 1000
PATIENCE_S = 1.0  # at the end


class Voice:
    """Says lines into a stream; `missed` makes the line that tells how many were dropped."""

    def __init__(self, stream: TextIO | None, missed: Callable[[int], str]) -> None:
        self._handle = -1 if stream is None else stream.fileno()  # None: the program was started without it
        self._missed = missed
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._closing = False
        self._changed = threading.Condition()
        # A daemon, which writes past the stream's own lock: a held terminal keeps nobody from ending.
        self._writer = threading.Thread(target=self._write_all, name="voice", daemon=True)
        self._writer.start()

    def say(self, line: str) -> None:
        """Take one line without its end; it is written soon, or dropped when LINES_MAX wait already."""
        with self._changed:
            if len(self._lines) >= LINES_MAX:
                self._dropped += 1
                return
            self._tell_dropped()
            self._lines.append(line)
            self._changed.notify()

    def close(self) -> None:
        """Give what waits PATIENCE_S to be read; the rest is dropped."""
        with self._changed:
            self._tell_dropped()
            self._closing = True
            self._changed.notify()
        self._writer.join(PATIENCE_S)

    def _tell_dropped(self) -> None:
        if self._dropped:
            self._lines.append(self._missed(self._dropped))
            self._dropped = 0

    def _write_all(self) -> None:
        try:
            while (line := self._next()) is not None:
                self._write(line.encode() + b"\n")
        except OSError:  # the reader has gone: what is said from now on fills the queue and stays there
            return

    def _next(self) -> str | None:
        """Wait for a line; None once all is said and the voice is closed."""
        with self._changed:
            while not self._lines and not self._closing:
                self._changed.wait()
            return self._lines.popleft() if self._lines else None

    def _write(self, rest: bytes) -> None:
        while rest:
            try:
                rest = rest[os.write(self._handle, rest) :]
            except BlockingIOError:  # another program that shares the terminal set it so
                select.select([], [self._handle], [])
