"""Brokers as bad as there are, a port for each kind, for `reconnects`: real sockets, real TLS.

refused        nobody listens
black-holed    a SYN is never answered
silent         the connection is accepted and then nothing comes, not even TLS
reset          the connection is reset in the middle of the handshake
garbage        something answers that is not TLS
wrong-ca       the certificate is of another authority
wrong-name     the certificate is of another host
foreign        the broker knows another authority than the one of our certificate
no-welcome     TLS and then CONNACK with "not authorised"
half-open      up, subscribed, and from then on nothing comes and nothing is acknowledged
hung-up        up, subscribed, and closed
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.ports.far_end import refusing_port
from tools.certs import Authority, CertFiles

AGENT = "00112233445566aa"
NAME = "broker.example"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
CONNACK, CONNACK_REFUSED, SUBACK = b"\x20\x02\x00\x00", b"\x20\x02\x00\x05", b"\x90\x04\x00\x01\x01\x01"
CONNECT, SUBSCRIBE = 0x10, 0x82


class FarEnds:
    """`ports` holds a port for each kind; `files` are what the uplink under test has."""

    def __init__(self, ca: CertFiles, client: CertFiles) -> None:
        self.ca = ca
        self.client = client
        self.ports: dict[str, int] = {}
        self.served: dict[str, int] = {}


@asynccontextmanager
async def far_ends(folder: Path) -> AsyncIterator[FarEnds]:
    """Open all of them; close all of them."""
    ours, other = Authority(folder / "ours"), Authority(folder / "other")
    ends = FarEnds(ours.files, ours.client(AGENT))
    right = tls(ours.server("right", NAME), ours.files)
    kinds: dict[str, tuple[Serve, ssl.SSLContext | None]] = {
        "silent": (stay_silent, None),
        "reset": (reset, None),
        "garbage": (talk_nonsense, None),
        "wrong-ca": (stay_silent, tls(other.server("stranger", NAME), ours.files)),
        "wrong-name": (stay_silent, tls(ours.server("other-name", "elsewhere.example"), ours.files)),
        "foreign": (stay_silent, tls(ours.server("deaf", NAME), other.files)),
        "no-welcome": (refuse, right),
        "half-open": (welcome_and_freeze, right),
        "hung-up": (welcome_and_leave, right),
    }
    async with contextlib.AsyncExitStack() as stack:
        for kind, (serve, context) in kinds.items():
            server = await asyncio.start_server(counted(ends, kind, serve), "127.0.0.1", 0, ssl=context)
            stack.callback(server.close)
            ends.ports[kind] = server.sockets[0].getsockname()[1]
        ends.ports["refused"] = stack.enter_context(refusing_port())
        ends.ports["black-holed"] = stack.enter_context(black_hole())
        yield ends


def tls(server: CertFiles, authority: CertFiles) -> ssl.SSLContext:
    """Return what a broker has that wants a certificate of `authority`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.cert))
    context.load_cert_chain(server.cert, server.key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def counted(ends: FarEnds, kind: str, serve: Serve) -> Serve:
    """Count whom it serves, and end with its client."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.served[kind] = ends.served.get(kind, 0) + 1
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.transport.abort()

    return served


async def stay_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    end = writer.get_extra_info("socket")
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close says RST


async def talk_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20)
    await reader.read(4096)


async def packet(reader: asyncio.StreamReader, wanted: int) -> None:
    """Read until a packet of this kind; none that comes before subscribing is longer than 127 bytes."""
    kind = -1
    while kind != wanted:
        kind, size_bytes = await reader.readexactly(2)
        await reader.readexactly(size_bytes)


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await packet(reader, CONNECT)
    writer.write(CONNACK_REFUSED)
    await stay_silent(reader, writer)


async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await packet(reader, CONNECT)
    writer.write(CONNACK)
    await packet(reader, SUBSCRIBE)
    writer.write(SUBACK)


async def welcome_and_freeze(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await welcome(reader, writer)
    await stay_silent(reader, writer)


async def welcome_and_leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await welcome(reader, writer)
    await asyncio.sleep(0.02)  # how long it stays, not a wait for anything


@contextlib.contextmanager
def black_hole() -> Any:
    """Yield a port whose queue of connections is full: Linux drops a SYN then (tcp(7), tcp_abort_on_overflow 0)."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0.2)
            try:
                filler.connect(listener.getsockname())
            except TimeoutError:
                break
        else:
            raise AssertionError("the queue never fills")
        yield listener.getsockname()[1]
