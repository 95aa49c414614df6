"""What a board's own pins promise (hal/ports.py, Pins).

Bench: `pins` with the channels s0, ntc, ct, in, out, cp; what stands at them is set by `pulse(count)`, `put_uv(uv)`,
`put_wave(rms_uv)` (None: out of range), `put_level(closed)`, `put_peaks(plus_mv, minus_mv)`. `let_pass(ms)` lets time
go by, `cut()` returns the pins of the next life.
"""

from hal.errors import FrameError
from hal.pins import ANALOG, INPUT, OUTPUT, PILOT, PULSES, WAVE

KINDS = {"s0": PULSES, "ntc": ANALOG, "ct": WAVE, "in": INPUT, "out": OUTPUT, "cp": PILOT}


async def test_a_channel_is_taken_once_and_for_what_it_is(bench):
    for name in KINDS:
        bench.pins.take("channel", name, KINDS[name])
    for name, kind in (("s0", PULSES), ("s0", ANALOG), ("absent", PULSES), (3, PULSES)):
        try:
            bench.pins.take("channel", name, kind)
        except ValueError as error:
            assert error.args[:2] == ("channel", name) and error.args[2]
        else:
            raise AssertionError(name)


async def test_pulses_are_counted_with_the_time_of_the_last(bench):
    pins = bench.pins
    pins.take("channel", "s0", PULSES)
    assert pins.pulses("s0")[0] == 0
    for count in (1, 3, 20):
        before = pins.pulses("s0")[0]
        bench.let_pass(500)
        bench.pulse(count)
        counted, last_ms = pins.pulses("s0")
        assert counted == before + count and 0 <= pins.now_ms() - last_ms <= 100
    bench.let_pass(5000)
    assert 4900 <= pins.now_ms() - pins.pulses("s0")[1] <= 5200


async def test_what_is_kept_outlives_a_power_cut(bench):
    pins = bench.pins
    assert pins.kept("s0") == 0
    pins.keep("s0", 1 << 31)
    pins.keep("other", 7)
    for _ in range(3):
        pins = bench.cut()
        assert pins.kept("s0") == 1 << 31 and pins.kept("other") == 7
    pins.keep("s0", (1 << 31) + 1)
    assert bench.cut().kept("s0") == (1 << 31) + 1


async def test_a_voltage_is_read_with_the_most_there_can_be(bench):
    bench.pins.take("channel", "ntc", ANALOG)
    for voltage_uv in (0, 100000, 1650000, 3000000):
        bench.put_uv(voltage_uv)
        found_uv, full_uv = bench.pins.microvolts("ntc")
        assert abs(found_uv - voltage_uv) < 1000 and full_uv >= 3000000


async def test_a_wave_is_read_as_its_rms_and_one_out_of_range_is_refused(bench):
    bench.pins.take("channel", "ct", WAVE)
    for rms_uv in (0, 20000, 500000, 1000000):
        bench.put_wave(rms_uv)
        (found_uv,) = await bench.pins.rms_uv(("ct",))
        assert abs(found_uv - rms_uv) <= 3000 + rms_uv // 50, (rms_uv, found_uv)
    bench.put_wave(None)
    try:
        await bench.pins.rms_uv(("ct",))
    except FrameError as error:
        assert "ct" in error.args
    else:
        raise AssertionError("told")


async def test_an_output_is_off_when_taken_and_can_be_read_back(bench):
    pins = bench.pins
    pins.take("channel", "out", OUTPUT)
    assert pins.level("out") == 0
    for on in (1, 1, 0):
        pins.set_level("out", on)
        assert pins.level("out") == on


async def test_an_input_is_one_while_its_contact_is_closed(bench):
    bench.pins.take("channel", "in", INPUT)
    for closed in (0, 1, 0):
        bench.put_level(closed)
        assert bench.pins.level("in") == closed


async def test_a_pilot_begins_steady_and_reads_back_each_duty_cycle(bench):
    pins = bench.pins
    pins.take("channel", "cp", PILOT)
    assert pins.duty_pm("cp") == 1000
    for duty_pm in list(range(100, 961)) + [0, 1000]:  # noqa: RUF005
        pins.set_duty_pm("cp", duty_pm)
        assert pins.duty_pm("cp") == duty_pm


async def test_peaks_of_a_pilot_are_the_highest_and_lowest_of_a_period(bench):
    pins = bench.pins
    pins.take("channel", "cp", PILOT)
    for duty_pm in (100, 533, 960):
        pins.set_duty_pm("cp", duty_pm)
        for plus_mv, minus_mv in ((12000, -12000), (6000, -12000), (0, 0)):
            bench.put_peaks(plus_mv, minus_mv)
            plus, minus = pins.peaks_mv("cp")
            assert abs(plus - plus_mv) <= 50 and abs(minus - minus_mv) <= 50, (duty_pm, plus, minus)


async def test_who_watches_is_called_at_its_pace_with_the_time(bench):
    seen = []
    bench.pins.watch(seen.append, 20)
    bench.let_pass(1000)
    assert 45 <= len(seen) <= 51
    assert seen == sorted(seen) and 900 <= seen[-1] - seen[0] <= 1020
    assert abs(bench.pins.now_ms() - seen[-1]) <= 40
