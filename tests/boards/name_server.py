"""A name server for tests: what a host is called decides how it is answered for. Source: RFC 1035, section 4.1."""

from __future__ import annotations

from tests.boards.datagrams import DatagramServer

ADDRESS = b"\xc0\x0c\x00\x01\x00\x01" + bytes(4) + b"\x00\x04\x7f\x00\x00\x01"
ALIAS = b"\xc0\x0c\x00\x05\x00\x01" + bytes(4) + b"\x00\x07\x04real\xc0\x12"  # real.example: alias is five letters
REAL = b"\x04real\x07example\x00\x00\x01\x00\x01" + bytes(4) + b"\x00\x04\x7f\x00\x00\x01"


class NameServer(DatagramServer):
    """Answers every name but some with 127.0.0.1."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answers(self, request: bytes) -> list[bytes]:
        """Return what the first label of the name that is asked for says."""
        first = request[13 : 13 + request[12]].decode()
        self.asked.append(first)
        return self._packets(first, request[:2], request[12:])

    def _packets(self, name: str, identifier: bytes, question: bytes) -> list[bytes]:
        def packet(*records: bytes, code: int = 0, other: int = 0) -> bytes:
            told = bytes((identifier[0], identifier[1] ^ other, 0x81, 0x80 | code, 0, 1, 0, len(records)))
            return told + bytes(4) + question + b"".join(records)

        good, forged = packet(ADDRESS), packet(ADDRESS[:-1] + b"\x09", other=1)
        packets = {
            "absent": [packet(code=3)],
            "alias": [packet(ALIAS, REAL)],
            "flooded": [forged] * 50,
            "forged": [forged, good],
            "lost": [good] if self.asked.count(name) > 1 else [],
            "short": [good[:-1]],
            "silent": [],
        }
        return packets.get(name, [good])
