"""Modbus ASCII framing: a mark, unit, PDU and LRC as hex digits, a line end.

Source: MODBUS over Serial Line V1.02, section 2.5.2 and appendix A (LRC). An answer begins with ':' as the request
does, or with '>' as ABL's charging points have it. Length is known from the request, as in RTU.
"""

from __future__ import annotations

from binascii import hexlify, unhexlify

from hal.compat import const
from hal.errors import FrameError
from hal.modbus import pdu

_MARKS = b":>"
_END = b"\r\n"
_SHORTEST = const(11)  # mark, unit, function, exception code, LRC, line end
_HEAD = const(5)  # up to and with the function code
_AROUND = const(7)  # characters beside those of the PDU
_BITS_PER_CHARACTER = const(11)
_BYTES_KEPT = const(260)


def lrc(octets: bytes) -> int:
    """Return the checksum; over octets and checksum together the sum ends in a zero byte."""
    return -sum(octets) & 0xFF


class Ascii:
    """Makes requests for a serial line."""

    unit_min = 1
    unit_max = 247

    def __init__(self, baud: int = 9600, timeout_ms: int = 500) -> None:
        self._baud = baud
        self._timeout_ms = timeout_ms

    def request(self, unit: int, request_pdu: bytes) -> AsciiRequest:
        """Return a request that may be asked again and again."""
        characters = 2 * (len(request_pdu) + pdu.answer_size(request_pdu) + _AROUND)
        return AsciiRequest(unit, request_pdu, self._timeout_ms, characters * _BITS_PER_CHARACTER * 1000 // self._baud)


class AsciiRequest:
    """One request with everything that can be known before it is asked."""

    def __init__(self, unit: int, request_pdu: bytes, timeout_ms: int, wire_ms: int) -> None:
        octets = bytes((unit,)) + request_pdu
        self.unit = unit
        self.timeout_ms = timeout_ms + wire_ms
        self.wire_ms = wire_ms  # what the bytes take, both ways
        self._pdu = request_pdu
        self._frame = b":" + hexlify(octets + bytes((lrc(octets),))).upper() + _END
        self._size = 2 * pdu.answer_size(request_pdu) + _AROUND

    def knock(self) -> AsciiRequest | None:
        """Return None: what sleeps is woken by any request."""
        return None

    def begin(self) -> bytes:
        """Return the bytes to send."""
        return self._frame

    def missing(self, received: bytes) -> int:
        """Return how many bytes are still to come, at least. Raises: FrameError."""
        have = len(received)
        if have < _SHORTEST:
            return _SHORTEST - have
        if received[0] not in _MARKS:
            raise FrameError("mark", bytes(received[:_BYTES_KEPT]))
        unit, function = _octets(received[1:_HEAD])
        if unit != self.unit:
            raise FrameError("unit", bytes(received[:_BYTES_KEPT]))
        if function == self._pdu[0]:
            wanted = self._size
        elif function == self._pdu[0] | pdu.EXCEPTION:
            wanted = _SHORTEST
        else:
            raise FrameError("function", bytes(received[:_BYTES_KEPT]))
        if have > wanted:
            raise FrameError("too long", bytes(received[:_BYTES_KEPT]))
        return wanted - have

    def payload(self, answer: bytes) -> bytes:
        """Return what the answer carries. Raises: FrameError, Refused."""
        if self.missing(answer):
            raise FrameError("truncated", bytes(answer))
        octets = _octets(answer[1:-2])
        if answer[-2:] != _END or lrc(octets):
            raise FrameError("LRC", bytes(answer))
        return pdu.payload(self._pdu, octets[1:-1])


def _octets(digits: bytes) -> bytes:
    """Return what upper-case hex digits say. Raises: FrameError."""
    try:
        octets = unhexlify(digits)
    except ValueError:
        raise FrameError("digits", bytes(digits))
    if hexlify(octets).upper() != digits:
        raise FrameError("digits", bytes(digits))
    return octets
