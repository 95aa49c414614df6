"""One MQTT 3.1.1 connection of a board: CONNECT to its end, QoS 1, bounded in both directions.

Source: MQTT Version 3.1.1 (OASIS, 29 October 2014), sections 3.1 to 3.14. Clean session: what was not
acknowledged when the connection ends is forgotten, the journal sends it again.

Three tasks while connected: one reads, one writes, and `serve` watches both. A link that is half open, so that
nothing comes and nothing fails, is seen by two pings without an answer.
"""

from __future__ import annotations

import asyncio
from errno import ECONNRESET, ETIMEDOUT

from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms
from boards.mqtt_inbound import Inbound, header, pack
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

_CONNECT = const(0x10)
_CONNACK = const(0x20)
_PUBLISH_QOS1 = const(0x32)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_PINGREQ = const(0xC0)
_PINGRESP = const(0xD0)
_DISCONNECT = const(0xE0)

_READ_BYTES = const(128)
_WRITE_BYTES = const(1024)  # a slice that the stream may have to copy
_TICK_MS = const(250)
_SETUP_MS = const(20000)  # TLS handshake, CONNACK and SUBACK
_ACKNOWLEDGE_MS = const(60000)  # a broker that answers pings and acknowledges nothing is left after this
_PINGS_MAX = const(2)
_WAITING_MAX = const(64)  # packets: a broker that sends and takes nothing must not fill the heap with our answers


class MqttError(Exception):
    """Args: what the broker said that ends the connection."""


def text(string: str) -> bytes:
    """Return a UTF-8 string as section 1.5.3 has it."""
    encoded = string.encode()
    return len(encoded).to_bytes(2, "big") + encoded


class Connection:
    """Speaks over `stream`, a connected asyncio stream; `heard(topic, payload)` takes what comes, empty for what
    was over `payload_bytes_max`; `arrived()` is told that a message is acknowledged."""

    def __init__(
        self,
        stream: Any,
        client_id: str,
        topics: list[str],
        payload_bytes_max: int,
        heard: Callable[[str, bytes], None],
        arrived: Callable[[], None] | None = None,
    ) -> None:
        self.ready = False  # connected and subscribed
        self.inbound = Inbound(payload_bytes_max)
        self.unacknowledged: list[tuple[int, int]] = []  # (packet identifier, ticks), oldest first
        self._stream = stream
        self._client_id = client_id
        self._topics = topics
        self._heard = heard
        self._arrived = arrived
        self._out: list[bytes] = []
        self._news = asyncio.Event()
        self._identifier = 0
        self._pings = 0
        self._failure: BaseException | None = None

    async def serve(self, keepalive_ms: int, came_up: Callable[[], None]) -> None:
        """Connect, subscribe, call `came_up`, stay. Raises, always: OSError, MqttError, ValueError."""
        flags = 2  # clean session
        head = text("MQTT") + bytes((4, flags)) + (keepalive_ms // 1000).to_bytes(2, "big")
        self._send(pack(_CONNECT, head + text(self._client_id)))
        tasks = [asyncio.create_task(self._guard(work)) for work in (self._read(), self._write())]
        try:
            await self._watch(keepalive_ms, came_up)
        finally:
            for task in tasks:
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass

    async def _watch(self, keepalive_ms: int, came_up: Callable[[], None]) -> None:
        began = pinged = ticks_ms()
        told = False
        while self._failure is None:
            now = ticks_ms()
            if self.ready and not told:
                told = True
                came_up()
            self._check_patience(now, began)
            if ticks_diff(now, pinged) > keepalive_ms:
                pinged = now
                self._ping()
            await sleep_ms(_TICK_MS)
        raise self._failure

    def _check_patience(self, now: int, began: int) -> None:
        if not self.ready and ticks_diff(now, began) > _SETUP_MS:
            raise OSError(ETIMEDOUT)
        if self.unacknowledged and ticks_diff(now, self.unacknowledged[0][1]) > _ACKNOWLEDGE_MS:
            raise MqttError("the broker acknowledges nothing")

    def _ping(self) -> None:
        if self._pings >= _PINGS_MAX:
            raise OSError(ETIMEDOUT)
        self._pings += 1
        self._send(pack(_PINGREQ, b""))

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Keep what ended a task for `_watch` to raise."""
        try:
            await work
        except (OSError, ValueError, MqttError) as error:
            self._failure = error

    async def _read(self) -> None:
        while True:
            chunk = await self._stream.read(_READ_BYTES)
            if not chunk:
                raise OSError(ECONNRESET)
            for first, body in self.inbound.feed(chunk):
                self._take(first, body)

    async def _write(self) -> None:
        while True:
            while self._out:
                await self._write_whole(memoryview(self._out.pop(0)))
            self._news.clear()
            await self._news.wait()

    async def _write_whole(self, piece: memoryview) -> None:
        for at in range(0, len(piece), _WRITE_BYTES):
            self._stream.write(piece[at : at + _WRITE_BYTES])
            await self._stream.drain()

    def _send(self, packet: bytes) -> None:
        self._out.append(packet)
        self._news.set()

    def _take(self, first: int, body: bytes) -> None:
        kind = first & 0xF0
        if kind == 0x30:
            self._take_publish(first, body)
        elif first != kind:
            raise ValueError("reserved flags")  # MQTT 3.1.1, 2.2.2
        elif kind == _PINGRESP:
            self._pings = 0
        elif len(body) < 2:
            raise ValueError("packet too short")
        elif kind == _PUBACK:
            identifier = int.from_bytes(body[:2], "big")
            self.unacknowledged = [sent for sent in self.unacknowledged if sent[0] != identifier]
            if self._arrived is not None:
                self._arrived()
        elif kind == _CONNACK:
            if body[1]:
                raise MqttError("refused", body[1])
            wanted = b"".join([text(topic) + b"\x01" for topic in self._topics])
            self._send(pack(_SUBSCRIBE, self._next_identifier() + wanted))
        elif kind == _SUBACK:
            if max(body[2:] or b"\x80") & 0x80:
                raise MqttError("subscription refused")
            self.ready = True
        else:
            raise ValueError("unexpected packet")

    def _take_publish(self, first: int, body: bytes) -> None:
        end = 2 + int.from_bytes(body[:2], "big")
        acknowledged = first & 0x06
        start = end + 2 if acknowledged else end
        if len(body) < max(start, 2) or acknowledged > 2:
            raise ValueError("not a PUBLISH")
        self._heard(body[2:end].decode(), body[start:])
        if acknowledged:
            if len(self._out) >= _WAITING_MAX:
                raise MqttError("the broker takes nothing")
            self._send(pack(_PUBACK, body[end:start]))

    def _next_identifier(self) -> bytes:
        self._identifier = self._identifier % 0xFFFF + 1
        return self._identifier.to_bytes(2, "big")

    def publish(self, topic: str, payload: bytes) -> None:
        """Queue one message, QoS 1; `unacknowledged` tells when it has arrived."""
        head = text(topic) + self._next_identifier()
        self.unacknowledged.append((self._identifier, ticks_ms()))
        self._send(header(_PUBLISH_QOS1, len(head) + len(payload)) + head)
        self._send(payload)  # by itself: a page is not copied

    def goodbye(self) -> None:
        """Send DISCONNECT, if the network takes it at once."""
        try:
            if self.ready:
                self._stream.write(pack(_DISCONNECT, b""))
        except (OSError, ValueError):
            pass  # it is gone already
