"""What counts the edges of a contact, and what sums up a wave; boards.micropython.pins wires them to pins."""

from __future__ import annotations

from machine import Pin

from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms, ticks_us
from hal.compat import const
from hal.errors import FrameError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SETTLED_MS = const(10)  # a contact that has not moved for so long has ended to bounce
_OLD_MS = const(1 << 28)  # half of the ticks' half period
_WINDOW_US = const(100000)  # five periods of 50 Hz, six of 60 Hz
_GAP_US_MAX = const(3000)  # a sixth of a period


class Counter:
    """Counts a contact to ground: one that closes after it was open, and had been still for a while."""

    def __init__(self, pin: Pin, hard: bool) -> None:
        self._pin = pin
        self.count = 0
        self._last = self._edge = ticks_ms()
        self._old = False  # the last one came longer ago than ticks can tell
        self._opened = pin.value() == 1
        trigger = Pin.IRQ_FALLING | Pin.IRQ_RISING
        if hard:
            pin.irq(self._on_edge, trigger, hard=True)
        else:
            pin.irq(self._on_edge, trigger)

    def _on_edge(self, pin: Pin) -> None:
        now = ticks_ms()
        still = self._old or ticks_diff(now, self._edge) >= _SETTLED_MS
        self._edge = now
        if pin.value():
            self._opened = True
        elif self._opened and still:
            self._opened = False
            self.count += 1
            self._last = now
            self._old = False

    def age_ms(self) -> int:
        """Return how long ago the last pulse came, at most three days."""
        passed_ms: int = ticks_diff(ticks_ms(), self._last)
        if self._old or passed_ms > _OLD_MS or passed_ms < 0:
            self._old = True
            return _OLD_MS
        return passed_ms


class Wave:
    """The sums of one input, in units of some ADC steps so that they stay small integers."""

    def __init__(self, channel: str, read: Callable[[], int], unit: int, full: int, kilo_unit_uv: int) -> None:
        self._channel = channel
        self._read = read
        self._unit = unit
        self._full = full
        self._kilo_unit_uv = kilo_unit_uv  # 1024 units
        self.begin()

    def begin(self) -> None:
        """Forget everything."""
        self._count = self._sum = self._squares = 0

    def take(self) -> None:
        """Add a reading. Raises: FrameError at the end of the range."""
        level = self._read() // self._unit
        if not 0 < level < self._full:
            raise FrameError("out of range", self._channel)
        level -= self._full >> 1
        self._count += 1
        self._sum += level
        self._squares += level * level

    def rms_uv(self) -> int:
        """Return what alternates."""
        count = self._count
        spread = count * self._squares - self._sum * self._sum  # count**2 times the variance
        return root(spread * self._kilo_unit_uv * self._kilo_unit_uv) // (count << 10)


async def sampled(waves: list[Wave]) -> bool:
    """Take readings for a whole window; return False when there was a gap in it."""
    began = last = ticks_us()
    while ticks_diff(last, began) < _WINDOW_US:
        for wave in waves:
            wave.take()
        await sleep_ms(0)
        now = ticks_us()
        if ticks_diff(now, last) > _GAP_US_MAX:
            return False
        last = now
    return True


def root(number: int) -> int:
    """Return the whole part of the square root of a whole number from 0."""
    if number < 2:
        return number
    high = 1
    while high * high <= number:
        high <<= 1
    found = high
    while True:
        better = (found + number // found) >> 1
        if better >= found:
            return found
        found = better
