"""What a board's clock does where ports differ: ticks that wrap after 2^30 ms, an epoch in 2000, an RTC never set.

Bench: `clock_on(ticks, epoch_year, civil_s)` makes a clock over ticks taken one after the other from a list and an
RTC that stands at `civil_s` of the port's own epoch.
"""

from hal import quantities as q

PERIOD = 1 << 30
NOVEMBER_2026_S = 1794000000
EPOCH_2000_S = 946684800


def test_the_ticks_may_wrap_and_the_clock_goes_on(bench):
    clock = bench.clock_on([PERIOD - 10, PERIOD - 5, 3, 1000], 1970, NOVEMBER_2026_S)
    assert [clock.now_ms() for _ in range(3)] == [5, 13, 1010]


def test_they_may_wrap_many_times(bench):
    half = PERIOD // 2 - 1
    clock = bench.clock_on([number * half % PERIOD for number in range(11)], 1970, NOVEMBER_2026_S)
    assert [clock.now_ms() for _ in range(10)] == [number * half for number in range(1, 11)]


def test_both_epochs_give_the_same_civil_time(bench):
    for epoch_year, port_s in ((1970, NOVEMBER_2026_S), (2000, NOVEMBER_2026_S - EPOCH_2000_S)):
        clock = bench.clock_on([0], epoch_year, port_s)
        assert clock.civil_ms() == NOVEMBER_2026_S * 1000
        assert clock.quality() == q.CLOCK_INFORMATIVE


def test_an_rtc_that_was_never_set_is_not_believed(bench):
    for port_s in (0, 21 * 365 * 86400):  # 2000-01-01; 2020-12-27, about where an RP2040 starts
        clock = bench.clock_on([0], 2000, port_s)
        assert clock.civil_ms() == 0
        assert clock.quality() == q.CLOCK_UNKNOWN
