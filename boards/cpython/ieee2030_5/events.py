"""When which mode of which control is in force: primacy, superseding for each mode, chance, cancellation.

What a control has lost to another it does not get back when that one ends: its mode falls to the default. A control
that a server no longer lists stands until its end: only a cancellation, a newer control or time ends it.
A control that follows another on the same mode without a pause takes over at its own drawn start: chance makes
neither gap nor overlap between the two.

Source: IEEE 2030.5-2018 section 10.2.3 (event rules), 10.1.7 (EventStatus), 10.10.4 (DERControl): the lower primacy
wins, then the later creationTime; randomizeStart and randomizeDuration are drawn once and keep their sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from agent.schedule import AT_END, AT_START, drawn_s
from boards.cpython.ieee2030_5.resources import (
    CANCELLED,
    CANCELLED_RANDOM,
    SCHEDULED,
    SUPERSEDED,
    Control,
    ControlRefused,
)

ENTRIES_MAX = 128  # working out what is in force takes the square of it
AT_CANCEL = 2  # beside AT_START and AT_END: the third draw of a control
AGAIN_S = 5  # after so long it is asked again
WAIT_S_MAX = 30  # how long a server that says `scheduled` after the start holds a control back
OVER_S = 7200  # its successor may begin an hour late, and the way to the default may take an hour
KEPT_S = 86400  # a control that is over is remembered so long: a server that lists it again gets no second answer


class Span(NamedTuple):
    """One mode of one control in force, from and until in the server's seconds."""

    mode: str
    from_s: int
    until_s: int
    control: Control


@dataclass
class Entry:
    """One control, and what became of it so far."""

    control: Control
    seen_s: int  # when it was first read
    cut_s: int | None = None  # cancelled or superseded by the server: it ends then at the latest
    lost_s: dict[str, int] = field(default_factory=dict)  # since when a mode is another control's, for good
    told: list[int] = field(default_factory=list)  # what the server was told of it, Response.status


class Book:
    """Every control that was read and is not over, by mRID."""

    def __init__(self, lfdi: str) -> None:
        self.entries: dict[str, Entry] = {}
        self._lfdi = bytes.fromhex(lfdi)
        self._starts_s: dict[str, int] = {}  # worked out once for each word of the server

    def take(self, found: Iterable[Control], now_s: int) -> list[ControlRefused]:
        """Take in what was read; return what is not carried out, and why."""
        return [refused for control in found if (refused := self._take(control, now_s)) is not None]

    def _take(self, control: Control, now_s: int) -> ControlRefused | None:
        entry = self.entries.get(control.mrid)
        if entry is None:
            if len(self.entries) >= ENTRIES_MAX and not self._made_room(now_s):
                return _refused(control, f"{ENTRIES_MAX} controls are known already")
            entry = self.entries[control.mrid] = Entry(control, now_s)
        elif _fixed(control) != _fixed(entry.control):
            return _refused(control, "it was edited: only its status may change")
        elif entry.cut_s is not None and control.status < CANCELLED:
            return _refused(control, "it was cancelled or superseded before")
        entry.control = control
        self._starts_s.pop(control.mrid, None)
        if control.status >= CANCELLED and entry.cut_s is None:
            entry.cut_s = self._cut_s(entry, control.read_s)
        return None

    def _made_room(self, now_s: int) -> bool:
        """Forget what has been over for longest; return whether anything was."""
        over = [(self.end_s(entry), mrid) for mrid, entry in self.entries.items() if self._is_over(entry, now_s)]
        if over:
            self._forget(min(over)[1])
        return bool(over)

    def _is_over(self, entry: Entry, now_s: int) -> bool:
        return max(self.end_s(entry), entry.control.end_s) < now_s

    def _forget(self, mrid: str) -> None:
        del self.entries[mrid]
        self._starts_s.pop(mrid, None)

    def leave(self, program: str, now_s: int) -> None:
        """End what a program asks for that the site is no longer in."""
        for entry in self.entries.values():
            if entry.control.program == program and entry.cut_s is None:
                entry.control, entry.cut_s = replace(entry.control, status=CANCELLED), now_s

    def _cut_s(self, entry: Entry, read_s: int) -> int:
        control = entry.control
        if control.status == CANCELLED_RANDOM and self.start_s(entry) <= read_s:
            most_s = max(abs(control.random_start_s), abs(control.random_duration_s))
            return read_s + self._drawn_s(control, most_s, AT_CANCEL)
        if control.status == SUPERSEDED:
            winners = [self.start_s(other) for other in self.entries.values() if _goes_before(other, entry)]
            return max(read_s, min(winners, default=read_s))
        return read_s

    def _drawn_s(self, control: Control, bound_s: int, which: int) -> int:
        return drawn_s(bound_s, bytes.fromhex(control.mrid.zfill(32)), self._lfdi, which)

    def start_s(self, entry: Entry) -> int:
        """Return when a control begins, chance included."""
        mrid = entry.control.mrid
        if mrid not in self._starts_s:
            self._starts_s[mrid] = self._begins_s(entry.control)
        return self._starts_s[mrid]

    def _begins_s(self, control: Control) -> int:
        start_s = control.start_s + self._drawn_s(control, control.random_start_s, AT_START)
        if control.status == SCHEDULED and control.read_s >= control.start_s:
            # The server's clock is behind its own start: it is asked again, for a while.
            start_s = max(start_s, min(control.read_s + AGAIN_S + 1, control.start_s + WAIT_S_MAX))
        return start_s

    def waits(self, entry: Entry, now_s: int) -> bool:
        """Tell whether a control's start has come while the server's last word on it was `scheduled`."""
        control = entry.control
        due_s = control.start_s if control.read_s < control.start_s else control.read_s + AGAIN_S
        return control.status == SCHEDULED and due_s <= now_s <= control.start_s + WAIT_S_MAX and entry.cut_s is None

    def end_s(self, entry: Entry) -> int:
        """Return when a control ends, chance and cancellation included, whoever takes its modes before."""
        control = entry.control
        longer_s = self._drawn_s(control, control.random_duration_s, AT_END)
        end_s = self.start_s(entry) + max(1, control.duration_s + longer_s)
        return end_s if entry.cut_s is None else min(end_s, entry.cut_s)

    def spans(self, now_s: int) -> list[Span]:
        """Return what is in force when, for each mode without overlap; not what has been over for OVER_S."""
        recent = [entry for entry in self.entries.values() if self.end_s(entry) > now_s - OVER_S]
        found = [self._span(entry, mode) for entry in recent for mode in entry.control.modes]
        return sorted([span for span in found if span.from_s < span.until_s], key=lambda span: span[:3])

    def _span(self, entry: Entry, mode: str) -> Span:
        start_s, end_s = self.start_s(entry), self.end_s(entry)
        if entry.cut_s is None:
            end_s = self._next_s(entry, mode, end_s)
        lost_s = self.lost_s(entry, mode)
        return Span(mode, start_s, end_s if lost_s is None else min(end_s, lost_s), entry.control)

    def _next_s(self, entry: Entry, mode: str, end_s: int) -> int:
        """Return when the control that follows without a pause takes over, `end_s` where none does."""
        starts_s = [
            self.start_s(other)
            for other in self.entries.values()
            if mode in other.control.modes
            and other.cut_s is None
            and other.control.start_s == entry.control.end_s
            and self.lost_s(other, mode) is None
        ]
        return min(starts_s, default=end_s)

    def lost_s(self, entry: Entry, mode: str) -> int | None:
        """Return since or from when another control has this mode, None while none will."""
        found = [entry.lost_s[mode]] if mode in entry.lost_s else []
        for other in self.entries.values():
            if mode in other.control.modes and _goes_before(other, entry):
                from_s = self.start_s(other)
                if other.cut_s is None or other.cut_s > from_s:
                    found.append(from_s)
        return min(found, default=None)

    def pass_time(self, now_s: int) -> None:
        """Settle what was lost until now, and forget what has been over for long."""
        for entry in self.entries.values():
            for mode in entry.control.modes:
                lost_s = self.lost_s(entry, mode)
                if lost_s is not None and lost_s <= now_s:
                    entry.lost_s.setdefault(mode, lost_s)
        for mrid in [mrid for mrid, entry in self.entries.items() if self._is_over(entry, now_s - KEPT_S)]:
            self._forget(mrid)

    def next_s(self, now_s: int) -> int | None:
        """Return when the next control begins or ends, None when all that is known has."""
        times_s = [at_s for entry in self.entries.values() for at_s in (self.start_s(entry), self.end_s(entry))]
        return min([at_s for at_s in times_s if at_s > now_s], default=None)

    def is_superseded(self, entry: Entry, now_s: int) -> bool:
        """Tell whether other controls have taken everything that was left to it."""
        if not entry.control.modes or (entry.cut_s is not None and entry.control.status != SUPERSEDED):
            return False
        if entry.cut_s is not None:
            return entry.cut_s <= now_s
        lost = [self.lost_s(entry, mode) for mode in entry.control.modes]
        return all(lost_s is not None and lost_s <= now_s for lost_s in lost)


def _fixed(control: Control) -> Control:
    """Return what may not change of a control: all but its status, and the rank and place of its program."""
    return replace(control, status=0, read_s=0, primacy=0, program="", reply_to="", required=0)


def _refused(control: Control, why: str) -> ControlRefused:
    return ControlRefused(control.mrid, f"control {control.mrid}: {why}", control.reply_to, control.required)


def _goes_before(entry: Entry, other: Entry) -> bool:
    """Tell whether a control wins over another whose time it shares."""
    one, two = entry.control, other.control
    if one.start_s >= two.end_s or two.start_s >= one.end_s:
        return False
    if one.primacy != two.primacy:
        return one.primacy < two.primacy
    return (one.created_s, one.mrid) > (two.created_s, two.mrid)
