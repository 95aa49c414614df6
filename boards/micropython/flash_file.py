"""A file that behaves as a flash partition: under MicroPython on Linux the ring runs as it does on a board."""

from __future__ import annotations

import os

from hal.compat import const

_BLOCK_BYTES = const(4096)


class FlashFile:
    """An extended block device of `blocks` times 4096 bytes; made erased when it is not there. Raises: OSError."""

    def __init__(self, path: str, blocks: int) -> None:
        self._blocks = blocks
        try:
            os.stat(path)
        except OSError:
            with open(path + ".new", "wb") as file:
                for _ in range(blocks):  # noqa: FURB122 - there is no writelines, and no megabyte to spare
                    file.write(b"\xff" * _BLOCK_BYTES)
            os.rename(path + ".new", path)
        self._file = open(path, "r+b")  # noqa: SIM115 - open as long as the agent runs

    def readblocks(self, block: int, into: bytearray | memoryview, offset: int = 0) -> None:
        """Fill `into` from `offset` in a block."""
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.readinto(into)

    def writeblocks(self, block: int, source: bytes | bytearray | memoryview, offset: int = 0) -> None:
        """Write at `offset` in a block, durably."""
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.write(source)
        self._file.flush()

    def ioctl(self, operation: int, argument: int) -> int:
        """Count blocks (4), tell their size (5), erase one (6)."""
        if operation == 4:
            return self._blocks
        if operation == 5:
            return _BLOCK_BYTES
        if operation == 6:
            self.writeblocks(argument, b"\xff" * _BLOCK_BYTES)
        return 0
