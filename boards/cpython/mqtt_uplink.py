"""The uplink of a gateway: MQTT 3.1.1 over TLS with a client certificate.

Each connection is a clean session with an MQTT client of its own: what was not acknowledged is forgotten and the
journal sends it again; commands that the agent missed are known to the head-end from the `session` message that it
sends on every connection, and a broker need not hoard for agents that are away for weeks.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable
from pathlib import Path

from boards.cpython.mqtt_link import Link, LinkError
from boards.retry import STEADY_MS, retry_ms

CHANNELS_DOWN = ("command", "receipt")
INBOUND_BYTES_MAX = 4096
QUEUE_MAX = 16
KEEPALIVE_S = 30
CONNECT_S = 20
SHUTDOWN_S = 2


class MqttUplink:
    """Publishes to `siteward/<agent>/<channel>` and hears that agent's `command` and `receipt`, QoS 1, TLS only.

    `host` is where to connect, `server_name` what the broker's certificate must say. `trouble` says in the
    system's words why the link is, or last was, down.
    """

    def __init__(
        self,
        host: str,
        port: int,
        agent_hex: str,
        ca: str | Path,
        cert: str | Path,
        cert_key: str | Path,
        server_name: str,
        keepalive_s: int = KEEPALIVE_S,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        """Load the certificates. Raises: OSError (ssl.SSLError for what is no certificate)."""
        self.connected = False
        self.dropped_oversize = 0
        self.dropped_full = 0
        self.trouble = ""
        self._host = host
        self._port = port
        self._agent_hex = agent_hex
        self._prefix = f"siteward/{agent_hex}/"
        self._server_name = server_name
        self._keepalive_s = keepalive_s
        self._queue_max = queue_max
        self._tls = ssl.create_default_context(cafile=str(ca))
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_cert_chain(cert, cert_key)
        self._inbox: deque[tuple[str, bytes]] = deque()
        self._link: Link | None = None
        self._connecting: asyncio.Timeout | None = None
        self._wake: Callable[[], None] = lambda: None
        self._closed = asyncio.Event()

    def publish(self, channel: str, payload: bytes) -> bool:
        """Hand over one message; False when not connected or `queue_max` are unacknowledged."""
        if not self.connected or self._link is None or len(self._link.unacknowledged) >= self._queue_max:
            return False
        return self._link.publish(self._prefix + channel, payload)

    def take(self) -> tuple[str, bytes] | None:
        """Return the oldest received (channel, payload), or None."""
        return self._inbox.popleft() if self._inbox else None

    async def run(self, wake: Callable[[], None]) -> None:
        """Keep the link up until `close`; call `wake` when it comes, goes, brings something or has room again."""
        self._wake = wake
        loop = asyncio.get_running_loop()
        down_since_s = loop.time()
        while not self._closed.is_set():
            up_since_s = await self._one_connection()
            if up_since_s is not None and (loop.time() - up_since_s) * 1000 >= STEADY_MS:
                down_since_s = loop.time()
            await self._rest(retry_ms(int((loop.time() - down_since_s) * 1000)))

    async def _rest(self, rest_ms: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rest_ms / 1000):
                await self._closed.wait()

    async def _one_connection(self) -> float | None:
        """Connect and stay until the link is lost; return the loop time at which it was up, None if never."""
        loop = asyncio.get_running_loop()
        topics = [self._prefix + channel for channel in CHANNELS_DOWN]
        link = Link(
            self._agent_hex, topics, self._keepalive_s, INBOUND_BYTES_MAX, self._heard, self._oversize, self._wake
        )
        up_since_s = None
        try:
            async with asyncio.timeout(CONNECT_S) as self._connecting:
                await loop.create_connection(
                    lambda: link,
                    self._host,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._server_name,
                    ssl_shutdown_timeout=SHUTDOWN_S,
                )
                await link.subscribed()
            up_since_s = loop.time()
            self._connecting = None
            self._link = link
            self.connected = True
            self._wake()
            await link.stay()
        except (OSError, LinkError) as error:
            if not self._closed.is_set():  # an attempt that was called off has no trouble of its own
                self.trouble = str(error) or type(error).__name__
        finally:
            self.connected = False
            self._connecting = self._link = None
            link.abort()
            self._wake()
        return up_since_s

    def _oversize(self) -> None:
        self.dropped_oversize += 1

    def _heard(self, topic: str, payload: bytes) -> None:
        channel = topic.removeprefix(self._prefix)
        if channel not in CHANNELS_DOWN or not payload:
            return  # no message of ours is empty: this is what is left of an oversize one
        if len(self._inbox) >= self._queue_max:
            self.dropped_full += 1
            return
        self._inbox.append((channel, payload))
        self._wake()

    async def close(self) -> None:
        """Say goodbye and free the socket; run ends."""
        self._closed.set()
        if self._connecting is not None:
            self._connecting.reschedule(0)
        if self._link is not None:
            self._link.say_goodbye()
