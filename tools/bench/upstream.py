"""Upstream while limits are measured: confirms every page after a network's round trip, and counts old ones.

Receipts come one by one, so that the agent's backfill goes on at the pace of a real link. Pages are not verified here:
other parts of the project do that.
"""

from __future__ import annotations

import queue
import threading
import time

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric import ec

from tools import wire
from tools.verifier.page import open_page

BACKLOG_EPOCH = 1
RECEIPT_S = 0.05


class Upstream:
    """`take` is paho's on_message; receipts go out on the same connection until `close`."""

    def __init__(self, client: mqtt.Client, agent_id: bytes, key: ec.EllipticCurvePrivateKey) -> None:
        self.confirmed = 0  # pages of the backlog
        self._client = client
        self._agent_id = agent_id
        self._key = key
        self._waiting: queue.Queue[tuple[float, bytes] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._confirm, daemon=True)
        client.on_message = lambda _client, _user, message: self._heard(bytes(message.payload))
        client.subscribe(f"siteward/{agent_id.hex()}/page", 1)
        self._thread.start()

    def _heard(self, raw: bytes) -> None:
        self._waiting.put((time.monotonic(), raw))

    def close(self) -> None:
        """Confirm nothing more."""
        self._waiting.put(None)
        self._thread.join()

    def _confirm(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            arrived_s, raw = waiting
            envelope = open_page(raw).envelope
            epoch, first_seq, count = wire.payload_of(envelope)[3:6]
            self.confirmed += epoch == BACKLOG_EPOCH
            page = wire.sha256(envelope.payload)
            receipt = wire.receipt(self._agent_id, first_seq + count - 1, page, int(time.time()))
            sealed = wire.seal(receipt, self._key)
            time.sleep(max(0.0, arrived_s + RECEIPT_S - time.monotonic()))
            self._client.publish(f"siteward/{self._agent_id.hex()}/receipt", sealed, 1)
