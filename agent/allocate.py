"""Splits what the connection may carry over the devices, closed on the grid meter, every tick anew.

Order of force: contract and nameplate, fuse and connection, grid operator's limit, claims, default. Loads are
served by priority (lowest number first) and throttled before they are stopped; what then still exceeds an
import limit is covered by batteries. A device that was just granted more keeps room for all of it until it has
had time to take it; one that draws more than it was granted has so long to follow, then the excess counts among
what nobody can move. All integers; work is bounded by devices x limits.
"""

from __future__ import annotations

from agent.claims import winner
from agent.cover import cover, own_mode
from agent.failsafe import site_meter, without_headroom
from agent.limits import IMPORT, SITE, tightest
from agent.room import room_of
from agent.unit import UNKNOWN_W
from hal import capabilities
from hal import quantities as q

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.image import Image
    from agent.room import Room
    from agent.state import State
    from agent.unit import Decision, Unit


def decide(state: State, image: Image, now_ms: int) -> list[Decision]:
    """Return (unit, set-point or None for default mode, binding source) for every controllable unit."""
    site_values, cause = site_meter(state, image, now_ms)
    decisions: list[Decision] = []
    for unit in state.units:
        if unit.contract.control and not unit.takes_power():
            setpoint, source = wish_of(state, unit)
            decisions.append((unit, setpoint, source))
    if site_values is not None:
        decisions.extend(_share(state, image, site_values, now_ms))
        return decisions
    decisions.extend(_spare(state, cause, now_ms))
    return decisions


def _spare(state: State, cause: int, now_ms: int) -> list[Decision]:
    """Grant what may be without a grid meter: together never more than a limit on the site."""
    limit = tightest(state.limits, SITE, IMPORT)
    left_w = UNKNOWN_W if limit is None else limit.value_w
    decided: list[Decision] = []
    for unit in state.powered:
        wish, _ = wish_of(state, unit)
        setpoint, source = without_headroom(state, unit, wish, cause, now_ms)
        if limit is not None and unit.power_of(setpoint) > left_w:
            setpoint, source = unit.setpoint_for(max(left_w, 0)), "limit " + limit.source
        left_w -= max(unit.power_of(setpoint), 0)
        decided.append((unit, setpoint, source))
    return decided


def wish_of(state: State, unit: Unit) -> tuple[int | None, str]:
    """Return what is wanted, within what the product can do; its bounds may have changed since it was asked for."""
    claim = winner(state.claims, unit.index)
    if claim is not None:
        return unit.fit(claim.setpoint), "claim " + claim.source
    return None if unit.default is None else unit.fit(unit.default), "default"


def _share(state: State, image: Image, site_values: dict[int, int], now_ms: int) -> list[Decision]:
    for unit in state.powered:
        unit.look(image.fresh(unit.index, now_ms, unit.contract.stale_ms), now_ms)
    room = room_of(state, site_values)
    for unit in state.powered:
        room.give_back(unit)
    decided = [_serve(state, unit, room, now_ms) for unit in state.powered]
    for at, unit in enumerate(state.powered):
        if unit.contract.kind == capabilities.BATTERY:
            decided[at] = cover(state, decided[at], room, site_values[q.POWER_W], now_ms)
    return decided


def _serve(state: State, unit: Unit, room: Room, now_ms: int) -> Decision:
    """Grant a unit's wish as far as the room goes, and take off what it may draw."""
    wish, source = wish_of(state, unit)
    battery = unit.contract.kind == capabilities.BATTERY
    if battery and wish is None:
        wish, source = own_mode(state, unit, source)
    if battery and (wish is None or wish <= 0):
        room.take(unit, 0)
        return unit, wish, source
    cap_w, binding = _cap(state, unit, room)
    setpoint: int | None
    if unit.power_of(wish) <= cap_w:
        setpoint, source = _rise(unit, wish, source, now_ms)
    else:
        setpoint, source = _throttle(unit, unit.setpoint_for(max(cap_w, 0)), binding, now_ms)
    rises = unit.power_of(setpoint) > unit.power_of(unit.setpoint)  # now: who comes next must not get the same room
    room.take(unit, 0 if unit.settled(now_ms) and not rises else unit.power_of(setpoint))
    return unit, setpoint, source


def _cap(state: State, unit: Unit, room: Room) -> tuple[int, str]:
    """Return the most that the unit may draw and the name of what says so."""
    power_w, source = room.for_unit(unit)
    if (
        not unit.drawn_known and unit.source
    ):  # its draw is somewhere in what the meter shows: it keeps what it has, less the excess
        power_w = max(power_w, min(unit.power_of(unit.setpoint), room.limit_w) + min(power_w, 0))
    limit = tightest(state.limits, unit.index, IMPORT)
    if limit is not None and limit.value_w < power_w:
        power_w, source = limit.value_w, "limit " + limit.source
    if unit.power_max_w and unit.power_max_w < power_w:
        power_w, source = unit.power_max_w, "nameplate"
    return power_w, source


def _throttle(unit: Unit, wanted: int, binding: str, now_ms: int) -> tuple[int | None, str]:
    """Fall at once; rise only after the room has lasted."""
    setpoint, _ = _rise(unit, wanted, binding, now_ms)
    unit.held = True
    if setpoint == unit.setpoint and _is_physical(unit.source) and _is_physical(binding):
        binding = unit.source  # phases take turns by a few mA: that is no news
    return setpoint, binding


def _is_physical(source: str) -> bool:
    return source == "connection" or source.startswith("fuse")


def _rise(unit: Unit, wanted: int | None, source: str, now_ms: int) -> tuple[int | None, str]:
    """Return `wanted`, or what the unit has while a limit that held it down has not been gone for long enough."""
    held = unit.setpoint
    rises = unit.held and held is not None and unit.power_of(wanted) > unit.power_of(held)
    if rises and now_ms - unit.risen_ms < unit.rise_ms:
        return held, unit.source
    unit.risen_ms = now_ms
    unit.held = False
    return wanted, source
