"""A console's cable on a board: the machine's own input and output, or a port of its own. Loaded where configured.

Neither reading nor writing ever waits: a piece is written when there is room for it, and what nobody reads stays with
the console, which bounds it. When the other end goes, its conversation ends, and the next one begins locked.

Source: MicroPython library reference, `select.poll` and `sys.stdin`; a pty takes 256 bytes whenever it says that it
takes any (Linux, tty_buffer_space_avail), a pipe takes 4096 (pipe(7), PIPE_BUF).
"""

from __future__ import annotations

import asyncio
import select
import sys

from boards import telling
from boards.micropython.ticks import sleep_ms
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent.console import Console, Desk
    from agent.record import Record
    from boards.micropython.console_host import BoardHost

_PIECE_BYTES = const(64)
_PAUSE_MS = const(20)
_REOPEN_MS = const(1000)
_LAST_TRIES = const(50)


class Stdio:
    """What the firmware has as its terminal: USB or a UART, on the unix port stdin and stdout."""

    def __init__(self) -> None:
        self._to_read, self._to_write = select.poll(), select.poll()
        self._to_read.register(sys.stdin, select.POLLIN)
        self._to_write.register(sys.stdout, select.POLLOUT)

    def read(self, size_bytes: int) -> bytes:
        """Return what is there, at most so much. Raises: EOFError when nothing will come any more."""
        received = b""
        while len(received) < size_bytes and self._to_read.poll(0):
            byte = sys.stdin.buffer.read(1)
            if not byte:
                if received:
                    break
                raise EOFError
            received += byte
        return received

    def write(self, piece: bytes) -> int:
        """Write it where there is room; return how much."""
        return sys.stdout.buffer.write(piece) if self._to_write.poll(0) else 0

    def close(self) -> None:
        """It stays open."""


class Cable:
    """Serves one conversation after the other at one port."""

    def __init__(self, desk: Desk, host: BoardHost, open_port: Callable[[], Any] | None) -> None:
        """`open_port` None: the machine's own input and output, on which every fact is told, too."""
        self.host = host
        self._desk = desk
        self._open_port = open_port
        self._port: Any = None
        self._console: Console | None = None

    def tell(self, fact: Record) -> None:
        """Take a fact that was kept."""
        line = telling.line(fact, self._desk.loop.state)
        if line is not None and (self._open_port is not None or self._console is None):
            print(line)
        self._desk.tell(fact, line)

    def say(self, line: str) -> None:
        """Tell a line that is no fact of the journal's."""
        if self._open_port is not None or self._console is None:
            print(line)
        self._desk.say(line)

    async def serve(self) -> None:
        """Serve until there will be nobody any more, or for ever."""
        while True:
            try:
                self._port = Stdio() if self._open_port is None else self._open_port()
            except OSError:
                await sleep_ms(_REOPEN_MS)
                continue
            await self._converse()
            if self._open_port is None:
                return
            await sleep_ms(_REOPEN_MS)

    async def _converse(self) -> None:
        self._console = console = self._desk.begin(self._open_port is None)
        answering = asyncio.create_task(console.run())
        try:
            await self._pump(console)
        except (OSError, EOFError):
            pass  # the other end has gone
        finally:
            answering.cancel()
            if not self.host.leaves:
                self._hang_up()

    def _hang_up(self) -> None:
        if self._console is not None:
            self._desk.end(self._console)
            self._console = None
            self._port.close()

    async def _pump(self, console: Console) -> None:
        while True:
            moved = self._write(console)
            if console.has_room():
                received = self._port.read(_PIECE_BYTES)
                if received:
                    console.take(received)
                    moved = True
            await sleep_ms(0 if moved else _PAUSE_MS)

    def _write(self, console: Console) -> bool:
        piece = console.outgoing(_PIECE_BYTES)
        if not piece:
            return False
        sent: int = self._port.write(piece) or 0
        console.give_back(piece[sent:])
        return sent > 0

    async def left(self) -> None:
        """Give what was answered last a moment to go out, when the console ended the agent."""
        console = self._console
        if console is not None:
            try:
                for _ in range(_LAST_TRIES):
                    if not self._write(console):
                        await sleep_ms(1)
            except OSError:
                pass
            self._hang_up()
