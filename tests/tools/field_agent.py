"""The far end of a head-end in tests: an agent's MQTT side on paho, its evidence from tests/tools/evidence.py.

It decides nothing by itself; a test says what it announces, sends and answers.
"""

from __future__ import annotations

import asyncio
import ssl
from hashlib import sha256
from typing import Any

import cbor2
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.tools import evidence as e
from tools.broker import Broker

WAIT_S = 20


class FieldAgent:
    """Connects with the agent's own certificate; everything it hears can be awaited in order."""

    def __init__(self, maker: e.Maker, broker: Broker) -> None:
        self.maker = maker
        self.agent = maker.agent.hex()
        self.commands: asyncio.Queue[bytes] = asyncio.Queue()
        self.receipts: asyncio.Queue[bytes] = asyncio.Queue()
        self.now_s = 1000
        self.released_seq = 0
        self.counters: dict[bytes, int] = {}
        self._subscribed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        files = broker.agents[self.agent]
        context = ssl.create_default_context(cafile=str(broker.ca.cert))
        context.load_cert_chain(files.cert, files.key)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, f"agent-{self.agent}")
        self._client.tls_set_context(context)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect_async(broker.host, broker.port)

    async def __aenter__(self) -> FieldAgent:
        self._client.loop_start()
        await asyncio.wait_for(self._subscribed.wait(), WAIT_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def announce(self, **bent: Any) -> bytes:
        """Send a session message; return its bytes."""
        self.now_s += 1
        fields = {
            "agent": self.maker.agent,
            "epoch": self.maker.epoch,
            "now_s": self.now_s,
            "civil_s": 0,
            "clock_quality": 0,
            "next_seq": self.maker.seq,
            "released_seq": self.released_seq,
            "last_page": self.maker.prev,
            "counters": [[kid, highest] for kid, highest in sorted(self.counters.items())],
        }
        payload = e.encode([2, 1, *{**fields, **bent}.values()])
        raw = e.sealed(payload, self.maker.key)
        self.send("session", raw)
        return raw

    def send(self, channel: str, raw: bytes) -> None:
        """Publish on one of the agent's own topics."""
        self._client.publish(f"siteward/{self.agent}/{channel}", raw, 1)

    async def command(self) -> tuple[bytes, list[Any]]:
        """Return the next command's bytes and its payload."""
        raw = await asyncio.wait_for(self.commands.get(), WAIT_S)
        return raw, cbor2.loads(cbor2.loads(raw).value[2])

    async def receipt(self) -> list[Any]:
        """Return the next receipt's payload."""
        raw = await asyncio.wait_for(self.receipts.get(), WAIT_S)
        payload: list[Any] = cbor2.loads(cbor2.loads(raw).value[2])
        return payload

    def decide(self, raw: bytes, reason: int) -> None:
        """Answer a command with a page of its own."""
        kid = cbor2.loads(cbor2.loads(raw).value[0])[4]
        counter = cbor2.loads(cbor2.loads(raw).value[2])[4]
        self.counters[kid] = max(self.counters.get(kid, 0), counter)
        name = sha256(raw).digest()
        first = [e.boot()] if self.maker.base_s == 0 else []
        self.send("page", self.maker.page(*first, e.decision(name, kid, counter, reason)))

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe([(f"siteward/{self.agent}/{channel}", 1) for channel in ("command", "receipt")])

    def _on_subscribe(self, *_: Any) -> None:
        self._loop.call_soon_threadsafe(self._subscribed.set)

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        queue = self.commands if message.topic.endswith("command") else self.receipts
        self._loop.call_soon_threadsafe(queue.put_nowait, bytes(message.payload))
