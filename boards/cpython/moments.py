"""Times and durations as peers write them, in Unix milliseconds.

Source: RFC 3339 section 5.6 (date-time; its note allows a space for the `T`); ISO 8601 durations as the OpenAPI
document's pattern has them; OpenADR 3.1.0 User Guide 7.3: a start at the beginning of year 1 means now, a duration of
`P9999Y` has no end. Years and months go by the calendar, from the moment that they begin at.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boards.cpython.strict_json import refused

NOW = -1  # a start at "0001-01-01"
LAST_MS = 253370764800000  # the year 9999, beyond which the calendar ends: no end either
_YEARS_MAX = 9999
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)
_DURATION = re.compile(
    r"(-?)P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,7})([DW]))?"
    r"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Duration:
    """Calendar months, then milliseconds; `endless` is P9999Y."""

    months: int = 0
    ms: int = 0
    endless: bool = False

    def __bool__(self) -> bool:
        return self.endless or self.months > 0 or self.ms > 0

    def after(self, start_ms: int) -> int | None:
        """Return the end of what begins at `start_ms`, None when there is none."""
        if self.endless or start_ms + self.ms >= LAST_MS:
            return None
        if not self.months:
            return start_ms + self.ms
        begun = datetime.fromtimestamp(start_ms // 1000, UTC)
        month = begun.year * 12 + begun.month - 1 + self.months
        if month // 12 > _YEARS_MAX:
            return None
        year, month = month // 12, month % 12 + 1
        there = begun.replace(year=year, month=month, day=min(begun.day, calendar.monthrange(year, month)[1]))
        return calendar.timegm(there.timetuple()) * 1000 + start_ms % 1000 + self.ms


def as_moment(path: str, given: Any) -> int:
    """Check a date-time; return Unix milliseconds, or NOW. Raises: Malformed."""
    found = _MOMENT.fullmatch(given) if type(given) is str else None
    if found is None:
        raise refused(path, given, "a time like 2026-12-31T18:00:00Z")
    if given.startswith("0001-01-01"):
        return NOW
    if found[8] is None:  # without an offset from UTC it is no moment
        raise refused(path, given, "a time with its offset, like 2026-12-31T18:00:00Z")
    try:
        there = datetime(*(int(found[at]) for at in range(1, 7)), tzinfo=UTC)  # type: ignore[misc,arg-type] # 6 of them
    except ValueError as error:
        raise refused(path, given, "a time that exists") from error
    at_ms = calendar.timegm(there.timetuple()) * 1000 + int(((found[7] or "") + "000")[:3]) - _offset_ms(found[8])
    if at_ms <= 0:
        raise refused(path, given, "a time since 1970")
    return at_ms


def _offset_ms(offset: str) -> int:
    if offset in "Zz":
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[4:6])
    return (-minutes if offset[0] == "-" else minutes) * 60000


def as_duration(path: str, given: Any) -> Duration:
    """Check a duration that is not negative. Raises: Malformed."""
    found = _parts(path, given)
    if found[1]:
        raise refused(path, given, "a duration that is not negative")
    return _duration(found)


def as_spread_s(path: str, given: Any) -> int:
    """Check a randomizeStart; return its magnitude in whole seconds, a day at most. Raises: Malformed."""
    duration = _duration(_parts(path, given))
    if duration.endless or duration.months or duration.ms > 86400000:
        raise refused(path, given, "a day at most")
    return duration.ms // 1000


def _parts(path: str, given: Any) -> re.Match[str]:
    found = _DURATION.fullmatch(given) if type(given) is str else None
    if found is None:
        raise refused(path, given, "a duration like PT15M")
    return found


def _duration(found: re.Match[str]) -> Duration:
    years, months, days = (int(found[at] or 0) for at in (2, 3, 4))
    hours, minutes, seconds = int(found[6] or 0), int(found[7] or 0), Decimal(found[8] or 0)
    if years == _YEARS_MAX:
        return Duration(endless=True)
    days *= 7 if found[5] == "W" else 1
    return Duration(years * 12 + months, (days * 86400 + hours * 3600 + minutes * 60) * 1000 + int(seconds * 1000))
