"""What a broker sends to a gateway, through our filter and paho, as far as the callbacks."""

from __future__ import annotations

import asyncio

from boards.cpython.mqtt_link import READ_BYTES, Link
from boards.mqtt_inbound import PUBLISH, pack

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"


class Nowhere(asyncio.Transport):
    """Takes what is sent and forgets it."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def write(self, sent: bytes | bytearray | memoryview) -> None:
        """Forget."""

    def abort(self) -> None:
        """Remember that it was."""
        self.aborted = True

    def close(self) -> None:
        """End."""
        self.aborted = True


def broker(raw: bytes) -> None:
    """Whatever a broker says, the link ends or goes on, and what it hears has our bound."""
    asyncio.run(_said_to_a_link(raw))


async def _said_to_a_link(raw: bytes) -> None:
    heard: list[bytes] = []
    link = Link("agent", ["command"], 60, 64, lambda topic, payload: heard.append(payload), lambda: None)
    transport = Nowhere()
    link.connection_made(transport)
    for at in range(0, len(raw), 50):
        if transport.aborted:
            break
        chunk = raw[at : at + 50]
        link.get_buffer(-1)[: len(chunk)] = chunk
        link.buffer_updated(len(chunk))
    assert all(len(payload) <= 64 for payload in heard)
    assert len(link.get_buffer(-1)) == READ_BYTES
    link.abort()


def broker_seeds() -> list[bytes]:
    """Return a connection that comes up and hears something, and one that is refused."""
    publish = pack(PUBLISH | 2, b"\x00\x07command\x00\x01" + b"x" * 20)
    return [CONNACK + SUBACK + publish, CONNACK + SUBACK + pack(0xD0, b"") + publish * 2, b"\x20\x02\x00\x05"]
