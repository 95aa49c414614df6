"""`siteward replay`: every grant of the last hours once more, and whether each answer was the recorded one."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from agent import replay
from tools.console import RED, coloured, printable
from tools.errors import UsageError
from tools.replay.play import Events, play_here, play_on_micropython, segments
from tools.replay.span import NOTHING, Clip, Span, TickCount, newest_epoch

SHOWN_MAX = 20
KEYS = {
    replay.SEGMENT: ("name", "epoch", "at_ms", "civil_ms", "version", "runtime"),
    replay.GRANT: ("at_ms", "civil_ms", "device", "setpoint", "source"),
    replay.DIFFERS: ("at_ms", "what", "recorded", "replayed"),
    replay.CRASHED: ("at_ms", "how"),
    replay.TORN: ("name", "offset"),
    replay.DAMAGED: ("name", "offset", "what"),
    replay.MISSING: ("name", "ms"),
}
FOUND_WANTING = (replay.DIFFERS, replay.DAMAGED, replay.MISSING)


def run(arguments: Namespace) -> int:
    """Play, print, make a test when asked; return 0, or 1 when an answer differs or a frame is damaged.

    Raises: UsageError when there is nothing to play or no tick in the range.
    """
    files = segments(arguments.path)
    events = play_on_micropython(files) if arguments.micropython else play_here(files)
    if not any(event[0] == replay.SEGMENT for event in events):
        raise UsageError(f"{arguments.path}: nothing that can be replayed: {printable(_line(events[0]))}")
    span = Span(arguments.begin, arguments.end, newest_epoch(events))
    inside = None if span.is_open else ticks_in(files, span)
    shown = within(events, span)
    print(as_json(shown, inside) if arguments.json else in_words(shown, inside))
    if arguments.make_test is not None:
        make_test(files, span, arguments.make_test, sys.stderr if arguments.json else sys.stdout)
    return int(any(event[0] in FOUND_WANTING for event in shown))


def ticks_in(files: list[Path], span: Span) -> int:
    """Return how many recorded ticks lie in the span. Raises: UsageError when none does."""
    count = TickCount(span)
    play_here(files, count)
    if not count.ticks:
        raise UsageError(NOTHING)
    return count.ticks


def within(events: Events, span: Span) -> Events:
    """Return the events without the grants and differences outside the span."""
    kept, epoch, civil_ahead_ms = [], 0, 0
    for event in events:
        if event[0] == replay.SEGMENT:
            epoch, civil_ahead_ms = event[2], event[4] - event[3] if event[4] else 0
        elif event[0] == replay.GRANT:
            civil_ahead_ms = event[2] - event[1] if event[2] else 0
        if event[0] in (replay.GRANT, replay.DIFFERS, replay.CRASHED):
            civil_ms = event[1] + civil_ahead_ms if civil_ahead_ms else 0
            if not span.holds(epoch, event[1], civil_ms):
                continue
        kept.append(event)
    return kept


def as_json(events: Events, ticks_in_range: int | None = None) -> str:
    """Return one document: each kind of event as a list of tables, then the verdict."""
    told: dict[str, Any] = {kind: [] for kind in KEYS}
    for event in events:
        if event[0] in KEYS:
            told[event[0]].append(dict(zip(KEYS[event[0]], event[1:], strict=True)))
    told["ticks"], told["digest"] = events[-1][1:]
    told["ticks_in_range"] = ticks_in_range
    told["matched"] = not any(told[kind] for kind in FOUND_WANTING)
    return json.dumps(told, indent=2)


def in_words(events: Events, ticks_in_range: int | None = None) -> str:
    """Return a line an event; of differences the first few."""
    lines, counted = [], Counter(event[0] for event in events)
    differing = 0
    for event in events[:-1]:
        differing += event[0] == replay.DIFFERS
        if event[0] != replay.DIFFERS or differing <= SHOWN_MAX:
            lines.append(printable(_line(event)))
    ticks, digest = events[-1][1:]
    verdict = "every grant and every record as recorded"
    if counted[replay.DIFFERS]:
        verdict = coloured(f"{counted[replay.DIFFERS]} answers are not the recorded ones", RED)
    passed_over = counted[replay.DAMAGED] + counted[replay.MISSING]
    if passed_over:
        verdict += coloured(f", {passed_over} damaged or missing places passed over", RED)
    played = f"{ticks} ticks" if ticks_in_range is None else f"{ticks} ticks, {ticks_in_range} of them in the range"
    lines.append(f"{played}, {counted[replay.GRANT]} grant changes: {verdict} (digest {digest[:16]})")
    return "\n".join(lines)


def _line(event: list[Any]) -> str:
    kind, *fields = event
    if kind == replay.SEGMENT:
        name, epoch, at_ms, civil_ms, version, runtime = fields
        return f"{name}: epoch {epoch} from {_at(at_ms, civil_ms)}, recorded by siteward {version} on {runtime}"
    if kind == replay.GRANT:
        at_ms, civil_ms, device, setpoint, source = fields
        told = "default mode" if setpoint is None else setpoint
        return f"{_at(at_ms, civil_ms):>34}  {device:16}  {told!s:>12}  {source}"
    if kind == replay.DIFFERS:
        at_ms, what, recorded, replayed = fields
        return f"{_at(at_ms, 0):>34}  {what} differ: recorded {recorded}, replayed {replayed}"
    if kind == replay.CRASHED:
        return f"{_at(fields[0], 0):>34}  step ended as recorded: {fields[1]}"
    if kind == replay.TORN:
        return f"{fields[0]}: ends in the middle of a frame at offset {fields[1]}, as a power cut leaves it"
    if kind == replay.MISSING:
        return f"{fields[0]}: the {fields[1]} ms before this segment are missing"
    return f"{fields[0]}: damaged at offset {fields[1]}: {fields[2]}; the rest of this segment is passed over"


def _at(at_ms: int, civil_ms: int) -> str:
    civil = f"{datetime.fromtimestamp(civil_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}  " if civil_ms else ""
    return f"{civil}{at_ms // 1000}.{at_ms % 1000:03} s"


def make_test(files: list[Path], span: Span, path: Path, out: TextIO) -> None:
    """Write the span as a scenario of its own that a test replays. Raises: UsageError."""
    clip = Clip(span)
    play_here(files, clip)
    clip.write(path)
    print(f"{path}: {clip.ticks} ticks, {path.stat().st_size} bytes", file=out)
