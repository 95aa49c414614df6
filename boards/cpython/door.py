"""The console of a gateway: a Unix socket in the journal's folder, for the user that the agent runs as.

What is asked and answered there stands in docs/console.md and agent/console.py; this file holds the socket.
Connections, lines and silence are bounded, and whoever does not read is shown out: the agent waits for nobody.

Source: unix(7): an address holds 108 bytes, so it goes through the open folder's handle and any path may be long.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from agent.console import Console, Desk

NAME = "door"
LINE_BYTES_MAX, OUT_BYTES_MAX = 4096, 65536
CONNECTIONS_MAX = 4
SILENCE_S = 10.0  # until the first line, and while an answer is not read
IDLE_S = 900.0
PIECE_BYTES = 1024


class Door:
    """Lets in who may read the journal's folder. `open`, then `close` when the agent ends."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self._folder = folder
        self._desk = desk
        self._server: asyncio.AbstractServer | None = None
        self._inode = 0
        self._open = 0

    async def open(self) -> None:
        """Listen, for this user only; what a killed agent left is replaced.

        Raises: OSError; EADDRINUSE when another agent answers there.
        """
        own, self._inode = listening(self._folder, NAME)
        self._server = await asyncio.start_unix_server(self._serve, sock=own)

    def close(self) -> None:
        """Stop listening and take the socket away. Does nothing when it is not open."""
        if self._server is None:
            return
        with contextlib.suppress(OSError), address(self._folder) as near:
            if Path(near).stat().st_ino == self._inode:  # else the next agent has opened its own already
                Path(near).unlink()
        self._server.close()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > CONNECTIONS_MAX:
                writer.write(_turned_away())
            else:
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # who asked has gone or does not read, or the agent ends: then asyncio would log a cancelled task
        finally:
            self._open -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        console = self._desk.begin()
        reading, writing = asyncio.ensure_future(_read(console, reader)), asyncio.ensure_future(_write(console, writer))
        answering = asyncio.ensure_future(console.run())
        jobs = (reading, writing, answering)
        try:
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and reading.exception() is None and not writing.done():
                writing.cancel()
                await _write_rest(console, writer)  # who hangs up for sending still gets the answers
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self._desk.end(console)


async def _read(console: Console, reader: asyncio.StreamReader) -> None:
    """Take what comes until the other end hangs up. Raises: OSError, TimeoutError after a long silence."""
    patience_s = SILENCE_S
    while True:
        while not console.has_room():
            console.answered.clear()
            await console.answered.wait()
        async with asyncio.timeout(None if console.listens else patience_s):
            chunk = await reader.read(PIECE_BYTES)
        if not chunk:
            return
        console.take(chunk)
        patience_s = IDLE_S


async def _write(console: Console, writer: asyncio.StreamWriter) -> None:
    """Write what is said. Raises: OSError, TimeoutError when nobody reads it."""
    while True:
        console.spoke.clear()
        await _write_all(console, writer)
        await console.spoke.wait()


async def _write_all(console: Console, writer: asyncio.StreamWriter) -> None:
    piece = console.outgoing(PIECE_BYTES)
    while piece:
        writer.write(piece)
        async with asyncio.timeout(SILENCE_S):
            await writer.drain()
        piece = console.outgoing(PIECE_BYTES)


async def _write_rest(console: Console, writer: asyncio.StreamWriter) -> None:
    while console.is_busy():
        console.answered.clear()
        await _write_all(console, writer)
        await console.answered.wait()
    await _write_all(console, writer)


def listening(folder: Path, name: str) -> tuple[socket.socket, int]:
    """Return a bound socket for this user only, and its inode; what a killed agent left is replaced.

    Raises: OSError; EADDRINUSE when another agent answers there.
    """
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with address(folder, name) as near:
            _clear(near)
            own.bind(near)
            Path(near).chmod(0o600)
            inode = Path(near).stat().st_ino
    except BaseException:
        own.close()
        raise
    return own, inode


@contextlib.contextmanager
def address(folder: Path, name: str = NAME) -> Iterator[str]:
    """Give the socket's path in a form of any length, valid inside the block. Raises: OSError."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{name}"
    finally:
        os.close(handle)


def _clear(near: str) -> None:
    """Remove the socket of an agent that was killed. Raises: OSError (EADDRINUSE) when one answers there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as caller:
        try:
            caller.connect(near)
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            Path(near).unlink()
            return
        except BlockingIOError:
            pass  # it answers and has no time
    raise OSError(errno.EADDRINUSE, "another agent answers here")


def _turned_away() -> bytes:
    sentence = f"{CONNECTIONS_MAX} others are being answered; try again"
    return json.dumps({"v": 1, "ok": False, "code": "busy", "error": sentence, "wait_ms": 1000}).encode() + b"\n"
