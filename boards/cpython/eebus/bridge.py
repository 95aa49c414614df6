"""A socket in the site's folder over which an EEBUS stack hands SPINE datagrams to the agent, a line each.

SHIP, pairing and discovery are the stack's; docs/sources.md says what it has to hand over. The socket is for the user
that the agent runs as, and one connection is served at a time. A stack that goes away is a silent Energy Guard. What
is refused is answered with the reason; people are told of it too, at most once a minute.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.sources.eebus_lpc import EebusLpc
from boards.cpython.door import listening
from boards.cpython.eebus import spine

if TYPE_CHECKING:
    from agent.image import Image
    from agent.sources.peer_desk import PeerDesk

LINE_BYTES_MAX = 16384
NOTE_MS = 60000
READ_S = 10  # a stack that does not read its answers for so long is hung up on


class EebusBridge:
    """Serves the socket; the limitations themselves live in the tick."""

    def __init__(self, desk: PeerDesk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        own = dict(options)
        self.desk = desk
        self.socket = own.pop("socket", "eebus")
        if type(self.socket) is not str or not self.socket or "/" in self.socket:
            raise ValueError("socket", self.socket, "the name of a file")
        self.lpc = EebusLpc(desk, own)
        self._folder = Path()
        self._serving: asyncio.StreamWriter | None = None
        self._say: Callable[[str], None] = lambda _: None
        self._said_ms = -NOTE_MS

    def notes_to(self, say: Callable[[str], None]) -> None:
        """Tell people, from now on, why something was refused."""
        self._say = say

    def look(self, now_ms: int, image: Image) -> None:
        """Say which limits hold now."""
        self.lpc.look(now_ms, image)

    def open(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder

    async def run(self) -> None:
        """Serve, for ever. Raises: OSError."""
        own, _inode = listening(self._folder, self.socket)
        server = await asyncio.start_unix_server(self.serve, sock=own, limit=LINE_BYTES_MAX)
        async with server:
            await server.serve_forever()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one stack; a newer connection takes the place of an older one."""
        before, self._serving = self._serving, writer
        if before is not None:
            before.transport.abort()  # one that does not read its answers would never be closed
        try:
            while line := await reader.readline():
                await _write(writer, self._take(line.strip()))
        except ValueError:  # of readline
            why = f"a line of more than {LINE_BYTES_MAX} bytes"
            self._note(why)
            writer.write(_refused(why) + b"\n")
        except (OSError, asyncio.CancelledError):
            pass  # it has gone, it does not read, or the agent ends
        finally:
            writer.close()
            if self._serving is writer:
                self._serving = None

    def _take(self, line: bytes) -> bytes | None:
        """Carry out a line; return what it is answered with."""
        try:
            datagram = spine.parsed(line)
        except spine.SpineError as error:
            self._note(str(error))
            return _refused(str(error))
        before, refusal = self._stands(), None
        try:
            spine.carry_out(self.lpc, datagram, self.desk.loop.clock.now_ms())
        except spine.SpineError as error:
            self._note(str(error))
            refusal = error
        if before != self._stands():
            self.lpc.origin = line
        return spine.answer(datagram, refusal)

    def _stands(self) -> list[tuple[int, int | None]]:
        return [(each.state, each.limit_w()) for each in self.lpc.both()]

    def _note(self, why: str) -> None:
        """Tell people why something was refused, unless they were told of something a moment ago."""
        now_ms = self.desk.loop.clock.now_ms()
        if now_ms - self._said_ms >= NOTE_MS:
            self._said_ms = now_ms
            self._say(f"siteward: source '{self.desk.authority.name}': refused: {why}")


async def _write(writer: asyncio.StreamWriter, said: bytes | None) -> None:
    """Write an answer, if there is one. Raises: OSError, also when nobody reads it."""
    if said is not None:
        writer.write(said + b"\n")
        try:
            async with asyncio.timeout(READ_S):
                await writer.drain()
        except TimeoutError:
            writer.transport.abort()
            raise


def _refused(why: str) -> bytes:
    return json.dumps({"error": why}).encode()
