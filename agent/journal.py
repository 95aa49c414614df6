"""What happened, kept: frames on a store, readable after a cut at any byte.

A frame is `size (2) | kind (1) | CRC-32 of kind and payload (4) | payload`, big-endian; size counts the
payload. Each segment begins with a checkpoint, so any older segment can be dropped. Nothing is durable
before `sync`; what `flush` wrote survives a killed process.

What one `flush` wrote is there whole or not at all: a decision without its kept state, or the state without its
decision, would say what is not so. All its frames but the last have MORE in their kind. A damaged frame, or a
write whose last frame is missing, ends its segment: nothing from there on is believed.
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
MORE = const(0x80)  # in the kind as written: the next frame belongs to the same write
DAMAGED = const(0)  # never written: stands for the rest of a segment behind a broken frame

HEADER_BYTES = const(7)
_PAYLOAD_BYTES_MAX = const(65535)
_WRITE_BYTES_MAX = const(8192)  # readers hold a write in memory; a turn that puts down more is parted


def frame(kind: int, payload: bytes) -> bytes:
    """Return one frame around `payload`."""
    assert len(payload) <= _PAYLOAD_BYTES_MAX
    crc = binascii.crc32(payload, kind) & 0xFFFFFFFF
    return len(payload).to_bytes(2, "big") + bytes((kind,)) + crc.to_bytes(4, "big") + payload


def _payload_at(store: Store, offset: int, end: int) -> tuple[int, bytes] | None:
    """Return (kind, payload) of the frame at `offset`, None when it is torn or damaged."""
    header = store.read(offset, HEADER_BYTES)
    if len(header) < HEADER_BYTES or header[2] & ~MORE == DAMAGED:  # zeros, as a cut may leave them, have a fitting CRC
        return None
    size = int.from_bytes(header[:2], "big")
    if offset + HEADER_BYTES + size > end:
        return None
    payload = store.read(offset + HEADER_BYTES, size)
    if binascii.crc32(payload, header[2]) & 0xFFFFFFFF != int.from_bytes(header[3:7], "big"):
        return None
    return header[2], payload


def _one_write(frames: list[tuple[int, bytes]]) -> bytes:
    made: list[bytes] = []
    left, held_bytes = len(frames), 0
    for kind, payload in frames:
        left -= 1
        held_bytes += len(payload)
        if left and held_bytes < _WRITE_BYTES_MAX:
            kind |= MORE
        else:
            held_bytes = 0
        made.append(frame(kind, payload))
    return b"".join(made)


class Journal:
    """Frames in order; buffers until `flush`, promises only after `sync`."""

    def __init__(self, store: Store, segment_bytes: int) -> None:
        self.store = store
        self.segment_bytes = segment_bytes
        self._waiting: list[tuple[int, bytes]] = []  # (kind, payload) of the next write
        self.waiting_bytes = 0
        self._unsynced = False

    def frames(self, offset: int = 0) -> Iterator[tuple[int, bytes, int]]:
        """Yield (kind, payload, offset) from `offset` on; (DAMAGED, b"", offset) where a segment breaks off."""
        for first, size_bytes in self.store.segments():
            at, end = max(first, offset), first + size_bytes
            write: list[tuple[int, bytes, int]] = []  # held until its last frame is there
            while at < end:
                found = _payload_at(self.store, at, end)
                if found is None:
                    yield DAMAGED, b"", write[0][2] if write else at
                    break
                write.append((found[0] & ~MORE, found[1], at))
                at += HEADER_BYTES + len(found[1])
                if not found[0] & MORE:
                    yield from write
                    write = []
            else:
                if write:
                    yield DAMAGED, b"", write[0][2]

    @property
    def end(self) -> int:
        """Offset of the next frame, buffered ones included."""
        segments = self.store.segments()
        return (segments[-1][0] + segments[-1][1] if segments else 0) + self.waiting_bytes

    def wants_roll(self) -> bool:
        """Tell whether the newest segment is full and nothing waits: another one would part what belongs together."""
        segments = self.store.segments()
        return not segments or (not self._waiting and segments[-1][1] >= self.segment_bytes)

    def roll(self, checkpoint: bytes) -> None:
        """Begin a new segment with its checkpoint."""
        self.flush()
        self.store.roll()
        self.append(CHECKPOINT, checkpoint)

    def append(self, kind: int, payload: bytes) -> None:
        """Add one frame to what is written next."""
        self._waiting.append((kind, payload))
        self.waiting_bytes += HEADER_BYTES + len(payload)

    def flush(self) -> None:
        """Hand what waits to the store as one write. Raises: OSError; it waits on then."""
        if self._waiting:
            self.store.append(_one_write(self._waiting))
            self._waiting = []
            self.waiting_bytes = 0
            self._unsynced = True

    def sync(self) -> None:
        """Make everything durable. Raises: OSError."""
        self.flush()
        if self._unsynced:
            self.store.sync()
            self._unsynced = False
