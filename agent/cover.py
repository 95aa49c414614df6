"""Batteries: covering what exceeds an import limit or a fuse, and never feeding in more than may be fed in.

A battery that regulates itself is left alone while the meter shows no excess. While it covers it has a set-point
that does not charge, and it is let go once nothing was to cover for as long as a held load waits to rise.
"""

from __future__ import annotations

from agent.limits import EXPORT, IMPORT, SITE, tightest
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.room import Room
    from agent.state import State
    from agent.unit import Decision, Unit

_BATTERY_BAND_W = const(300)  # a covering set-point is kept while it is this much stronger than needed
_BATTERY_MARGIN_W = const(100)


def own_mode(state: State, unit: Unit, source: str) -> tuple[int | None, str]:
    """Return None, or a hold where a limit on this battery is less than its own mode may do."""
    for direction in (IMPORT, EXPORT):
        limit = tightest(state.limits, unit.index, direction)
        if limit is not None and limit.value_w < unit.power_of(None):
            return unit.fit(0), "limit " + limit.source
    return None, source


def cover(state: State, served: Decision, room: Room, site_w: int, now_ms: int) -> Decision:
    """Return what the battery shall do so that the connection holds, both ways; what it was served otherwise."""
    unit, setpoint, source = served
    room_w, upper = room.for_unit(unit)
    highest_w = room_w + unit.taken_w + min(unit.drawn_w, 0)
    lowest_w, lower = _lowest(state, unit, unit.drawn_w - site_w)
    own_w = setpoint if setpoint is not None else 0 if unit.covering else unit.drawn_w
    if own_w > highest_w or own_w < lowest_w:
        unit.covering, unit.covered_ms = True, now_ms
        source = upper if own_w > highest_w else lower
    elif _must_wait(unit, setpoint, now_ms):
        source = unit.source
    else:
        unit.covering = False
        return served
    most_w = min(highest_w, 0 if setpoint is None else setpoint)
    decided = _covering(unit, most_w) if most_w < 0 else unit.fit(most_w)
    if decided < lowest_w:
        decided = _taking_in(unit, lowest_w)
    _relieve(unit, decided, room, now_ms)
    return unit, decided, source


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


def _relieve(unit: Unit, decided: int, room: Room, now_ms: int) -> None:
    """Let the next battery count on this one, as long as it may still be on its way."""
    relief_w = min(unit.drawn_w, 0) - decided
    if relief_w > 0 and (unit.setpoint is None or decided < unit.setpoint or unit.follows(now_ms)):
        room.relieve(unit, relief_w)


def _lowest(state: State, unit: Unit, without_w: int) -> tuple[int, str]:
    """Return the lowest power that may be; `without_w` is minus what the site draws without the unit."""
    export_w, source = state.site.export_limit_w, "connection"
    limit = tightest(state.limits, SITE, EXPORT)
    if limit is not None and limit.value_w < export_w:
        export_w, source = limit.value_w, "limit " + limit.source
    floor_w = without_w - export_w
    limit = tightest(state.limits, unit.index, EXPORT)
    if limit is not None and -limit.value_w > floor_w:
        floor_w, source = -limit.value_w, "limit " + limit.source
    return floor_w, source
