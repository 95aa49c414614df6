"""Flash that loses power at any byte: the in-memory store with a fuse, a fault, and a digest of all it was told."""

from __future__ import annotations

import errno
import hashlib

from hal.memory import MemoryStore
from tools.simulate.power import Power, PowerCut


class FlashDigest:
    """SHA-256 over everything that was ever asked of the stores of a run, in order."""

    def __init__(self) -> None:
        self._hasher = hashlib.sha256()
        self.size_bytes = 0

    def add(self, what: bytes, chunk: bytes = b"") -> None:
        """Take one request."""
        self._hasher.update(what + len(chunk).to_bytes(4, "big") + chunk)
        self.size_bytes += len(chunk)

    def hex(self) -> str:
        """Return the digest so far."""
        return self._hasher.hexdigest()


class FlashStore(MemoryStore):
    """Outlives the agent; each life plugs its own power in with `begin`."""

    def __init__(self, capacity_bytes: int, digest: FlashDigest) -> None:
        super().__init__(capacity_bytes)
        self.capacity_bytes = capacity_bytes
        self.digest = digest
        self.power = Power()
        self.fuse_bytes: int | None = None  # the power fails when so many more bytes were written
        self.failing = False  # answers EIO

    def begin(self, power: Power) -> None:
        """A new life."""
        self.power = power
        self.failing = False

    def append(self, chunk: bytes) -> int:
        """Write, as far as the power lasts. Raises: OSError, PowerCut."""
        self._check()
        if self.fuse_bytes is not None:
            if len(chunk) > self.fuse_bytes:
                torn = chunk[: self.fuse_bytes]
                super().append(torn)
                self.digest.add(b"T", torn)
                self._blow()
            self.fuse_bytes -= len(chunk)
        offset = super().append(chunk)
        self.digest.add(b"A", chunk)
        return offset

    def sync(self) -> None:
        """Make durable, unless the power fails before. Raises: OSError, PowerCut."""
        self._check()
        if self.fuse_bytes == 0:
            self._blow()
        super().sync()
        self.digest.add(b"S")

    def roll(self) -> int:
        """Begin a segment. Raises: OSError, PowerCut."""
        self._check()
        self.digest.add(b"R")
        return super().roll()

    def release(self, offset: int) -> None:
        """Drop old segments. Raises: OSError, PowerCut."""
        self._check()
        self.digest.add(b"D", offset.to_bytes(8, "big"))
        super().release(offset)

    def crash(self, keep_bytes: int, garbage: bytes = b"") -> None:
        """Lose what was not durable."""
        super().crash(keep_bytes, garbage)
        self.fuse_bytes = None
        self.digest.add(b"C", garbage)

    def copy(self, synced_only: bool) -> MemoryStore:
        """Return another store that holds what this one does, or what of it is durable."""
        other = MemoryStore(1 << 40)
        lost = self.unsynced_bytes() if synced_only else 0
        segments = self.segments()
        other._kept = [(first, bytearray(self.read(first, size))) for first, size in segments]
        first, held = other._kept[-1]
        other._kept[-1] = (first, held[: max(0, len(held) - lost)])
        other.sync()
        return other

    def size_bytes(self) -> int:
        """Return how much is kept."""
        return self._end() - self._kept[0][0]

    def _check(self) -> None:
        self.power.check()
        if self.failing:
            raise OSError(errno.EIO, "the flash is broken")

    def _blow(self) -> None:
        self.power.cut()
        raise PowerCut
