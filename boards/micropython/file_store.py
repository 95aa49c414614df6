"""The journal's byte log as segment files on a board, or under MicroPython on Linux.

The same layout as the gateway's store: plain files named by the offset of their first byte, `%016d.log`. Here
`flush` is the sync: fsync on Linux, a commit on littlefs. A board runs one program, so the folder has no lock and
no mode. On littlefs every sync copies a block: at one a second a 2 MB volume wears out in under two years.
"""

from __future__ import annotations

import os

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_CAPACITY_BYTES = const(262144)
_ENOSPC = const(28)  # no port of MicroPython names it
_EIO = const(5)


class FileStore:
    """Keeps at most `capacity_bytes` in a folder. Raises: OSError.

    What a failed write left behind is not counted and the next append overwrites it. A sync that failed ends the
    store: a later one that succeeds would prove nothing.
    """

    def __init__(self, folder: str, capacity_bytes: int = _CAPACITY_BYTES) -> None:
        assert capacity_bytes > 0
        self._folder = folder
        self._capacity_bytes = capacity_bytes
        self._failed = False
        self._reading: tuple[int, BinaryIO] | None = None  # first offset and handle of the older segment last read
        if not _exists(folder):
            os.mkdir(folder)
        self._kept = _scan(folder) or [(0, 0)]
        self._newest = self._open(self._kept[-1][0])
        self._dirty = True  # what a killed program appended is here but perhaps not yet on the medium

    def _path(self, first: int) -> str:
        return f"{self._folder}/{first:016d}.log"

    def _open(self, first: int) -> BinaryIO:
        path = self._path(first)
        handle = open(path, "r+b") if _exists(path) else open(path, "w+b")  # noqa: SIM115 - `close` closes it
        handle.flush()
        _sync_folder(self._folder)
        return handle

    def segments(self) -> list[tuple[int, int]]:
        """Return (first offset, size in bytes) of each kept segment, oldest first; there is always one."""
        return list(self._kept)

    def append(self, chunk: bytes) -> int:
        """Write at the end of the newest segment; return the offset. Raises: OSError."""
        self._check()
        first, size_bytes = self._kept[-1]
        if first + size_bytes + len(chunk) - self._kept[0][0] > self._capacity_bytes:
            raise OSError(_ENOSPC, "the journal is full")
        self._dirty = True
        self._newest.seek(size_bytes)
        if self._newest.write(chunk) != len(chunk):
            raise OSError(_ENOSPC, "the disk is full")
        self._kept[-1] = (first, size_bytes + len(chunk))
        return first + size_bytes

    def sync(self) -> None:
        """Return once everything appended will survive a power cut. Raises: OSError."""
        self._check()
        if self._dirty:
            try:
                self._newest.flush()
            except OSError:
                self._failed = True
                raise
            self._dirty = False

    def _check(self) -> None:
        if self._failed:
            raise OSError(_EIO, "an earlier sync failed")

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to `size_bytes` from `offset`, not past its segment's end; empty outside what is kept."""
        at, kept = len(self._kept) - 1, self._kept
        if offset < kept[at][0]:  # not the newest: then most likely the oldest, which goes upstream
            at = 0
            while offset >= sum(kept[at]):
                at += 1
        first, kept_bytes = kept[at]
        count = min(size_bytes, first + kept_bytes - offset)
        return self._read(first, offset - first, count) if count > 0 and offset >= first else b""

    def _read(self, first: int, at: int, count: int) -> bytes:
        handle = self._handle(first)
        handle.seek(at)
        return handle.read(count)

    def _handle(self, first: int) -> BinaryIO:
        if first == self._kept[-1][0]:
            return self._newest
        if self._reading is None or self._reading[0] != first:
            self._forget_reading()
            self._reading = (first, open(self._path(first), "rb"))  # noqa: SIM115 - a page is read in 200 pieces
        return self._reading[1]

    def _forget_reading(self) -> None:
        if self._reading is not None:
            self._reading[1].close()
            self._reading = None

    def roll(self) -> int:
        """Sync, begin a new segment and return its first offset; an empty newest segment is one already.

        Raises: OSError; the newest segment stays the newest.
        """
        self.sync()
        first, size_bytes = self._kept[-1]
        if size_bytes:
            full = self._newest
            self._newest = self._open(first + size_bytes)
            full.close()
            self._kept.append((first + size_bytes, 0))
        return first + size_bytes

    def release(self, offset: int) -> None:
        """Drop every segment that ends at or before `offset`; the newest one stays."""
        while len(self._kept) > 1 and sum(self._kept[0]) <= offset:
            self._forget_reading()
            os.remove(self._path(self._kept[0][0]))
            self._kept.pop(0)

    def close(self) -> None:
        """Sync and give the handle back."""
        try:
            self.sync()
        finally:
            self._forget_reading()
            self._newest.close()


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _sync_folder(folder: str) -> None:
    try:
        handle = open(folder, "rb")  # noqa: SIM115 - a folder: only synced
    except OSError:
        return  # littlefs keeps names with the file's own commit and does not open folders
    handle.flush()
    handle.close()


def _scan(folder: str) -> list[tuple[int, int]]:
    """Return what is kept; what a failed write left behind the end of an older segment belongs to nobody."""
    names = [name[:-4] for name in os.listdir(folder) if name.endswith(".log")]
    firsts = sorted([int(name) for name in names if name.isdigit()])
    sizes = [os.stat(f"{folder}/{first:016d}.log")[6] for first in firsts]
    for place in range(len(firsts) - 1):
        sizes[place] = min(sizes[place], firsts[place + 1] - firsts[place])
    return list(zip(firsts, sizes))
