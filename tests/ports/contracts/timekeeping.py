"""What the clock of a board with time servers promises beyond contracts/clock.py; with tests/fakes around it.

Bench: `clock()` makes a new one over the same file, as a start does; `keeper(clock, *addresses)` its timekeeper;
`later(clock, ms)` lets time go by at once; `server` and the others are addresses of time servers, see
test_timekeeping.py; `asked(address)` counts requests; `floor()` is what the file of the floor holds, None: there is
none; `host_s()` is the host's time.
"""

from hal import quantities as q

DAY_MS = 86400000


async def rounds(bench, keeper, count=1):
    """Let a timekeeper ask `count` times; return whether the last round set the clock."""
    was_set = False
    for _ in range(count):
        was_set = keeper._take(await keeper._round())
    return was_set


def near(bench, clock, slack_ms=1500):
    return abs(clock.civil_ms() - bench.host_s() * 1000) <= slack_ms


async def test_before_it_is_set_nothing_is_known_on_a_new_board(bench):
    clock = bench.clock()
    assert (clock.civil_ms(), clock.quality(), clock.error_ms()) == (0, q.CLOCK_UNKNOWN, 0)


async def test_a_round_sets_it_with_a_bound_that_grows_until_it_is_not_believed(bench):
    clock = bench.clock()
    assert await rounds(bench, bench.keeper(clock, bench.server))
    assert near(bench, clock) and clock.quality() == q.CLOCK_SYNCHRONISED
    bound_ms = clock.error_ms()
    assert 0 < bound_ms < 1500
    bench.later(clock, DAY_MS)
    assert clock.error_ms() == bound_ms + DAY_MS // 10000
    assert clock.quality() == q.CLOCK_SYNCHRONISED
    bench.later(clock, DAY_MS)
    assert clock.quality() == q.CLOCK_INFORMATIVE and clock.civil_ms()


async def test_the_rtc_follows_and_is_informative_after_a_reset_that_it_lived_through(bench):
    """Bench: an ESP32."""
    clock = bench.clock()
    assert await rounds(bench, bench.keeper(clock, bench.server))
    again = bench.clock()
    assert near(bench, again, 2500) and again.quality() == q.CLOCK_INFORMATIVE


async def test_the_floor_is_written_when_a_time_was_said_twice_and_then_once_a_day(bench):
    clock = bench.clock()
    keeper = bench.keeper(clock, bench.server)
    await rounds(bench, keeper)
    assert bench.floor() is None
    await rounds(bench, keeper)
    first_s = int(bench.floor())
    assert abs(first_s - bench.host_s()) < 5
    await rounds(bench, keeper, 3)
    assert int(bench.floor()) == first_s
    bench.later(clock, DAY_MS + 2000)
    clock.keep()
    assert int(bench.floor()) >= first_s + 86400


async def test_after_a_loss_of_power_the_time_is_unknown_and_none_before_the_floor_is_taken(bench):
    clock = bench.clock()
    await rounds(bench, bench.keeper(clock, bench.server), 2)
    floor_s = int(bench.floor())
    bench.lose_power()
    clock = bench.clock()
    assert clock.floor_s == floor_s and clock.quality() == q.CLOCK_UNKNOWN and clock.civil_ms() == 0
    keeper = bench.keeper(clock, bench.past)
    assert not await rounds(bench, keeper)
    assert keeper.trouble.endswith("before the last time known")
    assert await rounds(bench, bench.keeper(clock, bench.server))
    assert clock.civil_ms() >= floor_s * 1000


async def test_an_rtc_behind_the_floor_is_not_believed(bench):
    """Bench: an RP2, which starts in 2021, and an ESP32 whose RTC somebody set."""
    bench.write_floor(str(bench.host_s() + 86400))
    bench.set_rtc(bench.host_s())
    assert bench.clock().civil_ms() == 0
    bench.write_floor(str(bench.host_s() - 86400))
    assert bench.clock().quality() == q.CLOCK_INFORMATIVE


async def test_a_floor_that_is_damaged_counts_as_none(bench):
    for content in ("", "soon", "-5", "9" * 40 + "x"):
        bench.write_floor(content)
        assert bench.clock().floor_s in (0, int("9" * 12))


async def test_servers_that_do_not_answer_or_are_not_set_are_named_and_one_that_does_is_enough(bench):
    clock = bench.clock()
    keeper = bench.keeper(clock, bench.silent, bench.unset)
    assert not await rounds(bench, keeper)
    assert keeper.trouble.endswith("its own clock is not set") and clock.quality() == q.CLOCK_UNKNOWN
    keeper = bench.keeper(clock, bench.silent, bench.unset, bench.server)
    assert await rounds(bench, keeper) and keeper.trouble == ""


async def test_a_wrong_server_is_outvoted_and_two_that_differ_set_nothing(bench):
    clock = bench.clock()
    keeper = bench.keeper(clock, bench.server, bench.future)
    assert not await rounds(bench, keeper)
    assert keeper.trouble == "the time servers do not agree" and clock.quality() == q.CLOCK_UNKNOWN
    assert await rounds(bench, bench.keeper(clock, bench.future, bench.server, bench.second))
    assert near(bench, clock)


async def test_a_known_time_is_left_only_for_one_that_is_said_twice(bench):
    clock = bench.clock()
    await rounds(bench, bench.keeper(clock, bench.server), 2)
    keeper = bench.keeper(clock, bench.future)
    assert not await rounds(bench, keeper)
    assert keeper.trouble == "the time servers say another time than before" and near(bench, clock)
    assert await rounds(bench, keeper)
    assert not near(bench, clock) and clock.quality() == q.CLOCK_SYNCHRONISED
    assert int(bench.floor()) < bench.host_s() + 60  # not yet certain enough to be kept


async def test_a_server_that_denies_is_never_asked_again_and_one_that_says_rate_less_often(bench):
    denying = bench.keeper(bench.clock(), bench.denying)
    await rounds(bench, denying, 3)
    assert denying.trouble.endswith("does not want to be asked (DENY)")
    assert bench.asked(bench.denying) == 1
    await rounds(bench, bench.keeper(bench.clock(), bench.slow), 7)
    assert bench.asked(bench.slow) == 3  # in rounds 1, 3 and 7


async def test_the_answer_to_another_request_is_not_looked_at(bench):
    clock = bench.clock()
    keeper = bench.keeper(clock, bench.forged)
    assert not await rounds(bench, keeper)
    assert "no answer" in keeper.trouble and clock.quality() == q.CLOCK_UNKNOWN
