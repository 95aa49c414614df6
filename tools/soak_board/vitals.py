"""What a board held at some moments of a run, and whether it grew.

Records of a page that is still open, a message on its way and a claim in force come and go: of the heap a mark takes
what one look in ten of up to five minutes is at or below, of all else the least. The very least is seldom met, and in
the first minutes it is that of an agent which nobody has asked for everything yet. docs/field.md has the figures.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tools.soak.checks import Check

MARKS_S = (60.0, 600.0)
WINDOW_S_MIN, WINDOW_S_MAX = 30.0, 300.0
LOW = 10  # one look in so many
GROWTH_BYTES_MAX = 512
LARGEST_BYTES_MIN = 2048  # a page of 2 KB is read in one piece when it goes out
GROWTH_KB_MAX = 512  # of the process: mbedTLS takes its memory beside the heap


@dataclass(frozen=True)
class Look:
    """One look: from inside the agent, and what Linux says about its process."""

    at_s: float
    heap_bytes: int
    peak_bytes: int  # between two turns, with what the next collection takes
    free_bytes: int
    largest_bytes: int
    tasks: int
    handles: int
    resident_kb: int


@dataclass(frozen=True)
class Mark:
    """What was held around one moment, and the highest peak until then."""

    at_s: float
    heap_bytes: int
    peak_bytes: int
    free_bytes: int
    largest_bytes: int
    tasks: int
    handles: int
    resident_kb: int


def marks(looks: list[Look]) -> list[Mark]:
    """Return what was held after a minute, after ten, and at the end; fewer of a shorter run."""
    if not looks:
        return []
    end_s = looks[-1].at_s
    times = [*(at_s for at_s in MARKS_S if at_s < end_s), end_s]
    between_s = min(times[-2], end_s - times[-2]) if len(times) > 1 else 0.0
    window_s = max(WINDOW_S_MIN, min(WINDOW_S_MAX, between_s))  # the same for both that are compared
    return [_mark(looks, at_s, window_s) for at_s in times]


def _mark(looks: list[Look], at_s: float, window_s: float) -> Mark:
    least = _least(looks, at_s, window_s)
    least["largest_bytes"] = _least(looks, at_s, WINDOW_S_MIN)["largest_bytes"]  # it does not grow: what there is now
    heap = sorted(look.heap_bytes for look in _near(looks, at_s, window_s))
    least["heap_bytes"] = heap[len(heap) // LOW]
    peak_bytes = max(look.peak_bytes for look in looks if look.at_s <= at_s)
    return Mark(**{**least, "at_s": at_s, "peak_bytes": peak_bytes})


def _near(looks: list[Look], at_s: float, window_s: float) -> list[Look]:
    return [look for look in looks if at_s - window_s < look.at_s <= at_s] or looks[:1]


def _least(looks: list[Look], at_s: float, window_s: float) -> dict[str, Any]:
    near = [asdict(look) for look in _near(looks, at_s, window_s)]
    return {name: min(row[name] for row in near) for name in near[0]}


def judge_pieces(end: Mark) -> Check:
    """Return whether what is free is of use."""
    return Check(
        f"{LARGEST_BYTES_MIN} bytes stay free in one piece", end.largest_bytes >= LARGEST_BYTES_MIN,
        f"{end.largest_bytes} at {end.at_s:.0f} s; peak {end.peak_bytes}, free {end.free_bytes}",
    )  # fmt: skip


def judge(found: list[Mark]) -> list[Check]:
    """Return whether heap, tasks, handles and the process stayed what they were at the last mark before the end."""
    if len(found) < 2:
        return [Check("looked at long enough", False, f"{len(found)} marks")]
    before, end = found[-2:]
    heap, resident = end.heap_bytes - before.heap_bytes, end.resident_kb - before.resident_kb
    handles, tasks = end.handles - found[0].handles, end.tasks - found[0].tasks
    since, first = f"since {before.at_s:.0f} s", f"since {found[0].at_s:.0f} s"
    return [
        Check(f"heap does not grow by more than {GROWTH_BYTES_MAX} bytes", heap <= GROWTH_BYTES_MAX,
              f"{heap:+} bytes {since}; {end.heap_bytes} in use, {end.free_bytes} free"),
        judge_pieces(end),
        Check("no task is left over", tasks <= 0, f"{tasks:+} {first}; {end.tasks} alive"),
        Check("no descriptor is left over", handles <= 0, f"{handles:+} {first}; {end.handles} open"),
        Check("the process does not grow", resident <= GROWTH_KB_MAX,
              f"{resident:+} KiB {since}; {end.resident_kb} KiB"),
    ]  # fmt: skip
