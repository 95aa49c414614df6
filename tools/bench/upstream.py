"""Upstream while limits are measured: confirms every page after a network's round trip, and keeps what new ones say.

Receipts come one by one, so that the agent's backfill goes on at the pace of a real link. Pages are not verified here:
other parts of the project do that.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import cbor2
import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric import ec

from tools import wire

DECISION, WRITE = 3, 4
RECEIPT_S = 0.05


class Upstream:
    """`take` is paho's on_message; receipts go out on the same connection until `close`."""

    def __init__(self, client: mqtt.Client, agent_id: bytes, key: ec.EllipticCurvePrivateKey) -> None:
        self.decisions: dict[bytes, tuple[int, int]] = {}  # command -> at_ms, reason
        self.writes: list[tuple[int, int, int]] = []  # at_ms, device, set-point
        self.confirmed = 0  # old pages
        self.newer_epoch = 2  # the backlog's is 1
        self._client = client
        self._agent_id = agent_id
        self._key = key
        self._waiting: queue.Queue[tuple[float, bytes] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._confirm, daemon=True)
        client.on_message = lambda _client, _user, message: self._waiting.put((time.monotonic(), message.payload))
        client.subscribe(f"siteward/{agent_id.hex()}/page", 1)
        self._thread.start()

    def close(self) -> None:
        """Confirm nothing more."""
        self._waiting.put(None)
        self._thread.join()

    def _confirm(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            arrived_s, raw = waiting
            payload = cbor2.loads(raw).value[2]
            fields = cbor2.loads(payload)
            self._keep(fields)
            last_seq = fields[4] + len(fields[11]) - 1
            receipt = wire.receipt(self._agent_id, last_seq, wire.sha256(payload), int(time.time()))
            sealed = wire.seal(receipt, self._key)
            time.sleep(max(0.0, arrived_s + RECEIPT_S - time.monotonic()))
            self._client.publish(f"siteward/{self._agent_id.hex()}/receipt", sealed, 1)

    def _keep(self, fields: list[Any]) -> None:
        if fields[3] < self.newer_epoch:
            self.confirmed += 1
            return
        base_ms = fields[7] * 1000
        for raw in fields[11]:
            fact = cbor2.loads(raw)
            if fact[0] == DECISION:
                self.decisions[fact[2]] = base_ms + fact[1], fact[5]
            elif fact[0] == WRITE and fact[3] is not None:
                self.writes.append((base_ms + fact[1], fact[2], fact[3]))
