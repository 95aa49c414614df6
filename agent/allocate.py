"""Splits what the connection may carry over the devices, closed on the grid meter, every tick anew.

Order of force: contract and nameplate, fuse and connection, grid operator's limit, claims, default. Loads are
served by priority (lowest number first) and throttled before they are stopped; what then still exceeds an
import limit is covered by batteries. Only measured relief counts: a battery's discharge makes room once the
meter shows it, a device that has not followed yet keeps its place, and one that was just granted more keeps
room for all of it until it has had time to take it. Without a trustworthy site meter there
is no headroom at all. All integers; work is bounded by devices x limits.
"""

from __future__ import annotations

from agent import record
from agent.claims import winner
from agent.image import phase_current_ma
from agent.limits import EXPORT, IMPORT, SITE, tightest
from agent.unit import NOMINAL_MV
from hal import capabilities
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.image import Image, Sample
    from agent.state import State
    from agent.unit import Unit

    Decision = tuple[Unit, int | None, str]

ABSURD_FACTOR = const(3)  # a connection does not carry three times its fuses
BATTERY_BAND_W = const(300)  # a covering set-point is kept while it is this much stronger than needed
BATTERY_MARGIN_W = const(100)


class Room:
    """What is left of the connection while devices are served one by one."""

    def __init__(self, import_w: int, source: str, phase_ma: list[int]) -> None:
        self.import_w = import_w
        self.source = source
        self.phase_ma = phase_ma

    def for_unit(self, unit: Unit) -> tuple[int, str]:
        """Return the most that `unit` may draw in W and what binds."""
        power_w, source = self.import_w, self.source
        for phase in unit.phases:
            fuse_w = self.phase_ma[phase] * len(unit.phases) * NOMINAL_MV // 1000000
            if fuse_w < power_w:
                power_w, source = fuse_w, "fuse L%d" % (phase + 1)
        return power_w, source

    def reserve(self, unit: Unit, power_w: int) -> None:
        """Take `power_w` off; negative gives back."""
        self.import_w -= power_w
        for phase in unit.phases:
            self.phase_ma[phase] -= _phase_ma(unit, power_w)


def _phase_ma(unit: Unit, power_w: int) -> int:
    return power_w * 1000000 // (NOMINAL_MV * len(unit.phases))


def decide(state: State, image: Image, now_ms: int) -> list[Decision]:
    """Return (unit, set-point or None for default mode, binding source) for every controllable unit."""
    site_values, cause = _site_meter(state, image, now_ms)
    _follow_failsafe(state, cause, now_ms)
    decisions: list[Decision] = []
    powered: list[Unit] = []
    for unit in state.units:
        if unit.contract.control:
            if unit.takes_power():
                powered.append(unit)
            else:
                setpoint, source = _wish(state, unit)
                decisions.append((unit, setpoint, source))
    if site_values is None:
        decisions.extend([_without_headroom(unit, _CAUSES[cause], now_ms) for unit in powered])
        return decisions
    decisions.extend(_share(state, image, site_values, powered, now_ms))
    return decisions


_CAUSES = {
    record.METER_NEVER_SEEN: "meter never seen",
    record.METER_STALE: "meter stale",
    record.METER_ABSURD: "meter absurd",
}


def _site_meter(state: State, image: Image, now_ms: int) -> tuple[dict[int, int] | None, int]:
    """Return the grid meter's values, or None and the cause why they give no headroom."""
    meter = state.site.meter
    if meter is None or image.samples[meter] is None:
        return None, record.METER_NEVER_SEEN
    sample = image.fresh(meter, now_ms, state.site.meter_stale_ms)
    if sample is None:
        return None, record.METER_STALE
    power_w = sample.values.get(q.POWER_W)
    bound_w = ABSURD_FACTOR * 3 * state.site.fuse_ma * NOMINAL_MV // 1000000
    if power_w is None or abs(power_w) > bound_w:
        return None, record.METER_ABSURD
    for phase in (0, 1, 2):
        current = phase_current_ma(sample.values, phase)
        if current is not None and abs(current) > ABSURD_FACTOR * state.site.fuse_ma:
            return None, record.METER_ABSURD
    return sample.values, 0


def _follow_failsafe(state: State, cause: int, now_ms: int) -> None:
    if cause == state.failsafe:
        return
    if state.failsafe:
        state.note([record.FAILSAFE, now_ms, None, state.failsafe, False])
    if cause:
        state.note([record.FAILSAFE, now_ms, None, cause, True])
    state.failsafe = cause


def _without_headroom(unit: Unit, cause: str, now_ms: int) -> Decision:
    unit.held, unit.risen_ms = True, now_ms
    return unit, unit.fallback if unit.fallback is not None else unit.lowest(), cause


def _wish(state: State, unit: Unit) -> tuple[int | None, str]:
    claim = winner(state.claims, unit.index)
    if claim is not None:
        return claim.setpoint, "claim " + claim.source
    return unit.default, "default"


def _share(state: State, image: Image, site_values: dict[int, int], powered: list[Unit], now_ms: int) -> list[Decision]:
    drawn = [_drawn_w(state, image.fresh(unit.index, now_ms, unit.contract.stale_ms)) for unit in powered]
    room = _room(state, site_values)
    for unit, power_w in zip(powered, drawn):
        if power_w > 0:
            room.reserve(unit, -power_w)
    decided: dict[int, Decision] = {}
    order = sorted([(unit.priority, at) for at, unit in enumerate(powered)])
    for _, at in order:
        decided[at] = _serve(state, powered[at], drawn[at], room, now_ms)
    for _, at in order:
        if powered[at].contract.kind == capabilities.BATTERY:
            decided[at] = _cover(state, decided[at], drawn[at], room, site_values[q.POWER_W])
    return [decided[at] for at in range(len(powered))]


def _drawn_w(state: State, sample: Sample | None) -> int:
    """Return what a device draws; unknown is 0, because the site meter then counts it among the rest."""
    return sample.values.get(q.POWER_W, 0) if sample is not None else 0


def _room(state: State, site_values: dict[int, int]) -> Room:
    """Return the room above everything that the site draws now."""
    site = state.site
    limit_w, source = site.import_limit_w, "connection"
    limit = tightest(state.limits, SITE, IMPORT)
    if limit is not None and limit.value_w < limit_w:
        limit_w, source = limit.value_w, "limit " + limit.source
    phase_ma = []
    for phase in (0, 1, 2):
        current = phase_current_ma(site_values, phase)
        phase_ma.append(site.fuse_ma - current if current is not None else site.fuse_ma)
    return Room(limit_w - site_values[q.POWER_W], source, phase_ma)


def _cap(state: State, unit: Unit, room: Room) -> tuple[int, str]:
    """Return the most that the unit may draw and the name of what says so."""
    power_w, source = room.for_unit(unit)
    limit = tightest(state.limits, unit.index, IMPORT)
    if limit is not None and limit.value_w < power_w:
        power_w, source = limit.value_w, "limit " + limit.source
    if unit.power_max_w and unit.power_max_w < power_w:
        power_w, source = unit.power_max_w, "nameplate"
    return power_w, source


def _serve(state: State, unit: Unit, drawn_w: int, room: Room, now_ms: int) -> Decision:
    """Grant a unit's wish as far as the room goes, and reserve what it may draw."""
    wish, source = _wish(state, unit)
    if unit.contract.kind == capabilities.BATTERY and (wish is None or wish <= 0):
        if drawn_w > 0:
            room.reserve(unit, drawn_w)
        return unit, wish, source
    cap_w, binding = _cap(state, unit, room)
    setpoint: int | None
    if unit.power_of(wish) <= cap_w:
        setpoint, source = _rise(unit, wish, source, now_ms)
    else:
        setpoint, source = _throttle(unit, unit.setpoint_for(cap_w), binding, now_ms)
    unsettled_w = 0 if unit.settled(now_ms) else unit.power_of(setpoint)
    room.reserve(unit, max(unsettled_w, drawn_w))
    return unit, setpoint, source


def _throttle(unit: Unit, wanted: int, binding: str, now_ms: int) -> tuple[int | None, str]:
    """Fall at once; rise only after the room has lasted."""
    setpoint, _ = _rise(unit, wanted, binding, now_ms)
    unit.held = True
    return setpoint, binding


def _rise(unit: Unit, wanted: int | None, source: str, now_ms: int) -> tuple[int | None, str]:
    """Return `wanted`, or what the unit has while a limit that held it down has not been gone for long enough."""
    held = unit.setpoint
    if not unit.held or held is None or unit.power_of(wanted) <= unit.power_of(held):
        unit.risen_ms = now_ms
        unit.held = False
        return wanted, source
    if now_ms - unit.risen_ms < unit.rise_ms:
        return held, unit.source
    unit.risen_ms = now_ms
    unit.held = False
    return wanted, source


def _cover(state: State, served: Decision, drawn_w: int, room: Room, site_w: int) -> Decision:
    """Let a battery cover what exceeds the import limit, and never feed in more than the export limit."""
    unit, setpoint, source = served
    highest_w = min(drawn_w, 0) + room.import_w
    if _must_cover(unit, setpoint, highest_w, room.import_w):
        setpoint, source = _covering(unit, highest_w), room.source
        room.reserve(unit, setpoint - min(drawn_w, 0))
        unit.held = True
    elif setpoint is None or setpoint <= 0:
        unit.held = False
    lowest_w, export_source = _export_floor(state, unit, drawn_w - site_w)
    if (drawn_w if setpoint is None else setpoint) < lowest_w:
        setpoint, source = unit.setpoint_for(lowest_w + unit.contract.step - 1), export_source
    return unit, setpoint, source


def _must_cover(unit: Unit, setpoint: int | None, highest_w: int, room_w: int) -> bool:
    """Tell whether the import limit needs this battery below what it would do by itself."""
    if setpoint is None:
        return room_w < 0 or (unit.held and highest_w < 0)
    if setpoint > 0:
        return room_w < 0
    return setpoint > highest_w


def _covering(unit: Unit, highest_w: int) -> int:
    """Return a set-point at or below `highest_w`; the present one while it is not much stronger than needed."""
    kept = unit.setpoint
    if unit.held and kept is not None and highest_w - BATTERY_BAND_W <= kept <= highest_w:
        return kept
    return unit.setpoint_for(highest_w - BATTERY_MARGIN_W)


def _export_floor(state: State, unit: Unit, without_w: int) -> tuple[int, str]:
    """Return the lowest power that keeps the export limits; `without_w` is minus what the site draws without the unit."""
    export_w, source = state.site.export_limit_w, "connection"
    limit = tightest(state.limits, SITE, EXPORT)
    if limit is not None and limit.value_w < export_w:
        export_w, source = limit.value_w, "limit " + limit.source
    floor_w = without_w - export_w
    limit = tightest(state.limits, unit.index, EXPORT)
    if limit is not None and -limit.value_w > floor_w:
        floor_w, source = -limit.value_w, "limit " + limit.source
    return floor_w, source
