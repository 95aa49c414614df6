"""Modbus requests and the strict reading of their answers, without any framing.

Source: Modbus Application Protocol Specification V1.1b3, sections 4.1 (sizes), 6 (functions), 7 (exceptions).
A PDU begins with its function code. Addresses are 0-based, as on the wire: makers print 1, 30001 or 40001 for 0.
"""

from __future__ import annotations

from hal.compat import const
from hal.errors import FrameError, Refused

READ_COILS = const(1)
READ_DISCRETE = const(2)
READ_HOLDING = const(3)
READ_INPUT = const(4)
_WRITE_COIL = const(5)
WRITE_REGISTER = const(6)
WRITE_REGISTERS = const(16)
READ_WRITE_REGISTERS = const(23)

EXCEPTION = const(0x80)  # set in the function code of an answer that refuses
ILLEGAL_ADDRESS = const(2)

BITS_READ_MAX = const(2000)
REGISTERS_READ_MAX = const(125)
_REGISTERS_WRITE_MAX = const(123)

_ON = b"\xff\x00"
_OFF = b"\x00\x00"


def word(number: int) -> bytes:
    """Return one register's bytes. Raises: ValueError outside 0..65535."""
    if type(number) is not int or not 0 <= number <= 0xFFFF:
        raise ValueError("register", number, "0..65535")
    return number.to_bytes(2, "big")


def span(address: int, count: int, count_max: int) -> bytes:
    """Return first address and count as every request has them. Raises: ValueError."""
    if not 1 <= count <= count_max:
        raise ValueError("count", count, "1.." + str(count_max))
    if address + count > 0x10000:
        raise ValueError("address", address, "0.." + str(0x10000 - count))
    return word(address) + word(count)


def read(function: int, address: int, count: int) -> bytes:
    """Ask for `count` bits (functions 1, 2) or registers (functions 3, 4). Raises: ValueError."""
    if not READ_COILS <= function <= READ_INPUT:
        raise ValueError("function", function, "1..4")
    count_max = BITS_READ_MAX if function <= READ_DISCRETE else REGISTERS_READ_MAX
    return bytes((function,)) + span(address, count, count_max)


def write_coil(address: int, on: int) -> bytes:
    """Ask to close (1) or open (0) one coil. Raises: ValueError."""
    if on not in (0, 1):
        raise ValueError("coil", on, "0 or 1")
    return bytes((_WRITE_COIL,)) + word(address) + (_ON if on else _OFF)


def write_register(address: int, number: int) -> bytes:
    """Ask to write one register. Raises: ValueError."""
    return bytes((WRITE_REGISTER,)) + word(address) + word(number)


def write_registers(address: int, words: tuple[int, ...]) -> bytes:
    """Ask to write neighbouring registers in one go. Raises: ValueError."""
    where = span(address, len(words), _REGISTERS_WRITE_MAX)
    return bytes((WRITE_REGISTERS,)) + where + bytes((2 * len(words),)) + b"".join([word(each) for each in words])


def answer_size(request: bytes) -> int:
    """Return how many bytes the PDU has that obeys `request`; one that refuses has 2."""
    function = request[0]
    count = (request[3] << 8) | request[4]
    if function <= READ_DISCRETE:
        return 2 + ((count + 7) >> 3)
    if function <= READ_INPUT or function == READ_WRITE_REGISTERS:
        return 2 + 2 * count
    return 5


def payload(request: bytes, answer: bytes) -> bytes:
    """Return the bits or registers that `answer` carries, nothing for a write.

    Raises: Refused for an exception, FrameError for whatever is no answer to `request`.
    """
    function = request[0]
    if len(answer) == 2 and answer[0] == function | EXCEPTION:
        raise Refused(function, answer[1])
    if not answer or answer[0] != function:
        raise FrameError("function", answer)
    if len(answer) != answer_size(request):
        raise FrameError("length", answer)
    if function <= READ_INPUT or function == READ_WRITE_REGISTERS:
        if answer[1] != len(answer) - 2:
            raise FrameError("byte count", answer)
        return answer[2:]
    if answer != request[:5]:
        raise FrameError("echo", answer)
    return b""
