"""A block device as blocks of chunks, each programmed once after an erase, in whole units.

Source: MicroPython library reference, "Working with filesystems", extended block device interface: `readblocks` and
`writeblocks` with an offset, where writing does not erase; `ioctl` 4 counts blocks, 5 tells their size, 6 erases one.

A chunk is `flags and length (2) | offset (2) | CRC-32 (4) | payload`, big-endian, padded with FF to the units that the
flash programs at once; a place is a number of units in a block. The offset is the low end of the payload's place in
the log, so that a chunk that is missing in the middle is noticed. A block's first chunk has `sequence (4) | offset (6)
| oldest kept offset (6)` before its payload. Every CRC begins with the block's sequence: what an earlier lap left, or
an erase that was cut, is nobody's chunk.
"""

from __future__ import annotations

import binascii

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class BlockDevice(Protocol):
        """esp32.Partition, rp2.Flash or a driver of a NOR chip."""

        def readblocks(self, block: int, into: bytearray | memoryview, offset: int) -> object:
            """Fill `into` from `offset` in a block."""

        def writeblocks(self, block: int, source: bytes | bytearray | memoryview, offset: int) -> object:
            """Program at `offset` in a block, without erasing."""

        def ioctl(self, operation: int, argument: int) -> int | None:
            """Do one of the numbered operations."""


START = const(0x8000)  # the payload begins a segment
MARK = const(0x4000)  # the payload is the oldest kept offset, no part of the log
HEAD_BYTES = const(8)
FIRST_HEAD_BYTES = const(24)  # of a block's first chunk
OFFSET_BYTES = const(6)
LOW_BITS = const(0xFFFF)
_LENGTH_BITS = const(0x3FFF)
_COUNT_BLOCKS = const(4)
_BLOCK_SIZE = const(5)
_ERASE_BLOCK = const(6)
_EIO = const(5)
_CHUNK_BYTES = const(256)


class Chunks:
    """Reads, checks, programs, erases. Sequence numbers count blocks for ever; number n lies in block n modulo blocks.

    Raises: ValueError with one sentence when the device and the size of its units do not fit.
    """

    def __init__(self, device: BlockDevice, unit_bytes: int) -> None:
        self._device = device
        device.ioctl(1, 0)
        self.blocks = device.ioctl(_COUNT_BLOCKS, 0) or 0
        self.block_bytes = device.ioctl(_BLOCK_SIZE, 0) or 0
        self.unit_bytes = unit_bytes
        if not 16 <= unit_bytes <= 4096 or self.block_bytes % unit_bytes or not 512 <= self.block_bytes <= 32768:
            raise ValueError("units of %d bytes in blocks of %d" % (unit_bytes, self.block_bytes))
        if self.blocks < 4:
            raise ValueError("%d blocks: expected at least 4" % self.blocks)
        self.per_block = self.block_bytes // unit_bytes
        self.chunk_bytes = max(unit_bytes, _CHUNK_BYTES)
        self._held = bytearray(self.chunk_bytes)
        self._held_at = -1
        self.flags = 0  # these are of the chunk that `look` found
        self.length = 0
        self.low = 0

    def room(self, place: int) -> int:
        """Return how many bytes a chunk at a place may have, its head included."""
        return min(self.chunk_bytes, self.block_bytes - place * self.unit_bytes)

    def units(self, place: int, length: int) -> int:
        """Return how many units a chunk of so many bytes payload takes at a place."""
        return -(-(head_bytes(place) + length) // self.unit_bytes)

    def _load(self, sequence: int, place: int) -> None:
        at = sequence % self.blocks * self.per_block + place
        if at != self._held_at:
            self._held_at = -1
            whole = memoryview(self._held)
            self._device.readblocks(at // self.per_block, whole[: self.room(place)], place * self.unit_bytes)
            self._held_at = at

    def look(self, sequence: int, place: int) -> bool:
        """Read at a place of block `sequence`; tell whether a chunk of that block begins there that is whole."""
        self._load(sequence, place)
        held = self._held
        flags = int.from_bytes(held[:2], "big")
        length = flags & _LENGTH_BITS
        end = head_bytes(place) + length
        if not length or end > self.room(place) or int.from_bytes(held[4:8], "big") != _crc(held, sequence, end):
            return False
        if place == 0 and int.from_bytes(held[8:12], "big") != sequence:
            return False
        self.flags, self.length, self.low = flags & ~_LENGTH_BITS, length, int.from_bytes(held[2:4], "big")
        return True

    def taken(self, place: int, at: int, size_bytes: int) -> bytes:
        """Return a part of the payload of the chunk that `look` found last."""
        begin = head_bytes(place) + at
        return bytes(self._held[begin : begin + size_bytes])

    def sequence_of(self, block: int) -> int:
        """Return the sequence number that a block carries, -1 when it carries none."""
        self._load(block, 0)
        sequence = int.from_bytes(self._held[8:12], "big")
        return sequence if sequence % self.blocks == block and self.look(sequence, 0) else -1

    def offsets(self) -> tuple[int, int]:
        """Return offset and oldest kept offset of the first chunk that `look` found last."""
        held = self._held
        return int.from_bytes(held[12:18], "big"), int.from_bytes(held[18:24], "big")

    def untouched(self, sequence: int, place: int) -> bool:
        """Tell whether a unit reads as erased."""
        self._load(sequence, place)
        return bytes(self._held[: self.unit_bytes]) == b"\xff" * self.unit_bytes

    def program(self, sequence: int, place: int, buffer: bytearray, flags: int, length: int, offset: int) -> None:
        """Complete the head of a chunk of `length` bytes payload and program it. Raises: OSError."""
        used = head_bytes(place) + length
        end = self.units(place, length) * self.unit_bytes
        buffer[:2] = (flags | length).to_bytes(2, "big")
        buffer[2:4] = (offset & LOW_BITS).to_bytes(2, "big")
        buffer[4:8] = _crc(buffer, sequence, used).to_bytes(4, "big")
        for at in range(used, end):
            buffer[at] = 0xFF
        whole = memoryview(buffer)[:end]
        self._device.writeblocks(sequence % self.blocks, whole, place * self.unit_bytes)
        self._held_at = -1
        self._load(sequence, place)
        if memoryview(self._held)[:end] != whole:
            raise OSError(_EIO, "flash did not keep a chunk")

    def erase(self, sequence: int) -> None:
        """Erase the block that will carry `sequence`. Raises: OSError."""
        self._held_at = -1
        if self._device.ioctl(_ERASE_BLOCK, sequence % self.blocks):
            raise OSError(_EIO, "flash did not erase a block")


def head_bytes(place: int) -> int:
    """Return how long the head of a chunk at a place is."""
    return HEAD_BYTES if place else FIRST_HEAD_BYTES


def _crc(chunk: bytearray, sequence: int, end: int) -> int:
    whole = memoryview(chunk)
    return binascii.crc32(whole[HEAD_BYTES:end], binascii.crc32(whole[:4], sequence)) & 0xFFFFFFFF
