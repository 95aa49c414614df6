"""Batteries: covering what exceeds an import limit or a fuse, and never feeding in more than may be fed in.

A battery that regulates itself is left alone while the meter shows no excess. While it covers it has a set-point
that does not charge, and it is let go once nothing was to cover for as long as a held load waits to rise.
"""

from __future__ import annotations

from agent import protection
from agent.circuits import UNKNOWN_W, room_for
from agent.limits import EXPORT, IMPORT, tightest
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.state import State
    from agent.unit import Unit

_BATTERY_BAND_W = const(300)  # a covering set-point is kept while it is this much stronger than needed
_BATTERY_MARGIN_W = const(100)


def own_mode(state: State, unit: Unit) -> None:
    """Decide a hold where a limit on this battery is less than its own mode may do."""
    for direction in (IMPORT, EXPORT):
        limit = tightest(state.limits, unit.index, direction)
        if limit is not None and limit.value < unit.power_of(None):
            unit.decide(unit.fit(0), limit.name)
            return


def cover(state: State, unit: Unit, now_ms: int) -> None:
    """Decide what the battery shall do so that its circuits hold, both ways; else it does what was decided.

    Its charge bounds it: an empty battery covers nothing, a full one takes nothing in.
    """
    setpoint = unit.next
    room_w, upper = room_for(unit)
    highest_w = room_w + unit.taken_w + min(unit.drawn_w, 0)
    lowest_w, lower = _lowest(state, unit)
    own_w = setpoint if setpoint is not None else 0 if unit.covering else unit.drawn_w
    if own_w > highest_w or own_w < lowest_w:
        unit.covering, unit.covered_ms = True, now_ms
        source = upper if own_w > highest_w else lower
    elif _must_wait(unit, setpoint, now_ms):
        source = unit.source
    else:
        unit.covering = False
        return
    most_w = min(highest_w, 0 if setpoint is None else setpoint)
    decided = _covering(unit, most_w) if most_w < 0 else unit.fit(most_w)
    if decided < lowest_w:
        decided = _taking_in(unit, lowest_w)
    least_w, best_w = protection.charge_bounds(unit)
    decided = unit.between(least_w, best_w, decided)
    _relieve(unit, decided, now_ms)
    unit.decide(decided, source)


def _must_wait(unit: Unit, setpoint: int | None, now_ms: int) -> bool:
    """Tell whether a battery that covered is to go on before it does what it wants again."""
    rises = unit.covering and unit.setpoint is not None and (setpoint is None or setpoint > unit.setpoint)
    return rises and now_ms - unit.covered_ms < unit.rise_ms


def _covering(unit: Unit, most_w: int) -> int:
    """Return a set-point at or below `most_w`; the present one while it is not much stronger than needed."""
    kept = unit.setpoint
    if unit.covering and kept is not None and most_w - _BATTERY_BAND_W <= kept <= most_w:
        return unit.fit(kept)
    return unit.fit(most_w - _BATTERY_MARGIN_W)


def _taking_in(unit: Unit, least_w: int) -> int:
    """Return a set-point at or above `least_w`; the present one while it is not much stronger than needed."""
    kept = unit.setpoint
    if unit.covering and kept is not None and least_w <= kept <= least_w + _BATTERY_BAND_W:
        return unit.fit(kept)
    return unit.fit(least_w + _BATTERY_MARGIN_W + unit.contract.step - 1)


def _relieve(unit: Unit, decided: int, now_ms: int) -> None:
    """Let the next battery count on this one, as long as it may still be on its way."""
    relief_w = min(unit.drawn_w, 0) - decided
    if relief_w > 0 and (unit.setpoint is None or decided < unit.setpoint or unit.follows(now_ms)):
        for circuit in unit.chain:
            circuit.relieve(unit, relief_w)


def _lowest(state: State, unit: Unit) -> tuple[int, str]:
    """Return the lowest power that its circuits and the limits on itself let it have, and what says so."""
    floor_w, source = -UNKNOWN_W, ""
    for circuit in unit.chain:
        if circuit.shown_w is not None:
            export_w, name = circuit.export_floor_w(state)
            if export_w + unit.drawn_w - circuit.shown_w > floor_w:
                floor_w, source = export_w + unit.drawn_w - circuit.shown_w, name
    limit = tightest(state.limits, unit.index, EXPORT)
    if limit is not None and -limit.value > floor_w:
        floor_w, source = -limit.value, limit.name
    return floor_w, source
