"""What the server is told of each control: received, started, completed, cancelled, superseded, or why not.

What happened while the server could not be reached is told later, with the time at which it happened.

Source: IEEE 2030.5-2018 section 10.1.9 and table 27 (Response.status), annex B (responseRequired). A control that
loses to one of another program is told as superseded, as CSIP-AUS procedure GEN-10 step k asks, not as aborted.
"""

from __future__ import annotations

from typing import NamedTuple

from boards.cpython.ieee2030_5.events import Book, Entry
from boards.cpython.ieee2030_5.resources import CANCELLED, CANCELLED_RANDOM, ControlRefused
from boards.cpython.ieee2030_5.site import CLAIM, Matter, Site

RECEIVED, STARTED, COMPLETED, OPTED_OUT, OPTED_IN, WAS_CANCELLED, WAS_SUPERSEDED = range(1, 8)
PARTLY_OPTED_OUT, NO_PARTICIPATION = 8, 10
NOT_APPLICABLE, INVALID, TOO_LATE = 252, 253, 254
LAST = (
    COMPLETED, WAS_CANCELLED, WAS_SUPERSEDED, PARTLY_OPTED_OUT, NO_PARTICIPATION, NOT_APPLICABLE, INVALID, TOO_LATE,
)  # fmt: skip
RECEIPT_WANTED, MORE_WANTED = 1, 2  # bits of responseRequired


class Response(NamedTuple):
    """One thing to tell of a control, and when it happened."""

    mrid: str
    status: int
    at_s: int
    reply_to: str


class Standing(NamedTuple):
    """How the agent stands to what the controls say.

    `accepted`: it holds them; `opted_out`: its owner's word goes before a set-point; `refused`: what it cannot do;
    `beaten`: another programme of the site is served in place of a set-point.
    """

    accepted: bool
    opted_out: bool
    refused: frozenset[Matter] = frozenset()
    beaten: bool = False


def due(book: Book, now_s: int, site: Site, standing: Standing) -> list[Response]:
    """Return what there is to tell now, once."""
    found: list[Response] = []
    for entry in book.entries.values():
        for status in _statuses(book, entry, now_s, site, standing):
            entry.told.append(status)
            if _is_wanted(status, entry.control.required, entry.control.reply_to):
                found.append(Response(entry.control.mrid, status, now_s, entry.control.reply_to))
    return found


def of_refused(refused: ControlRefused, now_s: int) -> Response | None:
    """Return what is told of a control that was not even read, None where nobody wants to know."""
    if not refused.mrid or not _is_wanted(INVALID, refused.required, refused.reply_to):
        return None
    return Response(refused.mrid, INVALID, now_s, refused.reply_to)


def _is_wanted(status: int, required: int, reply_to: str) -> bool:
    return bool(reply_to) and bool(required & (RECEIPT_WANTED if status == RECEIVED else MORE_WANTED))


def _statuses(book: Book, entry: Entry, now_s: int, site: Site, standing: Standing) -> list[int]:
    if entry.told and entry.told[-1] in LAST:
        return []
    first = [] if entry.told else [RECEIVED]
    if not _is_possible(entry, site, standing.refused):
        return [*first, NOT_APPLICABLE]
    if first and entry.seen_s >= book.end_s(entry) and entry.control.status < CANCELLED:
        return [*first, TOO_LATE]
    claims = _is_claim(entry, site)
    if standing.beaten and claims and book.start_s(entry) <= now_s < book.end_s(entry):
        return [*first, WAS_SUPERSEDED]
    return first + _next(book, entry, now_s, standing.accepted, standing.opted_out and claims)


def _is_possible(entry: Entry, site: Site, refused: frozenset[Matter]) -> bool:
    """Tell whether anything of a control can be carried out; `opModConnect` true asks for nothing."""
    modes = entry.control.modes
    matters = site.words(modes)
    return any(site.carries_out(mode) for mode in modes) and (not matters or not refused.issuperset(matters))


def _is_claim(entry: Entry, site: Site) -> bool:
    return all(matter[0] == CLAIM for matter in site.words(entry.control.modes))


def _next(book: Book, entry: Entry, now_s: int, accepted: bool, opted_out: bool) -> list[int]:
    """Return what is told of a control that is known and can be carried out."""
    end_s, started = book.end_s(entry), STARTED in entry.told
    cancelled = entry.cut_s is not None and entry.control.status in (CANCELLED, CANCELLED_RANDOM)
    if cancelled and now_s >= end_s:
        return [WAS_CANCELLED]
    if book.is_superseded(entry, now_s):
        return [WAS_SUPERSEDED]
    if now_s >= end_s:
        return [_last(entry) if started else NO_PARTICIPATION]
    if now_s < book.start_s(entry) or not accepted:
        return []
    if not started:
        return [STARTED, OPTED_OUT] if opted_out else [STARTED]
    if opted_out is not (entry.told[-1] == OPTED_OUT):
        return [OPTED_OUT if opted_out else OPTED_IN]
    return []


def _last(entry: Entry) -> int:
    return PARTLY_OPTED_OUT if OPTED_OUT in entry.told else COMPLETED
