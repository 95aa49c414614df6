"""Reconnects are spread under a ceiling that grows with the outage."""

from boards.retry import CEILING_MS_MAX, CEILING_MS_MIN, FLOOR_MS, ceiling_ms, retry_ms


def test_a_short_outage_is_over_within_a_second_of_the_brokers_return():
    assert [ceiling_ms(outage_ms) for outage_ms in (0, 1000, 8000)] == [CEILING_MS_MIN] * 3


def test_the_ceiling_is_an_eighth_of_the_outage_and_five_minutes_at_most():
    assert ceiling_ms(20000) == 2500
    assert ceiling_ms(8 * CEILING_MS_MAX) == CEILING_MS_MAX
    assert ceiling_ms(30 * 86400 * 1000) == CEILING_MS_MAX


def test_draws_fill_the_whole_span():
    drawn = [retry_ms(80000) for _ in range(400)]
    assert all(FLOOR_MS <= ms < FLOOR_MS + 10000 for ms in drawn)
    assert min(drawn) < 1000
    assert max(drawn) > 9000
