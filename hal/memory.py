"""In-memory twins of every port: a whole site runs from a seed on these, and they pass the same contracts.

What a real part does late, a twin does when it is told to: time advances by `advance`, a line answers what its
script says, a power cut is `crash`.
"""

from __future__ import annotations

import asyncio

from hal import quantities as q
from hal.errors import FrameError, LineTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_BYTES_MAX = 512
ENOSPC = 28  # no port of MicroPython names it


class ManualClock:
    """Stands still until `advance`; the civil time is unknown until `set_civil`."""

    def __init__(self) -> None:
        self._now_ms = 0
        self._civil_offset_ms = 0
        self._quality = q.CLOCK_UNKNOWN
        self._error_ms = 0
        self._sleepers: list[tuple[int, asyncio.Event]] = []

    def advance(self, ms: int) -> None:
        """Let `ms` pass on both times; who slept until then is ready to run."""
        assert ms >= 0
        self._now_ms += ms
        for sleeper in list(self._sleepers):
            if sleeper[0] <= self._now_ms:
                self._sleepers.remove(sleeper)
                sleeper[1].set()

    async def sleep_ms(self, ms: int) -> None:
        """Wait for `advance` to bring the end of the sleep."""
        if ms <= 0:
            await asyncio.sleep(0)
            return
        ready = asyncio.Event()
        sleeper = (self._now_ms + ms, ready)
        self._sleepers.append(sleeper)
        await ready.wait()

    def set_civil(self, civil_ms: int, quality: int = q.CLOCK_SYNCHRONISED, error_ms: int = 1) -> None:
        """Step the civil time, as a time server does; the monotonic one does not move."""
        self._civil_offset_ms = civil_ms - self._now_ms
        self._quality = quality
        self._error_ms = error_ms

    def now_ms(self) -> int:
        """Return milliseconds advanced so far."""
        return self._now_ms

    def civil_ms(self) -> int:
        """Return Unix milliseconds, 0 while unknown."""
        return self._now_ms + self._civil_offset_ms if self._quality != q.CLOCK_UNKNOWN else 0

    def quality(self) -> int:
        """Return the CLOCK_* last set."""
        return self._quality

    def error_ms(self) -> int:
        """Return the bound last set."""
        return self._error_ms


class ScriptedLine:
    """A line whose far end is a function: request -> the bytes that come back, None for silence.

    Silence and an answer that stays short end in LineTimeout at once: no time passes here. The script may raise
    LineDown. `requests` holds all that was sent.
    """

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self._busy = False
        self.requests: list[bytes] = []

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Return the script's answer once `missing` wants no more. Raises: LineTimeout, LineDown, FrameError."""
        assert not self._busy
        self._busy = True
        try:
            self.requests.append(request)
            received = self._answer(request)
            if not received or missing(received) > 0:
                if len(received or b"") > ANSWER_BYTES_MAX:
                    raise FrameError("answer too long", received)
                raise LineTimeout(request[:1], timeout_ms)
            return received
        finally:
            self._busy = False

    async def close(self) -> None:
        """Nothing to give back."""


class MemoryStore:
    """A byte log that models a power cut: what was appended after the last sync may be lost or torn."""

    def __init__(self, capacity_bytes: int = 1 << 20) -> None:
        self._capacity_bytes = capacity_bytes
        self._kept: list[tuple[int, bytearray]] = [(0, bytearray())]
        self._synced_end = 0
        self.syncs = 0

    def segments(self) -> list[tuple[int, int]]:
        """Return (first offset, size in bytes) of each kept segment, oldest first; there is always one."""
        return [(first, len(held)) for first, held in self._kept]

    def _end(self) -> int:
        first, held = self._kept[-1]
        return first + len(held)

    def append(self, chunk: bytes) -> int:
        """Write at the end of the newest segment; return the offset. Raises: OSError (ENOSPC)."""
        offset = self._end()
        if offset + len(chunk) - self._kept[0][0] > self._capacity_bytes:
            raise OSError(ENOSPC, "the store is full")
        self._kept[-1][1].extend(chunk)
        return offset

    def sync(self) -> None:
        """Keep everything appended so far through `crash`."""
        self._synced_end = self._end()
        self.syncs += 1

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to `size_bytes` from `offset`, not past its segment's end; empty outside what is kept."""
        for first, held in reversed(self._kept):
            if first <= offset:
                return bytes(held[offset - first : offset - first + size_bytes])
        return b""

    def roll(self) -> int:
        """Sync, begin a new segment and return its first offset; an empty newest segment is one already."""
        self.sync()
        if self._kept[-1][1]:
            self._kept.append((self._end(), bytearray()))
        return self._end()

    def release(self, offset: int) -> None:
        """Drop every segment that ends at or before `offset`; the newest one stays."""
        while len(self._kept) > 1 and self._kept[0][0] + len(self._kept[0][1]) <= offset:
            self._kept.pop(0)

    def close(self) -> None:
        """Sync."""
        self.sync()

    def unsynced_bytes(self) -> int:
        """Return how much a power cut could take."""
        return self._end() - self._synced_end

    def crash(self, keep_bytes: int, garbage: bytes = b"") -> None:
        """Cut the power: of the unsynced bytes the first `keep_bytes` stay, and `garbage` may stand behind them.

        What then stands there is as durable as the rest; the store is as if just opened.
        """
        first, held = self._kept[-1]
        kept_bytes = min(len(held), self._synced_end + keep_bytes - first)
        self._kept[-1] = (first, bytearray(bytes(held[:kept_bytes]) + garbage))
        self._synced_end = self._end()


class LoopUplink:
    """A link whose far end is the test: `deliver` sends down, `sent` holds what came up."""

    def __init__(self, queue_max: int = 16, inbound_bytes_max: int = 4096) -> None:
        self._queue_max = queue_max
        self._inbound_bytes_max = inbound_bytes_max
        self._inbox: list[tuple[str, bytes]] = []
        self._wake: Callable[[], None] | None = None
        self._closed = asyncio.Event()
        self.connected = False
        self.dropped_oversize = 0
        self.dropped_full = 0
        self.trouble = ""
        self.sent: list[tuple[str, bytes]] = []

    def set_connected(self, connected: bool) -> None:
        """Let the link come up, or go down and forget what the far end has not taken yet."""
        self.connected = connected
        if not connected:
            self.sent = []
        self._call_wake()

    def deliver(self, channel: str, payload: bytes) -> None:
        """Hand a message to the agent, as the broker does: not while disconnected, never an empty or oversize one."""
        if not self.connected or not payload:
            return
        if len(payload) > self._inbound_bytes_max:
            self.dropped_oversize += 1
        elif len(self._inbox) >= self._queue_max:
            self.dropped_full += 1
        else:
            self._inbox.append((channel, bytes(payload)))
            self._call_wake()

    def collect(self) -> list[tuple[str, bytes]]:
        """Return what the agent sent since the last call; its queue is empty then."""
        sent, self.sent = self.sent, []
        return sent

    def _call_wake(self) -> None:
        if self._wake is not None:
            self._wake()

    def publish(self, channel: str, payload: bytes) -> bool:
        """Put one message into `sent`; False when not connected or `queue_max` are there."""
        if not self.connected or len(self.sent) >= self._queue_max:
            return False
        self.sent.append((channel, bytes(payload)))
        return True

    def take(self) -> tuple[str, bytes] | None:
        """Return the oldest received (channel, payload), or None."""
        return self._inbox.pop(0) if self._inbox else None

    async def run(self, wake: Callable[[], None]) -> None:
        """Remember whom to wake until `close`; the test moves the link."""
        self._wake = wake
        await self._closed.wait()

    async def close(self) -> None:
        """Go down for good."""
        self.connected = False
        self._wake = None
        self._closed.set()


class CountingWatchdog:
    """Counts its meals."""

    def __init__(self) -> None:
        self.fed = 0

    def feed(self) -> None:
        """Count one."""
        self.fed += 1
