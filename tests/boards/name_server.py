"""A name server for tests: what a host is called decides how it is answered for. Source: RFC 1035, section 4.1."""

from __future__ import annotations

import asyncio

ADDRESS = b"\xc0\x0c\x00\x01\x00\x01" + bytes(4) + b"\x00\x04\x7f\x00\x00\x01"
ALIAS = b"\xc0\x0c\x00\x05\x00\x01" + bytes(4) + b"\x00\x07\x04real\xc0\x12"  # real.example: alias is five letters
REAL = b"\x04real\x07example\x00\x00\x01\x00\x01" + bytes(4) + b"\x00\x04\x7f\x00\x00\x01"


class NameServer(asyncio.DatagramProtocol):
    """Answers on a free port of 127.0.0.1, every name but some with 127.0.0.1: `async with`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __aenter__(self) -> NameServer:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        first = data[13 : 13 + data[12]].decode()
        self.asked.append(first)
        for packet in self._packets(first, data[:2], data[12:]):
            self._transport.sendto(packet, addr)

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
