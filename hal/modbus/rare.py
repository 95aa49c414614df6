"""Modbus requests that few products need: many coils at once, writing and reading in one go.

Source: Modbus Application Protocol Specification V1.1b3, sections 6.11 and 6.17.
"""

from __future__ import annotations

from hal.compat import const
from hal.modbus.pdu import READ_WRITE_REGISTERS, REGISTERS_READ_MAX, span, word

_WRITE_COILS = const(15)
_BITS_WRITE_MAX = const(1968)
_REGISTERS_EXCHANGE_MAX = const(121)


def write_coils(address: int, states: tuple[int, ...]) -> bytes:
    """Ask to write neighbouring coils, 0 or 1 each. Raises: ValueError."""
    where = span(address, len(states), _BITS_WRITE_MAX)
    packed = bytearray((len(states) + 7) >> 3)
    for index, on in enumerate(states):
        if on not in (0, 1):
            raise ValueError("coil", on, "0 or 1")
        if on:
            packed[index >> 3] |= 1 << (index & 7)
    return bytes((_WRITE_COILS,)) + where + bytes((len(packed),)) + bytes(packed)


def read_write_registers(address: int, count: int, write_address: int, words: tuple[int, ...]) -> bytes:
    """Ask to write some registers and then to read others. Raises: ValueError."""
    reading = span(address, count, REGISTERS_READ_MAX)
    writing = span(write_address, len(words), _REGISTERS_EXCHANGE_MAX)
    payload = bytes((2 * len(words),)) + b"".join([word(each) for each in words])
    return bytes((READ_WRITE_REGISTERS,)) + reading + writing + payload
