"""Splits what the connection and its circuits may carry over the devices, closed on their meters, every tick anew.

Order of force: protection and nameplate, fuse and circuit, grid operator's limit, claims, default. Loads are served
by priority (lowest number first), those of one priority fairly, and throttled before they are stopped; what then
still exceeds an import limit is covered by batteries. A device that was just granted more keeps room for all of it
until it has had time to take it; one that draws more than it was granted has so long to follow, then the excess
counts among what nobody can move. All integers; work is bounded by devices x circuits x limits.
"""

from __future__ import annotations

from agent import fair, protection, target
from agent.circuits import UNKNOWN_W, lower_to_limits, lower_to_room
from agent.claims import ASIDE, CEILING, winner
from agent.cover import cover, own_mode
from agent.failsafe import cause_of, look, without_headroom
from hal import capabilities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.image import Image
    from agent.state import State
    from agent.unit import Unit


def decide(state: State, image: Image, now_ms: int) -> None:
    """Decide for every controllable unit; `unit.next` is the set-point or None for default mode, with its source."""
    for pair in state.phase_pairs:
        pair.look(state, image, now_ms)
    for unit in state.powered:
        unit.look(image.fresh(unit.index, now_ms, unit.contract.stale_ms), now_ms)
    look(state, image, now_ms)
    for unit in state.units:
        if unit.contract.control:
            wish(state, unit, now_ms)
    target.follow(state, now_ms)
    for unit in state.units:
        if unit.contract.control:
            unit.wanted, unit.wanted_source = unit.next, unit.next_source
            if unit.delay is not None:
                unit.delay.hold(state, unit, now_ms)
            _protect(unit, now_ms)
            if not unit.takes_power():
                _let_rest(unit, now_ms)
    _share(state, now_ms)
    if state.curtailing is not None:
        state.curtailing.decide(state, image, now_ms)
    for pair in state.phase_pairs:
        pair.follow(state, now_ms)


def wish(state: State, unit: Unit, now_ms: int) -> None:
    """Decide what is wanted, within what the product can do: its bounds may have changed since it was asked for."""
    setpoint = None if unit.default is None else unit.fit(unit.default)
    source, primacy = "default", 1
    claim = winner(state.claims, unit.index)
    if claim is not None:
        source = claim.name
        if claim.mode != ASIDE:
            setpoint, primacy = unit.fit(claim.value_at(now_ms)), claim.primacy
    ceiling = winner(state.claims, unit.index, CEILING)
    if ceiling is not None and ceiling.mode == CEILING and unit.power_of(setpoint) > unit.power_of(ceiling.value):
        setpoint, source, primacy = unit.fit(ceiling.value), ceiling.name, ceiling.primacy
    lowest, highest = unit.comfort
    if setpoint is not None and primacy:  # the owner, 0, may pass the comfort band
        if lowest is not None and setpoint < lowest:
            setpoint, source = unit.fit(lowest + unit.contract.step - 1), "comfort"
        elif highest is not None and setpoint > highest:
            setpoint, source = unit.fit(highest), "comfort"
    unit.decide(setpoint, source)


def _protect(unit: Unit, now_ms: int) -> None:
    setpoint = protection.ask(unit, unit.next, now_ms)
    if setpoint != unit.next:
        unit.decide(setpoint, unit.guard.source or unit.source)
    elif unit.delay is not None:
        unit.delay.tell(unit)


def _let_rest(unit: Unit, now_ms: int) -> None:
    """Start nothing that has not rested for long enough."""
    if unit.runs(unit.next) and not protection.may_start(unit, now_ms):
        unit.decide(unit.lowest(), unit.guard.source)


def _share(state: State, now_ms: int) -> None:
    for unit in state.powered:
        for circuit in unit.chain:
            circuit.give_back(unit)
    at = 0
    while at < len(state.powered):
        after = at + 1
        while after < len(state.powered) and state.powered[after].priority == state.powered[at].priority:
            after += 1
        if after - at > 1:
            _share_fairly(state, at, after, now_ms)
        while at < after:
            _serve(state, state.powered[at], now_ms)
            at += 1
    for unit in state.powered:
        if unit.contract.kind == capabilities.BATTERY and not cause_of(unit):
            cover(state, unit, now_ms)


def _share_fairly(state: State, begin: int, end: int, now_ms: int) -> None:
    """Give shares to those of one priority that want room; who does not take what it has, needs no more."""
    group, most_w, sharing = state.powered[begin:end], [], 0
    for unit in group:
        unit.share_w, unit.idles = UNKNOWN_W, False
        wanted_w = _wanted_w(state, unit)
        most_w.append(wanted_w)
        if wanted_w:
            sharing += 1
            unit.idles = not _takes_all(unit, now_ms)
    if sharing > 1:
        fair.share(group, most_w)


def _wanted_w(state: State, unit: Unit) -> int:
    """Return what a unit wants and may have by itself; 0: it takes no share."""
    if cause_of(unit) or (unit.next is None and unit.contract.kind == capabilities.BATTERY):
        return 0
    unit.cap_w = UNKNOWN_W
    _lower_to_own(state, unit)
    wanted_w = unit.power_of(unit.next)
    return max(wanted_w if wanted_w <= unit.cap_w else unit.power_of(unit.setpoint_for(unit.cap_w)), 0)


def _takes_all(unit: Unit, now_ms: int) -> bool:
    """Tell whether a unit takes all it has, on one of its phases at least, or may still be about to."""
    if not unit.drawn_known or not unit.settled(now_ms):
        return True
    had_w = unit.had_w()
    if unit.drawn_w * 10 >= had_w * 9:
        return True
    return max(unit.drawn_ma) * 10 >= unit.share_ma(had_w) * 9


def _lower_to_own(state: State, unit: Unit) -> None:
    """Lower a unit's cap to the limits on itself and its nameplate."""
    if unit.power_max_w:
        unit.lower_cap(unit.power_max_w, "nameplate")
    lower_to_limits(state, unit)


def _serve(state: State, unit: Unit, now_ms: int) -> None:
    """Grant a unit's wish as far as the room goes, and take off what it may draw."""
    cause = cause_of(unit)
    if cause:
        without_headroom(state, unit, cause, now_ms)
    elif unit.contract.kind == capabilities.BATTERY and not _charges(state, unit):
        _take(unit, 0)
        return
    for pair in state.phase_pairs:
        if pair.charger is unit:
            pair.compare(state, _find_cap)
    _find_cap(state, unit)
    if unit.power_of(unit.next) <= unit.cap_w:
        if not cause:
            _rise(unit, unit.next, unit.next_source, now_ms)
    elif cause:
        unit.decide(unit.setpoint_for(max(unit.cap_w, 0)), unit.cap_name)
    else:
        _throttle(unit, _step_down(unit, max(unit.cap_w, 0), now_ms), unit.cap_name, now_ms)
    _let_rest(unit, now_ms)
    rises = unit.power_of(unit.next) > unit.power_of(unit.setpoint)  # now: who comes next must not get the same room
    _take(unit, 0 if unit.settled(now_ms) and not rises else unit.power_of(unit.next))


def _charges(state: State, unit: Unit) -> bool:
    """Tell whether a battery takes part in the sharing: it shall charge. One in its own mode is left to that."""
    if unit.next is None:
        own_mode(state, unit)
    return unit.next is not None and unit.next > 0


def _take(unit: Unit, reserved_w: int) -> None:
    """Take off what a unit may draw; what it is about to give up, or draws unseen, is no reason for others to fall."""
    unit.taken_w = max(reserved_w, unit.drawn_w, 0)
    stays_w = UNKNOWN_W
    if not unit.drawn_known:
        stays_w = max(unit.power_of(unit.next) - unit.had_w(), 0)
    elif unit.share_w < UNKNOWN_W:
        stays_w = max(reserved_w, unit.power_of(unit.next), 0)
    granted_w = unit.may_draw_w()
    for circuit in unit.chain:
        circuit.take(unit, reserved_w, granted_w, stays_w)


def _find_cap(state: State, unit: Unit) -> None:
    """Find the most that the unit may draw and the name of what says so."""
    unit.cap_w, unit.cap_name = UNKNOWN_W, ""
    _lower_to_own(state, unit)
    lower_to_room(unit)
    unit.lower_cap(unit.share_w, unit.share_source or unit.cap_name)


def _step_down(unit: Unit, cap_w: int, now_ms: int) -> int:
    """Return the set-point for a cap; a product that wears and falls again soon falls by a whole band."""
    setpoint = unit.setpoint_for(cap_w)
    if unit.contract.persistent and unit.fell_ms and now_ms - unit.fell_ms < unit.rise_ms:
        less = unit.setpoint_for(max(cap_w - unit.power_max_w // 20, 0))
        if unit.power_of(setpoint) < unit.power_of(unit.setpoint) and unit.runs(less):
            return less
    return setpoint


def _throttle(unit: Unit, wanted: int, binding: str, now_ms: int) -> None:
    """Fall at once; rise only after the room has lasted."""
    _rise(unit, wanted, binding, now_ms)
    unit.held = True
    rests = unit.next != wanted and unit.runs(wanted) and not unit.runs(unit.next)
    if rests and not protection.may_start(unit, now_ms):
        binding = unit.guard.source
    elif binding == "nameplate" and unit.next != wanted:
        binding = unit.source  # it waits for what held it down; its nameplate always binds
    elif unit.next == unit.setpoint and _is_physical(unit.source) and _is_physical(binding):
        binding = unit.source  # phases and circuits take turns by a few mA: that is no news
    unit.decide(unit.next, binding)


def _is_physical(source: str) -> bool:
    return source in ("connection", "imbalance") or source.startswith(("fuse ", "circuit "))


def _rise(unit: Unit, wanted: int | None, source: str, now_ms: int) -> None:
    """Decide `wanted`, or what the unit has while a limit that held it down has not been gone for long enough."""
    held = unit.setpoint
    rises = unit.held and held is not None and unit.power_of(wanted) > unit.power_of(held)
    if rises and now_ms - unit.risen_ms < unit.rise_ms:
        unit.decide(held, unit.source)
        return
    unit.risen_ms = now_ms
    unit.held = False
    unit.decide(wanted, source)
