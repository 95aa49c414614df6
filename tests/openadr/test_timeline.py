"""When intervals are. Source: OpenADR 3.1.0 User Guide 7.3, 7.4, 7.9."""

import pytest

from boards.cpython.openadr.events import Interval, Payload
from boards.cpython.openadr.timeline import Span, parts, shift_s, spans
from boards.cpython.strict_json import Malformed
from tests.openadr.documents import AGENT, DAY_MS, HOUR_MS, NOON_MS, checked, event, read

WEEK_MS = 7 * DAY_MS


def hours(document, from_ms=NOON_MS, until_ms=NOON_MS + WEEK_MS, seen_ms=NOON_MS):
    """Return (interval id, start, end) in hours from noon."""
    found = spans(checked(document), seen_ms, AGENT, from_ms, until_ms)
    return [
        (
            span.interval.number,
            (span.start_ms - NOON_MS) / HOUR_MS,
            None if span.end_ms is None else (span.end_ms - NOON_MS) / HOUR_MS,
        )
        for span in found
    ]


def three(**keys):
    """Return an event of three intervals."""
    return event(("PRICE", 1), ("PRICE", 2), ("PRICE", 3), **keys)


def test_intervals_of_one_period_follow_one_another():
    assert hours(three()) == [(0, 0, 1), (1, 1, 2), (2, 2, 3)]


def test_an_intervals_own_period_goes_before_the_events():
    document = three()
    document["intervals"][1]["intervalPeriod"] = {"start": "2023-11-15T15:00:00Z", "duration": "PT2H"}
    assert hours(document) == [(0, 0, 1), (1, 3, 5), (2, 5, 6)]


def test_a_start_of_now_follows_the_interval_before():
    document = three()
    document["intervals"][2]["intervalPeriod"] = {"start": "0001-01-01", "duration": "PT30M"}
    assert hours(document)[2] == (2, 2, 2.5)


def test_an_event_that_begins_now_began_when_it_was_last_touched():
    document = three(start="0001-01-01", modificationDateTime="2023-11-15T11:30:00Z")
    assert hours(document) == [(0, -0.5, 0.5), (1, 0.5, 1.5), (2, 1.5, 2.5)]


def test_an_event_that_begins_now_and_says_no_time_began_when_it_was_seen():
    assert hours(three(start="0001-01-01", createdDateTime="12:22:12"))[0] == (0, 0, 1)


def test_an_event_that_says_it_was_touched_later_than_it_was_seen_began_when_it_was_seen():
    document = three(start="0001-01-01", modificationDateTime="2030-01-01T00:00:00Z")
    assert hours(document)[0] == (0, 0, 1)


def test_what_follows_something_without_an_end_never_comes():
    document = three()
    document["intervals"][0]["intervalPeriod"] = {"duration": "P9999Y"}
    assert hours(document) == [(0, 0, None)]


def test_an_event_cancelled_by_its_times_asks_for_nothing():
    assert hours(three(start="0001-01-01", duration="PT0S")) == []
    assert hours(three(start="0001-01-01") | {"duration": "PT0S"}) == []


def test_a_duration_of_the_schemas_default_neither_cuts_nor_cancels():
    assert len(hours(three() | {"duration": "PT0S"})) == 3


def test_a_longer_duration_repeats_the_intervals():
    document = three() | {"duration": "PT7H"}
    assert [each[0] for each in hours(document)] == [0, 1, 2, 0, 1, 2, 0]


def test_a_tariff_that_repeats_for_ever_is_looked_at_where_now_is():
    document = three() | {"duration": "P9999Y"}
    later_ms = NOON_MS + 3000 * 3 * HOUR_MS
    assert hours(document, later_ms, later_ms + 2 * HOUR_MS) == [(0, 9000, 9001), (1, 9001, 9002)]


def test_a_shorter_duration_cuts_the_intervals():
    document = three() | {"duration": "PT90M"}
    assert hours(document) == [(0, 0, 1), (1, 1, 1.5)]


def test_what_is_over_is_not_there():
    assert hours(three(), NOON_MS + 3 * HOUR_MS) == []


def test_chance_moves_all_intervals_alike_and_by_whole_seconds():
    document = three()
    document["intervalPeriod"]["randomizeStart"] = "PT10M"
    drawn_s = shift_s("e1", 0, 600, AGENT)
    assert -600 <= drawn_s <= 600 and drawn_s != 0
    found = spans(checked(document), NOON_MS, AGENT, NOON_MS - HOUR_MS, NOON_MS + DAY_MS)
    assert [span.start_ms for span in found] == [NOON_MS + at * HOUR_MS + drawn_s * 1000 for at in range(3)]


def test_an_absolute_start_moves_with_the_first_unless_it_has_chance_of_its_own():
    document = three()
    document["intervalPeriod"]["randomizeStart"] = "PT10M"
    document["intervals"][1]["intervalPeriod"] = {"start": "2023-11-15T15:00:00Z"}
    document["intervals"][2]["intervalPeriod"] = {"start": "2023-11-15T18:00:00Z", "randomizeStart": "PT1M"}
    found = spans(checked(document), NOON_MS, AGENT, NOON_MS - HOUR_MS, NOON_MS + DAY_MS)
    assert found[1].start_ms == NOON_MS + 3 * HOUR_MS + shift_s("e1", 0, 600, AGENT) * 1000
    assert found[2].start_ms == NOON_MS + 6 * HOUR_MS + shift_s("e1", 2, 60, AGENT) * 1000


def test_chance_is_drawn_alike_for_one_agent_and_evenly_over_many():
    drawn = [shift_s("e1", 0, 100, number.to_bytes(8, "big")) for number in range(2000)]
    assert drawn == [shift_s("e1", 0, 100, number.to_bytes(8, "big")) for number in range(2000)]
    assert min(drawn) == -100 and max(drawn) == 100 and abs(sum(drawn)) < 2000 * 5


def test_several_prices_divide_their_interval():
    payload = Payload("PRICE", (read(0.17), read(0.03), read(0.11)))
    span = Span(NOON_MS, NOON_MS + 3 * HOUR_MS, Interval(0, None, (payload,)))
    assert [(start_ms - NOON_MS, end_ms - NOON_MS) for start_ms, end_ms, _ in parts(span, payload)] == [
        (0, HOUR_MS),
        (HOUR_MS, 2 * HOUR_MS),
        (2 * HOUR_MS, 3 * HOUR_MS),
    ]


@pytest.mark.parametrize("entries", [(), (1, 2)])
def test_two_limits_in_one_interval_are_no_sense(entries):
    payload = Payload("IMPORT_CAPACITY_LIMIT", entries)
    with pytest.raises(Malformed):
        parts(Span(NOON_MS, NOON_MS + 1, Interval(0, None, (payload,))), payload)


def test_an_interval_that_lasts_longer_than_the_calendar_has_no_end():
    document = three()
    document["intervals"][0]["intervalPeriod"] = {"duration": "P9999999D"}
    document["intervals"][1]["intervalPeriod"] = {"duration": "P1M"}
    assert hours(document) == [(0, 0, None)]


def test_an_event_of_milliseconds_that_repeats_for_ever_is_refused():
    document = event(("PRICE", 1), duration="PT0.001S") | {"duration": "P9999Y"}
    with pytest.raises(Malformed, match="more than"):
        hours(document)
