"""The reports that events ask for: when each is due, what it says, and how sure that is.

Source: OpenADR 3.1.0 User Guide 7.5 (report management), 7.8 (data quality); OpenAPI document, schema
`reportRequest`; enumerations `report-payloads` (USAGE and DEMAND are consumption and never negative), `units`,
`reading-types`. A report is about whole minutes. What is not known is said as DATA_QUALITY MISSING, without a number.

The k-th report of a descriptor covers `numIntervals` intervals from `startInterval` + k times `frequency` on and is due
when the last of them has ended; with `startInterval` -1 the first ends with the event's last interval. Forecasts
(`historical` false) are not served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.limits import SITE
from boards.cpython.openadr.events import LAST, Event, Wanted
from boards.cpython.openadr.known import Known
from boards.cpython.openadr.marks import MINUTE_MS, Mark, Marks
from boards.cpython.openadr.timeline import Rounds, Span
from hal import quantities as q

OK, MISSING, ESTIMATED, BAD = "OK", "MISSING", "ESTIMATED", "BAD"
AGGREGATED = "AGGREGATED_REPORT"
REPORTS_MAX = 256  # of all events: a VTN may not hold the loop that controls devices
READINGS_MAX = 2048  # at once
_PART_MIN = 9  # of ten: so much of an interval must have been seen for its mean to be OK

Said = tuple[float | str | None, str]  # a number or word, None: nothing; and its quality
Reader = Callable[[Marks, Span, int], Said]


@dataclass(frozen=True)
class Reading:
    """How one payload type is read: in which unit, as which type of reading."""

    units: str | None
    kind: str
    read: Reader


def _at_end(quantity: int, per_unit: int) -> Reader:
    """Return what a quantity was at the end of an interval."""

    def read(marks: Marks, span: Span, scope: int) -> Said:
        mark = marks.at(span.end_ms or 0, scope)
        if mark is None or quantity not in mark.reading:
            return None, MISSING
        return mark.reading[quantity] / per_unit, _on_minute(span)

    return read


def _usage(marks: Marks, span: Span, scope: int) -> Said:
    """Return what was imported: from a register, which only rises."""
    ends = [marks.at(at_ms, scope) for at_ms in (span.start_ms, span.end_ms or 0)]
    read = [None if mark is None else mark.reading.get(q.ENERGY_IMPORT_WH) for mark in ends]
    if read[0] is None or read[1] is None:
        return None, MISSING
    used_wh = read[1] - read[0]
    return (used_wh / 1000, _on_minute(span)) if used_wh >= 0 else (None, BAD)


def _seen(marks: Marks, span: Span, scope: int) -> list[Mark]:
    return [mark for mark in marks.between(span.start_ms, span.end_ms or 0, scope) if mark.count]


def _quality(found: list[Mark], span: Span) -> str:
    minutes = ((span.end_ms or 0) - span.start_ms) // MINUTE_MS
    return ESTIMATED if len(found) * 10 < minutes * _PART_MIN else _on_minute(span)


def _mean(marks: Marks, span: Span, scope: int) -> Said:
    found = _seen(marks, span, scope)
    if not found:
        return None, MISSING
    mean_w = sum(mark.sum_w // mark.count for mark in found) // len(found)
    return max(mean_w, 0) / 1000, _quality(found, span)


def _peak(marks: Marks, span: Span, scope: int) -> Said:
    found = _seen(marks, span, scope)
    if not found:
        return None, MISSING
    return max(max(mark.peak_w for mark in found), 0) / 1000, _quality(found, span)


def _setpoint(marks: Marks, span: Span, scope: int) -> Said:
    mark = marks.at(span.end_ms or 0, scope)
    if mark is None or mark.setpoint_w is None:
        return None, MISSING
    return mark.setpoint_w / 1000, _on_minute(span)


def _state(marks: Marks, span: Span, scope: int) -> Said:
    mark = marks.at(span.end_ms or 0, scope)
    return (None, MISSING) if mark is None else (mark.state, _on_minute(span))


def _on_minute(span: Span) -> str:
    """Return the quality of what is read at whole minutes for a span that may lie between them."""
    return OK if span.start_ms % MINUTE_MS == 0 and (span.end_ms or 0) % MINUTE_MS == 0 else ESTIMATED


# Payload type -> ways to read it; the first where units or type of reading are left open.
READINGS: dict[str, tuple[Reading, ...]] = {
    "READING": (
        Reading("KW", "DIRECT_READ", _at_end(q.POWER_W, 1000)),
        Reading("KWH", "DIRECT_READ", _at_end(q.ENERGY_IMPORT_WH, 1000)),
        Reading("VOLTS", "DIRECT_READ", _at_end(q.VOLTAGE_L1_MV, 1000)),
        Reading("AMPS", "DIRECT_READ", _at_end(q.CURRENT_L1_MA, 1000)),
        Reading("PERCENT", "DIRECT_READ", _at_end(q.SOC_PM, 1000)),
    ),
    "USAGE": (Reading("KWH", "DIRECT_READ", _usage),),
    "DEMAND": (
        Reading("KW", "DIRECT_READ", _mean),
        Reading("KW", "MEAN", _mean),
        Reading("KW", "AVERAGE", _mean),
        Reading("KW", "PEAK", _peak),
    ),
    "SETPOINT": (Reading("KW", "DIRECT_READ", _setpoint),),
    "OPERATING_STATE": (Reading(None, "DIRECT_READ", _state),),
    "STORAGE_CHARGE_LEVEL": (Reading("PERCENT", "DIRECT_READ", _at_end(q.SOC_PM, 1000)),),
}


def reading_of(wanted: Wanted) -> Reading | None:
    """Return how to read what is wanted, None where it is not served."""
    if not wanted.historical or (wanted.aggregate and wanted.kind not in ("USAGE", "DEMAND")):
        return None
    for reading in READINGS.get(wanted.kind, ()):
        if wanted.units in (None, reading.units) and wanted.reading == reading.kind:
            return reading
    return None


class Reports:
    """Finds what is due of the known events' reports; each is handed out once."""

    def __init__(self, marks: Marks, ven_name: str) -> None:
        self._marks = marks
        self._ven_name = ven_name
        self._done: dict[tuple[str, Wanted], int] = {}  # the number of the last report that was made
        self.unserved: dict[str, str] = {}

    def due(
        self, known: list[Known], scopes_of: Callable[[Event], list[int]], now_ms: int, agent_id: bytes
    ) -> list[Any]:
        """Return the reports that are due, as bodies to POST; of several that were missed the last.

        What is more than READINGS_MAX comes with the next call: nobody may hold the loop that controls devices.
        """
        asked = {(each.event.id, wanted) for each in known for wanted in each.event.reports}
        self._done = {key: self._done[key] for key in self._done if key in asked}
        self.unserved, found, left = {}, [], READINGS_MAX
        for each, wanted in _first_of(known, self.unserved):
            rounds, scopes = Rounds(each.event, each.seen_ms, agent_id), scopes_of(each.event)
            reading = reading_of(wanted)
            if reading is None or not rounds.count:
                self.unserved[each.event.id] = f"report {wanted.kind!a}: not served with these units, type or times"
                continue
            size = _first(rounds, wanted)[1] * len(scopes)
            if size > READINGS_MAX:
                self.unserved[each.event.id] = f"report {wanted.kind!a}: more than {READINGS_MAX} readings"
                continue
            number = _last_due(rounds, wanted, now_ms)
            is_new = number is not None and number > self._done.get((each.event.id, wanted), -1)
            if number is not None and is_new and size <= left:
                left -= size
                self._done[each.event.id, wanted] = number
                found.append(self._body(each.event, wanted, reading, scopes, _spans(rounds, wanted, number)))
        return found

    def _body(self, event: Event, wanted: Wanted, reading: Reading, scopes: list[int], spans: list[Span]) -> Any:
        said = {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": wanted.kind, "readingType": wanted.reading}
        if reading.units is not None:
            said["units"] = reading.units
        if wanted.aggregate:
            resources = [
                {"resourceName": AGGREGATED, "intervals": [self._sum(wanted, reading, span, scopes) for span in spans]}
            ]
        else:
            resources = [
                {
                    "resourceName": self._name(scope),
                    "intervals": [_interval(wanted, span, reading.read(self._marks, span, scope)) for span in spans],
                }
                for scope in scopes
            ]
        return {
            "eventID": event.id,
            "clientName": self._ven_name,
            "reportName": f"{wanted.kind} {_moment(spans[0].start_ms)}",
            "payloadDescriptors": [said],
            "resources": resources,
        }

    def _name(self, scope: int) -> str:
        return self._ven_name if scope == SITE else self._marks.desk.loop.state.name_of(scope)

    def _sum(self, wanted: Wanted, reading: Reading, span: Span, scopes: list[int]) -> Any:
        parts = [reading.read(self._marks, span, scope) for scope in scopes]
        numbers = [amount for amount, _ in parts if isinstance(amount, float)]
        if len(numbers) < len(parts):
            return _interval(wanted, span, (None, MISSING))
        worst = OK if all(quality == OK for _, quality in parts) else ESTIMATED
        return _interval(wanted, span, (round(sum(numbers), 3), worst))


def _first_of(known: list[Known], unserved: dict[str, str]) -> list[tuple[Known, Wanted]]:
    """Return the first REPORTS_MAX reports that events ask for; of the others it is said that they are too many."""
    found: list[tuple[Known, Wanted]] = []
    for each in known:
        room = REPORTS_MAX - len(found)
        found += [(each, wanted) for wanted in each.event.reports[:room]]
        if len(each.event.reports) > room:
            unserved[each.event.id] = f"all events together ask for more than {REPORTS_MAX} reports"
    return found


def _first(rounds: Rounds, wanted: Wanted) -> tuple[int, int, int]:
    """Return number of the first interval of the first report, how many it covers, and how far the next is from it."""
    count = rounds.count if wanted.count <= 0 else wanted.count
    start = rounds.count - count if wanted.start == LAST else wanted.start
    return max(start, 0), count, count if wanted.frequency <= 0 else wanted.frequency


def _spans(rounds: Rounds, wanted: Wanted, number: int) -> list[Span]:
    """Return the intervals of a report, fewer where the event ends before it."""
    start, count, step = _first(rounds, wanted)
    spans = [rounds.span(start + number * step + at) for at in range(count)]
    return [span for span in spans if span is not None and span.end_ms is not None]


def _last_due(rounds: Rounds, wanted: Wanted, now_ms: int) -> int | None:
    """Return the number of the last report whose intervals have all ended, by halving: an event may be years old."""
    if wanted.repeat == 0 or not _is_due(rounds, wanted, 0, now_ms):
        return None
    lowest, highest = 0, (1 << 24 if wanted.repeat == LAST else wanted.repeat) - 1
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        if _is_due(rounds, wanted, middle, now_ms):
            lowest = middle
        else:
            highest = middle - 1
    return lowest


def _is_due(rounds: Rounds, wanted: Wanted, number: int, now_ms: int) -> bool:
    start, count, step = _first(rounds, wanted)
    last = rounds.span(start + number * step + count - 1)
    return last is not None and last.end_ms is not None and last.end_ms <= now_ms


def _interval(wanted: Wanted, span: Span, said: Said) -> Any:
    assert span.end_ms is not None
    amount, quality = said
    payloads: list[Any] = [] if amount is None else [{"type": wanted.kind, "values": [amount]}]
    payloads.append({"type": "DATA_QUALITY", "values": [quality]})
    seconds = (span.end_ms - span.start_ms) // 1000
    return {
        "id": span.interval.number,
        "intervalPeriod": {"start": _moment(span.start_ms), "duration": f"PT{seconds}S"},
        "payloads": payloads,
    }


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
