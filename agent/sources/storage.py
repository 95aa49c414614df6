"""The cheapest use of something that stores energy, by dynamic programming: a battery, a tank, a room.

From the last slot back to the first, for each of 41 levels of what is stored, the cheapest of five moves: rest, take
what is cheap (what the sun leaves), take all it can, give what is dear (what the site draws), give all it can. What
lies between two levels is taken as straight. What will be drawn is not known: each slot is worked for two cases that
are equally likely, and what follows them costs their mean. All integers; one slot is one piece of bounded length.

A slot is a tuple: (absorb_wh, absorb_price, buy_wh, buy_price, cover_wh, cover_price, sell_wh, sell_price, loss_wh):
stored Wh that come in or go out, `buy` behind `absorb` and `sell` behind `cover`; what a stored unit costs or brings,
at most PRICE_MAX; and what is lost whatever is stored. Convex: `absorb` is not dearer than `buy`, `cover` brings no
less than `sell`.
"""

from __future__ import annotations

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    Slot = tuple[int, int, int, int, int, int, int, int, int]

LEVELS = const(40)  # steps from empty to full
PRICE_MAX = const(16384)  # of a stored unit, so that numbers stay small on a board
_SHIFT = const(6)

# What is done in a slot: _GIVES * taking + giving, each NONE, FOLLOW or ALL.
NONE = const(0)
FOLLOW = const(1)  # as much as the sun leaves, as much as the site draws
ALL = const(2)
GIVES = const(3)


class StoragePlan:
    """Slots from `first` on; `work` each from the last, then ask `action`.

    `loss_pm` is what is lost of what is stored in a quarter hour, per mille of a per mille; `end_price` what a stored
    unit is worth at the end; `short_price` what one that is missing for a loss costs.
    """

    def __init__(
        self, first: int, count: int, capacity_wh: int, end_price: int, short_price: int = 0, loss_ppm: int = 0
    ) -> None:
        self.first = first
        self.count = count
        self.left = count  # slots that are not worked yet
        self.capacity_wh = capacity_wh
        self.short_price = short_price
        self.loss_ppm = loss_ppm
        self._cost = [-(capacity_wh * at // LEVELS * end_price >> _SHIFT) for at in range(LEVELS + 1)]
        self._actions: list[bytes] = []  # of slots from the last to the first

    def work(self, slot: Slot, other: Slot, quarters: int) -> None:
        """Find what to do on each level in the last slot that is left, which is so many quarter hours long.

        `slot` and `other` are equally likely: what the site draws is known when it draws it.
        """
        assert self.left > 0
        found, actions = [], bytearray(LEVELS + 1)
        for at in range(LEVELS + 1):
            left_wh = self._after_loss(slot, self.capacity_wh * at // LEVELS, quarters)
            cost, action = self._best(slot, left_wh, at)
            if other is not slot:
                other_cost, other_action = self._best(other, left_wh, at)
                cost, action = (cost + other_cost) // 2, both(action, other_action)
            actions[at] = action
            found.append(cost)
        self._cost = found
        self._actions.append(bytes(actions))
        self.left -= 1

    def action(self, place: int, stored_wh: int) -> int:
        """Return what to do in the `place`-th slot with so much in store."""
        at = (max(min(stored_wh, self.capacity_wh), 0) * LEVELS + self.capacity_wh // 2) // self.capacity_wh
        return self._actions[-1 - place][at]

    def follow(self, slot: Slot, quarters: int, stored_wh: int, action: int) -> int:
        """Return what is stored at a slot's end."""
        left_wh = self._after_loss(slot, stored_wh, quarters)
        if action // GIVES:
            come_wh = slot[0] + (slot[2] if action // GIVES == ALL else 0)
            left_wh = min(left_wh + come_wh, self.capacity_wh)
        if action % GIVES:
            left_wh -= min(slot[4] + (slot[6] if action % GIVES == ALL else 0), max(left_wh, 0))
        return max(left_wh, 0)

    def _after_loss(self, slot: Slot, stored_wh: int, quarters: int) -> int:
        return stored_wh - slot[8] - stored_wh * self.loss_ppm * quarters // 1000000

    def _best(self, slot: Slot, left_wh: int, at: int) -> tuple[int, int]:
        """Return the least cost from here to the end, and the move that has it."""
        absorb_wh, absorb_price, buy_wh, buy_price, cover_wh, cover_price, sell_wh, sell_price, _ = slot
        rest = self._from(left_wh)
        best, taking, giving = rest, NONE, NONE
        room_wh, there_wh = self.capacity_wh - left_wh, max(left_wh, 0)
        taken_wh = min(absorb_wh, room_wh)
        spent = taken_wh * absorb_price >> _SHIFT
        if taken_wh > 0:
            cost = spent + self._from(left_wh + taken_wh)
            if cost < best:
                best, taking = cost, FOLLOW
        bought_wh = min(buy_wh, room_wh - taken_wh)
        if bought_wh > 0:
            cost = spent + (bought_wh * buy_price >> _SHIFT) + self._from(left_wh + taken_wh + bought_wh)
            if cost <= best:  # of equal hours the earlier: what is there cannot be kept back
                best, taking = cost, ALL
        given_wh = min(cover_wh, there_wh)
        earned = given_wh * cover_price >> _SHIFT
        if given_wh > 0:
            cost = self._from(left_wh - given_wh) - earned
            if cost < best:
                best, taking, giving = cost, NONE, FOLLOW
        sold_wh = min(sell_wh, there_wh - given_wh)
        if sold_wh > 0:
            cost = self._from(left_wh - given_wh - sold_wh) - earned - (sold_wh * sell_price >> _SHIFT)
            if cost < best:
                best, taking, giving = cost, NONE, ALL
        if taking != ALL and giving != ALL:
            taking, giving = self._also(slot, at, taking, giving)
        return best, taking * GIVES + giving

    def _also(self, slot: Slot, at: int, taking: int, giving: int) -> tuple[int, int]:
        """Say what to do should the sun leave something, or the site draw something, that nobody expects."""
        step_wh = self.capacity_wh // LEVELS
        if not slot[0] and at < LEVELS and (step_wh * slot[1] >> _SHIFT) < self._cost[at] - self._cost[at + 1]:
            taking = FOLLOW
        if not slot[4] and at > 0 and (step_wh * slot[5] >> _SHIFT) > self._cost[at - 1] - self._cost[at]:
            giving = FOLLOW
        return taking, giving

    def _from(self, stored_wh: int) -> int:
        """Return what it costs from the next slot on with so much in store."""
        if stored_wh <= 0:
            return self._cost[0] + (-stored_wh * self.short_price >> _SHIFT)
        scaled = stored_wh * LEVELS
        at = scaled // self.capacity_wh
        if at >= LEVELS:
            return self._cost[LEVELS]
        low = self._cost[at]
        return low + (self._cost[at + 1] - low) * (scaled - at * self.capacity_wh) // self.capacity_wh


def both(action: int, other: int) -> int:
    """Return what to do where either action may be right: all where both move it one way, else what each follows."""
    taking, giving = (action // GIVES, other // GIVES), (action % GIVES, other % GIVES)
    if ALL in taking and NONE not in taking:
        return ALL * GIVES
    if ALL in giving and NONE not in giving:
        return ALL
    return min(max(taking), FOLLOW) * GIVES + min(max(giving), FOLLOW)
