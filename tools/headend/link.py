"""The head-end's connection to the broker: paho-mqtt in its own thread, handed over to asyncio.

Nothing is queued while the broker is away: commands are said again by the orders, pages are sent again by the
agents, and a receipt follows each.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tools.errors import UsageError
from tools.headend.config import BrokerAccess
from tools.wire import PAGE_BYTES_MAX

log = logging.getLogger("siteward.headend")

TOPICS = ("siteward/+/page", "siteward/+/session")
QOS = 1
WAITING_MAX = 256  # messages; 16 MB of pages at the most
KEEPALIVE_S = 30
RECONNECT_S_MAX = 5

Heard = Callable[[str, str, bytes], None]  # agent, channel, payload


class Link:
    """Publishes to agents and hears them; `connected` is set once the subscriptions hold."""

    def __init__(self, access: BrokerAccess, heard: Heard, client_id: str = "siteward-head-end") -> None:
        self._access = access
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self.overflow = 0  # messages dropped because too many waited, or too large
        self.connected = asyncio.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=False, protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.tls_set_context(_context(access))
        self._client.reconnect_delay_set(1, RECONNECT_S_MAX)
        self._client.on_socket_open = _without_delay
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_connect_fail = lambda *_: log.warning("cannot reach the broker at %s", access.host)
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Begin to connect; goes on trying for ever."""
        self._client.connect_async(self._access.host, self._access.port, KEEPALIVE_S)
        self._client.loop_start()

    async def stop(self) -> None:
        """Say goodbye and end the thread."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def publish(self, agent: str, channel: str, payload: bytes) -> bool:
        """Hand over one message; False when the broker is away."""
        if not self.connected.is_set():
            return False
        sent = self._client.publish(f"siteward/{agent}/{channel}", payload, QOS)
        return sent.rc == mqtt.MQTT_ERR_SUCCESS

    # What follows is called by paho's thread.

    def _on_connect(self, client: mqtt.Client, *rest: Any) -> None:
        reason = rest[2]
        if reason.is_failure:
            log.warning("the broker refuses: %s", reason)
            return
        client.subscribe([(topic, QOS) for topic in TOPICS])

    def _on_subscribe(self, _client: mqtt.Client, _userdata: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error("the broker refuses the subscriptions: %s", ", ".join(refused))
            return
        log.info("connected to the broker at %s:%d", self._access.host, self._access.port)
        self._loop.call_soon_threadsafe(self.connected.set)

    def _on_disconnect(self, *_: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.connected.clear)

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        if self._waiting >= WAITING_MAX or len(message.payload) > PAGE_BYTES_MAX or self._loop.is_closed():
            self.overflow += 1
            return
        self._waiting += 1
        self._loop.call_soon_threadsafe(self._hand_over, message.topic, bytes(message.payload))

    def _hand_over(self, topic: str, payload: bytes) -> None:
        self._waiting -= 1
        parts = topic.split("/")
        if len(parts) == 3:
            self._heard(parts[1], parts[2], payload)


def _without_delay(_client: mqtt.Client, _userdata: Any, end: Any) -> None:
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _NamedContext(ssl.SSLContext):
    """Checks the certificate for the broker's name, whatever address it is reached at."""

    server_name = ""

    def wrap_socket(self, *positional: Any, **named: Any) -> ssl.SSLSocket:
        """Wrap with the configured name."""
        return super().wrap_socket(*positional, **{**named, "server_hostname": self.server_name})


def _context(access: BrokerAccess) -> ssl.SSLContext:
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.server_name = access.server_name
    path = access.ca
    try:
        context.load_verify_locations(access.ca)
        path = access.cert_key
        if path.stat().st_mode & 0o077:
            raise UsageError(f"{path}: group or others may use this private key: chmod 600 it")
        path = access.cert
        context.load_cert_chain(access.cert, access.cert_key)
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(f"cannot use the TLS certificate {path}: {error.strerror or error}") from error
    return context
