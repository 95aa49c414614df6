"""A reading is closed on time and says how much it is worth."""

from __future__ import annotations

from agent.image import Sample
from agent.interval import Interval
from hal import quantities as q


def closed(interval: Interval, now_s: int) -> tuple[object, object]:
    """Return quality and values of the reading up to `now_s`."""
    reading, _ = interval.close(now_s, {})
    return reading[4], reading[5]


def test_powers_are_means_and_registers_stand_as_at_the_end():
    interval = Interval(0, 0, 25000)
    for second in range(10):
        interval.take(Sample(second * 1000, {q.POWER_W: second, q.ENERGY_IMPORT_WH: 100 + second, q.LIMIT_VALID_MS: 7}))
    assert closed(interval, 10) == (q.GOOD, {q.POWER_W: 4, q.ENERGY_IMPORT_WH: 109})


def test_one_sample_counts_once_however_often_it_is_seen():
    interval = Interval(0, 0, 25000)
    for _ in range(9):
        interval.take(Sample(0, {q.POWER_W: 100}))
    interval.take(Sample(9000, {q.POWER_W: 200}))
    assert closed(interval, 10) == (q.GOOD, {q.POWER_W: 150})


def test_silence_is_missing_and_half_a_span_an_estimate():
    interval = Interval(0, 0, 25000)
    interval.take(None)
    assert closed(interval, 1) == (q.MISSING, {})
    interval.take(Sample(1000, {q.POWER_W: -3}))
    interval.take(None)
    assert closed(interval, 3) == (q.ESTIMATED, {q.POWER_W: -3})


def test_old_power_is_not_published_in_a_new_span():
    interval = Interval(0, 0, 25000)
    sample = Sample(500, {q.POWER_W: 5000, q.ENERGY_IMPORT_WH: 10})
    interval.take(sample)
    assert closed(interval, 1) == (q.GOOD, {q.POWER_W: 5000, q.ENERGY_IMPORT_WH: 10})
    interval.take(sample)
    assert closed(interval, 2) == (q.ESTIMATED, {q.ENERGY_IMPORT_WH: 10})


def test_register_that_fell_is_another_meter_and_bad_once():
    interval = Interval(0, 0, 25000)
    qualities = []
    for second, energy_wh in enumerate((100, 90, 95)):
        interval.take(Sample(second * 1000, {q.ENERGY_IMPORT_WH: energy_wh}))
        reading, fell = interval.close(second + 1, {})
        qualities.append((reading[4], fell))
    assert qualities == [(q.GOOD, False), (q.BAD, True), (q.GOOD, False)]


def test_a_register_that_rises_faster_than_the_fuse_allows_is_another_meter():
    interval = Interval(0, 0, 16000)
    taken, told = 0, []
    for second, energy_wh in ((60, 5000), (120, 6253), (180, 7506), (240, 9010), (300, 9000 + 2000)):
        interval.take(Sample(second * 1000, {q.ENERGY_IMPORT_WH: energy_wh}))
        reading, jumped = interval.close(second, {})
        told.append((jumped, reading[4]))
        taken += 1
    assert taken == 5
    assert [jumped for jumped, _ in told] == [False, False, False, False, True]
    assert told[4][1] == q.BAD and told[3][1] != q.BAD


def test_what_was_silent_for_long_may_have_counted_meanwhile():
    interval = Interval(0, 0, 16000)
    interval.take(Sample(60000, {q.ENERGY_IMPORT_WH: 5000}))
    interval.close(60, {})
    for second in range(120, 3660, 60):
        interval.take(None)
        assert interval.close(second, {})[1] is False
    interval.take(Sample(3660000, {q.ENERGY_IMPORT_WH: 5000 + 15000}))
    assert interval.close(3660, {})[1] is False
