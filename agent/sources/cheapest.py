"""Which quarter hours are the cheapest for so much energy until a departure: exact, as every quarter hour costs alike.

A device at a fixed power needs a whole number of quarter hours; the cheapest ones are then the best plan there is. Of
equal prices the earlier goes first: a car that is taken early has more in it.
"""

from __future__ import annotations

from hal.compat import const

SLOT_S = const(900)


def slots_for(energy_wh: int, power_w: int) -> int:
    """Return how many quarter hours this takes at this power."""
    per_slot = power_w * SLOT_S
    return (energy_wh * 3600 + per_slot - 1) // per_slot


def cheapest(prices: list[int], count: int) -> list[int]:
    """Return the places of the `count` lowest prices, rising; all when there are no more."""
    order = sorted([(price, at) for at, price in enumerate(prices)])
    return sorted([at for _, at in order[:count]])


def runs(places: list[int]) -> list[tuple[int, int]]:
    """Return (first, how many) of places that follow each other."""
    found: list[tuple[int, int]] = []
    for at in places:
        if found and sum(found[-1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((at, 1))
    return found
