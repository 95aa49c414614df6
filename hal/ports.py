"""The only doors to the world: time, a line to devices, storage, signing, the uplink, the watchdog.

A whole site can be run from a seed because nothing else touches the outside. Every adapter in
boards/ and every in-memory twin in hal/memory.py passes tests/ports/. These classes exist for the
type checker; nothing derives from them at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol
else:
    Protocol = object


class Clock(Protocol):
    """Two times that never mix: monotonic since the boot epoch, and civil with its quality."""

    def now_ms(self) -> int:
        """Return monotonic milliseconds, unwrapped: it never falls and never jumps."""

    def civil_ms(self) -> int:
        """Return Unix milliseconds, 0 while unknown."""

    def quality(self) -> int:
        """Return a CLOCK_* of hal.quantities for the civil time."""

    def error_ms(self) -> int:
        """Return the bound on the civil time's error; 0 says nothing while quality is CLOCK_UNKNOWN."""

    async def sleep_ms(self, ms: int) -> None:
        """Let other tasks run until `ms` have passed on the monotonic clock; at least one turn of theirs."""


class Line(Protocol):
    """One bus or connection that carries one request at a time; it knows no protocol."""

    async def exchange(self, request: bytes, missing: Callable[[bytes], int], timeout_ms: int) -> bytes:
        """Send `request` and return the answer once `missing(received)` is 0.

        `missing` says how many bytes are still to come, at least; it may raise FrameError. Bytes that
        arrived before the request are thrown away. After any failure the line is left clean: what
        comes late is never taken for the answer to a later request.

        Raises: LineTimeout, LineDown, FrameError.
        """

    async def close(self) -> None:
        """Give the port back; exchange opens it again."""


class Pins(Protocol):
    """A board's own pins, under the names that its file gives them; which kinds there are: hal/pins.py.

    Nothing here waits but what is asynchronous. A channel is taken as what it is before anything is asked of it.
    """

    def take(self, option: str, channel: str, kind: int) -> None:
        """Reserve a channel for one device: an output is off then, a pilot at +12 V.

        Raises: ValueError(option, channel, expected) when there is none of that kind, or somebody has it.
        """

    def now_ms(self) -> int:
        """Return monotonic milliseconds, unwrapped; whoever watches may ask, too."""

    async def sleep_ms(self, ms: int) -> None:
        """Let other tasks run until `ms` have passed."""

    def watch(self, look: Callable[[int], None], period_ms: int) -> None:
        """Call `look(now_ms)` every `period_ms` from now on, also between two steps of a task: it must be short."""

    def pulses(self, channel: str) -> tuple[int, int]:
        """Return how many pulses came since the board started, bounces left out, and when the last one did (now_ms)."""

    def kept(self, channel: str) -> int:
        """Return the number last given to `keep`, in this life or an earlier one; 0 before there was one.

        Raises: LineDown when what is kept cannot be read.
        """

    def keep(self, channel: str, number: int) -> None:
        """Return once `number` will survive a power cut. It wears flash: whoever calls this has a budget.

        Raises: LineDown; what was kept before is still kept then.
        """

    def microvolts(self, channel: str) -> tuple[int, int]:
        """Return a channel's voltage now and the most it can read, both in uV."""

    async def rms_uv(self, channels: tuple[str, ...]) -> tuple[int, ...]:
        """Return the alternating part's RMS in uV over 100 ms, five periods of 50 Hz or six of 60 Hz.

        Raises: LineTimeout when the machine was too busy to look often enough, FrameError(what, channel) at the
        end of what the input can read.
        """

    def level(self, channel: str) -> int:
        """Return what stands at an input or output: 1 closed or driven, 0 open or off."""

    def set_level(self, channel: str, on: int) -> None:
        """Drive an output, 1, or leave it, 0; whoever calls this reads back by itself."""

    def set_duty_pm(self, channel: str, duty_pm: int) -> None:
        """Put +12 V on a pilot for so many per mille of each 1 ms and -12 V for the rest; 0 and 1000 are steady."""

    def duty_pm(self, channel: str) -> int:
        """Return the duty cycle that the hardware has, to the nearest per mille."""

    def peaks_mv(self, channel: str) -> tuple[int, int]:
        """Return the highest and lowest voltage of a pilot within 1 ms, in mV; takes as long."""


class Store(Protocol):
    """A byte log with absolute offsets, kept in segments that are dropped whole.

    Nothing is ever rewritten or truncated: after a torn tail the journal rolls to a new segment.
    """

    def segments(self) -> list[tuple[int, int]]:
        """Return (first offset, size in bytes) of each kept segment, oldest first."""

    def append(self, chunk: bytes) -> int:
        """Write at the end of the newest segment; return the offset. Durable only after sync.

        Raises: OSError (errno ENOSPC when the capacity is reached).
        """

    def sync(self) -> None:
        """Return once everything appended will survive a power cut. Raises: OSError."""

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return up to `size_bytes` from `offset`, not past its segment's end."""

    def roll(self) -> int:
        """Begin a new segment; return its first offset."""

    def release(self, offset: int) -> None:
        """Drop every segment that ends at or before `offset`; the newest one stays."""

    def close(self) -> None:
        """Sync and give the handles back."""


class Signer(Protocol):
    """ES256 with one private key that never leaves; signing and verifying may take turns with other tasks."""

    public_key: bytes  # SEC1 uncompressed, 65 bytes, begins with 4
    key_id: bytes  # first 8 bytes of SHA-256 of public_key

    async def sign(self, digest: bytes) -> bytes:
        """Return r || s (64 bytes) over a SHA-256 digest.

        Those in software are deterministic (RFC 6979); a token draws its nonce. So nothing may depend on the bytes of
        a signature: a page is told by the hash of its payload. Raises: ValueError when `digest` is not 32 bytes.
        """

    async def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether `signature` (r || s) is by `public_key`; never raises on hostile input."""


class Uplink(Protocol):
    """A message link that may be gone for weeks. Channels: see agent/uplink.py.

    Bounded: an inbound message over the adapter's size bound is dropped unread and counted; a full
    outbound queue makes `publish` answer False. A broker's acknowledgement proves nothing.
    """

    connected: bool
    dropped_oversize: int
    trouble: str  # why it is not connected, as far as the last attempt has told; for people

    def publish(self, channel: str, payload: bytes) -> bool:
        """Hand over one message without waiting; False when not connected or the queue is full."""

    def take(self) -> tuple[str, bytes] | None:
        """Return the oldest received (channel, payload), or None."""

    async def run(self, wake: Callable[[], None]) -> None:
        """Keep the link up, for ever, with full-jitter reconnects of 1-300 s; call `wake` on news."""

    async def close(self) -> None:
        """Say goodbye and free the socket; run ends."""


class Watchdog(Protocol):
    """Resets the machine when it is not fed in time."""

    def feed(self) -> None:
        """Say that the loop is alive."""
