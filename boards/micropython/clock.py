"""Time on a board: ticks that wrap, made to run on for ever, and a civil clock that is believed only when it can be.

Source: MicroPython library reference, `time`: the epoch is 2000-01-01 on some ports and 1970-01-01 on others. An RTC
that nobody has set stands years in the past, so a civil time before this software was made counts as unknown.
"""

from __future__ import annotations

from time import gmtime, time

from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms
from hal import quantities as q
from hal.compat import const

_EPOCH_2000_S = const(946684800)
_MADE_S = const(1760000000)  # October 2025


class BoardClock:
    """Counts from its own making; `now_ms` must be asked within half a wrap of the ticks (6.2 days on a board)."""

    def __init__(self) -> None:
        self._ticks = ticks_ms()
        self._now_ms = 0
        self._epoch_s = _EPOCH_2000_S if gmtime(0)[0] == 2000 else 0

    def now_ms(self) -> int:
        """Return monotonic milliseconds since this clock was made."""
        ticks = ticks_ms()
        self._now_ms += ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now_ms

    def civil_ms(self) -> int:
        """Return Unix milliseconds of the RTC to the second, 0 while it cannot be right."""
        civil_s = int(time()) + self._epoch_s
        return civil_s * 1000 if civil_s >= _MADE_S else 0

    def quality(self) -> int:
        """Return informative: nothing here knows how far the RTC is off."""
        return q.CLOCK_INFORMATIVE if self.civil_ms() else q.CLOCK_UNKNOWN

    def error_ms(self) -> int:
        """Return 0: no bound is known."""
        return 0

    async def sleep_ms(self, ms: int) -> None:
        """Sleep at least `ms`."""
        await sleep_ms(max(ms, 0))
