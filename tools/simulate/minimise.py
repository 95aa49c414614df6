"""Finds a small list of events that still breaks the same rule: delta debugging, bounded by the number of runs.

Source: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), algorithm ddmin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tools.simulate.run import Order, Result, simulated

RUNS_MAX = 80


def smallest(numbers: Sequence[int], fails: Callable[[Sequence[int]], bool], runs_max: int = RUNS_MAX) -> list[int]:
    """Return a subset of `numbers` that still fails; asks `fails` at most `runs_max` times."""
    kept, parts, runs = list(numbers), 2, 0
    while kept and runs < runs_max:
        size = -(-len(kept) // parts)
        for at in range(0, len(kept), size):
            rest = kept[:at] + kept[at + size :]
            runs += 1
            if fails(rest):
                kept, parts = rest, max(parts - 1, 2)
                break
            if runs >= runs_max:
                break
        else:
            if parts >= len(kept):
                break
            parts = min(parts * 2, len(kept))
    return kept


def minimised(broken: Result, say: Callable[[str], None]) -> Result:
    """Return the result of the smallest order found that breaks the same rule."""
    order = broken.order
    before = [event.number for event in broken.events if event.at_ms <= broken.at_ms]
    found = broken
    span_ms = min(order.span_ms, broken.at_ms + 1000)

    def fails(numbers: Sequence[int]) -> bool:
        nonlocal found
        tried = simulated(
            replace(order, only=tuple(numbers)), stop_ms=None if broken.at_ms > order.span_ms else span_ms
        )
        say(f"minimising: {len(numbers)} of {len(before)} events")
        if tried.rule != broken.rule:
            return False
        found = tried
        return True

    if not fails(before):
        return broken
    smallest(before, fails)
    return found


def replay(order: Order) -> str:
    """Return the command that runs an order again."""
    hours = f"--hours {order.span_ms / 3_600_000:g}"
    only = "" if order.only is None else " --only " + (",".join(str(number) for number in order.only) or "none")
    real = " --real-signatures" if order.real_signatures else ""
    return f"siteward simulate {order.scenario} --seed {order.seed} {hours}{real}{only}"
