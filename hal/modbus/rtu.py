"""Modbus RTU framing: unit, PDU, CRC-16, low byte first.

Source: MODBUS over Serial Line V1.02, section 2.5.1 and appendix B (CRC).
Length is known from the request, so no silence on the line has to be measured. An adapter that echoes what is sent
cannot fake a reading: an echoed read has another length; an echoed write is caught by reading back.
"""

from __future__ import annotations

from hal.compat import const
from hal.errors import FrameError
from hal.modbus import pdu

_POLYNOMIAL = const(0xA001)
_SHORTEST = const(5)  # unit, function, exception code, CRC
_BITS_PER_BYTE = const(11)  # start, 8, parity or second stop, stop
_BYTES_KEPT = const(260)


def _crc_tables() -> tuple[bytes, bytes]:
    """Return what each byte does to the checksum's low and high byte: two tables take no number above 255."""
    lows, highs = bytearray(256), bytearray(256)
    for index in range(256):
        crc = index
        for _ in range(8):
            crc = (crc >> 1) ^ _POLYNOMIAL if crc & 1 else crc >> 1
        lows[index], highs[index] = crc & 0xFF, crc >> 8
    return bytes(lows), bytes(highs)


_LOWS, _HIGHS = _crc_tables()


def crc16(frame: bytes) -> int:
    """Return the checksum; it goes on the wire low byte first. Over frame and checksum together it is 0."""
    lows, highs = _LOWS, _HIGHS
    low = high = 0xFF
    for byte in frame:
        at = low ^ byte
        low = high ^ lows[at]
        high = highs[at]
    return (high << 8) | low


class Rtu:
    """Makes requests for a serial line, or for a gateway that passes RTU frames through TCP."""

    unit_min = 1  # 0 is a broadcast and nobody answers it
    unit_max = 247

    def __init__(self, baud: int = 9600, timeout_ms: int = 500) -> None:
        self._baud = baud
        self._timeout_ms = timeout_ms

    def request(self, unit: int, request_pdu: bytes) -> RtuRequest:
        """Return a request that may be asked again and again."""
        size_bytes = len(request_pdu) + pdu.answer_size(request_pdu) + 6
        wire_ms = size_bytes * _BITS_PER_BYTE * 1000 // self._baud
        return RtuRequest(unit, request_pdu, self._timeout_ms, wire_ms)


class RtuRequest:
    """One request with everything that can be known before it is asked."""

    def __init__(self, unit: int, request_pdu: bytes, timeout_ms: int, wire_ms: int) -> None:
        frame = bytes((unit,)) + request_pdu
        crc = crc16(frame)
        self.unit = unit
        self.timeout_ms = timeout_ms + wire_ms
        self.wire_ms = wire_ms  # what the bytes take, both ways
        self._pdu = request_pdu
        self._frame = frame + bytes((crc & 0xFF, crc >> 8))
        self._size = pdu.answer_size(request_pdu) + 3

    def knock(self) -> RtuRequest | None:
        """Return the same read of two registers at most, None for a write."""
        asked = self._pdu
        if asked[0] > pdu.READ_INPUT:
            return None
        short = asked[:3] + bytes((0, min(2, asked[4] or 2)))
        wire_ms = self.wire_ms * (pdu.answer_size(short) + 11) // (self._size + 8)
        return RtuRequest(self.unit, short, self.timeout_ms - self.wire_ms, wire_ms)

    def begin(self) -> bytes:
        """Return the bytes to send."""
        return self._frame

    def missing(self, received: bytes) -> int:
        """Return how many bytes are still to come, at least. Raises: FrameError."""
        have = len(received)
        if have < _SHORTEST:
            return _SHORTEST - have
        if received[0] != self.unit:
            raise FrameError("unit", bytes(received[:_BYTES_KEPT]))
        function = self._pdu[0]
        if received[1] == function:
            wanted = self._size
        elif received[1] == function | pdu.EXCEPTION:
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
        if crc16(answer):
            raise FrameError("CRC", bytes(answer))
        return pdu.payload(self._pdu, bytes(answer[1:-2]))
