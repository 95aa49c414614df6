"""When an event's intervals are: starts, durations, chance, and an event that repeats or is cut.

Source: OpenADR 3.1.0 User Guide 7.3 (event and interval timing), 7.4 (variable durations), 7.9 (cancellation).
An event that starts `now` began when its VTN last touched it, so that the same event read later, or after a power cut,
is not begun anew. The draw of randomizeStart is made from the event's and the agent's name: the same whenever it is
looked at, and anybody who knows both can check it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from boards.cpython.moments import NOW, Duration
from boards.cpython.openadr.events import Event, Interval, Payload, Period
from boards.cpython.strict_json import Malformed

SPANS_MAX = 2048  # of one event that are looked at
DIVIDED = ("PRICE", "EXPORT_PRICE", "GHG")  # several values of these divide their interval evenly
_DAY_MS = 86400000


@dataclass(frozen=True)
class Span:
    """One interval in time; `end_ms` None has no end."""

    start_ms: int
    end_ms: int | None
    interval: Interval

    def overlaps(self, from_ms: int, until_ms: int) -> bool:
        """Tell whether some of it lies within."""
        return self.start_ms < until_ms and (self.end_ms is None or self.end_ms > from_ms)


def shift_s(event_id: str, at: int, spread_s: int, agent_id: bytes) -> int:
    """Return the draw for the `at`-th interval: uniform in whole seconds from -spread_s to spread_s."""
    if not spread_s:
        return 0
    drawn = hashlib.sha256(b"openadr randomizeStart:" + event_id.encode() + at.to_bytes(4, "big") + agent_id).digest()
    return int.from_bytes(drawn[:8], "big") % (2 * spread_s + 1) - spread_s


def spans(event: Event, seen_ms: int, agent_id: bytes, from_ms: int, until_ms: int) -> list[Span]:
    """Return what of an event lies between two moments, in order; empty where it is over, cancelled, or a report only.

    `seen_ms` is when it was first seen. Raises: Malformed.
    """
    once = [] if _is_cancelled(event) else _once(event, seen_ms, agent_id)
    if not once:
        return []
    begun_ms = min(span.start_ms for span in once)
    length = _length_ms(once, begun_ms)
    found: list[Span] = []
    for span in _repeated(once, begun_ms, length, _end_ms(event, begun_ms, length), from_ms, until_ms):
        if span.overlaps(from_ms, until_ms):
            found.append(span)
        if len(found) > SPANS_MAX:
            if span.start_ms < from_ms + _DAY_MS:
                raise Malformed(f"event {event.id}: more than {SPANS_MAX} intervals in a day")
            break  # the rest comes up in time
    return sorted(found, key=lambda span: span.start_ms)


class Rounds:
    """The intervals that an event's reports count, as often as it repeats, each by its number from 0."""

    def __init__(self, event: Event, seen_ms: int, agent_id: bytes) -> None:
        self._once = _once(event, seen_ms, agent_id) or _implied(event, seen_ms)
        self.count = len(self._once)  # of one round
        self._begun_ms = min([span.start_ms for span in self._once], default=0)
        self._length_ms = _length_ms(self._once, self._begun_ms) if self._once else 0
        self._end_ms = _end_ms(event, self._begun_ms, None if not event.intervals else self._length_ms)

    def span(self, number: int) -> Span | None:
        """Return the interval with a number, None where the event has none."""
        turn, place = divmod(number, self.count)
        if turn and self._length_ms is None:
            return None
        return next(_cut(self._once[place : place + 1], turn * (self._length_ms or 0), self._end_ms), None)


def _implied(event: Event, seen_ms: int) -> list[Span]:
    """Return the interval that an event without any repeats for its reports (User Guide 7.5, implied intervals)."""
    start_ms, duration = _anchor_ms(event, seen_ms), event.period.duration
    if event.intervals or start_ms is None or not duration:
        return []
    return [Span(start_ms, duration.after(start_ms), Interval(0, None, ()))]


def parts(span: Span, payload: Payload) -> list[tuple[int, int | None, object]]:
    """Return start, end and value of each part that a payload divides its interval into. Raises: Malformed."""
    count = len(payload.entries)
    if count == 1:
        return [(span.start_ms, span.end_ms, payload.entries[0])]
    if payload.kind not in DIVIDED or not count or span.end_ms is None:
        raise Malformed(f"{payload.kind}: {count} values in one interval")
    length_ms = span.end_ms - span.start_ms
    edges = [span.start_ms + length_ms * at // count for at in range(count + 1)]
    return [(edges[at], edges[at + 1], payload.entries[at]) for at in range(count)]


def _is_cancelled(event: Event) -> bool:
    """Tell whether start and duration of the whole were set to the least there is."""
    return event.duration is not None and not event.duration and event.period.start_ms == NOW


def _once(event: Event, seen_ms: int, agent_id: bytes) -> list[Span]:
    """Return the intervals in time, without what event.duration makes of them."""
    found: list[Span] = []
    shift_ms, next_ms = 0, _anchor_ms(event, seen_ms)
    for at, interval in enumerate(event.intervals):
        own = interval.period or Period()
        spread_s = own.spread_s or (event.period.spread_s if at == 0 else 0)
        moved_ms = shift_s(event.id, at, spread_s, agent_id) * 1000 if spread_s else shift_ms
        if own.start_ms is not None and own.start_ms != NOW:
            next_ms = own.start_ms + moved_ms
        elif next_ms is None:
            break  # what follows something without an end never comes
        elif spread_s:
            next_ms += moved_ms - shift_ms
        shift_ms = moved_ms
        duration = own.duration or event.period.duration or Duration()
        end_ms = duration.after(next_ms)
        if end_ms is None or end_ms > next_ms:
            found.append(Span(next_ms, end_ms, interval))
        next_ms = end_ms
    return found


def _anchor_ms(event: Event, seen_ms: int) -> int | None:
    """Return where the first interval begins unless it says so itself."""
    start_ms = event.period.start_ms
    if start_ms is not None and start_ms != NOW:
        return start_ms
    return min(event.changed_ms or seen_ms, seen_ms)


def _length_ms(once: list[Span], begun_ms: int) -> int | None:
    """Return how long the intervals last together, None for ever."""
    ends = [span.end_ms for span in once if span.end_ms is not None]
    return max(ends) - begun_ms if len(ends) == len(once) else None


def _end_ms(event: Event, begun_ms: int, length_ms: int | None) -> int | None:
    """Return when an event is over. One with the schema's default duration, PT0S, is as long as its intervals."""
    if event.duration:
        return event.duration.after(begun_ms)
    return None if length_ms is None else begun_ms + length_ms


def _repeated(
    once: list[Span], begun_ms: int, length_ms: int | None, end_ms: int | None, from_ms: int, until_ms: int
) -> Iterator[Span]:
    """Yield the intervals again and again until an event's end, from the round that `from_ms` lies in."""
    if length_ms is None:
        yield from _cut(once, 0, end_ms)
        return
    last_ms = until_ms if end_ms is None else min(end_ms, until_ms)
    first = max(0, (from_ms - begun_ms) // length_ms)
    for turn in range(first, first + SPANS_MAX + 2):
        if begun_ms + turn * length_ms >= last_ms:
            return
        yield from _cut(once, turn * length_ms, end_ms)


def _cut(once: list[Span], later_ms: int, end_ms: int | None) -> Iterator[Span]:
    for span in once:
        start_ms = span.start_ms + later_ms
        stop_ms = None if span.end_ms is None else span.end_ms + later_ms
        if end_ms is not None and (stop_ms is None or stop_ms > end_ms):
            stop_ms = end_ms
        if stop_ms is None or stop_ms > start_ms:
            yield replace(span, start_ms=start_ms, end_ms=stop_ms)
