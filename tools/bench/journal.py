"""What an hour of journal costs the medium: the demonstration's house in virtual time, one reading a minute.

The real agent appends, syncs, rolls as on a site that nobody commands; every call goes to a flash ring for each
program size and to the gateway's files at once. The flash is modelled: programming counts whole pages, and a block is
erased before its first page. What reaches a disk is counted in pages of 4 KB, as the kernel writes them: each page
touched since the last fdatasync is written again with the next; the file system's own blocks are not counted.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from boards.cpython.file_store import FileStore
from boards.micropython.ring_store import RingStore
from hal.ports import Store
from tools.bench.evidence import lived
from tools.demo.layout import Layout

FLASH_BLOCKS, BLOCK_BYTES = 256, 4096
UNIT_BYTES = (16, 256)
DISK_PAGE_BYTES = 4096
LIVED_S = 3600


@dataclass
class Wear:
    """Bytes journaled, and what each medium wrote for them."""

    journal_bytes: int = 0
    records: int = 0
    syncs: int = 0
    programmed_bytes: dict[int, int] = field(default_factory=dict)  # by program size
    disk_bytes: int = 0

    def programmed(self, unit_bytes: int) -> float:
        """Bytes programmed per journal byte."""
        return self.programmed_bytes[unit_bytes] / self.journal_bytes

    def erases_per_1000(self, unit_bytes: int) -> float:
        """Blocks filled per 1000 records: in the long run each is erased once a lap."""
        return 1000 * self.programmed_bytes[unit_bytes] / BLOCK_BYTES / self.records

    @property
    def on_disk(self) -> float:
        """Bytes written to the disk per journal byte."""
        return self.disk_bytes / self.journal_bytes


class Flash:
    """A flash in memory that counts what is done to it."""

    def __init__(self) -> None:
        self._image = bytearray(b"\xff" * (FLASH_BLOCKS * BLOCK_BYTES))
        self.programmed_bytes = 0

    def readblocks(self, block: int, into: bytearray | memoryview, offset: int) -> None:
        """Fill `into`."""
        at = block * BLOCK_BYTES + offset
        into[:] = self._image[at : at + len(into)]

    def writeblocks(self, block: int, source: bytes | bytearray | memoryview, offset: int) -> None:
        """Program."""
        at = block * BLOCK_BYTES + offset
        self._image[at : at + len(source)] = source
        self.programmed_bytes += len(source)

    def ioctl(self, operation: int, argument: int) -> int:
        """Count blocks (4), tell their size (5), erase one (6)."""
        if operation == 6:
            at = argument * BLOCK_BYTES
            self._image[at : at + BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
        return {4: FLASH_BLOCKS, 5: BLOCK_BYTES}.get(operation, 0)


class CountedFiles(FileStore):
    """Counts the pages that each sync has to write."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, durable=False)
        self.disk_bytes = 0
        self._touched: set[int] = set()

    def append(self, chunk: bytes) -> int:
        """Append, and note the pages touched."""
        first, size_bytes = self.segments()[-1]
        offset = super().append(chunk)
        pages = range(size_bytes // DISK_PAGE_BYTES, (size_bytes + len(chunk) - 1) // DISK_PAGE_BYTES + 1)
        self._touched.update((first << 20) + page for page in pages)
        return offset

    def sync(self) -> None:
        """Count what fdatasync would write."""
        super().sync()
        self.disk_bytes += DISK_PAGE_BYTES * len(self._touched)
        self._touched.clear()


class Every:
    """Does everything to all stores; reads from the last."""

    def __init__(self, stores: list[Store], wear: Wear) -> None:
        self._stores = stores
        self._wear = wear

    def segments(self) -> list[tuple[int, int]]:
        """Return the segments."""
        return self._stores[-1].segments()

    def append(self, chunk: bytes) -> int:
        """Append everywhere."""
        self._wear.journal_bytes += len(chunk)
        return [store.append(chunk) for store in self._stores][-1]

    def sync(self) -> None:
        """Sync everywhere."""
        self._wear.syncs += 1
        for store in self._stores:
            store.sync()

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Read from the last."""
        return self._stores[-1].read(offset, size_bytes)

    def roll(self) -> int:
        """Roll everywhere."""
        return [store.roll() for store in self._stores][-1]

    def release(self, offset: int) -> None:
        """Release everywhere."""
        for store in self._stores:
            store.release(offset)

    def close(self) -> None:
        """Close all."""
        for store in self._stores:
            store.close()


def measure(layout: Layout) -> Wear:
    """Let an hour pass."""
    wear = Wear()
    flashes = {size: Flash() for size in UNIT_BYTES}
    with tempfile.TemporaryDirectory(dir=layout.folder) as folder:
        files = CountedFiles(Path(folder) / "journal")
        rings = [RingStore(flash, size, FLASH_BLOCKS * BLOCK_BYTES) for size, flash in flashes.items()]
        every = Every([*rings, files], wear)
        _, wear.records = asyncio.run(lived(layout, every, LIVED_S))
        wear.disk_bytes = files.disk_bytes
    wear.programmed_bytes = {size: flash.programmed_bytes for size, flash in flashes.items()}
    return wear
