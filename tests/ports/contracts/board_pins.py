"""What the adapter for a board's own pins does where boards are hard: bounces, ticks that wrap, a busy processor.

Bench: see contracts/pins.py; beside it `us` is virtual time, `turn_us` how long a turn of the event loop takes,
`put(pin, level)` moves an input, `read_counters` and `write_counters` touch the file of what is kept.
"""

from hal.errors import LineDown, LineTimeout
from hal.pins import ANALOG, OUTPUT, PILOT, PULSES, WAVE


async def test_bounces_are_not_counted_however_they_fall(bench):
    bench.pins.take("channel", "s0", PULSES)
    counted = 0
    for bounce_us in (10, 100, 700, 1500):
        for closed_ms in (30, 60, 200):
            bench.let_pass(100)
            bench.pulse(5, bounce_us, closed_ms)
            counted += 5
            assert bench.pins.pulses("s0")[0] == counted, (bounce_us, closed_ms)


async def test_two_channels_on_one_pin_are_not_taken_both(bench):
    bench.pins.take("pilot", "cp", PILOT)
    for channel, kind in (("shared", ANALOG), ("shared-out", OUTPUT)):
        try:
            bench.pins.take("channel", channel, kind)
        except ValueError as error:
            assert error.args[:2] == ("channel", channel) and "is in use" in error.args[2]
        else:
            raise AssertionError(channel)


async def test_a_contact_that_is_closed_at_the_start_is_no_pulse(bench):
    bench.put(4, 0)
    bench.pins.take("channel", "s0", PULSES)
    bench.let_pass(1000)
    bench.put(4, 1)
    assert bench.pins.pulses("s0")[0] == 0
    bench.let_pass(1000)
    bench.put(4, 0)
    assert bench.pins.pulses("s0")[0] == 1


async def test_time_runs_on_and_a_pulse_grows_old_while_the_ticks_wrap(bench):
    pins = bench.pins
    pins.take("channel", "s0", PULSES)
    bench.let_pass(100)
    bench.pulse(1)
    last_ms = pins.pulses("s0")[1]
    for days in range(1, 61):
        bench.us += 43200000000
        before_ms, age_ms = pins.now_ms(), pins.now_ms() - pins.pulses("s0")[1]
        assert abs(before_ms - last_ms - days * 43200000) < 100
        assert age_ms >= min(days * 43200000, 1 << 28) - 100
    bench.pulse(1)
    assert pins.pulses("s0")[0] == 2 and pins.now_ms() - pins.pulses("s0")[1] < 100


def test_a_file_of_counters_that_is_damaged_is_never_begun_anew(bench):
    bench.pins.keep("s0", 12345)
    for damage in (b"", b"{", b"[1]", b'{"s0": "x"}', b"\xff\xfe"):
        bench.write_counters(damage)
        pins = bench.cut()
        for touch in (lambda pins=pins: pins.kept("s0"), lambda pins=pins: pins.keep("s0", 1)):
            try:
                touch()
            except LineDown:
                pass
            else:
                raise AssertionError(damage)
        assert bench.read_counters() == damage


async def test_a_flash_that_refuses_keeps_what_it_had(bench):
    bench.pins.keep("s0", 5)
    kept, bench.pins._path = bench.pins._path, "/absent/folder/counters"
    try:
        bench.pins.keep("s0", 6)
    except LineDown:
        pass
    else:
        raise AssertionError("kept")
    bench.pins._path = kept
    assert bench.pins.kept("s0") == 5 == bench.cut().kept("s0")


async def test_a_machine_too_busy_to_look_says_so(bench):
    bench.pins.take("channel", "ct", WAVE)
    bench.put_wave(500000)
    bench.turn_us = 4000
    try:
        await bench.pins.rms_uv(("ct",))
    except LineTimeout:
        return
    raise AssertionError("told")


async def test_a_defect_in_who_watches_takes_every_output_down(bench):
    pins = bench.pins
    pins.take("channel", "out", OUTPUT)
    pins.set_level("out", 1)

    def fail(now_ms):
        raise KeyError("defect")

    pins.watch(fail, 20)
    try:
        bench.let_pass(100)
    except KeyError:
        assert pins.level("out") == 0
        return
    raise AssertionError("went on")
