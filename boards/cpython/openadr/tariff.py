"""The prices that a VTN tells for the site, put into the site's table where that is open to it (agent/prices.py).

A quarter hour costs what holds at its beginning; of several, what has the lower priority number, of equal ones the
higher. What the VTN no longer tells is taken back. GHG is no price, and what is told for a device or a
circuit is none of the site's.

Source: OpenADR 3.1.0 enumerations, PRICE and EXPORT_PRICE: "the cost of energy expressed in the units and currency
specified by the associated payloadDescriptor"; the unit served is KWH.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.limits import EXPORT, IMPORT
from agent.prices import PRICE_MAX, QUARTER_S, QUARTERS_MAX

if TYPE_CHECKING:
    from agent.sources.desk import Desk
    from boards.cpython.openadr.agenda import Point

PRICES = 7  # kind of a command
_DIRECTIONS = (("PRICE", IMPORT), ("EXPORT_PRICE", EXPORT))
_QUARTER_MS = QUARTER_S * 1000
_MILLIONTHS = 1_000_000


class Tariff:
    """Says the prices of one VTN at its desk; `units` of the site's are one unit of the VTN's currency."""

    def __init__(self, desk: Desk, units: int) -> None:
        self._desk = desk
        self._units = units
        self._said: dict[int, tuple[int, list[int | None]]] = {}

    def follow(self, points: list[Point], now_ms: int) -> None:
        """Enter what is not in the table yet; `now_ms` is Unix time, of a synchronised clock."""
        prices = self._desk.loop.state.prices
        if prices is None or self._desk.authority.name not in prices.names:
            return
        for kind, direction in _DIRECTIONS:
            told = [point for point in points if point.kind == kind and point.units == "KWH"]
            self._follow(told, direction, now_ms // _QUARTER_MS)

    def _follow(self, points: list[Point], direction: int, now: int) -> None:
        wanted = self._painted(points, now)
        if direction not in self._said and not any(price is not None for price in wanted):
            return  # what others told, or this one before a restart, is not for it to take back
        state = self._desk.loop.state
        assert state.prices is not None
        held = [state.prices.at(state, direction, now + at) for at in range(QUARTERS_MAX)]
        if held == wanted or self._said.get(direction) == (now, wanted):
            return
        while wanted[-1] is None and held[len(wanted) - 1] is None:
            wanted.pop()
        body = [direction, now * QUARTER_S, QUARTER_S, wanted]
        if self._desk.enter(PRICES, body, repr(body).encode(), self._desk.loop.clock.now_ms()):
            self._said[direction] = (now, [*wanted, *[None] * (QUARTERS_MAX - len(wanted))])

    def _painted(self, points: list[Point], now: int) -> list[int | None]:
        """Return the price of each quarter hour from `now` on; what goes first is painted last."""
        prices: list[int | None] = [None] * QUARTERS_MAX
        for point in sorted(points, key=lambda each: (-each.priority, each.millionths)):
            price = (point.millionths * self._units + _MILLIONTHS // 2) // _MILLIONTHS
            first = min(max(-(-point.start_ms // _QUARTER_MS) - now, 0), QUARTERS_MAX)
            end = QUARTERS_MAX if point.end_ms is None else min(-(-point.end_ms // _QUARTER_MS) - now, QUARTERS_MAX)
            if end > first and abs(price) <= PRICE_MAX:
                prices[first:end] = [price] * (end - first)
        return prices
