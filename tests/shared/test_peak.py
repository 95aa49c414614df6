"""Peak shaving: the limit holds in its hours, at any where none are named, and while nobody knows the time."""

from __future__ import annotations

from agent.sources.desk import authority_of
from agent.sources.local_time import is_within, span
from agent.sources.peak import Peak
from tests.shared.listening import Listener

MIDNIGHT_MS = 1700006400000  # 2023-11-15 00:00 UTC
LIMIT = [["", 0, 6000, 0]]


def peak(**options) -> Listener:
    """Return a source that lets 6 kW through from 17:00 to 20:00."""
    chosen: dict[str, object] = {"limit_w": 6000, "hours": ["17:00-20:00"]}
    chosen.update(options)
    return Listener("owner").using(Peak, **chosen)


def at(source, hour, minute=0) -> object:
    """Return what is said at a time of day in UTC."""
    source.civil_ms = MIDNIGHT_MS + (hour * 60 + minute) * 60000
    return source.look([])


def test_the_limit_holds_in_its_hours_alone():
    source = peak()
    assert at(source, 16, 59) == [] and at(source, 17) == LIMIT and at(source, 19, 59) == LIMIT and at(source, 20) == []
    source = peak(hours=["08:00-11:00", "22:00-06:00"])
    assert [at(source, hour) == LIMIT for hour in (5, 6, 8, 10, 11, 21, 22, 23)] == [1, 0, 1, 1, 0, 0, 1, 1]


def test_hours_are_local():
    source = peak(offset_min=60)
    assert at(source, 15, 59) == [] and at(source, 16) == LIMIT and at(source, 19) == []
    source.source.summer = "eu"
    assert at(source, 16) == LIMIT
    source.civil_ms = 1720022400000  # 2024-07-03 16:00 UTC
    assert source.look([]) == LIMIT and peak().look([]) == LIMIT


def test_without_hours_it_holds_at_any_time_and_without_a_clock_too():
    chosen = Listener("owner").using(Peak, limit_w=0)
    assert [at(chosen, hour) for hour in (0, 12, 23)] == [[["", 0, 0, 0]]] * 3
    source = peak()
    assert source.look([]) == LIMIT
    assert at(source, 12) == []
    source.civil_ms = 0
    assert source.look([]) == LIMIT


def test_spans():
    assert span("22:00-06:00") == (1320, 360) and span("00:00-24:00") == (0, 1440)
    assert [span(text) for text in ("22:00", "22:00 06:00", "22:00-6:00", "22:00-06:00 ", 5, None)] == [None] * 6
    assert is_within(0, 0, 1440) and is_within(5, 10, 10) and not is_within(5, 10, 20) and not is_within(20, 10, 20)


def test_wrong_options_are_refused_by_name():
    for options, key in (
        ({}, "limit_w"), ({"limit_w": -1}, "limit_w"), ({"limit_w": 20001}, "limit_w"),
        ({"limit_w": 5, "hours": []}, "hours"),
        ({"limit_w": 5, "hours": ["17-20"]}, "hours"), ({"limit_w": 5, "hours": "17:00-20:00"}, "hours"),
        ({"limit_w": 5, "hours": ["17:00-20:00"] * 13}, "hours"), ({"limit_w": 5, "scope": "charger"}, "scope"),
    ):  # fmt: skip
        source = Listener("owner")
        source.authority = authority_of("source", "owner", 20000)
        try:
            source.using(Peak, **options)
        except ValueError as fault:
            assert fault.args[0] == key, options
        else:
            raise AssertionError(options)
