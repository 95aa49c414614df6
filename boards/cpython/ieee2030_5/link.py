"""One connection to a utility's server: HTTPS with a client certificate, one question at a time, everything bounded.

The library waits in a thread of its own; whoever waits for it here gives up after EXCHANGE_S and closes the socket
under it. Redirects are not followed: a server that wants to be elsewhere is configured elsewhere. The suite of the
standard, ECDHE-ECDSA-AES128-CCM-8, is offered behind those with a longer tag; `negotiated` says what it became.

Source: IEEE 2030.5-2018 section 5.3 (HTTP/1.1), 5.6 (application/sep+xml), 6.7 (TLS 1.2, the suite).
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from boards.cpython.ieee2030_5.document import DOCUMENT_BYTES_MAX

EXCHANGE_S = 20
SOCKET_S = 10
MEDIA = "application/sep+xml"
SUITES = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-CCM8"


class LinkError(Exception):
    """Args: one line that says why there is no answer."""


class Answer(NamedTuple):
    """What a server answered; `location` is the path that it gave something new, or empty."""

    status: int
    location: str
    body: bytes


class Link:
    """Owns one connection, opened when it is needed."""

    def __init__(self, host: str, port: int, server_name: str, ca: Path, cert: Path, cert_key: Path) -> None:
        """Load the certificates. Raises: OSError (ssl.SSLError for what is no certificate)."""
        self.negotiated = ""
        self._host, self._port, self._server_name = host, port, server_name
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.set_ciphers(SUITES)
        self._tls.load_verify_locations(cafile=str(ca))
        self._tls.load_cert_chain(cert, cert_key, password="")  # else one with a password would ask the terminal
        self._thread = _waiter()
        self._connection: http.client.HTTPConnection | None = None
        self._bare: socket.socket | None = None  # a connection that is not secure yet

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Return what the server answers. Raises: LinkError."""
        waiting = asyncio.get_running_loop().run_in_executor(self._thread, self._exchange, method, path, body)
        try:
            async with asyncio.timeout(EXCHANGE_S):
                return await waiting
        except TimeoutError as error:
            raise LinkError(f"{method} {path}: no answer within {EXCHANGE_S} s") from error
        finally:
            if waiting.cancelled():
                self._tear()

    def close(self) -> None:
        """Hang up; whoever asks again begins anew."""
        self._tear()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._thread = _waiter()
        self._connection = None

    def _tear(self) -> None:
        """End what the thread waits for."""
        connection = self._connection
        for sock in (self._bare, None if connection is None else connection.sock):
            if sock is not None:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _exchange(self, method: str, path: str, body: bytes) -> Answer:
        again = self._connection is not None and method != "POST"  # what adds something is not said twice
        try:
            return self._asked(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            if not again or not isinstance(error, ConnectionError):
                raise LinkError(f"{method} {path}: {error or type(error).__name__}") from error
        try:  # the server had closed it while nobody spoke
            return self._asked(method, path, body)
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            raise LinkError(f"{method} {path}: {error or type(error).__name__}") from error

    def _asked(self, method: str, path: str, body: bytes) -> Answer:
        connection = self._connection or self._connected()
        headers = {"Accept": f"{MEDIA}, application/xml"}
        if body:
            headers["Content-Type"] = MEDIA
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        received = answer.read(DOCUMENT_BYTES_MAX + 1)
        if len(received) > DOCUMENT_BYTES_MAX:
            self._hang_up()
            raise LinkError(f"{method} {path}: an answer of more than {DOCUMENT_BYTES_MAX} bytes")
        if answer.will_close:
            self._hang_up()
        return Answer(answer.status, answer.getheader("Location") or "", received)

    def _connected(self) -> http.client.HTTPConnection:
        bare = self._bare = socket.create_connection((self._host, self._port), SOCKET_S)
        try:
            secure = self._tls.wrap_socket(bare, server_hostname=self._server_name, do_handshake_on_connect=False)
            self._bare = secure  # takes the place of the bare one, whose handle is gone
            secure.do_handshake()
        except BaseException:
            self._bare.close()
            raise
        finally:
            self._bare = None
        suite = secure.cipher()
        self.negotiated = " ".join(suite[:2]) if suite else ""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=SOCKET_S)
        connection.auto_open = 0  # it would open a new one without TLS
        connection.sock = secure
        self._connection = connection
        return connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _waiter() -> ThreadPoolExecutor:
    """Return one thread, begun when it is first needed."""
    return ThreadPoolExecutor(1, "ieee2030-5")
