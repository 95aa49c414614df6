"""From what events ask for to what is entered: at each moment one wish on a matter, the next of them as controls.

Where events conflict the lower priority number wins (OpenADR 3.1.0 User Guide 7.1); of equal ones, which the standard
leaves open, the tighter limit and the claim of the event with the first name. What never ends, or ends later than a
control can say, is entered as a default control when it is a limit: it outlives a lost VTN and a power cut. A claim of
that kind is a lease instead: it ends some time after the VTN was last heard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.claims import SETPOINT
from boards.cpython.openadr.signals import CHARGE, LIMIT, Matter, Wish

if TYPE_CHECKING:
    from agent.sources.desk import Control
    from agent.sources.peer_desk import PeerDesk
    from agent.state import State

AHEAD_MS = 7 * 86400000  # what is looked at; a control may begin 30 days from now
LONGEST_MS = 29 * 86400000  # a control lasts 30 days at most
STEPS_MAX = 16  # at once; the rest follows as these end. The core holds 32 of each, some of them kept for others
START, MODE = 3, 5  # options of a body (docs/format.md)
_NEAR_PM = 10  # a state of charge is reached within so much


@dataclass(frozen=True)
class Step:
    """What is in force on a matter from one moment to another; `end_ms` None has no end."""

    matter: Matter
    mode: int
    amount: int
    start_ms: int
    end_ms: int | None
    event: str

    def is_over(self, now_ms: int) -> bool:
        """Tell whether its time has passed."""
        return self.end_ms is not None and self.end_ms <= now_ms


def is_enough(left: list[Step], found: list[Step], now_ms: int) -> bool:
    """Tell whether what is left of the steps that were entered is all that is wanted, or so much that there is time."""
    have, want = ([_begun(step, now_ms) for step in each] for each in (left, found))
    return have == (want[: len(have)] if len(want) > len(have) >= STEPS_MAX // 2 else want)


def _begun(step: Step, now_ms: int) -> Step:
    """Return a step without the moment that it began at, when that has passed."""
    return replace(step, start_ms=0) if step.start_ms <= now_ms else step


def steps(wishes: list[Wish], now_ms: int) -> list[Step]:
    """Return the first STEPS_MAX steps of all matters, one at a time on each: by their start, limits before claims."""
    found: list[Step] = []
    for matter in sorted({wish.matter for wish in wishes}):
        found += _flat([wish for wish in wishes if wish.matter == matter], now_ms)
    return sorted(found, key=lambda step: (max(step.start_ms, now_ms), step.matter))[:STEPS_MAX]


def _flat(wishes: list[Wish], now_ms: int) -> list[Step]:
    ends = [wish.end_ms for wish in wishes if wish.end_ms is not None]
    edges = sorted({max(now_ms, edge) for edge in [wish.start_ms for wish in wishes] + ends})
    found: list[Step] = []
    for at, edge in enumerate(edges):
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


def controls(desk: PeerDesk, found: list[Step], now_ms: int, lease_until_ms: int, primacy: int) -> dict[Step, Control]:
    """Return each step as a control; what is over, or what nobody knows the time of, is left out.

    Times are Unix milliseconds. A claim without an end ends at `lease_until_ms`.
    """
    entered: dict[Step, Control] = {}
    for step in found:
        is_limit = step.matter[0] == LIMIT
        end_ms = step.end_ms
        if end_ms is None or end_ms - now_ms > LONGEST_MS:
            end_ms = None if is_limit else lease_until_ms
        placed = _placed(desk, step.start_ms, end_ms, now_ms)
        if placed is None:
            continue
        options, duration_s = placed
        body: list[Any] = [desk.loop.state.name_of(step.matter[1])]
        if is_limit:
            body += [step.matter[2], step.amount, duration_s]
        else:
            body += [_amount(desk.loop.state, step), duration_s, primacy]
            if step.mode not in (SETPOINT, CHARGE):
                options[MODE] = step.mode
        entered[step] = [step.matter[0], [*body, options] if options else body]
    return entered


def _placed(desk: PeerDesk, start_ms: int, end_ms: int | None, now_ms: int) -> tuple[dict[int, int], int] | None:
    """Return a body's start, as options, and its duration; both the same whenever they are asked for."""
    window = desk.window(start_ms // 1000, (LONGEST_MS + now_ms if end_ms is None else end_ms + 999) // 1000)
    if window is None:
        return None
    start_s, duration_s = window
    if end_ms is None:
        return ({START: start_s} if start_ms > now_ms else {}), 0
    return {START: start_s}, duration_s


def _amount(state: State, step: Step) -> int:
    return charging_w(state, step.matter[1], step.amount) if step.mode == CHARGE else step.amount


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
