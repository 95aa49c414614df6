"""Batteries: covering what exceeds an import limit or a fuse, and never feeding in more than may be fed in.

A battery that regulates itself is left alone while the meter shows no excess. While it covers it has a set-point
that does not charge, and it is let go once nothing was to cover for as long as a held load waits to rise.
"""

from __future__ import annotations

from agent import protection
from agent.circuits import UNKNOWN_W
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
    _find_highest(unit)
    highest_w = unit.cap_w
    lowest_w, lower = lowest(state, unit)
    own_w = setpoint if setpoint is not None else 0 if unit.covering else unit.drawn_w
    exceeds = own_w > highest_w or own_w < lowest_w
    if exceeds and setpoint is None and not unit.covering and not _can_help(unit, own_w, own_w > highest_w):
        _account(unit, own_w, now_ms)  # it does more by itself than its charge lets anybody ask for
        return
    if exceeds:
        unit.covering, unit.covered_ms = True, now_ms
        source = unit.cap_name if own_w > highest_w else lower
    elif _must_wait(unit, setpoint, now_ms):
        source = unit.source
    else:
        unit.covering = False
        _account(unit, own_w, now_ms)
        return
    most_w = min(highest_w, 0 if setpoint is None else setpoint)
    decided = _covering(unit, most_w) if most_w < 0 else unit.fit(most_w)
    if decided < lowest_w:
        decided = _taking_in(unit, lowest_w)
    least_w, best_w = protection.charge_bounds(unit)
    decided = unit.between(least_w, best_w, decided)
    unit.decide(decided, source)
    _account(unit, decided, now_ms)


def _can_help(unit: Unit, own_w: int, downwards: bool) -> bool:
    """Tell whether a battery's charge lets it do as well as it does in its own mode, or better."""
    least_w, best_w = protection.charge_bounds(unit)
    return least_w <= own_w if downwards else best_w >= own_w


def _must_wait(unit: Unit, setpoint: int | None, now_ms: int) -> bool:
    """Tell whether a battery that covered is to go on before it does what it wants again."""
    rises = unit.covering and unit.setpoint is not None and (setpoint is None or setpoint > unit.setpoint)
    return rises and now_ms - unit.covered_ms < unit.rise_ms


def _covering(unit: Unit, most_w: int) -> int:
    """Return a set-point at or below `most_w`; the present one while it is not much stronger than needed."""
    kept = unit.setpoint
    if kept is not None and most_w - _BATTERY_BAND_W <= kept <= most_w:
        return unit.fit(kept)
    return unit.fit(most_w - _BATTERY_MARGIN_W)


def _taking_in(unit: Unit, least_w: int) -> int:
    """Return a set-point at or above `least_w`; the present one while it is not much stronger than needed."""
    kept = unit.setpoint
    if kept is not None and least_w <= kept <= least_w + _BATTERY_BAND_W:
        return unit.fit(kept)
    return unit.fit(least_w + _BATTERY_MARGIN_W + unit.contract.step - 1)


def _account(unit: Unit, target_w: int, now_ms: int) -> None:
    """Let the next battery count on this one: on what it feeds in, and on what it was told while it may be on its way.

    Where nobody measures, what it feeds in was never seen.
    """
    if unit.next == unit.setpoint and not (
        unit.follows(now_ms) if target_w < unit.drawn_w else not unit.settled(now_ms)
    ):
        target_w = unit.drawn_w
    for circuit in unit.chain:
        feeds_w = 0 if circuit.shown_w is None else unit.drawn_w
        circuit.relieve(unit, min(feeds_w, 0) - min(target_w, 0))
        circuit.moved_w += (min(target_w, 0) if circuit.shown_w is None else target_w) - feeds_w


def _find_highest(unit: Unit) -> None:
    """Find the highest power that its circuits let it have, and what says so: their room without its own part."""
    unit.cap_w, unit.cap_name = UNKNOWN_W, ""
    for circuit in unit.chain:
        own_w = unit.may_draw_w() if circuit.shown_w is None else unit.taken_w + min(unit.drawn_w, 0)
        unit.lower_cap(circuit.room_w(unit) + own_w, circuit.binding)


def lowest(state: State, unit: Unit) -> tuple[int, str]:
    """Return the lowest power that its circuits and the limits on itself let it have, and what says so."""
    floor_w, source = -UNKNOWN_W, ""
    for circuit in unit.chain:
        export_w, name = circuit.export_floor_w(state)
        if circuit.shown_w is not None:
            export_w += unit.drawn_w - circuit.shown_w
        export_w -= circuit.moved_w
        if export_w > floor_w:
            floor_w, source = export_w, name
    limit = tightest(state.limits, unit.index, EXPORT)
    if limit is not None and -limit.value > floor_w:
        floor_w, source = -limit.value, limit.name
    return floor_w, source
