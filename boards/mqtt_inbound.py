"""Cuts what a broker sends into MQTT control packets without ever holding a large one.

Source: MQTT 3.1.1, sections 2.2 (fixed header) and 3.3 (PUBLISH). A PUBLISH whose payload is over the bound comes
out with an empty payload, so that it is still acknowledged and the broker does not send it again for ever; the
payload itself is dropped as it arrives and counted. Used in front of paho on a gateway and by the client for boards.
"""

from __future__ import annotations

from hal.compat import const

PUBLISH = const(0x30)
_QOS_BITS = const(0x06)
_SIZE_BYTES_MAX = const(4)
_TOPIC_BYTES_MAX = const(256)


class Inbound:
    """Holds at most one packet of `payload_bytes_max` and its headers, plus the chunk just fed."""

    def __init__(self, payload_bytes_max: int) -> None:
        self.dropped_oversize = 0
        self._payload_bytes_max = payload_bytes_max
        self._held = b""
        self._at = 0  # where the next packet begins in what is held
        self._skip_bytes = 0

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """Return the packets that `chunk` completes, as (first byte, body). Raises: ValueError, not MQTT."""
        skipped_bytes = min(self._skip_bytes, len(chunk))
        self._skip_bytes -= skipped_bytes
        self._held += chunk[skipped_bytes:]
        packets = []
        packet = self._next()
        while packet is not None:
            packets.append(packet)
            packet = self._next()
        self._held = self._held[self._at :]  # once: a chunk may hold thousands of packets
        self._at = 0
        return packets

    def _next(self) -> tuple[int, bytes] | None:
        measured = _measure(self._held, self._at)
        if measured is None:
            return None
        start, size_bytes = measured
        first = self._held[self._at]
        kept_bytes: int | None = size_bytes
        if size_bytes > self._payload_bytes_max:
            if first & 0xF0 != PUBLISH:
                raise ValueError("packet too long")
            kept_bytes = self._kept_bytes(first, start, size_bytes)
        if kept_bytes is None or len(self._held) < start + kept_bytes:
            return None
        body = self._held[start : start + kept_bytes]
        self._at = start + size_bytes
        if self._at > len(self._held):
            self._skip_bytes = self._at - len(self._held)
            self._at = len(self._held)
        if kept_bytes < size_bytes:
            self.dropped_oversize += 1
        return first, body

    def _kept_bytes(self, first: int, start: int, size_bytes: int) -> int | None:
        """Return how much of a long PUBLISH to keep: all, or its topic and identifier; None while unknown."""
        if len(self._held) < start + 2:
            return None
        topic_bytes = int.from_bytes(self._held[start : start + 2], "big")
        head_bytes = 2 + topic_bytes + (2 if first & _QOS_BITS else 0)
        if topic_bytes > _TOPIC_BYTES_MAX or head_bytes > size_bytes:
            raise ValueError("topic too long")
        return size_bytes if size_bytes - head_bytes <= self._payload_bytes_max else head_bytes


def _measure(held: bytes, at: int) -> tuple[int, int] | None:
    """Return (where the body starts, its size) of the packet at `at`, None while its fixed header is not whole."""
    size_bytes = 0
    for place in range(_SIZE_BYTES_MAX):
        at += 1
        if len(held) <= at:
            return None
        digit = held[at]
        size_bytes |= (digit & 0x7F) << (7 * place)
        if digit < 0x80:
            return at + 1, size_bytes
    raise ValueError("not a length")


def header(first: int, size_bytes: int) -> bytes:
    """Return the fixed header of a control packet with a body of `size_bytes`, under 256 MB."""
    made = bytes((first,))
    while size_bytes >= 0x80:
        made += bytes((size_bytes & 0x7F | 0x80,))
        size_bytes >>= 7
    return made + bytes((size_bytes,))


def pack(first: int, body: bytes) -> bytes:
    """Return one control packet."""
    return header(first, len(body)) + body
