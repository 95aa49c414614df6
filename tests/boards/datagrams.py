"""A server over UDP for tests, on a free port of 127.0.0.1: who derives from it says what is answered."""

from __future__ import annotations

import asyncio
from typing import Self


class DatagramServer(asyncio.DatagramProtocol):
    """Answers at `port` for as long as `async with` lasts."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for packet in self.answers(data):
            self._transport.sendto(packet, addr)

    def answers(self, request: bytes) -> list[bytes]:
        """Return what is sent back, in this order."""
        raise NotImplementedError
