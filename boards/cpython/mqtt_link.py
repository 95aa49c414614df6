"""One MQTT connection of a gateway: paho-mqtt speaks MQTT, asyncio does everything that could block.

paho's own connect blocks for as long as the name server, the network and the TLS handshake take, and the loop that
keeps the limits must not. So asyncio connects (with TCP_NODELAY, which paho lacks) and paho is given a pipe in place
of its socket; there is no thread. In front of the pipe boards/mqtt_inbound.py drops payloads over the bound before
paho would gather them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from boards.mqtt_inbound import Inbound, pack

ACKNOWLEDGE_AFTER_S = 0.01  # what was heard is dealt with before the broker is told: a packet sent costs 0.5 ms
ACKNOWLEDGE_S = 60  # a broker that answers pings and acknowledges nothing is left after this
TICK_S = 1
READ_BYTES = 4096  # in one turn of the loop; asyncio's own 256 KB of two-byte packets took seconds


class LinkError(Exception):
    """Args: why the connection ended, in words."""


class _Pipe:
    """What paho takes for its socket."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._arrived = bytearray()

    def give(self, chunk: bytes) -> None:
        self._arrived += chunk

    def __bool__(self) -> bool:
        return True  # paho asks whether it has a socket

    def holds_something(self) -> bool:
        return len(self._arrived) > 0

    def recv(self, size_bytes: int) -> bytes:
        if not self._arrived:
            raise BlockingIOError
        taken = bytes(self._arrived[:size_bytes])
        del self._arrived[:size_bytes]
        return taken

    def send(self, packet: bytes | bytearray) -> int:
        self._transport.write(bytes(packet))
        return len(packet)

    def close(self) -> None:
        self._transport.close()

    def fileno(self) -> int:
        return -1

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""


class _Client(mqtt.Client):
    """paho over a pipe that is already connected."""

    def __init__(self, pipe: _Pipe, client_id: str) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, manual_ack=True)
        self._pipe = pipe

    def _create_socket(self) -> _Pipe:
        return self._pipe


class Link(asyncio.BufferedProtocol):
    """From CONNECT to the end: first `subscribed`, then `stay`."""

    def __init__(
        self,
        client_id: str,
        topics: list[str],
        keepalive_s: int,
        payload_bytes_max: int,
        heard: Callable[[str, bytes], None],
        oversize: Callable[[], None],
        arrived: Callable[[], None] = lambda: None,
        login: tuple[str, str] | None = None,
    ) -> None:
        """`arrived` is called when the broker has acknowledged a message; `login` is user and password."""
        loop = asyncio.get_running_loop()
        self.unacknowledged: dict[int, float] = {}  # packet identifier -> loop time
        self._loop = loop
        self._ready: asyncio.Future[None] = loop.create_future()
        self._lost: asyncio.Future[None] = loop.create_future()
        self._why = ""  # it ended
        self._heard_mids: list[int] = []  # to be acknowledged, in the order they came
        self._client_id = client_id
        self._topics = topics
        self._keepalive_s = keepalive_s
        self._inbound = Inbound(payload_bytes_max)
        self._buffer = memoryview(bytearray(READ_BYTES))  # TLS reads into slices of it: no copies
        self._heard = heard
        self._oversize = oversize
        self._arrived = arrived
        self._login = login
        self._transport: asyncio.WriteTransport | None = None
        self._pipe: _Pipe | None = None
        self._client: _Client | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let paho say CONNECT."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._pipe = _Pipe(transport)
        client = self._client = _Client(self._pipe, self._client_id)
        if self._login is not None:
            client.username_pw_set(*self._login)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.max_inflight_messages_set(65535)  # the uplink bounds what is under way
        client.connect("broker", 1, keepalive=self._keepalive_s)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  (the loop hands it over)
        """Return where the next bytes go: few, so that a broker that floods does not hold the loop."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come."""
        self._take(bytes(self._buffer[:nbytes]))

    def _take(self, chunk: bytes) -> None:
        """Give paho what is whole and not too large."""
        assert self._client is not None and self._pipe is not None
        dropped = self._inbound.dropped_oversize
        try:
            for first, body in self._inbound.feed(chunk):
                self._pipe.give(pack(first, body))
            for _ in range(self._inbound.dropped_oversize - dropped):
                self._oversize()
            while self._pipe.holds_something() and not self._why:
                self._check(self._client.loop_read())
        except ValueError as error:  # no MQTT, or a topic that is not UTF-8
            self._end(str(error))
            return
        self._write()

    def _write(self) -> None:
        """Send what paho queued from inside a callback."""
        if self._client is not None and not self._why and self._client.want_write():
            self._check(self._client.loop_write())

    def _check(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(mqtt.error_string(code))

    def connection_lost(self, exc: Exception | None) -> None:
        """End both futures."""
        self._end(str(exc) if exc else "closed by the broker")

    def _end(self, why: str) -> None:
        self._why = self._why or why
        for future in (self._ready, self._lost):
            if not future.done():
                future.set_result(None)
        self.abort()

    def _on_connect(
        self, client: mqtt.Client, _user: object, _flags: object, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._end(f"refused: {reason}")
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _user: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._end("subscription refused")
        elif not self._ready.done():
            self._ready.set_result(None)

    def _on_publish(
        self, _client: mqtt.Client, _user: object, mid: int, _reason: ReasonCode, _properties: Properties
    ) -> None:
        self.unacknowledged.pop(mid, None)
        self._arrived()

    def _on_message(self, _client: mqtt.Client, _user: object, message: mqtt.MQTTMessage) -> None:
        self._heard(message.topic, bytes(message.payload))
        if message.qos:
            if not self._heard_mids:
                self._loop.call_later(ACKNOWLEDGE_AFTER_S, self._acknowledge)
            self._heard_mids.append(message.mid)

    def _acknowledge(self) -> None:
        mids, self._heard_mids = self._heard_mids, []
        for mid in mids:
            if self._client is not None and not self._why:
                self._check(self._client.ack(mid, 1))
        self._write()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send with QoS 1; False when paho does not take it."""
        assert self._client is not None
        sent = self._client.publish(topic, payload, qos=1)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        self.unacknowledged[sent.mid] = self._loop.time()
        return True

    async def subscribed(self) -> None:
        """Return once the broker has granted all topics. Raises: LinkError."""
        await self._ready
        if self._why:
            raise LinkError(self._why)

    async def stay(self) -> None:
        """Keep alive until the connection ends. Raises: LinkError, always."""
        assert self._client is not None
        while not self._why:
            await asyncio.wait([self._lost], timeout=TICK_S)
            self._check(self._client.loop_misc())
            oldest_s = next(iter(self.unacknowledged.values()), None)
            if oldest_s is not None and self._loop.time() - oldest_s > ACKNOWLEDGE_S:
                self._end("the broker acknowledges nothing")
        raise LinkError(self._why)

    def say_goodbye(self) -> None:
        """Send DISCONNECT and close once it has left."""
        if self._client is not None and self._transport is not None:
            self._client.disconnect()
            self._transport.close()
            self._transport = None
        self._end("closed here")

    def abort(self) -> None:
        """Free the socket now."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
