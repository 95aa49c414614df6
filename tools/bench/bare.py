"""The program that everything is measured against: polls, publishes, writes on command, and proves nothing.

`python -m tools.bench.bare SETTINGS.json PUBLISH_S`. The same registers of the same devices once a second by an asyncio
protocol each, decoded, one CBOR message a poll (or one for all of PUBLISH_S seconds) with QoS 1 through paho's own
thread; a command's payload is the registers to write, written by the MQTT callback itself through a blocking socket
of its own. No limits, no journal, no signature, no check of anything: a lower bound, not a product.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

METER_READS = ((4, 0, 76),)
METER_FLOATS = (0, 2, 4, 6, 8, 10, 12, 14, 16, 52, 70, 72, 74)
CHARGER_READS = ((3, 306, 72), (3, 1201, 9))
HEAD_BYTES = 9


def frame(transaction: int, function: int, address: int, count: int, more: bytes = b"") -> bytes:
    """Return one Modbus TCP request for unit 1."""
    body = struct.pack(">BBHH", 1, function, address, count) + more
    return struct.pack(">HHH", transaction & 0xFFFF, 0, len(body)) + body


def without_delay(_client: mqtt.Client, _user: object, end: Any) -> None:
    """Set TCP_NODELAY, which paho does not: without it a round trip takes 40 ms."""
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Device(asyncio.Protocol):
    """One device on a connection of its own; `answered` takes its number and the payload of each answer."""

    def __init__(
        self, number: int, reads: tuple[tuple[int, int, int], ...], answered: Callable[[int, bytes], None]
    ) -> None:
        self._number = number
        self._reads = reads
        self._answered = answered
        self._transaction = 0
        self._left: list[tuple[int, int, int]] = []
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where requests go."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def poll(self) -> None:
        """Ask for everything, one request after the other."""
        self._left = list(self._reads)
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        if self._left:
            self._transaction += 1
            self._transport.write(frame(self._transaction, *self._left.pop(0)))

    def data_received(self, data: bytes) -> None:
        """Hand an answer over once it is whole."""
        self._received += data
        if len(self._received) < HEAD_BYTES or len(self._received) < HEAD_BYTES + self._received[8]:
            return
        payload, self._received = self._received[HEAD_BYTES:], b""
        self._answered(self._number, payload)
        self._next()


class Bare:
    """Two dozen lines of gateway, as many a script in the field."""

    def __init__(self, settings: dict[str, Any], publish_s: int) -> None:
        self._settings = settings
        self._publish_s = publish_s
        self._rows: list[list[Any]] = []
        self._topic = f"siteward/{settings['agent']}/"
        self._charger = socket.create_connection(("127.0.0.1", settings["charger"]))
        self._charger.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, settings["agent"])
        self._client.tls_set(settings["ca"], settings["cert"], settings["cert_key"], cert_reqs=ssl.CERT_REQUIRED)
        self._client.on_socket_open = without_delay
        self._client.on_connect = lambda client, *_: client.subscribe(self._topic + "command", 1)
        self._client.on_subscribe = lambda *_: print(json.dumps({"ready": True}), flush=True)
        self._client.on_message = self._command

    def _command(self, _client: mqtt.Client, _user: object, message: mqtt.MQTTMessage) -> None:
        payload = bytes(message.payload)
        self._charger.sendall(frame(1, 16, 1210, 2, bytes((len(payload),)) + payload))
        self._charger.recv(512)

    def _take(self, number: int, payload: bytes) -> None:
        if len(payload) == 152:
            numbers = [struct.unpack_from(">f", payload, 2 * at)[0] for at in METER_FLOATS]
        else:
            numbers = list(struct.unpack(f">{len(payload) // 2}H", payload))
        self._rows.append([number, time.time_ns() // 1_000_000, numbers])
        if not self._publish_s:
            self._publish()

    def _publish(self) -> None:
        rows, self._rows = self._rows, []
        self._client.publish(self._topic + "session", cbor2.dumps(rows), 1)

    async def run(self) -> None:
        """Poll once a second until killed."""
        loop = asyncio.get_running_loop()
        devices = []
        for number, port in enumerate([*self._settings["meters"], self._settings["charger"]]):
            reads = CHARGER_READS if port == self._settings["charger"] else METER_READS
            made = Device(number, reads, self._take)
            await loop.create_connection(lambda made=made: made, "127.0.0.1", port)  # type: ignore[misc]  # mypy does not infer the default's type
            devices.append(made)
        self._client.connect("localhost", self._settings["port"], 30)
        self._client.loop_start()
        due_s = loop.time()
        rounds = 0
        while True:
            for device in devices:
                device.poll()
            due_s += 1
            rounds += 1
            if self._publish_s and rounds % self._publish_s == 0:
                self._publish()
            await asyncio.sleep(due_s - loop.time())


if __name__ == "__main__":
    asyncio.run(Bare(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2])).run())
