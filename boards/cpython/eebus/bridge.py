"""A socket in the site's folder over which an EEBUS stack hands SPINE datagrams to the agent, a line each.

SHIP, pairing and discovery are the stack's; docs/sources.md says what it has to hand over. The socket is for the user
that the agent runs as, and one connection is served at a time. A stack that goes away is a silent Energy Guard.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.sources.eebus_lpc import EebusLpc
from boards.cpython.door import listening
from boards.cpython.eebus import spine

if TYPE_CHECKING:
    from agent.image import Image
    from agent.sources.peer_desk import PeerDesk

LINE_BYTES_MAX = 16384


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

    def look(self, now_ms: int, image: Image) -> None:
        """Say which limits hold now."""
        self.lpc.look(now_ms, image)

    def open(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder

    async def run(self) -> None:
        """Serve, for ever. Raises: OSError."""
        own, _inode = listening(self._folder, self.socket)
        server = await asyncio.start_unix_server(self._serve, sock=own, limit=LINE_BYTES_MAX)
        async with server:
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one stack; a newer connection takes the place of an older one."""
        before, self._serving = self._serving, writer
        if before is not None:
            before.close()
        try:
            while line := await reader.readline():
                said = self._take(line.strip())
                if said is not None:
                    writer.write(said + b"\n")
                    await writer.drain()
        except (OSError, ValueError, asyncio.CancelledError):
            pass  # it has gone, its line is too long, or the agent ends
        finally:
            writer.close()
            if self._serving is writer:
                self._serving = None

    def _take(self, line: bytes) -> bytes | None:
        try:
            datagram = spine.parsed(line)
        except spine.SpineError as error:
            return json.dumps({"error": str(error)}).encode()
        before = [each.state for each in self.lpc.both()], [each.limit_w() for each in self.lpc.both()]
        outcome = spine.carry_out(self.lpc, datagram, self.desk.loop.clock.now_ms())
        if before != ([each.state for each in self.lpc.both()], [each.limit_w() for each in self.lpc.both()]):
            self.lpc.origin = line
        return spine.answer(datagram, outcome)
