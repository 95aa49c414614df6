"""Numbers and text as Modbus registers on the wire: two bytes a word, most significant word and byte first."""

from __future__ import annotations

import struct

NAN_WORD = b"\xff\xff"

f32 = struct.Struct(">f").pack  # IEEE 754 single precision
f64 = struct.Struct(">d").pack  # double precision


def u16(number: float) -> bytes:
    """Encode 0..65535, cut at both ends."""
    return min(max(round(number), 0), 0xFFFF).to_bytes(2, "big")


def s16(number: float) -> bytes:
    """Encode -32768..32767 in two's complement, cut at both ends."""
    return (min(max(round(number), -0x8000), 0x7FFF) & 0xFFFF).to_bytes(2, "big")


def u32(number: float) -> bytes:
    """Encode 0..2^32-1, cut at both ends."""
    return min(max(int(number), 0), 0xFFFFFFFF).to_bytes(4, "big")


def u64(number: float) -> bytes:
    """Encode 0..2^64-1."""
    return int(number).to_bytes(8, "big")


def s32(number: float) -> bytes:
    """Encode -2^31..2^31-1 in two's complement, cut at both ends."""
    return (min(max(round(number), -0x80000000), 0x7FFFFFFF) & 0xFFFFFFFF).to_bytes(4, "big")


def low_first(registers: bytes) -> bytes:
    """Turn two words round."""
    return registers[2:] + registers[:2]


def text(string: str, size: int) -> bytes:
    """Encode ASCII padded with zero bytes to `size` words."""
    return string.encode("ascii")[: size * 2].ljust(size * 2, b"\0")


def nan(size: int) -> bytes:
    """Return `size` words that mean "not available"."""
    return NAN_WORD * size


def words_of(registers: bytes) -> list[int]:
    """Return the words that are on the wire."""
    return list(struct.unpack(f">{len(registers) // 2}H", registers))


def to_s16(words: list[int]) -> int:
    """Decode one word in two's complement."""
    return words[0] - 0x10000 if words[0] & 0x8000 else words[0]


def to_f32(words: list[int]) -> float:
    """Decode IEEE 754 single precision from two words."""
    found: float = struct.unpack(">f", struct.pack(">HH", words[0], words[1]))[0]
    return found
