"""What happened, kept: frames on a store, readable after a cut at any byte.

A frame is `size (2) | kind (1) | CRC-32 of kind and payload (4) | payload`, big-endian; size counts the
payload. Each segment begins with a checkpoint, so any older segment can be dropped. A damaged frame
ends its segment: nothing after it is believed. Nothing is durable before `sync`; what `flush` wrote
survives a killed process.
"""

from __future__ import annotations

import binascii

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hal.ports import Store

CHECKPOINT = const(1)
OPEN = const(2)
RECORD = const(3)
SEAL = const(4)
STATE = const(5)
RECEIPT = const(6)
LOSS = const(7)
KEYS = const(8)
DAMAGED = const(0)  # never written: stands for the rest of a segment behind a broken frame

HEADER_BYTES = const(7)
_PAYLOAD_BYTES_MAX = const(65535)


def frame(kind: int, payload: bytes) -> bytes:
    """Return one frame around `payload`."""
    assert len(payload) <= _PAYLOAD_BYTES_MAX
    crc = binascii.crc32(payload, kind) & 0xFFFFFFFF
    return len(payload).to_bytes(2, "big") + bytes((kind,)) + crc.to_bytes(4, "big") + payload


def _payload_at(store: Store, offset: int, end: int) -> tuple[int, bytes] | None:
    """Return (kind, payload) of the frame at `offset`, None when it is torn or damaged."""
    header = store.read(offset, HEADER_BYTES)
    if len(header) < HEADER_BYTES or header[2] == DAMAGED:  # zeros, as a cut may leave them, have a fitting CRC
        return None
    size = int.from_bytes(header[:2], "big")
    if offset + HEADER_BYTES + size > end:
        return None
    payload = store.read(offset + HEADER_BYTES, size)
    if binascii.crc32(payload, header[2]) & 0xFFFFFFFF != int.from_bytes(header[3:7], "big"):
        return None
    return header[2], payload


class Journal:
    """Frames in order; buffers until `flush`, promises only after `sync`."""

    def __init__(self, store: Store, segment_bytes: int) -> None:
        self.store = store
        self.segment_bytes = segment_bytes
        self._buffer: list[bytes] = []
        self._buffered_bytes = 0
        self._unsynced = False

    def frames(self, offset: int = 0) -> Iterator[tuple[int, bytes, int]]:
        """Yield (kind, payload, offset) from `offset` on; (DAMAGED, b"", offset) where a segment breaks off."""
        for first, size_bytes in self.store.segments():
            end = first + size_bytes
            at = max(first, offset)
            while at < end:
                found = _payload_at(self.store, at, end)
                if found is None:
                    yield DAMAGED, b"", at
                    break
                yield found[0], found[1], at
                at += HEADER_BYTES + len(found[1])

    @property
    def end(self) -> int:
        """Offset of the next frame, buffered ones included."""
        segments = self.store.segments()
        return (segments[-1][0] + segments[-1][1] if segments else 0) + self._buffered_bytes

    def wants_roll(self) -> bool:
        """Tell whether the newest segment is full enough to begin another."""
        segments = self.store.segments()
        return not segments or segments[-1][1] + self._buffered_bytes >= self.segment_bytes

    def roll(self, checkpoint: bytes) -> None:
        """Begin a new segment with its checkpoint."""
        self.flush()
        self.store.roll()
        self.append(CHECKPOINT, checkpoint)

    def append(self, kind: int, payload: bytes) -> None:
        """Add one frame to the buffer."""
        framed = frame(kind, payload)
        self._buffer.append(framed)
        self._buffered_bytes += len(framed)

    def flush(self) -> None:
        """Hand the buffer to the store in one piece. Raises: OSError; the buffer is kept then."""
        if self._buffer:
            self.store.append(b"".join(self._buffer))
            self._buffer = []
            self._buffered_bytes = 0
            self._unsynced = True

    def sync(self) -> None:
        """Make everything durable. Raises: OSError."""
        self.flush()
        if self._unsynced:
            self.store.sync()
            self._unsynced = False
