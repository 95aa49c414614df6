"""What a kilowatt-hour costs in a quarter hour: as somebody has told it, else as the site's configuration has it.

The table of the site (agent/prices.py) goes first. Behind its end, as long as it covers this very quarter hour, a
quarter hour costs what the same one did a day before: that is for plans alone, nothing is done by it before it is told
or its time has come. Where the table knows nothing, hours of the day have prices, so a plan needs no uplink for years.
"""

from __future__ import annotations

from agent.limits import EXPORT, IMPORT
from agent.sources.local_time import is_within, local_s, span
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.state import State

SLOT_S = const(900)
SLOTS_A_DAY = const(96)
_DAY_MIN = const(1440)
_WINDOWS_MAX = const(12)


class DayPrices:
    """Import and export prices of a source; `price` holds outside all windows, `export_price` all day."""

    def __init__(
        self, state: State, windows: list[tuple[int, int, int]], price: int, export_price: int, offset_min: int,
        summer: str,
    ) -> None:  # fmt: skip
        self._state = state
        self._windows = windows
        self._price = price
        self._export_price = export_price
        self._offset_min = offset_min
        self._summer = summer == "eu"
        self._now = 0
        self._covers = [False, False]  # the table says something of this quarter hour

    def minute(self, slot: int) -> int:
        """Return the minute of the local day in which a quarter hour begins."""
        return local_s(slot * SLOT_S, self._offset_min, self._summer) // 60 % _DAY_MIN

    def look(self, now: int) -> None:
        """Find out what the table says of the present quarter hour: what is asked after this is as seen from it."""
        self._now, prices = now, self._state.prices
        for direction in (IMPORT, EXPORT):
            told = None if prices is None else prices.at(self._state, direction, now)
            self._covers[direction] = told is not None

    def import_at(self, slot: int) -> int:
        """Return the price of what is drawn in a quarter hour."""
        told = self._told(IMPORT, slot)
        if told is not None:
            return told
        minute = self.minute(slot) if self._windows else 0
        for begin, end, price in self._windows:
            if is_within(minute, begin, end):
                return price
        return self._price

    def export_at(self, slot: int, price: int) -> int:
        """Return what is paid for what is fed in; never more than `price` of what is drawn, which nobody could use."""
        told = self._told(EXPORT, slot)
        return min(self._export_price if told is None else told, price)

    def end(self) -> int:
        """Return the first quarter hour whose import price nobody told; this one where it is not told."""
        prices = self._state.prices
        return self._now if prices is None or not self._covers[IMPORT] else prices.end(self._state, IMPORT)

    def _told(self, direction: int, slot: int) -> int | None:
        prices, state = self._state.prices, self._state
        if prices is None:
            return None
        told = prices.at(state, direction, slot)
        while told is None and self._covers[direction] and slot > self._now:
            slot -= SLOTS_A_DAY
            told = prices.at(state, direction, slot)
        return told


def windows_of(given: Any) -> list[tuple[int, int, int]]:
    """Return (begin, end, price) of texts like "22:00-06:00 180"; one may pass midnight. Raises: ValueError."""
    found = []
    for text in given if type(given) is list else []:
        hours, _, price = text.partition(" ") if type(text) is str else ("", "", "")
        ends, digits = span(hours), price[1:] if price[:1] == "-" else price
        if ends is None or not 0 < len(digits) < 8 or digits.strip("0123456789"):
            raise ValueError("windows", text, 'texts like "22:00-06:00 180": from, to, price')
        found.append((ends[0], ends[1], int(price)))
    if not 0 < len(found) <= _WINDOWS_MAX:
        raise ValueError("windows", given, "a list of 1 to %d texts" % _WINDOWS_MAX)
    return found
