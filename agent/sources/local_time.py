"""Local time from Unix seconds: an offset in minutes, and the European Union's summer time.

Source: Directive 2000/84/EC: summer time from the last Sunday of March to that of October, each at 01:00 UTC.
"""

from __future__ import annotations

from hal.compat import const

_DAY_S = const(86400)
_HOUR_S = const(3600)


def local_s(unix_s: int, offset_min: int, summer: bool) -> int:
    """Return the seconds that a clock on the wall shows, counted as Unix seconds are."""
    return unix_s + offset_min * 60 + (_HOUR_S if summer and is_summer(unix_s) else 0)


def is_summer(unix_s: int) -> bool:
    """Tell whether it is summer time in the European Union."""
    day = unix_s // _DAY_S
    year = 1970 + day * 400 // 146097
    while _new_year(year + 1) <= day:
        year += 1
    while _new_year(year) > day:
        year -= 1
    begin = _new_year(year)
    leap = _new_year(year + 1) - begin - 365
    march, october = _sunday_until(begin + 89 + leap), _sunday_until(begin + 303 + leap)
    return march * _DAY_S + _HOUR_S <= unix_s < october * _DAY_S + _HOUR_S


def _new_year(year: int) -> int:
    """Return the day of the first of January, 0 in 1970."""
    before = year - 1
    return (year - 1970) * 365 + before // 4 - before // 100 + before // 400 - 477


def _sunday_until(day: int) -> int:
    """Return the last Sunday that is not after a day; day 0 was a Thursday."""
    return day - (day + 4) % 7


def minutes(text: object) -> int | None:
    """Return the minutes since midnight of a text like 06:30, None where it is none; 24:00 is the end of a day."""
    parts = text.split(":") if type(text) is str else []
    if [len(part) for part in parts] != [2, 2] or "".join(parts).strip("0123456789"):
        return None
    found = int(parts[0]) * 60 + int(parts[1])
    return found if int(parts[1]) < 60 and found <= 1440 else None


def span(text: object) -> tuple[int, int] | None:
    """Return the minutes at which a text like 22:00-06:00 begins and ends, None where it is none."""
    if type(text) is not str or text[5:6] != "-":
        return None
    begin, end = minutes(text[:5]), minutes(text[6:])
    return None if begin is None or end is None else (begin, end)


def is_within(minute: int, begin: int, end: int) -> bool:
    """Tell whether a minute of the day lies in a span, which may pass midnight; of one length 0 it is all day."""
    return begin <= minute < end or (end <= begin and (minute >= begin or minute < end))
