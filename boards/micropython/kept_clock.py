"""A board's clock that is set by time servers and never falls behind the last time that this board knew for certain.

Source: MicroPython library reference, `machine.RTC`: an RP2 begins each start in 2021, an ESP32 counts from 2000 after
each loss of power. A quartz that may be off by 100 ppm in the cold loses 1 ms in 10 s: the error's bound grows by that.
"""

from __future__ import annotations

from time import gmtime

from machine import RTC

from boards.micropython.clock import BoardClock
from boards.micropython.whole_file import replace
from hal import quantities as q
from hal.compat import const

_DRIFT_MS = const(10000)  # after so long the clock may be off by 1 ms more
_ERROR_MS_MAX = const(10000)  # 28 hours without an answer
_FLOOR_S = const(86400)  # how often the floor is written: flash wears
_DIGITS_MAX = const(12)


class KeptClock(BoardClock):
    """Unset it goes by the RTC, unless that is behind the floor, which is then the only thing known of the time."""

    def __init__(self, path: str) -> None:
        """Read the floor from the file `path`; one that is damaged counts as none, as on a new board."""
        BoardClock.__init__(self)
        self.floor_s = _kept_s(path)
        self._path = path
        self._offset_ms = 0  # what civil time is ahead of the monotonic one
        self._bound_ms = 0  # of its error, when it was set; 0 while it is not
        self._set_ms = 0

    def civil_ms(self) -> int:
        """Return Unix milliseconds, 0 while unknown."""
        if self._bound_ms:
            return self._offset_ms + self.now_ms()
        rtc_ms = BoardClock.civil_ms(self)
        return rtc_ms if rtc_ms >= self.floor_s * 1000 else 0

    def quality(self) -> int:
        """Return synchronised while the bound on the error is 10 s at most."""
        if self._bound_ms and self.error_ms() <= _ERROR_MS_MAX:
            return q.CLOCK_SYNCHRONISED
        return BoardClock.quality(self)

    def error_ms(self) -> int:
        """Return the bound on the error; 0 before the clock was set."""
        return self._bound_ms and self._bound_ms + (self.now_ms() - self._set_ms) // _DRIFT_MS

    def agrees(self, offset_ms: int, bound_ms: int) -> bool:
        """Tell whether what is known already allows this offset."""
        return bool(self._bound_ms) and abs(offset_ms - self._offset_ms) <= bound_ms + self.error_ms()

    def set(self, offset_ms: int, bound_ms: int) -> None:
        """Let civil time be `offset_ms` ahead of the monotonic time; the RTC follows: TLS goes by it."""
        self._offset_ms, self._bound_ms, self._set_ms = offset_ms, max(bound_ms, 1), self.now_ms()
        year, month, day, hour, minute, second, weekday = gmtime(self.civil_ms() // 1000 - self._epoch_s)[:7]
        RTC().datetime((year, month, day, weekday, hour, minute, second, 0))

    def keep(self) -> None:
        """Note the time as one that can never come again; at most once a day. Raises: OSError."""
        civil_s = self.civil_ms() // 1000
        if civil_s >= self.floor_s + _FLOOR_S:
            replace(self._path, b"%d\n" % civil_s)
            self.floor_s = civil_s


def _kept_s(path: str) -> int:
    try:
        with open(path, "rb") as file:
            digits = file.read(_DIGITS_MAX).strip()
        return int(digits) if digits.isdigit() else 0
    except OSError:
        return 0
