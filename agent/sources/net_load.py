"""What a site will draw, guessed from its own meter: the mean of the same quarter hour of earlier days.

The latest day counts most, by exponential smoothing: 96 integers, and as many for how far each was off on average. How
far the last quarter hour was off goes on, and halves each hour. Quarter hours that were never seen are taken as the
mean of the others, or as this one.
"""

from __future__ import annotations

from hal.compat import const

_SLOTS_A_DAY = const(96)
_NEW_PART = const(5)  # of so many:
_PARTS = const(8)
_SPREAD_PART = const(3)
_UNKNOWN_W = const(1 << 30)
_LEAST_TICKS = const(4)  # fewer say nothing of a quarter hour


class NetLoad:
    """What the meter shows without what is planned here, W by the quarter hour of the day (UTC)."""

    def __init__(self) -> None:
        self._mean_w: list[int | None] = [None] * _SLOTS_A_DAY
        self._spread_w = [0] * _SLOTS_A_DAY  # how far it is off that, on average
        self._usual_w = 0  # mean of what is known
        self._known = 0
        self._off_w = 0  # how far the last whole quarter hour was off what was expected
        self._slot = -1
        self._sum_w = 0
        self._ticks = 0
        self._off_sum_w = 0
        self._before_w = 0  # what was expected of this quarter hour

    def knows_a_day(self) -> bool:
        """Tell whether most quarter hours of a day were seen."""
        return self._known * _PARTS >= _SLOTS_A_DAY * (_PARTS - 1)

    def numbers(self) -> list[int]:
        """Return what is worth to be known again after a reboot."""
        return [_UNKNOWN_W if mean_w is None else mean_w for mean_w in self._mean_w] + self._spread_w

    def recall(self, numbers: list[int]) -> None:
        """Know again what was known before a reboot."""
        if len(numbers) == 2 * _SLOTS_A_DAY:
            known, self._spread_w = numbers[:_SLOTS_A_DAY], numbers[_SLOTS_A_DAY:]
            self._mean_w = [None if mean_w == _UNKNOWN_W else mean_w for mean_w in known]
            known = [mean_w for mean_w in known if mean_w != _UNKNOWN_W]
            self._known, self._usual_w = len(known), sum(known) // max(len(known), 1)

    def learn(self, slot: int, net_w: int) -> None:
        """Take what is drawn now, in quarter hour `slot` of Unix time."""
        if slot != self._slot:
            if self._slot >= 0 and self._ticks >= _LEAST_TICKS:
                self._close(self._slot, self._sum_w // self._ticks)
            self._slot, self._sum_w, self._off_sum_w, self._ticks = slot, 0, 0, 0
            self._before_w = self._usual(slot)
        self._sum_w += net_w
        self._off_sum_w += abs(net_w - self._before_w)
        self._ticks += 1

    def expected_w(self, slot: int, now: int) -> int:
        """Return what will be drawn on average in a quarter hour from `now` on."""
        ahead = max(slot - now, 0)
        off_w = self._off_w * (8 - ahead % 4) // 8
        return self._usual(slot) + (off_w >> min(ahead // 4, 31) if off_w > 0 else -(-off_w >> min(ahead // 4, 31)))

    def spread_w(self, slot: int, quarters: int) -> int:
        """Return how far from what is expected so many quarter hours are, on average."""
        return sum([self._spread_w[(slot + at) % _SLOTS_A_DAY] for at in range(quarters)]) // quarters

    def off_w(self, ticks: int) -> int:
        """Return how far this quarter hour is off what is usual, 0 before so many ticks of it were seen."""
        return self._sum_w // self._ticks - self.expected_w(self._slot, self._slot) if self._ticks >= ticks else 0

    def go_on(self) -> None:
        """Expect that what is off in this quarter hour goes on."""
        if self._ticks >= _LEAST_TICKS:
            self._off_w = self._sum_w // self._ticks - self._usual(self._slot)

    def _usual(self, slot: int) -> int:
        mean_w = self._mean_w[slot % _SLOTS_A_DAY]
        if mean_w is None:
            return self._usual_w if self._known or not self._ticks else self._sum_w // self._ticks
        return mean_w

    def _close(self, slot: int, mean_w: int) -> None:
        place = slot % _SLOTS_A_DAY
        self._off_w = mean_w - self._usual(slot)
        before_w = self._mean_w[place]
        if before_w is None:
            self._known += 1
            self._usual_w += (mean_w - self._usual_w) // self._known
            self._mean_w[place] = mean_w
        else:
            self._mean_w[place] = before_w + (mean_w - before_w) * _NEW_PART // _PARTS
            self._spread_w[place] += (self._off_sum_w // self._ticks - self._spread_w[place]) * _SPREAD_PART // _PARTS
