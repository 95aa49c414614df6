"""Tracks what a claim wants the connection, or a circuit, to carry: absolute, or against what it carried before.

Closed on that circuit's meter. What the meter shows less what its devices draw is what nobody moves; the rest of the
target is split. Batteries move first, then loads by priority, those of one priority fairly; loads are throttled
before they are stopped, and raised above what is wanted of them only where that is still short of the target. A
target moves wishes: protection and limits come after it. Without a meter that can be trusted nobody tracks anything.
"""

from __future__ import annotations

from agent.claims import TARGET, winner
from agent.failsafe import cause_of
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
_LEVEL_W = const(8)


def follow(state: State, now_ms: int) -> None:
    """Change what is wanted of the devices so that every target in force is met."""
    for unit in state.powered:
        unit.was_steered, unit.steered = unit.steered, False
    for circuit in state.circuits:
        claim = winner(state.claims, circuit.scope, TARGET)
        circuit.aim = claim if claim is not None and claim.started and circuit.shown_w is not None else None
    for circuit in state.circuits:
        if circuit.aim is not None:
            _steer(state, circuit, circuit.aim, now_ms)


def _steer(state: State, circuit: Circuit, claim: Claim, now_ms: int) -> None:
    members = [unit for unit in state.powered if _is_member(state, unit, circuit, claim, now_ms)]
    assert circuit.shown_w is not None
    error_w = claim.value_at(now_ms) - circuit.shown_w
    if abs(error_w) <= _BAND_W and all(unit.was_steered for unit in members):
        for unit in members:
            unit.decide(unit.setpoint, unit.source)
            unit.steered = True
        return
    budget_w = error_w + sum([_assumed_w(unit) for unit in members])
    batteries = [unit for unit in members if unit.contract.kind == capabilities.BATTERY]
    loads = [unit for unit in members if unit.contract.kind != capabilities.BATTERY]
    bounds = [charge_bounds(unit) for unit in batteries]
    natural = [_natural_w(unit, now_ms) for unit in loads]
    given = _lowered(loads, natural, budget_w - sum([lowest_w for lowest_w, _ in bounds]))
    if given == natural:
        given = _raised(loads, natural, budget_w - sum([highest_w for _, highest_w in bounds]) - sum(natural))
    for at, unit in enumerate(loads):
        if given[at] != natural[at]:
            unit.decide(unit.setpoint_for(given[at]), claim.name)
        unit.steered = True
    left_w = budget_w - sum(given)
    for at, unit in enumerate(batteries):
        lowest_w, highest_w = bounds[at]
        unit.decide(unit.between(lowest_w, highest_w, unit.fit(left_w)), claim.name)
        left_w -= unit.power_of(unit.next)
        unit.steered = True


def _is_member(state: State, unit: Unit, circuit: Circuit, claim: Claim, now_ms: int) -> bool:
    """Tell whether a target moves a unit: not one that a stronger claim pins, nor one that nobody sees on its way."""
    nearest = None
    for each in unit.chain:
        if nearest is None and each.aim is not None:
            nearest = each
    if nearest is not circuit or cause_of(unit):
        return False
    pin = winner(state.claims, unit.index)
    if pin is not None and pin.beats(claim):
        return False
    if unit.was_steered and not unit.drawn_known and now_ms - unit.guard.moved_ms < unit.contract.response_ms:
        unit.decide(unit.setpoint, unit.source)
        unit.steered = True
        return False
    return True


def _assumed_w(unit: Unit) -> int:
    """Return what a unit draws, as far as anybody knows: what it was granted where it does not say."""
    if unit.drawn_known or not unit.source or unit.setpoint is None:
        return unit.drawn_w
    return unit.power_of(unit.setpoint)


def _natural_w(unit: Unit, now_ms: int) -> int:
    """Return what a load would draw without the target."""
    if unit.next is None:
        return _assumed_w(unit)
    wanted_w = unit.power_of(unit.next)
    if unit.held:
        wanted_w = min(wanted_w, max(unit.power_of(unit.setpoint), 0))
    if unit.drawn_known and unit.settled(now_ms) and unit.drawn_w * 10 < unit.power_of(unit.setpoint) * 9:
        wanted_w = min(wanted_w, unit.drawn_w)  # it does not take what it has
    return max(wanted_w, 0)


def _lowered(loads: list[Unit], natural: list[int], budget_w: int) -> list[int]:
    """Return what each load may draw so that together they are within the budget, the first in priority first."""
    given = list(natural)
    at = 0
    while at < len(loads):
        after = at + 1
        while after < len(loads) and loads[after].priority == loads[at].priority:
            after += 1
        _level(loads, given, at, after, max(budget_w, 0))
        budget_w -= sum(given[at:after])
        at = after
    return given


def _level(loads: list[Unit], given: list[int], begin: int, end: int, budget_w: int) -> None:
    """Lower those of one priority to the highest level that all can have; what that leaves starts the first it can."""
    most = given[begin:end]
    if sum(most) <= budget_w:
        return
    low_w, high_w = 0, max(most)
    while high_w - low_w > _LEVEL_W:
        level_w = (low_w + high_w + 1) // 2
        if sum([_at(loads[begin + n], most[n], level_w) for n in range(len(most))]) <= budget_w:
            low_w = level_w
        else:
            high_w = level_w
    for n in range(len(most)):
        given[begin + n] = _at(loads[begin + n], most[n], low_w)
    for n in range(len(most)):
        rest_w = budget_w - sum(given[begin:end])
        if not given[begin + n]:
            given[begin + n] = _at(loads[begin + n], most[n], rest_w)


def _at(unit: Unit, most_w: int, level_w: int) -> int:
    if most_w <= level_w:
        return most_w
    return max(0, unit.power_of(unit.setpoint_for(level_w)))


def _raised(loads: list[Unit], natural: list[int], extra_w: int) -> list[int]:
    """Return what each load shall draw so that together they draw `extra_w` more, as far as they can."""
    given = list(natural)
    for at, unit in enumerate(loads):
        if extra_w > _BAND_W and _can_take_more(unit, natural[at]):
            most_w = unit.power_max_w or unit.power_of(unit.contract.maximum)
            given[at] = max(given[at], _at(unit, most_w, natural[at] + extra_w))
            extra_w -= given[at] - natural[at]
    return given


def _can_take_more(unit: Unit, natural_w: int) -> bool:
    """Tell whether a higher set-point makes a load draw more: it takes what it has, and nothing else regulates it."""
    kind = unit.contract.kind
    if unit.next is None or (kind != capabilities.CHARGER and kind != capabilities.SWITCH):
        return False
    return unit.power_of(unit.next) <= natural_w
