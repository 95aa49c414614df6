"""What the known events ask of this site, now and in the days to come: wishes, and the prices that were told."""

from __future__ import annotations

from dataclasses import dataclass

from agent.limits import SITE
from boards.cpython.openadr.events import Event, Payload, Period, Program
from boards.cpython.openadr.known import Events
from boards.cpython.openadr.plan import AHEAD_MS
from boards.cpython.openadr.signals import SERIES, Places, Unserved, Wish, asked
from boards.cpython.openadr.timeline import Span, parts, spans
from boards.cpython.strict_json import Malformed, scaled

PROGRAMS_MAX = 256
POINTS_MAX = 4096
SPANS_TOTAL = 8192  # of all events: a VTN may not hold the loop that controls devices


@dataclass(frozen=True)
class Point:
    """A price or an emission for a span of time, in millionths of its unit; no wish of anybody."""

    kind: str
    start_ms: int
    end_ms: int | None
    millionths: int
    units: str | None
    currency: str | None
    priority: int


class Agenda:
    """The events and programmes of one VTN, seen from this site."""

    def __init__(self, places: Places, agent_id: bytes) -> None:
        self.places = places
        self.agent_id = agent_id
        self.programs: dict[str, Program] = {}
        self.events = Events(self._check)
        self.unserved: dict[str, str] = {}  # event -> why something of it is not done
        self.points: list[Point] = []
        self._now_ms = 0
        self._left = SPANS_TOTAL

    def take(self, listed: list[object], now_ms: int) -> bool:
        """Take a complete list of events at a civil time; return whether anything changed."""
        self._now_ms, self._left = now_ms, SPANS_TOTAL
        return self.events.take(listed, now_ms)

    def wishes(self, now_ms: int) -> list[Wish]:
        """Return what is wanted from now on, and find out what is not served and what is told of prices."""
        self._now_ms, self._left, self.unserved, self.points = now_ms, SPANS_TOTAL, {}, []
        found: list[Wish] = []
        for event_id in sorted(self.events.known):
            known = self.events.known[event_id]
            try:
                found += self._of(known.event, known.seen_ms)
            except Malformed as refusal:
                self.unserved[event_id] = refusal.args[0]
        return found

    def _check(self, event: Event) -> None:
        """Raise Malformed where an event makes no sense here; what is only not served is told later."""
        known = self.events.known.get(event.id)
        points = self.points
        self._of(event, self._now_ms if known is None else known.seen_ms)
        self.points = points

    def _of(self, event: Event, seen_ms: int) -> list[Wish]:
        found: list[Wish] = []
        if self._left <= 0:
            raise Malformed(f"event {event.id}: all events together have more than {SPANS_TOTAL} intervals")
        ahead = spans(event, seen_ms, self.agent_id, self._now_ms, self._now_ms + AHEAD_MS)
        self._left -= len(ahead)
        for span in ahead:
            for payload in span.interval.payloads:
                try:
                    found += self._asked(event, span, payload)
                except Unserved as refusal:
                    self.unserved.setdefault(event.id, refusal.args[0])
        return found

    def _asked(self, event: Event, span: Span, payload: Payload) -> list[Wish]:
        unit = self._unit(event, payload.kind)
        scopes = self.places.scopes(event.targets)
        alert = payload.kind.startswith("ALERT_")  # with words for people, as many as there are
        divided = [(span.start_ms, span.end_ms, None)] if alert else parts(span, payload)
        found: list[Wish] = []
        for start_ms, end_ms, entry in divided:
            if payload.kind in SERIES and SITE in scopes:
                self._note(event, payload.kind, start_ms, end_ms, entry)
            for scope in scopes:
                for matter, mode, amount in asked(self.places, scope, payload.kind, entry, unit):
                    found.append(Wish(matter, mode, amount, start_ms, end_ms, event.priority, event.id))
        return found

    def _note(self, event: Event, kind: str, start_ms: int, end_ms: int | None, entry: object) -> None:
        millionths = scaled(kind, entry, 1000000)
        if len(self.points) < POINTS_MAX:
            currency = event.currencies.get(kind) or self._program(event).currencies.get(kind)
            unit = self._unit(event, kind)
            self.points.append(Point(kind, start_ms, end_ms, millionths, unit, currency, event.priority))

    def _unit(self, event: Event, kind: str) -> str | None:
        """Return the unit that an event gives a payload, else its programme."""
        return event.units.get(kind) or self._program(event).units.get(kind)

    def _program(self, event: Event) -> Program:
        return self.programs.get(event.program, _NONE)


_NONE = Program("none", "none", Period(), {}, {})
