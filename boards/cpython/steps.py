"""What a peer wants, laid out in time: one step at a time on each matter, entered as controls.

What never ends, or ends later than a control can say, is entered as a default control when it is a limit: it outlives a
lost peer and a power cut. A claim of that kind is a lease instead: it ends some time after the peer was last heard.
Steps are entered once and left alone while what is left of them is still what is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.sources.desk import Control
    from agent.sources.peer_desk import PeerDesk

LIMIT, CLAIM = 1, 2  # kinds of a control (docs/format.md)
START, MODE = 3, 5  # options of a body
LONGEST_MS = 29 * 86400000  # a control lasts 30 days at most
STEPS_MAX = 16  # at once; the rest follows as these end. The core holds 32 of each, some of them kept for others

Matter = tuple[int, int, int]  # kind of control, scope, and the direction of a limit or what a claim competes for


@dataclass(frozen=True)
class Step:
    """What is in force on a matter from one moment to another; `end_ms` None has no end."""

    matter: Matter
    mode: int
    amount: int
    start_ms: int
    end_ms: int | None
    event: str  # the peer's name for what asks for it

    def is_over(self, now_ms: int) -> bool:
        """Tell whether its time has passed."""
        return self.end_ms is not None and self.end_ms <= now_ms


def is_enough(left: list[Step], found: list[Step], now_ms: int, until_ms: int | None = None) -> bool:
    """Tell whether what is left of the steps that were entered is what is wanted, or so much of it that there is time.

    `until_ms`: as far as until then, since what goes on without an end is known for some days ahead only.
    """
    have, want = ([_begun(step, now_ms) for step in _until(each, until_ms)] for each in (left, found))
    return have == (want[: len(have)] if len(want) > len(have) >= STEPS_MAX // 2 else want)


def _until(steps: list[Step], until_ms: int | None) -> list[Step]:
    if until_ms is None:
        return steps
    near = [step for step in steps if step.start_ms < until_ms]
    return [replace(step, end_ms=None) if step.end_ms is None or step.end_ms >= until_ms else step for step in near]


def _begun(step: Step, now_ms: int) -> Step:
    """Return a step without the moment that it began at, when that has passed."""
    return replace(step, start_ms=0) if step.start_ms <= now_ms else step


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
            body += [step.amount, duration_s, primacy]
            if step.mode:
                options[MODE] = step.mode
        entered[step] = [step.matter[0], [*body, options] if options else body]
    return entered


def _placed(desk: PeerDesk, start_ms: int, end_ms: int | None, now_ms: int) -> tuple[dict[int, int], int] | None:
    """Return a body's start, as options, and its duration; both the same whenever they are asked for."""
    last_ms = now_ms + LONGEST_MS if end_ms is None else end_ms
    start_ms = max(start_ms, last_ms - LONGEST_MS)  # what began longer ago begins where its rest is short enough
    window = desk.window(start_ms // 1000, (last_ms + 999) // 1000)
    if window is None:
        return None
    start_s, duration_s = window
    if end_ms is None:
        return ({START: start_s} if start_ms > now_ms else {}), 0
    return {START: start_s}, duration_s
