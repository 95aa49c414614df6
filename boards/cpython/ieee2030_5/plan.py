"""From what is in force when to the set of limits and claims that the agent holds.

The agent gets every default, which never ends, and the next controls (holder.py says how many). When nobody speaks any
more it carries out what it has and falls to the defaults, also after its power was off.

A ramp becomes steps, and each step has the stricter of its two ends: `rampTms` of the control that begins, else
`setGradW` of the default. Where no word was in force before, a ramp starts at the rated power.

Source: IEEE 2030.5-2018 section 10.10.4 and annex B (rampTms in hundredths of a second; setGradW in hundredths of a
per cent of the rated power a second; DefaultDERControl); agent/orders.py (bodies).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

from boards.cpython.ieee2030_5 import resources as r
from boards.cpython.ieee2030_5.events import Span
from boards.cpython.ieee2030_5.site import CLAIM, LIMIT, Matter, Site

PART_S = 1296000  # 15 days: the agent plans twice that ahead and refuses what lasts longer
MARGIN_S = 2  # a control that is over before the agent sees it would make the agent refuse the whole set
EDGES_MAX = 64  # of what is to come: far more than the agent is given at a time
RAMP_STEPS = 6
STEP_S_MIN = 5
RAMP_S_MAX = 3600
START_S, RAMP_S = 3, 8  # options of a body
CS = 100  # hundredths of a second

Body = list[Any]


@dataclass(frozen=True)
class Piece:
    """What one matter is from one second to another; `ramp_cs` is that of the control that begins it."""

    from_s: int
    until_s: int
    power_w: int
    primacy: int
    ramp_cs: int | None
    ramp_s: int = 0  # what a claim takes to get there


class Timed(NamedTuple):
    """A body with its matter, and when it is over in the server's seconds."""

    body: Body
    matter: Matter
    until_s: int


@dataclass(frozen=True)
class Plan:
    """What never ends, and what does in the order in which it begins."""

    lasting: list[tuple[Body, Matter]]
    timed: list[Timed]


def defaults_of(programs: list[r.Program]) -> tuple[dict[str, int], int | None]:
    """Return each mode's default and the default gradient.

    That of the lowest primacy; of equals the strictest, connected being less strict than not.
    """
    modes: dict[str, tuple[int, int]] = {}
    gradients: list[tuple[int, int]] = []
    for program in programs:
        said = program.default
        if said is None:
            continue
        for mode, number in said.modes.items():
            modes[mode] = min(modes.get(mode, (program.primacy, number)), (program.primacy, number))
        if said.grad_w is not None:
            gradients.append((program.primacy, said.grad_w))
    return {mode: ranked[1] for mode, ranked in modes.items()}, min(gradients)[1] if gradients else None


def planned(spans: list[Span], programs: list[r.Program], site: Site, now_s: int, ahead_s: int) -> Plan:
    """Return all that is to come; `ahead_s` is how far the server's clock is ahead of the agent's seconds."""
    defaults, grad_w = defaults_of(programs)
    lasting = site.words(defaults)
    primacy = max(1, min((program.primacy for program in programs if program.default), default=255))
    timed: list[tuple[Piece, Matter]] = []
    for matter, pieces in _pieces(spans, defaults, site, now_s).items():
        ramp = _stepped if matter[0] == LIMIT else _slowed
        rate = (0, None) if matter == (CLAIM, site.isolator, 0) else (site.max_w, grad_w)  # a switch has no way to go
        for piece in ramp(pieces, lasting.get(matter), *rate):
            timed += [(part, matter) for part in _parts(piece, now_s)]
    timed.sort(key=lambda each: (each[0].from_s, each[1]))
    return Plan(
        [(_body(matter, power_w, 0, primacy, {}), matter) for matter, power_w in sorted(lasting.items())],
        [Timed(_timed_body(piece, matter, ahead_s), matter, piece.until_s) for piece, matter in timed],
    )


def _parts(piece: Piece, now_s: int) -> list[Piece]:
    """Cut what is longer than the agent takes, from its begin on; return what is neither over nor too far ahead."""
    first = max(0, (now_s - piece.from_s) // PART_S)
    found: list[Piece] = []
    for at_s in range(piece.from_s + first * PART_S, min(piece.until_s, now_s + PART_S), PART_S):
        part = replace(piece, from_s=at_s, until_s=min(at_s + PART_S, piece.until_s))
        if now_s + MARGIN_S < part.until_s:
            found.append(part if at_s == piece.from_s else replace(part, ramp_s=0))
    return found


def _pieces(spans: list[Span], defaults: dict[str, int], site: Site, now_s: int) -> dict[Matter, list[Piece]]:
    """Cut time where anything changes; a mode that no control sets keeps its default in the company of others."""
    edges = sorted({edge for span in spans for edge in (span.from_s, span.until_s)})
    past = len([edge for edge in edges if edge <= now_s])
    found: dict[Matter, list[Piece]] = {}
    for from_s, until_s in pairwise(edges[: past + EDGES_MAX]):
        live = [span for span in spans if span.from_s <= from_s < span.until_s]
        modes = {span.mode: span.control.modes[span.mode] for span in live}
        said = site.words({**defaults, **modes})
        firsts = {
            matter: span.control for span in reversed(live) for matter in site.words({span.mode: modes[span.mode]})
        }
        for matter in site.words(modes):
            first = firsts[matter]
            piece = Piece(from_s, until_s, said[matter], max(1, first.primacy), first.ramp_cs)
            _append(found.setdefault(matter, []), piece)
    return found


def _append(pieces: list[Piece], piece: Piece) -> None:
    """Put a piece behind the others; one that says the same goes on."""
    last = pieces[-1] if pieces else None
    if last is not None and last.until_s == piece.from_s and (last.power_w, last.primacy) == (
        piece.power_w, piece.primacy,
    ):  # fmt: skip
        pieces[-1] = replace(last, until_s=piece.until_s)
    else:
        pieces.append(piece)


def _ramp_s(before_w: int, after_w: int, ramp_cs: int | None, max_w: int, grad_w: int | None) -> int:
    """Return how long it takes from one power to another, whole seconds."""
    if ramp_cs is not None:
        return min(-(-ramp_cs // CS), RAMP_S_MAX)
    if not grad_w or not max_w:
        return 0
    return min(-(-abs(after_w - before_w) * r.PER_CENT // (grad_w * max_w)), RAMP_S_MAX)


def _stepped(pieces: list[Piece], lasting_w: int | None, max_w: int, grad_w: int | None) -> list[Piece]:
    """Put the steps of each ramp in, also of those to the default behind the last of adjoining pieces."""
    found: list[Piece] = []
    before_w = max_w if lasting_w is None else min(lasting_w, max_w)
    for at, piece in enumerate(pieces):
        ramped, before_w = _steps(piece, before_w, max_w, grad_w)
        found += ramped
        next_s = pieces[at + 1].from_s if at + 1 < len(pieces) else piece.until_s + RAMP_S_MAX
        if lasting_w is not None and next_s > piece.until_s:
            resting = Piece(piece.until_s, next_s, lasting_w, 255, None)
            ramped, before_w = _steps(resting, before_w, max_w, grad_w)
            found += [step for step in ramped if step.power_w != lasting_w]
        elif next_s > piece.until_s:
            before_w = max_w
    return found


def _steps(piece: Piece, before_w: int, max_w: int, grad_w: int | None) -> tuple[list[Piece], int]:
    """Return the steps from what was to a piece and what is left of the piece, and the power that was reached."""
    to_w, lasts_s = min(piece.power_w, max_w), piece.until_s - piece.from_s
    ramp_s = _ramp_s(before_w, to_w, piece.ramp_cs, max_w, grad_w)
    count = min(RAMP_STEPS, ramp_s // STEP_S_MIN)
    if before_w == to_w or count < 1:
        return [piece], to_w
    edges = [piece.from_s + ramp_s * at // count for at in range(count + 1)]
    powers = [before_w + (to_w - before_w) * at // count for at in range(count + 1)]
    found = [
        replace(piece, from_s=edges[at], until_s=min(edges[at + 1], piece.until_s), power_w=min(powers[at : at + 2]))
        for at in range(count)
        if edges[at] < piece.until_s
    ]
    if ramp_s < lasts_s:
        found.append(replace(piece, from_s=edges[-1]))
    return found, before_w + (to_w - before_w) * min(lasts_s, ramp_s) // ramp_s


def _slowed(pieces: list[Piece], lasting_w: int | None, max_w: int, grad_w: int | None) -> list[Piece]:
    """Let each set-point say how long the way to it takes: the agent goes it by itself."""
    found: list[Piece] = []
    for piece in pieces:
        adjoining = bool(found) and found[-1].until_s == piece.from_s
        before_w = found[-1].power_w if adjoining else lasting_w or 0
        found.append(replace(piece, ramp_s=_ramp_s(before_w, piece.power_w, piece.ramp_cs, max_w, grad_w)))
    return found


def _timed_body(piece: Piece, matter: Matter, ahead_s: int) -> Body:
    """Return a body whose start is the agent's; begun already, the core takes the rest of it."""
    start_s = max(1, piece.from_s - ahead_s)
    duration_s = piece.until_s - ahead_s - start_s
    options = {START_S: start_s}
    if piece.ramp_s:
        options[RAMP_S] = piece.ramp_s
    return _body(matter, piece.power_w, duration_s, piece.primacy, options)


def _body(matter: Matter, power_w: int, duration_s: int, primacy: int, options: dict[int, int]) -> Body:
    kind, scope, direction = matter
    fixed = [scope, direction, power_w, duration_s] if kind == LIMIT else [scope, power_w, duration_s, primacy]
    return [kind, [*fixed, options] if options else fixed]
