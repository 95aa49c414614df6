"""Tracks what a claim wants the connection, or a circuit, to carry: absolute, or against what it carried before.

Closed on that circuit's meter. What the meter shows less what its devices do is what nobody moves; the rest of the
target is split. Batteries move first, then loads by priority, those of one priority fairly; loads are throttled
before they are stopped, and raised above what is wanted of them only where that is still short of the target. Who is
told and does not follow, whatever the reason, counts with what it does: others make up for it, and it is still asked.
After a move all wait until it must have been followed: readings of the meter and of devices are not equally old.
A target moves wishes: protection and limits come after it. Without a meter that can be trusted nobody tracks anything.
"""

from __future__ import annotations

from agent.circuits import UNKNOWN_W, lower_to_limits
from agent.claims import ASIDE, CEILING, CHARGES, GIVES_POWER, TARGET, aside, winner
from agent.failsafe import cause_of
from agent.limits import EXPORT, tightest
from agent.protection import charge_bounds
from hal import capabilities
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.circuits import Circuit
    from agent.claims import Claim
    from agent.state import State
    from agent.unit import Unit

_BAND_W = const(100)  # so near to the target nothing is moved
_FINE_W = const(20)  # nor by batteries alone: what they are off by all day is paid for
_START_W = const(200)  # so much more than its least a load needs to be started: one that just fits would soon stop
_SEEN_MS = const(3000)  # so long a meter may take to show what a device says that it does


def follow(state: State, now_ms: int) -> None:
    """Change what is wanted of the devices so that every target in force is met."""
    for unit in state.powered:
        unit.was_steered, unit.steered = unit.steered, False
    for circuit in state.circuits:
        claim = winner(state.claims, circuit.scope, TARGET)
        tracks = claim is not None and claim.mode < ASIDE and claim.started and circuit.shown_w is not None
        circuit.aim = claim if tracks else None
    for circuit in state.circuits:
        if circuit.aim is not None:
            _steer(state, circuit, circuit.aim, now_ms)


def _steer(state: State, circuit: Circuit, claim: Claim, now_ms: int) -> None:
    members = [unit for unit in state.powered if _is_member(state, unit, circuit, claim)]
    assert circuit.shown_w is not None
    error_w, band_w = claim.value_at(now_ms) - circuit.shown_w, _FINE_W if claim.batteries else _BAND_W
    if any(_is_on_its_way(unit, now_ms) for unit in members):
        for unit in members:
            if unit.was_steered and (unit.next == unit.wished or not _is_less(unit, unit.next)):
                unit.decide(unit.wanted, unit.wanted_source)
    elif abs(error_w) <= band_w and all(unit.was_steered and unit.next == unit.wished for unit in members):
        for unit in members:
            unit.decide(unit.setpoint, unit.source)
    else:
        for unit in members:
            _learn(unit, error_w)
        _split(state, members, claim, error_w + sum([unit.does_w for unit in members]))
    for unit in members:
        unit.steered = True


def _is_member(state: State, unit: Unit, circuit: Circuit, claim: Claim) -> bool:
    """Tell whether a target moves a unit: the one nearest to it does, unless a stronger claim pins it."""
    nearest, is_battery = None, unit.contract.kind == capabilities.BATTERY
    for each in unit.chain:
        if nearest is None and each.aim is not None and (not each.aim.batteries or is_battery):
            nearest = each
    if nearest is not circuit or cause_of(unit):
        return False
    pin = winner(state.claims, unit.index)
    if aside(state.claims, unit.index) is not None and not claim.owners:
        return False
    return pin is None or pin.mode == ASIDE or not pin.beats(claim)


def _is_on_its_way(unit: Unit, now_ms: int) -> bool:
    gone_ms = now_ms - unit.guard.moved_ms
    if not unit.source or gone_ms >= unit.contract.response_ms + _SEEN_MS:
        return False
    if gone_ms < _SEEN_MS or not unit.drawn_known or not unit.obedient:
        return True
    return abs(unit.drawn_w - unit.power_of(unit.setpoint)) > _BAND_W


def _is_less(unit: Unit, wish: int | None) -> bool:
    return unit.power_of(wish) < unit.power_of(unit.wanted)


def _learn(unit: Unit, error_w: int) -> None:
    """Find out what a unit counts with: what it was granted, unless it says that it does something else.

    Nearly that much is that much where it shall do more: the meter tells the rest. A load that takes far less than it
    may wants no more, until it takes all that it may.
    """
    if not unit.was_steered:
        unit.appetite_w = UNKNOWN_W
    unit.wished = unit.next
    unit.does_w = unit.drawn_w
    if not unit.source or unit.setpoint is None:
        return
    granted_w = unit.power_of(unit.setpoint)
    off_w = abs(granted_w - unit.drawn_w) if unit.drawn_known else 0
    grows = (error_w > 0) is (granted_w > 0)
    if off_w <= _BAND_W or off_w * (4 if grows else 10) <= abs(granted_w):
        unit.does_w = granted_w
    if unit.drawn_known and granted_w > 0 and unit.contract.kind != capabilities.BATTERY:
        if off_w > _BAND_W and off_w * 8 > granted_w:
            unit.appetite_w = unit.drawn_w
        elif unit.drawn_w > unit.appetite_w:
            unit.appetite_w = UNKNOWN_W if off_w * 10 <= granted_w else unit.drawn_w
        if unit.appetite_w < granted_w:
            unit.does_w = unit.drawn_w


def _split(state: State, members: list[Unit], claim: Claim, budget_w: int) -> None:
    """Decide for each member so that together they do `budget_w`."""
    batteries = [unit for unit in members if unit.contract.kind == capabilities.BATTERY]
    loads = [unit for unit in members if unit.contract.kind != capabilities.BATTERY]
    bounds = [_bounds(state, unit, claim) for unit in batteries]
    lowest_w, highest_w = 0, 0
    for at, unit in enumerate(batteries):
        lowest_w += _reached(unit, bounds[at][0])
        highest_w += _reached(unit, bounds[at][1])
    natural = [_natural_w(unit) for unit in loads]
    given = _lowered(loads, natural, claim, budget_w - lowest_w)
    if given == natural:
        given = _raised(state, loads, natural, claim, budget_w - highest_w - sum(natural))
    left_w = budget_w - sum(given)
    for at, unit in enumerate(loads):
        asked_w = _asked_w(unit, given[at], left_w - lowest_w)
        if given[at] != natural[at] or asked_w < unit.power_of(unit.next):
            unit.decide(unit.setpoint_for(min(asked_w, _most_w(state, unit, claim))), claim.name)
    for at, unit in enumerate(batteries):
        low_w, high_w = bounds[at]
        asked_w = unit.does_w + _lags_w(unit) if _is_as_told(unit, left_w) else left_w
        unit.decide(unit.between(low_w, high_w, unit.fit(asked_w)), claim.name)
        left_w -= _reached(unit, unit.power_of(unit.next))


def _lags_w(unit: Unit) -> int:
    """Return how much more than it does (negative: less) a battery was told; 0 when it follows."""
    if not unit.source or unit.wanted is None:
        return 0
    more_w = unit.power_of(unit.wanted) - unit.does_w
    return more_w if abs(more_w) > _BAND_W else 0


def _is_as_told(unit: Unit, asked_w: int) -> bool:
    """Tell whether what a battery that does not follow shall do lies between what it was told and what it does."""
    lags_w = _lags_w(unit)
    least_w, most_w = min(unit.does_w, unit.does_w + lags_w), max(unit.does_w, unit.does_w + lags_w)
    return lags_w != 0 and least_w - _START_W <= asked_w <= most_w + _START_W


def _reached(unit: Unit, asked_w: int) -> int:
    """Return what will come of a power that a battery is asked for, as far as it follows."""
    lags_w = _lags_w(unit)
    if lags_w > 0:
        return min(asked_w, unit.does_w)
    return max(asked_w, unit.does_w) if lags_w < 0 else asked_w


def _kept_w(unit: Unit) -> int:
    """Return how much more than it was granted (negative: less) was wanted of a load that is kept from it."""
    if unit.wanted is None or unit.setpoint is None:
        return 0
    more_w = unit.power_of(unit.wanted) - unit.power_of(unit.setpoint)
    return more_w if abs(more_w) > _BAND_W else 0


def _asked_w(unit: Unit, given_w: int, room_w: int) -> int:
    """Return what a load is asked for: who is kept from it is asked on, who takes less than it may has a bit more."""
    kept_w, granted_w = _kept_w(unit), unit.power_of(unit.setpoint)
    least_w = unit.power_of(unit.least_running())
    if kept_w and given_w == granted_w:
        return granted_w + kept_w if kept_w < 0 else max(min(granted_w + kept_w, given_w + max(room_w, 0)), least_w)
    if given_w >= unit.appetite_w:
        return max(given_w * 9 // 8 + 2 * _BAND_W, least_w)
    return given_w


def _bounds(state: State, unit: Unit, claim: Claim) -> tuple[int, int]:
    """Return the lowest and highest power that a battery may be asked for, W."""
    lowest_w, highest_w = charge_bounds(unit)
    if claim.batteries:
        lowest_w = lowest_w if claim.batteries & GIVES_POWER else max(lowest_w, 0)
        highest_w = highest_w if claim.batteries & CHARGES else min(highest_w, 0)
    limit = tightest(state.limits, unit.index, EXPORT)
    if limit is not None:
        lowest_w = max(lowest_w, -limit.value)
    if claim.primacy and unit.comfort[0] is not None:
        lowest_w = max(lowest_w, min(unit.comfort[0], 0))
    return lowest_w, max(min(highest_w, _most_w(state, unit, claim)), 0)


def _most_w(state: State, unit: Unit, claim: Claim) -> int:
    """Return the most that a target may ask of a unit: ceilings and the comfort band hold."""
    unit.cap_w = UNKNOWN_W
    lower_to_limits(state, unit)
    most_w = min(unit.power_max_w or unit.power_of(unit.contract.maximum), unit.cap_w)
    ceiling = winner(state.claims, unit.index, CEILING)
    if ceiling is not None and ceiling.mode == CEILING:
        most_w = min(most_w, unit.power_of(ceiling.value))
    if claim.primacy and unit.comfort[1] is not None:
        most_w = min(most_w, unit.power_of(unit.comfort[1]))
    return most_w


def _natural_w(unit: Unit) -> int:
    """Return what a load would draw without the target."""
    if unit.next is None and unit.setpoint is None:
        return max(unit.drawn_w, 0)
    wanted_w = min(unit.power_of(unit.next), unit.appetite_w)
    if _kept_w(unit) > 0:
        wanted_w = min(wanted_w, unit.power_of(unit.setpoint))
    return max(wanted_w, 0)


def _lowered(loads: list[Unit], natural: list[int], claim: Claim, budget_w: int) -> list[int]:
    """Return what each load may draw so that together they are within the budget, the first in priority first."""
    given = list(natural)
    for at, unit in enumerate(loads):
        budget_w -= _at(unit, natural[at], claim, 0)  # what nobody can take from those who come later
    at = 0
    while at < len(loads):
        after = at
        while after < len(loads) and loads[after].priority == loads[at].priority:
            budget_w += _at(loads[after], natural[after], claim, 0)
            after += 1
        _level(loads, given, claim, at, after, max(budget_w, 0))
        budget_w -= sum(given[at:after])
        at = after
    return given


def _level(loads: list[Unit], given: list[int], claim: Claim, begin: int, end: int, budget_w: int) -> None:
    """Lower those of one priority to the highest level that all can have; what that leaves starts the first it can."""
    most = given[begin:end]
    low_w, high_w = 0, max(most) + 1
    while high_w - low_w > 1:
        level_w = (low_w + high_w) // 2
        needed_w = 0
        for n in range(len(most)):
            needed_w += _needed_w(loads[begin + n], _at(loads[begin + n], most[n], claim, level_w))
        if needed_w <= budget_w:
            low_w = level_w
        else:
            high_w = level_w
    for n in range(len(most)):
        given[begin + n] = _at(loads[begin + n], most[n], claim, low_w)
    for n in range(len(most)):
        unit = loads[begin + n]
        if not given[begin + n]:
            alone_w = _at(unit, most[n], claim, budget_w - sum(given[begin:end]))
            if sum(given[begin:end]) + _needed_w(unit, alone_w) <= budget_w:
                given[begin + n] = alone_w


def _needed_w(unit: Unit, power_w: int) -> int:
    """Return how much room a power needs: who stands still starts only where it is going to stay."""
    return power_w + _START_W if power_w > 0 and not unit.guard.running else power_w


def _at(unit: Unit, most_w: int, claim: Claim, level_w: int) -> int:
    """Return what a load draws that may draw at most `level_w`: set-points are steps, and below its least it stops."""
    if most_w <= level_w:
        return most_w
    setpoint = unit.setpoint_for(level_w)
    if claim.primacy and unit.comfort[0] is not None:
        setpoint = max(setpoint, unit.comfort[0])
    least_w = unit.power_of(unit.setpoint) if _kept_w(unit) < 0 else 0
    return min(max(unit.power_of(setpoint), least_w), most_w)


def _raised(state: State, loads: list[Unit], natural: list[int], claim: Claim, extra_w: int) -> list[int]:
    """Return what each load shall draw so that together they draw `extra_w` more, as far as they can."""
    given = list(natural)
    for at, unit in enumerate(loads):
        kind = unit.contract.kind
        if extra_w <= _BAND_W or unit.next is None or (kind != capabilities.CHARGER and kind != capabilities.SWITCH):
            continue
        if unit.power_of(unit.next) <= natural[at]:  # else it does not even take what it has
            most_w = min(_most_w(state, unit, claim), unit.appetite_w)
            margin_w = 0 if unit.guard.running else _START_W
            if _at(unit, most_w, claim, natural[at] + extra_w - margin_w) > natural[at]:
                given[at] = _at(unit, most_w, claim, natural[at] + extra_w)
                extra_w -= given[at] - natural[at]
    return given
