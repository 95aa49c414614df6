"""Where a VTN's notifications arrive that come by webhook: a port of this machine's own address, behind its proxy.

TLS and the world's side are the reverse proxy's. What arrives with the subscription's token is a reason to read the
list again, as over MQTT, and is no more; everything else is answered by a status alone. One request a connection.
Source: OpenADR 3.1.0 OpenAPI document, `/subscriptions`, `callbacks`: POST, and 200 where a notification is accepted;
RFC 9110 and 9112 (HTTP/1.1), RFC 6750 section 2.1 (bearer token).
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Callable
from http import HTTPStatus

from boards.cpython.openadr.notices import PAYLOAD_BYTES_MAX, deleted_event

HOST = "127.0.0.1"
HEAD_BYTES_MAX = 8192
CONNECTIONS_MAX = 8
REQUEST_S = 5  # for all of one
AGAIN_S = 60  # after the port was another's
_ONCE = (b"authorization", b"content-length")
_HEADERS = {HTTPStatus.METHOD_NOT_ALLOWED: "Allow: POST\r\n", HTTPStatus.UNAUTHORIZED: "WWW-Authenticate: Bearer\r\n"}


class _RefusedError(Exception):
    """Args: the status that a request is answered with."""


class Webhook:
    """Listens on one port; `heard` is called with the deleted event's id, or "" for any other notification."""

    def __init__(self, port: int, token: str, heard: Callable[[str], None], note: Callable[[str], None]) -> None:
        """`note` is told why the port cannot be had, "" once it can."""
        self._port = port
        self._token = token.encode()
        self._heard = heard
        self._note = note
        self._open: set[asyncio.StreamWriter] = set()

    async def run(self) -> None:
        """Listen, for ever; a port that is another's is tried again."""
        while True:
            try:
                server = await asyncio.start_server(self._meet, HOST, self._port, limit=HEAD_BYTES_MAX)
            except OSError as error:
                self._note(f"{HOST}:{self._port}: {error.strerror or error}")
                await asyncio.sleep(AGAIN_S)
                continue
            self._note("")
            try:
                await asyncio.Event().wait()  # until this task is ended
            finally:
                server.close()
                for writer in self._open:
                    writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, and close it."""
        if len(self._open) >= CONNECTIONS_MAX:
            writer.write(_answer(HTTPStatus.SERVICE_UNAVAILABLE))
            writer.close()
            return
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # it left before it had said all
                writer.write(_answer(await self._status(reader)))
        finally:
            self._open.discard(writer)
            writer.close()

    async def _status(self, reader: asyncio.StreamReader) -> HTTPStatus:
        """Take one notification; return how it is answered. Raises: OSError, IncompleteReadError."""
        try:
            async with asyncio.timeout(REQUEST_S):
                head = await reader.readuntil(b"\r\n\r\n")
                payload = await reader.readexactly(self._length(head))
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT
        except asyncio.LimitOverrunError:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        except _RefusedError as refusal:
            status: HTTPStatus = refusal.args[0]
            return status
        self._heard(deleted_event(payload))
        return HTTPStatus.OK

    def _length(self, head: bytes) -> int:
        """Return how many bytes follow a head that may have them read. Raises: _RefusedError."""
        method, headers = _parsed(head)
        if method != b"POST":
            raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED)
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(token, self._token):
            raise _RefusedError(HTTPStatus.UNAUTHORIZED)
        length = headers.get(b"content-length")
        if length is None or b"transfer-encoding" in headers:
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED)
        if not length.isdigit():
            raise _RefusedError(HTTPStatus.BAD_REQUEST)
        if len(length) > len(str(PAYLOAD_BYTES_MAX)) or int(length) > PAYLOAD_BYTES_MAX:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return int(length)


def _parsed(head: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Return method and headers, with small letters, of a request's head. Raises: _RefusedError."""
    first, *lines = head[:-4].split(b"\r\n")
    words = first.split(b" ")
    if len(words) != 3 or words[2] not in (b"HTTP/1.0", b"HTTP/1.1"):  # some proxies speak 1.0 to what is behind them
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, content = line.partition(b":")
        name = name.lower()
        if not colon or not name or name != name.strip() or (name in headers and name in _ONCE):
            raise _RefusedError(HTTPStatus.BAD_REQUEST)
        headers[name] = content.strip(b" \t")
    return words[0], headers


def _answer(status: HTTPStatus) -> bytes:
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{_HEADERS.get(status, '')}"
    return f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
