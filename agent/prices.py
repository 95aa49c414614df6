"""What energy costs and brings in each quarter hour of today and tomorrow, as whoever may say so has told.

Integers in one unit for the whole site, whichever it is: a thousandth of a cent a kWh leaves room for any. A price
holds for a whole quarter hour of Unix time; null is not known. The newest word on a quarter hour counts, what is past
goes, and more than 200 quarter hours of a direction are never held. They are part of what survives a reboot.

Source: docs/format.md, `prices_body`.
"""

from __future__ import annotations

from agent import record
from agent.limits import EXPORT, IMPORT
from agent.orders import whole
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.command import Authority
    from agent.state import State

QUARTER_S = const(900)
QUARTERS_MAX = const(200)  # two days and two hours, whichever way clocks are set
PRICE_MAX = const(8000000)
_BYTES = const(3)  # of a price; of none they are zeros
_ZERO = const(1 << 23)


class Prices:
    """The table of a site that has one: `state.priced`, a row for import and one for export."""

    def __init__(self, names: list[str]) -> None:
        self.names = names  # of those who may say prices

    def take(self, state: State, authority: Authority, body: list[Any]) -> int:
        """Take the prices of one direction; return ACCEPTED, or why not, with nothing changed."""
        if authority.name not in self.names:
            return record.ROLE_FORBIDS
        if not _is_well_formed(body):
            return record.MALFORMED
        direction, from_s, slot_s, said = body
        first, times = from_s // QUARTER_S, slot_s // QUARTER_S
        count = len(said) * times
        now = (state.now_ms + state.ahead_ms()) // (QUARTER_S * 1000) if state.ahead_ms() else 0
        if now and first + count <= now:
            return record.EXPIRED
        if count > QUARTERS_MAX or (now and first + count > now + QUARTERS_MAX):
            return record.OUT_OF_RANGE
        packed = b"".join([_packed(price) * times for price in said])
        state.priced[direction] = _merged(state.priced[direction], first, packed, now)
        return record.ACCEPTED

    def at(self, state: State, direction: int, quarter: int) -> int | None:
        """Return the price of a quarter hour, counted from Unix second 0; None: not known."""
        first, packed = state.priced[direction]
        at = (quarter - first) * _BYTES
        if not 0 <= at < len(packed):
            return None
        number = int.from_bytes(packed[at : at + _BYTES], "big")
        return number - _ZERO if number else None

    def end(self, state: State, direction: int) -> int:
        """Return the first quarter hour behind all that is known."""
        first, packed = state.priced[direction]
        known: int = first + len(packed) // _BYTES
        return known


def _is_well_formed(body: list[Any]) -> bool:
    if len(body) != 4 or not whole(body[0], IMPORT, EXPORT) or not whole(body[1], 0, 1 << 40):
        return False
    slot_s, said = body[2:]
    if not whole(slot_s, QUARTER_S, 4 * QUARTER_S) or slot_s not in (QUARTER_S, 2 * QUARTER_S, 4 * QUARTER_S):
        return False
    if body[1] % slot_s or type(said) is not list or not said:
        return False
    return all(price is None or whole(price, -PRICE_MAX, PRICE_MAX) for price in said)


def _packed(price: int | None) -> bytes:
    return (0 if price is None else price + _ZERO).to_bytes(_BYTES, "big")


def _merged(row: list[Any], first: int, packed: bytes, now: int) -> list[Any]:
    """Return a row with new prices in it, from `now` on; what is old and does not fit with them goes."""
    held_first, held = row
    end, held_end = first + len(packed) // _BYTES, held_first + len(held) // _BYTES
    begin = max(min(first, held_first), now)
    if not held or held_end <= begin or max(end, held_end) - begin > QUARTERS_MAX:
        held_first, held, held_end, begin = first, b"", first, max(first, now)
    before = held[max(begin - held_first, 0) * _BYTES : max(first - held_first, 0) * _BYTES]
    before += bytes(max(first - begin, 0) * _BYTES - len(before))
    behind = held[max(end - held_first, 0) * _BYTES :]
    gap = bytes(max(held_first - end, 0) * _BYTES) if behind else b""
    return [begin, before + packed[max(begin - first, 0) * _BYTES :] + gap + behind]
