"""What reaches a board: a broker's packets as far as the agent, and a flash ring with whatever stands on it.

The modules are those of the board; only MicroPython's clock has a twin.
"""

from __future__ import annotations

import asyncio
import importlib
import sys

from boards.micropython.ring_store import RingStore
from boards.mqtt_inbound import PUBLISH, pack
from tests.fuzz import hurried, ticks
from tests.fuzz.link_targets import CONNACK, SUBACK
from tests.shared.nor import Nor

sys.modules["boards.micropython.ticks"] = ticks
mqtt = importlib.import_module("boards.micropython.mqtt")

PAYLOAD_BYTES_MAX = 64
ANSWERS_MAX = 64 + 8  # PUBACKs that wait, and what a board says by itself
CHUNK_BYTES = 50
BLOCKS, BLOCK_BYTES, UNIT_BYTES = 6, 512, 16
CAPACITY_BYTES = 1 << 20


class Wire:
    """A stream that brings what the fuzzer wrote and then nothing; takes a few packets, or all."""

    def __init__(self, raw: bytes, takes_bytes: int) -> None:
        self._raw = raw
        self._takes_bytes = takes_bytes

    async def read(self, size_bytes: int) -> bytes:
        """Return the next bytes; wait for ever at their end."""
        await asyncio.sleep(0)
        if not self._raw:
            await asyncio.Event().wait()
        chunk = self._raw[: min(size_bytes, CHUNK_BYTES)]
        self._raw = self._raw[len(chunk) :]
        return chunk

    def write(self, piece: bytes | memoryview) -> None:
        """Take it, or not."""
        self._takes_bytes -= len(piece)

    async def drain(self) -> None:
        """Return once it was taken."""
        if self._takes_bytes < 0:
            await asyncio.Event().wait()


def board_broker(raw: bytes) -> None:
    """Whatever a broker says, a board's connection ends as its docstring names, soon, and holds little meanwhile."""
    hurried.run(_served(raw))


async def _served(raw: bytes) -> None:
    heard: list[bytes] = []
    stream = Wire(raw[1:], 100 if raw[:1] == b"\xff" else 1 << 20)

    def hear(topic: str, payload: bytes) -> None:
        heard.append(payload)
        assert len(connection._out) <= ANSWERS_MAX

    connection = mqtt.Connection(stream, "agent", ["command"], PAYLOAD_BYTES_MAX, hear)
    connection.publish("page", b"p" * 30)  # is never acknowledged unless the broker guesses
    try:
        await asyncio.wait_for(connection.serve(30000, lambda: None), 300)
    except (OSError, ValueError, mqtt.MqttError) as end:
        assert not isinstance(end, TimeoutError) or end.errno is not None, "it would have gone on for ever"
    assert all(len(payload) <= PAYLOAD_BYTES_MAX for payload in heard)
    assert len(connection._out) <= ANSWERS_MAX
    assert connection.ready is False or 0x90 in raw


def board_broker_seeds() -> list[bytes]:
    """Return a connection that comes up and hears something, one that is refused, and a flood of publishes."""
    publish = pack(PUBLISH | 2, b"\x00\x07command\x00\x01" + b"x" * 20)
    long = pack(PUBLISH | 2, b"\x00\x07command\x00\x02" + b"x" * 200)
    whole = CONNACK + SUBACK + publish + long + pack(0xD0, b"") + pack(0x40, b"\x00\x01") + publish
    flagged = CONNACK + b"\x98" + SUBACK[1:] + publish
    return [b"\x00" + whole, b"\x00\x20\x02\x00\x05", b"\xff" + CONNACK + SUBACK + publish * 80, b"\x00" + flagged]


def written() -> tuple[bytes, bytes]:
    """Return a flash that a ring has gone round several times, and all that was ever appended."""
    nor = Nor(BLOCKS, BLOCK_BYTES, UNIT_BYTES)
    store = RingStore(nor, UNIT_BYTES, CAPACITY_BYTES)
    log = b""
    for number in range(120):
        piece = b"record %4d of the agent's journal" % number
        store.append(piece)
        log += piece
        store.sync()
        if number % 7 == 6:
            store.release(store.roll() - 900)
    assert b"".join(piece for _, piece in content_of(store)) == log[store.segments()[0][0] :]
    return bytes(nor.image), log


def ring(raw: bytes) -> None:
    """Damage a flash, five bytes a time: a ring opens on it, invents nothing, and what is appended then stays.

    Bytes are changed, cleared bit by bit, erased by units or blocks, or copied from elsewhere on the chip. What has a
    right checksum and stands in its own place is believed, so none is made up here.
    """
    image = bytearray(IMAGE)
    for place in range(0, len(raw) - 4, 5):
        damage(image, *raw[place : place + 5])
    nor = Nor(BLOCKS, BLOCK_BYTES, UNIT_BYTES, image)
    store = RingStore(nor, UNIT_BYTES, CAPACITY_BYTES)
    for first, piece in content_of(store):
        for at, byte in enumerate(piece):
            assert byte == 0 or byte == LOG[first + at]
    added = []
    for number in range(12):
        chunk = b"after the damage %2d" % number
        while not _appended(store, chunk):
            assert len(store.segments()) > 1 or store.roll() > 0
            store.release(store.segments()[1][0])
        added.append(chunk)
        if number % 5 == 4:
            store.sync()
            store.roll()
    store.close()
    before, after = content_of(store), content_of(RingStore(nor, UNIT_BYTES, CAPACITY_BYTES))
    assert after == before[-len(after) :]  # the oldest block is given up with its head: nothing says where it began
    assert b"".join(piece for _, piece in after).endswith(b"".join(added))


def _appended(store: RingStore, chunk: bytes) -> bool:
    try:
        store.append(chunk)
    except OSError as full:
        assert full.args[0] == 28
        return False
    return True


def content_of(store: RingStore) -> list[tuple[int, bytes]]:
    """Return first offset and bytes of each segment, whole."""
    found = [(first, store.read(first, size_bytes)) for first, size_bytes in store.segments()]
    assert [(first, len(piece)) for first, piece in found] == store.segments()
    return found


IMAGE, LOG = written()


def damage(image: bytearray, how: int, place: int, low: int, amount: int, byte: int) -> None:
    """Do one kind of harm to a flash."""
    at = (place << 8 | low) % len(image)
    if how % 5 == 0:
        image[at] = byte
    elif how % 5 == 1:
        for clearing in range(at, min(at + amount, len(image))):
            image[clearing] &= byte
    elif how % 5 == 2:
        begin = at - at % UNIT_BYTES
        image[begin : begin + amount % 8 * UNIT_BYTES] = b"\xff" * len(image[begin : begin + amount % 8 * UNIT_BYTES])
    elif how % 5 == 3:
        begin = at - at % BLOCK_BYTES
        image[begin : begin + BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
    else:
        source = byte * UNIT_BYTES % len(image)
        piece = image[source : source + amount][: len(image) - at]
        image[at : at + len(piece)] = piece


def ring_seeds() -> list[bytes]:
    """Return no harm, and one of each kind."""
    return [b"", *(bytes((how, 1, 30, 40, 2)) for how in range(5)), bytes((3, 0, 0, 0, 0, 4, 6, 0, 255, 33))]
