"""What TCP and serial lines share on a board: opening without a leak, and waiting for an answer.

Waiting is a poll whose pauses double, 1 to 16 ms: no task and no allocation for a time-out, which `wait_for` costs
on every call, and never much longer than the device took itself.
"""

from __future__ import annotations

import select
import socket
from errno import ECONNREFUSED, EINPROGRESS, ETIMEDOUT

from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms
from hal.compat import const
from hal.errors import FrameError, LineDown, LineTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    Connect = Callable[[str, int, int], Awaitable[Any]]  # host, port, timeout_ms -> as `connect`

_READ_BYTES = const(64)  # claimed anew for every read: a small piece is always to be had
_ANSWER_BYTES_MAX = const(512)  # twice the longest Modbus frame
_STALE_READS_MAX = const(256)
_PAUSE_MS_MAX = const(16)
_IPPROTO_TCP = const(6)  # the socket module names neither of these two
_TCP_NODELAY = const(1)


async def connect(host: str, port: int, timeout_ms: int) -> Any:
    """Return a connected non-blocking socket. A name is looked up by the system, blocking: boards/micropython/named.py.

    Raises: OSError.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    end = socket.socket(family, kind, protocol)
    try:
        end.setblocking(False)
        end.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        try:
            end.connect(address)
        except OSError as error:
            if error.errno != EINPROGRESS:
                raise
        await _connected(end, timeout_ms)
    except BaseException:
        end.close()
        raise
    return end


async def _connected(end: socket.socket, timeout_ms: int) -> None:
    poll = select.poll()
    poll.register(end, select.POLLOUT)
    started, pause_ms = ticks_ms(), 1
    while True:
        for _, events in poll.poll(0):
            if events & (select.POLLERR | select.POLLHUP):
                raise OSError(ECONNREFUSED)
            return
        if ticks_diff(ticks_ms(), started) >= timeout_ms:
            raise OSError(ETIMEDOUT)
        await sleep_ms(pause_ms)
        pause_ms = min(2 * pause_ms, _PAUSE_MS_MAX)


def throw_away(read: Callable[[int], bytes | None]) -> bool:
    """Drop what came unasked, tell whether there was any. Raises: LineDown when it never ends, what `read` raises."""
    for at in range(_STALE_READS_MAX):
        if not read(_READ_BYTES):
            return at > 0
    raise LineDown("does not stop talking")


async def collect(read: Callable[[int], bytes | None], missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
    """Return the answer once `missing` wants no more; `read` gives nothing when nothing is there.

    Raises: LineTimeout, FrameError, whatever `read` raises.
    """
    received, wanted_bytes = b"", 1
    started, pause_ms = ticks_ms(), 1
    while True:
        chunk = read(_READ_BYTES)
        if chunk:
            received += chunk
            if len(received) > _ANSWER_BYTES_MAX:
                raise FrameError("answer too long", received[:260])
            if len(received) >= wanted_bytes:
                missing_bytes = missing(received)
                if missing_bytes <= 0:
                    return received
                wanted_bytes = len(received) + missing_bytes
        if ticks_diff(ticks_ms(), started) >= timeout_ms:
            raise LineTimeout(timeout_ms)
        if not chunk:
            await sleep_ms(pause_ms)
            pause_ms = min(2 * pause_ms, _PAUSE_MS_MAX)
