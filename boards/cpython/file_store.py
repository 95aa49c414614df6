"""The journal's byte log as segment files on a gateway.

A segment is a plain file named by the offset of its first byte, `%016d.log`; the MicroPython store keeps the same
layout. A power cut may shorten the newest file or leave its unsynced end as zeros, never an older one: a segment is
synced before the next begins, and the folder is synced before a new name is relied on.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

SUFFIX = ".log"
CAPACITY_BYTES = 64 << 20


class FileStore:
    """Keeps at most `capacity_bytes` in a folder that one agent at a time may hold.

    What a failed write left behind is not counted and the next append overwrites it. A sync that failed ends the
    store: the kernel forgets which bytes were lost, so a later sync that succeeds would prove nothing.
    One that is not `durable` never waits for the disk: a power cut may take what it likes.

    Raises: OSError; errno EWOULDBLOCK when another agent holds the folder.
    """

    def __init__(self, folder: str | Path, capacity_bytes: int = CAPACITY_BYTES, *, durable: bool = True) -> None:
        assert capacity_bytes > 0
        self._durable = durable
        self._folder = Path(folder)
        self._capacity_bytes = capacity_bytes
        self._failed = False
        self._reading: tuple[int, int] | None = None  # first offset and handle of the older segment last read
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._lock = _locked(self._folder / "lock")
        try:
            self._kept = _scan(self._folder) or [(0, 0)]
            self._newest = self._open(self._kept[-1][0])
        except BaseException:
            os.close(self._lock)
            raise
        self._dirty = True  # what a killed agent appended is here but perhaps not yet on the disk

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:016d}{SUFFIX}"

    def _open(self, first: int) -> int:
        handle = os.open(self._path(first), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not self._durable:
            return handle
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        except BaseException:
            os.close(handle)
            raise
        finally:
            os.close(folder)
        return handle

    def segments(self) -> list[tuple[int, int]]:
        """Return (first offset, size in bytes) of each kept segment, oldest first; there is always one."""
        return list(self._kept)

    def append(self, chunk: bytes) -> int:
        """Write at the end of the newest segment; return the offset. Raises: OSError."""
        self._check()
        first, size_bytes = self._kept[-1]
        if first + size_bytes + len(chunk) - self._kept[0][0] > self._capacity_bytes:
            raise OSError(errno.ENOSPC, "the journal is full")
        self._dirty = True
        if os.pwrite(self._newest, chunk, size_bytes) != len(chunk):
            raise OSError(errno.ENOSPC, "the disk is full")
        self._kept[-1] = (first, size_bytes + len(chunk))
        return first + size_bytes

    def sync(self) -> None:
        """Return once everything appended will survive a power cut. Raises: OSError."""
        self._check()
        if self._dirty and self._durable:
            try:
                os.fdatasync(self._newest)
            except OSError:
                self._failed = True
                raise
            self._dirty = False

    def _check(self) -> None:
        if self._failed:
            raise OSError(errno.EIO, "an earlier sync failed")

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to `size_bytes` from `offset`, not past its segment's end; empty outside what is kept."""
        at, kept = len(self._kept) - 1, self._kept
        if offset < kept[at][0]:  # not the newest: then most likely the oldest, which goes upstream
            at = 0
            while offset >= sum(kept[at]):
                at += 1
        first, kept_bytes = kept[at]
        count = min(size_bytes, first + kept_bytes - offset)
        return os.pread(self._handle(first), count, offset - first) if count > 0 and offset >= first else b""

    def _handle(self, first: int) -> int:
        if first == self._kept[-1][0]:
            return self._newest
        if self._reading is None or self._reading[0] != first:
            self._forget_reading()
            self._reading = (first, os.open(self._path(first), os.O_RDONLY | os.O_CLOEXEC))
        return self._reading[1]

    def _forget_reading(self) -> None:
        if self._reading is not None:
            os.close(self._reading[1])
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
            os.close(full)
            self._kept.append((first + size_bytes, 0))
        return first + size_bytes

    def release(self, offset: int) -> None:
        """Drop every segment that ends at or before `offset`; the newest one stays."""
        while len(self._kept) > 1 and sum(self._kept[0]) <= offset:
            self._forget_reading()
            self._path(self._kept[0][0]).unlink()
            self._kept.pop(0)

    def close(self) -> None:
        """Sync and give the handles and the folder back."""
        try:
            self.sync()
        finally:
            self._forget_reading()
            os.close(self._newest)
            os.close(self._lock)


def _locked(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel lets go of it when the agent is killed
    except OSError:
        os.close(handle)
        raise
    return handle


def _scan(folder: Path) -> list[tuple[int, int]]:
    """Return what is kept; what a failed write left behind the end of an older segment belongs to nobody."""
    ours = [path for path in folder.glob("*" + SUFFIX) if path.stem.isdigit()]
    found = sorted((int(path.stem), path.stat().st_size) for path in ours)
    ends = [first for first, _ in found[1:]] + [sum(found[-1])] if found else []
    return [(first, min(size_bytes, end - first)) for (first, size_bytes), end in zip(found, ends, strict=True)]
