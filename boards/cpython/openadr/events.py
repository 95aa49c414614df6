"""Programs and events as a VTN sends them, checked: what is not needed is left out, what is wrong refuses the whole.

Source: OpenADR 3.1.0 OpenAPI document, schemas `program`, `event`, `interval`, `intervalPeriod`, `valuesMap`,
`reportDescriptor`. The examples of the User Guide leave `objectType` out of descriptors, so it is not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from boards.cpython.moments import Duration, as_duration, as_moment, as_spread_s
from boards.cpython.strict_json import (
    Malformed,
    Object,
    as_id,
    as_list,
    as_object,
    as_text,
    as_whole,
    refused,
)

INTERVALS_MAX = 2048
PAYLOADS_MAX = 16
ENTRIES_MAX = 2048  # in one payload
NAMES_MAX = 64  # targets, descriptors
PRIORITY_MAX = 1 << 31
LAST = -1  # startInterval, numIntervals, frequency, repeat: the usual


@dataclass(frozen=True)
class Period:
    """When something is; None: as it says that stands above."""

    start_ms: int | None = None
    duration: Duration | None = None
    spread_s: int = 0  # the start may move by so much either way


@dataclass(frozen=True)
class Payload:
    """Something said of one interval."""

    kind: str
    entries: tuple[Any, ...]


@dataclass(frozen=True)
class Interval:
    """One of an event's intervals; `number` is what the VTN calls it."""

    number: int
    period: Period | None
    payloads: tuple[Payload, ...]


@dataclass(frozen=True)
class Wanted:
    """A report that an event asks for."""

    kind: str
    reading: str = "DIRECT_READ"
    units: str | None = None
    targets: tuple[str, ...] = ()
    aggregate: bool = False
    start: int = LAST
    count: int = LAST
    historical: bool = True
    frequency: int = LAST
    repeat: int = 1
    intervals: str = "INTERVALS"


@dataclass(frozen=True)
class Event:
    """What a VTN wants, as it said it."""

    id: str
    program: str
    name: str
    changed_ms: int | None  # when the VTN says that it last touched it; None: it does not say
    priority: int  # 0 goes first, PRIORITY_MAX: none was said
    targets: frozenset[str]
    period: Period
    duration: Duration | None
    intervals: tuple[Interval, ...]
    units: dict[str, str | None] = field(default_factory=dict)  # payload type -> unit
    currencies: dict[str, str | None] = field(default_factory=dict)
    reports: tuple[Wanted, ...] = ()


@dataclass(frozen=True)
class Program:
    """What events of one programme have in common."""

    id: str
    name: str
    period: Period
    units: dict[str, str | None]
    currencies: dict[str, str | None]


def program_of(given: Any) -> Program:
    """Return a checked program. Raises: Malformed."""
    program = as_object("program", given)
    units, currencies = _descriptors("program", program)
    return Program(
        as_id("program id", program.get("id")),
        as_text("programName", program.get("programName")),
        _period("program intervalPeriod", program.get("intervalPeriod")),
        units,
        currencies,
    )


def event_of(given: Any) -> Event:
    """Return a checked event. Raises: Malformed."""
    event = as_object("event", given)
    event_id = as_id("event id", event.get("id"))
    path = f"event {event_id}"
    units, currencies = _descriptors(path, event)
    name, priority, duration = event.get("eventName"), event.get("priority"), event.get("duration")
    return Event(
        event_id,
        as_id(f"{path} programID", event.get("programID")),
        name if type(name) is str else "",
        _changed_ms(event),
        PRIORITY_MAX if priority is None else as_whole(f"{path} priority", priority, 0, PRIORITY_MAX - 1),
        frozenset(_names(f"{path} targets", event.get("targets"))),
        _period(f"{path} intervalPeriod", event.get("intervalPeriod")),
        None if duration is None else as_duration(f"{path} duration", duration),
        _intervals(path, event.get("intervals")),
        units,
        currencies,
        _reports(path, event.get("reportDescriptors")),
    )


def _changed_ms(event: Object) -> int | None:
    """Return when it was modified, else created. Clock times, as in the User Guide, say nothing."""
    for key in ("modificationDateTime", "createdDateTime"):
        try:
            return as_moment(key, event.get(key))
        except Malformed:
            continue
    return None


def _period(path: str, given: Any) -> Period:
    if given is None:
        return Period()
    period = as_object(path, given)
    start, duration, spread = period.get("start"), period.get("duration"), period.get("randomizeStart")
    return Period(
        None if start is None else as_moment(f"{path} start", start),
        None if duration is None else as_duration(f"{path} duration", duration),
        0 if spread is None else as_spread_s(f"{path} randomizeStart", spread),
    )


def _intervals(path: str, given: Any) -> tuple[Interval, ...]:
    found: list[Interval] = []
    for at, each in enumerate(as_list(f"{path} intervals", given, INTERVALS_MAX)):
        place = f"{path} intervals[{at}]"
        interval = as_object(place, each)
        period = interval.get("intervalPeriod")
        found.append(
            Interval(
                as_whole(f"{place} id", interval.get("id"), -(1 << 31), (1 << 31) - 1),
                None if period is None else _period(f"{place} intervalPeriod", period),
                _payloads(place, interval.get("payloads")),
            )
        )
    return tuple(found)


def _payloads(path: str, given: Any) -> tuple[Payload, ...]:
    found = []
    for each in as_list(f"{path} payloads", given, PAYLOADS_MAX):
        payload = as_object(f"{path} payload", each)
        kind = as_text(f"{path} payload type", payload.get("type"))
        found.append(Payload(kind, tuple(as_list(f"{path} {kind} values", payload.get("values"), ENTRIES_MAX))))
    return tuple(found)


def _descriptors(path: str, holder: Object) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return unit and currency by payload type."""
    units: dict[str, str | None] = {}
    currencies: dict[str, str | None] = {}
    for each in as_list(f"{path} payloadDescriptors", holder.get("payloadDescriptors"), NAMES_MAX):
        descriptor = as_object(f"{path} payloadDescriptor", each)
        kind = as_text(f"{path} payloadType", descriptor.get("payloadType"))
        if kind in units and units[kind] != descriptor.get("units"):
            raise Malformed(f"{path}: two units for {shown_kind(kind)}")
        units[kind] = _text_or_none(f"{path} units", descriptor.get("units"))
        currencies[kind] = _text_or_none(f"{path} currency", descriptor.get("currency"))
    return units, currencies


def shown_kind(kind: str) -> str:
    """Return a payload type for a sentence."""
    return ascii(kind)[1:-1][:40]


def _text_or_none(path: str, given: Any) -> str | None:
    return None if given is None else as_text(path, given)


def _reports(path: str, given: Any) -> tuple[Wanted, ...]:
    found = []
    for each in as_list(f"{path} reportDescriptors", given, NAMES_MAX):
        place = f"{path} reportDescriptor"
        descriptor = as_object(place, each)
        numbers = [
            _number(f"{place} {key}", descriptor.get(key), usual)
            for key, usual in (("startInterval", LAST), ("numIntervals", LAST), ("frequency", LAST), ("repeat", 1))
        ]
        found.append(
            Wanted(
                as_text(f"{place} payloadType", descriptor.get("payloadType")),
                _text_or_none(f"{place} readingType", descriptor.get("readingType")) or "DIRECT_READ",
                _text_or_none(f"{place} units", descriptor.get("units")),
                tuple(_names(f"{place} targets", descriptor.get("targets"))),
                _flag(f"{place} aggregate", descriptor.get("aggregate"), False),
                numbers[0],
                numbers[1],
                _flag(f"{place} historical", descriptor.get("historical"), True),
                numbers[2],
                numbers[3],
                _text_or_none(f"{place} reportIntervals", descriptor.get("reportIntervals")) or "INTERVALS",
            )
        )
    return tuple(found)


def _names(path: str, given: Any) -> list[str]:
    return [as_text(path, each) for each in as_list(path, given, NAMES_MAX)]


def _number(path: str, given: Any, usual: int) -> int:
    return usual if given is None else as_whole(path, given, LAST, INTERVALS_MAX)


def _flag(path: str, given: Any, usual: bool) -> bool:
    if given is None:
        return usual
    if type(given) is not bool:
        raise refused(path, given, "true or false")
    return given
