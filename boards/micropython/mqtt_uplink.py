"""The uplink of a board: MQTT 3.1.1 over TLS with a client certificate.

Each connection is a clean session: what was not acknowledged is forgotten and the journal sends it again; commands
that the agent missed are known to the head-end from the `session` message that it sends on every connection.
Certificates and key are DER. The clock must be right to within the certificates' dates before the first connect.
"""

from __future__ import annotations

import asyncio
import ssl

from boards.micropython.mqtt import Connection, MqttError
from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms
from boards.micropython.wire import connect
from boards.retry import STEADY_MS, retry_ms
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from boards.micropython.wire import Connect

CHANNELS_DOWN = ("command", "receipt")
_INBOUND_BYTES_MAX = const(4096)
_INBOX_MAX = const(8)
_INBOX_BYTES_MAX = const(8192)
_QUEUE_MAX = const(2)  # pages are held until they are acknowledged
_KEEPALIVE_S = const(30)
_CONNECT_MS = const(10000)
_TICK_MS = const(250)
_OUTAGE_MS_MAX = const(86400000)  # ticks wrap: a longer outage counts as this


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
        ca: str,
        cert: str,
        cert_key: str,
        server_name: str,
        keepalive_s: int = _KEEPALIVE_S,
        queue_max: int = _QUEUE_MAX,
    ) -> None:
        """Load the certificates. Raises: OSError, ValueError for what is no certificate."""
        self.connected = False
        self.dropped_oversize = 0
        self.dropped_full = 0
        self.trouble = ""
        self.connect: Connect = connect
        self.not_yet: Callable[[], str] | None = None  # nothing is tried while it says why not
        self._host = host
        self._port = port
        self._agent_hex = agent_hex
        self._prefix = "siteward/" + agent_hex + "/"
        self._server_name = server_name
        self._keepalive_ms = keepalive_s * 1000
        self._queue_max = queue_max
        self._tls = _tls_context(ca, cert, cert_key)
        self._dropped_before = 0  # oversize messages on earlier connections
        self._inbox: list[tuple[str, bytes]] = []
        self._connection: Connection | None = None
        self._wake: Callable[[], None] = _nobody
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def publish(self, channel: str, payload: bytes) -> bool:
        """Hand over one message; False when not connected or `queue_max` are unacknowledged."""
        if not self.connected or self._connection is None or len(self._connection.unacknowledged) >= self._queue_max:
            return False
        self._connection.publish(self._prefix + channel, payload)
        return True

    def take(self) -> tuple[str, bytes] | None:
        """Return the oldest received (channel, payload), or None."""
        return self._inbox.pop(0) if self._inbox else None

    async def run(self, wake: Callable[[], None]) -> None:
        """Keep the link up until `close`; call `wake` when it comes, goes, brings something or has room again."""
        self._wake = wake
        self._task = asyncio.create_task(self._keep_up())
        try:
            await self._task
        except asyncio.CancelledError:
            self._task.cancel()
            if not self._closed:
                raise

    async def _keep_up(self) -> None:
        down_since = ticks_ms()
        while not self._closed:
            if self.not_yet is not None:
                await self._wait(self.not_yet)
            began = ticks_ms()
            if await self._one_connection() and ticks_diff(ticks_ms(), began) >= STEADY_MS:
                down_since = ticks_ms()
            outage_ms = min(ticks_diff(ticks_ms(), down_since), _OUTAGE_MS_MAX)
            await sleep_ms(retry_ms(outage_ms))

    async def _wait(self, not_yet: Callable[[], str]) -> None:
        why = not_yet()
        while why and not self._closed:
            self.trouble = why
            await sleep_ms(_TICK_MS)
            why = not_yet()

    async def _one_connection(self) -> bool:
        """Connect and stay until the link is lost; tell whether it was up."""
        topics = [self._prefix + channel for channel in CHANNELS_DOWN]
        plain: Any = None
        secure: Any = None
        try:
            plain = await self.connect(self._host, self._port, _CONNECT_MS)
            secure = self._tls.wrap_socket(plain, server_hostname=self._server_name, do_handshake_on_connect=False)
            secure.setblocking(False)
            stream: Any = asyncio.StreamReader(secure)
            self._connection = Connection(stream, self._agent_hex, topics, _INBOUND_BYTES_MAX, self._heard, self._wake)
            await self._connection.serve(self._keepalive_ms, self._came_up)
        except (OSError, ValueError, MqttError) as error:
            self.trouble = repr(error)
        finally:
            was_up, self.connected = self.connected, False
            self._connection = None
            self._dropped_before = self.dropped_oversize
            for end in (secure, plain):  # after a failed handshake closing the outer one leaves the inner one open
                if end is not None:
                    end.close()
            self._wake()
        return was_up

    def _came_up(self) -> None:
        self.connected = True
        self._wake()

    def _heard(self, topic: str, payload: bytes) -> None:
        channel = topic[len(self._prefix) :]
        if not topic.startswith(self._prefix) or channel not in CHANNELS_DOWN:
            return
        if not payload:
            self._count_oversize()  # no message of ours is empty: this may be what is left of an oversize one
        elif len(self._inbox) >= _INBOX_MAX or self._inbox_bytes() + len(payload) > _INBOX_BYTES_MAX:
            self.dropped_full += 1
        else:
            self._inbox.append((channel, payload))
            self._wake()

    def _inbox_bytes(self) -> int:
        return sum([len(payload) for _, payload in self._inbox])

    def _count_oversize(self) -> None:
        if self._connection is not None:
            self.dropped_oversize = self._dropped_before + self._connection.inbound.dropped_oversize

    async def close(self) -> None:
        """Say goodbye and free the socket; run ends."""
        self._closed = True
        if self._connection is not None:
            self._connection.goodbye()
        if self._task is not None:
            self._task.cancel()


def _nobody() -> None:
    """Stand in until run names whom to wake."""


def _tls_context(ca: str, cert: str, cert_key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED  # MicroPython's default is not to look
    context.load_verify_locations(cadata=_read(ca))
    context.load_cert_chain(cert, cert_key)
    return context


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
