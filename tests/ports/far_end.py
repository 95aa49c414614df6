"""The other side of a line for contracts/line.py: a TCP server, a pty, or a plain function."""

from __future__ import annotations

import asyncio
import os
import pty
import socket
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from tests.ports.contracts.line import AT_ONCE, ENDLESS, GARBAGE, HANG_UP, LATE, LATE_MS, NEVER, SLOWLY, TWICE, answer


def pieces(request: bytes) -> list[tuple[float, bytes]]:
    """Return what to send for a request: (seconds after it, bytes)."""
    what, tag = request[-2:]
    whole = answer(what, tag)
    plans: dict[int, list[tuple[float, bytes]]] = {
        AT_ONCE: [(0, whole)],
        LATE: [(LATE_MS / 1000, whole)],
        SLOWLY: [(0.01 * place, whole[place : place + 1]) for place in range(len(whole))],
        GARBAGE: [(0, b"\xff\xfe" * 20)],
        NEVER: [],
        ENDLESS: [(0.001 * burst, bytes((ENDLESS,)) * 100) for burst in range(10)],
        HANG_UP: [],
        TWICE: [(0, whole), (0.02, whole)],
    }
    return plans[what]


def scripted(request: bytes) -> bytes | None:
    """Answer as a ScriptedLine's far end: what comes late or never is silence."""
    if request[0] == LATE:
        return None
    return b"".join(dict(pieces(request)).values()) if request[0] != TWICE else answer(*request)


def reply(request: bytes, send: Callable[[bytes], object]) -> None:
    """Send the pieces in their time."""
    for after_s, piece in pieces(request):
        asyncio.get_running_loop().call_later(after_s, send, piece)


@contextmanager
def refusing_port() -> Iterator[int]:
    """Yield a port that is held and on which nobody listens: one that is free may be another test's a moment later."""
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        yield end.getsockname()[1]


@asynccontextmanager
async def tcp_far_end() -> AsyncIterator[int]:
    """Serve on a free port and yield it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await reader.read(64)) and request[0] != HANG_UP:
            reply(request, writer.write)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def serial_far_end() -> AsyncIterator[str]:
    """Be the far end of a pty and yield the near end's path."""
    far, near = pty.openpty()
    tty.setraw(near)
    loop = asyncio.get_running_loop()
    os.set_blocking(far, False)
    loop.add_reader(far, lambda: reply(os.read(far, 64), lambda piece: os.write(far, piece)))
    try:
        yield os.ttyname(near)
    finally:
        loop.remove_reader(far)
        os.close(near)
        os.close(far)
