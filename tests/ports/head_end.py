"""The other side of an uplink for contracts/uplink.py: a real broker, paho as head-end, a proxy that can freeze."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tools.broker import HEAD_END, Broker

AGENT = "00112233445566aa"
STRANGER = "00112233445566bb"


class HeadEnd:
    """Does what a page says, on paho's own thread."""

    def __init__(self, broker: Broker, freeze: Callable[[], None]) -> None:
        self._broker = broker
        self._freeze = freeze
        self.subscribed = threading.Event()
        self.heard: list[tuple[str, bytes]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=HEAD_END)
        self._client.tls_set(str(broker.ca.cert), str(broker.head_end.cert), str(broker.head_end.key))
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(
            [("siteward/+/page", 1), ("siteward/+/session", 1)]
        )
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_message = lambda _client, _user, message: self._obey(message.topic, bytes(message.payload))
        self._client.connect("localhost", broker.port)
        self._client.loop_start()

    def _obey(self, topic: str, payload: bytes) -> None:
        self.heard.append((topic, payload[:30]))
        words = payload.decode(errors="replace").split()
        if words[:1] == ["send"]:
            for _ in range(int(words[3])):
                self._client.publish(topic.replace("page", words[1]), b"x" * int(words[2]), qos=1)
        elif words == ["restart"]:
            threading.Thread(target=self._restart).start()
        elif words == ["freeze"]:
            self._freeze()

    def _restart(self) -> None:
        self._broker.kill()
        self._broker.start()

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()


class Proxy:
    """Passes bytes on, until `freeze`: then the connections of that moment stay open and carry nothing."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._frozen = 0
        self._made = 0
        self._loop = asyncio.get_running_loop()

    def freeze(self) -> None:
        """Freeze all connections made so far."""
        self._frozen = self._made

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self._made += 1
        number = self._made
        try:
            there = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.close()
            return
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._carry(number, reader, there[1]), self._carry(number, there[0], writer))

    async def _carry(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            if number > self._frozen:
                writer.write(chunk)
        writer.close()


class World:
    """What a test connects to."""

    def __init__(self, broker: Broker, proxy_port: int) -> None:
        self.broker = broker
        self.proxy_port = proxy_port


@asynccontextmanager
async def head_end(folder: Path, kind: str) -> AsyncIterator[World]:
    """Start broker, proxy and head-end; end all three."""
    async with Broker(folder, [AGENT, STRANGER], kind) as broker:
        proxy = Proxy(broker.port)
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        head = await asyncio.to_thread(HeadEnd, broker, proxy.freeze)
        try:
            assert await asyncio.to_thread(head.subscribed.wait, 10)
            yield World(broker, server.sockets[0].getsockname()[1])
        finally:
            await asyncio.to_thread(head.close)
            server.close()
