"""From what events ask for to what is entered: at each moment one wish on a matter.

Where events conflict the lower priority number wins (OpenADR 3.1.0 User Guide 7.1); of equal ones, which the standard
leaves open, the tighter limit and the claim of the event with the first name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.claims import SETPOINT
from boards.cpython.openadr.signals import CHARGE, Wish
from boards.cpython.steps import LIMIT, STEPS_MAX, Step

if TYPE_CHECKING:
    from agent.state import State

AHEAD_MS = 7 * 86400000  # what is looked at; a control may begin 30 days from now
WISHES_MAX = 256  # on one matter: what is in force and what comes next, by priority
_NEAR_PM = 10  # a state of charge is reached within so much


def steps(wishes: list[Wish], now_ms: int) -> list[Step]:
    """Return the first STEPS_MAX steps of all matters, one at a time on each: by their start, limits before claims."""
    found: list[Step] = []
    for matter in sorted({wish.matter for wish in wishes}):
        found += _flat([wish for wish in wishes if wish.matter == matter], now_ms)
    return sorted(found, key=lambda step: (max(step.start_ms, now_ms), step.matter))[:STEPS_MAX]


def _flat(wishes: list[Wish], now_ms: int) -> list[Step]:
    wishes = sorted(wishes, key=lambda wish: (max(wish.start_ms, now_ms), _order(wish)))[:WISHES_MAX]
    ends = [wish.end_ms for wish in wishes if wish.end_ms is not None]
    edges = sorted({max(now_ms, edge) for edge in [wish.start_ms for wish in wishes] + ends})
    found: list[Step] = []
    for at, edge in enumerate(edges):
        if len(found) > STEPS_MAX:
            break
        here = [wish for wish in wishes if wish.start_ms <= edge and (wish.end_ms is None or wish.end_ms > edge)]
        if not here:
            continue
        best = min(here, key=_order)
        until_ms = edges[at + 1] if at + 1 < len(edges) else None
        before = found[-1] if found else None
        if before is not None and before.end_ms == edge and _same(before, best):
            found[-1] = replace(before, end_ms=until_ms)
        else:
            start_ms = best.start_ms if edge == now_ms else edge
            found.append(Step(best.matter, best.mode, best.amount, start_ms, until_ms, best.event))
    return found


def _same(step: Step, wish: Wish) -> bool:
    return step.mode == wish.mode and step.amount == wish.amount and step.event == wish.event


def _order(wish: Wish) -> tuple[int, int, str]:
    return wish.priority, wish.amount if wish.matter[0] == LIMIT else 0, wish.event


def in_watts(state: State, step: Step) -> Step:
    """Return a step whose state of charge is the set-point that leads there now."""
    if step.mode != CHARGE:
        return step
    return replace(step, mode=SETPOINT, amount=charging_w(state, step.matter[1], step.amount))


def charging_w(state: State, scope: int, charge_pm: int) -> int:
    """Return the set-point that brings a battery to a state of charge: all it has either way, nothing near it.

    Near it what is wanted already goes on until the target is crossed. A battery that does not say its charge rests.
    """
    unit = state.units[scope]
    if unit.soc_pm is None:
        return unit.lowest()
    missing_pm = charge_pm - unit.soc_pm
    full_w, empty_w = unit.fit(unit.contract.maximum), unit.fit(unit.contract.minimum)
    before_w = unit.wanted or 0
    if missing_pm > _NEAR_PM or (missing_pm > 0 and before_w > 0):
        return full_w
    if missing_pm < -_NEAR_PM or (missing_pm < 0 and before_w < 0):
        return empty_w
    return unit.lowest()
