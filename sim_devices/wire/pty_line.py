"""A pseudo-terminal as an asyncio transport: the far end looks like a serial port with a path."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from pathlib import Path

READ_BYTES = 4096


class PtyLine(asyncio.Transport):
    """Pumps bytes between the terminal and a protocol.

    Keeps the far end open itself: else it would hang up whenever a client closes it.
    """

    def __init__(self, link: Path | None) -> None:
        super().__init__()
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self._terminal = os.ttyname(self._far)
        self._link = link
        self._protocol: asyncio.Protocol | None = None
        if link:
            if link.is_symlink():
                link.unlink()  # left by a run that was killed
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(self._terminal)

    @property
    def path(self) -> str:
        """What a client opens."""
        return str(self._link) if self._link else self._terminal

    def start(self, protocol: asyncio.Protocol) -> None:
        """Hand all bytes to a protocol from now on."""
        self._protocol = protocol
        asyncio.get_running_loop().add_reader(self._near, self._readable)
        protocol.connection_made(self)

    def _readable(self) -> None:
        assert self._protocol is not None
        with contextlib.suppress(BlockingIOError):
            self._protocol.data_received(os.read(self._near, READ_BYTES))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Put bytes on the line; when nobody takes them they are lost, as on a wire."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._near, data)

    def close(self) -> None:
        """Close both ends and take the link away."""
        if self._near < 0:
            return
        asyncio.get_running_loop().remove_reader(self._near)
        os.close(self._near)
        os.close(self._far)
        self._near = -1
        if self._link and self._link.is_symlink():
            self._link.unlink()

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self._near < 0
