"""Modbus TCP framing: transaction, protocol 0, length, unit, PDU.

Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3.
Gateways that send RTU frames over TCP give bytes that look like registers: here a frame counts only when its
transaction, protocol, length, unit and function are exactly those of the request.
"""

from __future__ import annotations

from hal.compat import const
from hal.errors import FrameError
from hal.modbus import pdu

_HEAD = const(8)  # up to and with the function code
_SHORTEST = const(9)
_BYTES_KEPT = const(260)


class Tcp:
    """Makes requests for one TCP connection; numbers them one after the other."""

    unit_min = 0
    unit_max = 255

    def __init__(self, timeout_ms: int = 1000) -> None:
        self._timeout_ms = timeout_ms
        self._transaction = 0

    def request(self, unit: int, request_pdu: bytes) -> TcpRequest:
        """Return a request that may be asked again and again."""
        return TcpRequest(self, unit, request_pdu, self._timeout_ms)

    def next_transaction(self) -> bytes:
        """Return the two bytes that the next answer must begin with."""
        self._transaction = (self._transaction + 1) & 0xFFFF
        return bytes((self._transaction >> 8, self._transaction & 0xFF))


class TcpRequest:
    """One request with everything that can be known before it is asked."""

    wire_ms = 0  # the bytes take no time

    def __init__(self, framing: Tcp, unit: int, request_pdu: bytes, timeout_ms: int) -> None:
        answer_pdu = pdu.answer_size(request_pdu)
        function = request_pdu[0]
        self.unit = unit
        self.timeout_ms = timeout_ms
        self._framing = framing
        self._pdu = request_pdu
        self._tail = b"\x00\x00" + pdu.word(len(request_pdu) + 1) + bytes((unit,)) + request_pdu
        self._obeyed = b"\x00\x00" + pdu.word(answer_pdu + 1) + bytes((unit, function))
        self._refused = b"\x00\x00\x00\x03" + bytes((unit, function | pdu.EXCEPTION))
        self._size = answer_pdu + 7
        self._transaction = b""

    def knock(self) -> TcpRequest | None:
        """Return None: how fast a gateway is says nothing of who hangs behind it."""
        return None

    def begin(self) -> bytes:
        """Take the next transaction number and return the bytes to send."""
        self._transaction = self._framing.next_transaction()
        return self._transaction + self._tail

    def missing(self, received: bytes) -> int:
        """Return how many bytes are still to come, at least. Raises: FrameError."""
        have = len(received)
        if have < _SHORTEST:
            return _SHORTEST - have
        if received[:2] != self._transaction:
            raise FrameError("transaction", bytes(received[:_BYTES_KEPT]))
        head = received[2:_HEAD]
        if head == self._obeyed:
            wanted = self._size
        elif head == self._refused:
            wanted = _SHORTEST
        else:
            raise FrameError("header", bytes(received[:_BYTES_KEPT]))
        if have > wanted:
            raise FrameError("too long", bytes(received[:_BYTES_KEPT]))
        return wanted - have

    def payload(self, answer: bytes) -> bytes:
        """Return what the answer carries. Raises: FrameError, Refused."""
        if self.missing(answer):
            raise FrameError("truncated", bytes(answer))
        return pdu.payload(self._pdu, bytes(answer[7:]))
