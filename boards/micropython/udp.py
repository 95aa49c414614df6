"""One question by UDP and its answer, on a board, while everything else goes on."""

from __future__ import annotations

import socket
from errno import EAGAIN, ETIMEDOUT

from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PACKET_BYTES = const(512)
_PAUSE_MS_MAX = const(16)


async def ask(
    address: str, port: int, request: bytes, is_answer: Callable[[bytes], bool], patience_ms: int
) -> tuple[bytes, int]:
    """Return the first packet from there that is an answer, and after how many ms; others are dropped. Raises: OSError.

    Pauses between looks are an eighth of what was waited so far, 16 ms at most.
    """
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        end.setblocking(False)
        end.connect(socket.getaddrinfo(address, port)[0][-1])
        began = ticks_ms()
        end.send(request)
        while True:
            packet = _received(end)
            waited_ms = ticks_diff(ticks_ms(), began)
            if is_answer(packet):
                return packet, waited_ms
            if waited_ms >= patience_ms:
                raise OSError(ETIMEDOUT)
            await sleep_ms(min(1 + (waited_ms >> 3), _PAUSE_MS_MAX))
    finally:
        end.close()


def _received(end: socket.socket) -> bytes:
    """Return what came, nothing while nothing has. Raises: OSError."""
    try:
        return end.recv(_PACKET_BYTES)
    except OSError as error:
        if error.errno != EAGAIN:
            raise
        return b""
