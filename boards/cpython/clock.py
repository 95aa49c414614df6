"""Time on a gateway: the kernel's clock since boot, and its civil clock with what the kernel knows of its quality.

The clock since boot counts time spent suspended as well: a lease ends in it.
Source: adjtimex(2): TIME_ERROR says that nothing disciplines the clock; maxerror is the kernel's bound in microseconds.
A machine without a battery clock starts in the past, so a civil time before this software was made counts as unknown.
"""

from __future__ import annotations

import asyncio
import ctypes
import time

from hal import quantities as q

TIME_ERROR = 5
MADE_MS = 1_760_000_000_000  # October 2025
LOOK_AGAIN_MS = 10_000


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


class SystemClock:
    """Counts from its own making, so that an epoch begins at 0."""

    def __init__(self) -> None:
        self._began_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._looked_ms = -LOOK_AGAIN_MS
        self._state = (q.CLOCK_UNKNOWN, 0)
        self._libc = ctypes.CDLL(None, use_errno=True)

    def now_ms(self) -> int:
        """Return monotonic milliseconds since this clock was made."""
        return (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - self._began_ns) // 1_000_000

    def civil_ms(self) -> int:
        """Return Unix milliseconds, 0 while the machine cannot know them."""
        civil_ms = time.time_ns() // 1_000_000
        return civil_ms if civil_ms >= MADE_MS else 0

    def quality(self) -> int:
        """Return synchronised when the kernel says so, else informative or unknown."""
        return self._look()[0] if self.civil_ms() else q.CLOCK_UNKNOWN

    def error_ms(self) -> int:
        """Return the kernel's bound; 0 unless synchronised."""
        return self._look()[1]

    async def sleep_ms(self, ms: int) -> None:
        """Sleep at least `ms`."""
        await asyncio.sleep(max(ms, 0) / 1000)

    def _look(self) -> tuple[int, int]:
        now_ms = self.now_ms()
        if now_ms - self._looked_ms >= LOOK_AGAIN_MS:
            self._looked_ms = now_ms
            timex = _Timex()
            state = self._libc.adjtimex(ctypes.byref(timex))
            synchronised = 0 <= state < TIME_ERROR
            self._state = (
                (q.CLOCK_SYNCHRONISED, timex.maxerror // 1000 + 1) if synchronised else (q.CLOCK_INFORMATIVE, 0)
            )
        return self._state
