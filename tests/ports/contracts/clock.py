"""What every clock promises (hal/ports.py, Clock).

Bench: `clock`, `let_pass(ms)` that lets so much time go by, and `elsewhere_ms()`, another clock's time: on a busy
machine more goes by than was asked for, and how much is known from there.
"""

import asyncio

from hal import quantities as q

YEAR_2025_MS = 1735689600000
YEAR_2100_MS = 4102444800000
ROUNDED_MS = 2


async def test_it_begins_at_nothing_and_never_falls(bench):
    now_ms = bench.clock.now_ms()
    assert 0 <= now_ms < 5000
    for _ in range(200):
        before_ms, now_ms = now_ms, bench.clock.now_ms()
        assert now_ms >= before_ms


async def test_it_counts_what_passes(bench):
    began_ms, before_ms = bench.elsewhere_ms(), bench.clock.now_ms()
    await bench.let_pass(50)
    counted_ms = bench.clock.now_ms() - before_ms
    assert 50 <= counted_ms <= bench.elsewhere_ms() - began_ms + ROUNDED_MS


async def test_all_it_says_is_whole_numbers(bench):
    clock = bench.clock
    for said in (clock.now_ms(), clock.civil_ms(), clock.quality(), clock.error_ms()):
        assert type(said) is int
        assert said >= 0


async def test_a_civil_time_is_a_sensible_one_or_none_and_its_quality_says_which(bench):
    civil_ms, quality = bench.clock.civil_ms(), bench.clock.quality()
    assert quality in (q.CLOCK_UNKNOWN, q.CLOCK_INFORMATIVE, q.CLOCK_SYNCHRONISED, q.CLOCK_RELATIVE)
    assert (civil_ms == 0) == (quality == q.CLOCK_UNKNOWN)
    assert civil_ms == 0 or YEAR_2025_MS < civil_ms < YEAR_2100_MS
    assert bench.clock.error_ms() > 0 or quality != q.CLOCK_SYNCHRONISED


async def test_both_times_run_on_together(bench):
    first_ms, civil_before_ms, second_ms = bench.clock.now_ms(), bench.clock.civil_ms(), bench.clock.now_ms()
    await bench.let_pass(1100)
    third_ms, civil_after_ms, last_ms = bench.clock.now_ms(), bench.clock.civil_ms(), bench.clock.now_ms()
    passed_ms = civil_after_ms - civil_before_ms  # in whole seconds on most boards
    assert civil_before_ms == 0 or third_ms - second_ms - 1000 <= passed_ms <= last_ms - first_ms + 1000


async def test_a_sleep_lasts_as_long_as_asked_and_lets_others_run(bench):
    woken = []

    async def sleeper(ms):
        await bench.clock.sleep_ms(ms)
        woken.append((ms, bench.clock.now_ms()))

    began_ms = bench.clock.now_ms()
    tasks = [asyncio.create_task(sleeper(ms)) for ms in (40, 0, 20)]
    await asyncio.sleep(0)
    for _ in range(10):
        await bench.let_pass(10)
    await asyncio.gather(*tasks)
    assert [ms for ms, _ in woken] == [0, 20, 40]
    assert all(at_ms - began_ms >= ms for ms, at_ms in woken)
