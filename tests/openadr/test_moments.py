"""Times and durations: RFC 3339, ISO 8601 as the OpenAPI document has it, and the two conventions of User Guide 7.3."""

import pytest

from boards.cpython.moments import LAST_MS, NOW, Duration, as_duration, as_moment, as_spread_s
from boards.cpython.strict_json import Malformed
from tests.openadr.documents import DAY_MS, NOON_MS


def test_a_moment_is_the_same_in_every_offset():
    for text in (
        "2023-11-15T12:00:00Z",
        "2023-11-15 12:00:00.000Z",
        "2023-11-15T13:00:00+01:00",
        "2023-11-15T06:30:00-05:30",
    ):
        assert as_moment("start", text) == NOON_MS
    assert as_moment("start", "2023-11-15T12:00:00.25z") == NOON_MS + 250


@pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z"])
def test_the_beginning_of_year_one_means_now(text):
    assert as_moment("start", text) == NOW


@pytest.mark.parametrize(
    "given", ["12:22:12", "2023-02-30T00:00:00Z", "2023-11-15T12:00:00", "1969-12-31T00:00:00Z", "", None, 5, "x" * 999]
)
def test_what_is_no_moment_is_refused_with_its_place(given):
    with pytest.raises(Malformed, match="start = "):
        as_moment("start", given)


def test_durations_are_whole_milliseconds_behind_calendar_months():
    assert as_duration("duration", "PT15M").ms == 900000
    assert as_duration("duration", "P1DT2H3M4.5S").ms == 93784500
    assert as_duration("duration", "P2W").ms == 14 * DAY_MS
    assert as_duration("duration", "P1Y2M") == Duration(14, 0)
    assert not as_duration("duration", "PT0S")


def test_p9999y_has_no_end():
    assert as_duration("duration", "P9999Y").after(NOON_MS) is None


def test_what_ends_after_the_calendar_has_no_end():
    assert as_duration("duration", "P9999999D").after(NOON_MS) is None
    assert as_duration("duration", "P1M").after(LAST_MS) is None
    assert as_duration("duration", "P1M").after(LAST_MS - 1) is not None


def test_a_month_ends_on_the_last_day_of_a_shorter_one():
    end_of_january_ms = as_moment("start", "2024-01-31T06:00:00Z")
    assert as_duration("duration", "P1M").after(end_of_january_ms) == as_moment("start", "2024-02-29T06:00:00Z")
    assert as_duration("duration", "P9000Y").after(end_of_january_ms) is None


@pytest.mark.parametrize("given", ["P12H", "P", "PT", "-PT1H", "1H", "P1.5D", "PT1e3S", None, 3600, "P99999Y"])
def test_what_is_no_duration_is_refused(given):
    with pytest.raises(Malformed):
        as_duration("duration", given)


def test_the_extent_of_chance_has_no_sign_and_ends_at_a_day():
    assert as_spread_s("randomizeStart", "-PT5M") == as_spread_s("randomizeStart", "PT5M") == 300
    for given in ("P9999Y", "P2D", "P1M"):
        with pytest.raises(Malformed):
            as_spread_s("randomizeStart", given)
