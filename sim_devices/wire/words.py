"""Numbers and text as 16-bit Modbus words, most significant word first."""

from __future__ import annotations

import struct

NAN_WORD = 0xFFFF


def _split(packed: bytes) -> list[int]:
    return [int.from_bytes(packed[i : i + 2], "big") for i in range(0, len(packed), 2)]


def u16(number: float) -> list[int]:
    """Encode 0..65535, cut at both ends."""
    return [min(max(round(number), 0), 0xFFFF)]


def s16(number: float) -> list[int]:
    """Encode -32768..32767 in two's complement, cut at both ends."""
    return [min(max(round(number), -0x8000), 0x7FFF) & 0xFFFF]


def u32(number: float) -> list[int]:
    """Encode 0..2^32-1, cut at both ends."""
    return _split(min(max(int(number), 0), 0xFFFFFFFF).to_bytes(4, "big"))


def u64(number: float) -> list[int]:
    """Encode 0..2^64-1."""
    return _split(int(number).to_bytes(8, "big"))


def f32(number: float) -> list[int]:
    """Encode IEEE 754 single precision."""
    return _split(struct.pack(">f", number))


def f64(number: float) -> list[int]:
    """Encode IEEE 754 double precision."""
    return _split(struct.pack(">d", number))


def text(string: str, size: int) -> list[int]:
    """Encode ASCII padded with zero bytes to `size` words."""
    return _split(string.encode("ascii")[: size * 2].ljust(size * 2, b"\0"))


def nan(size: int) -> list[int]:
    """Return `size` words that mean "not available"."""
    return [NAN_WORD] * size


def to_s16(words: list[int]) -> int:
    """Decode one word in two's complement."""
    return words[0] - 0x10000 if words[0] & 0x8000 else words[0]


def to_f32(words: list[int]) -> float:
    """Decode IEEE 754 single precision from two words."""
    found: float = struct.unpack(">f", struct.pack(">HH", words[0], words[1]))[0]
    return found
