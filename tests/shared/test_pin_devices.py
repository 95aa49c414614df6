"""Pulses, clamps, thermistors and relays on pins in memory: what is told, and what is not."""

from __future__ import annotations

from drivers.meters.ct_clamp import CtClamp
from drivers.meters.ntc_sensor import NtcSensor
from drivers.meters.s0_meter import S0Meter
from drivers.switches.pin_relay import PinRelay
from hal import pins as kinds
from hal import quantities as q
from hal.errors import FrameError, LineDown, NotObeyed, OutOfRange
from hal.memory import ManualClock
from hal.memory_pins import MemoryPins
from sim_devices.pins.sensors import PulseMeter, Thermistor
from tests.shared.modbus_units import failure_of

OFFERED = {
    "s0": kinds.PULSES, "s0-2": kinds.PULSES, "ct1": kinds.WAVE, "ct2": kinds.WAVE, "ct3": kinds.WAVE,
    "ntc": kinds.ANALOG, "k2": kinds.OUTPUT,
}  # fmt: skip


def board(flash=None):
    return MemoryPins(OFFERED, ManualClock(), flash)


def refusal(driver, pins, options, unit=1):
    try:
        driver(pins, unit, options)
    except ValueError as error:
        return error.args
    raise AssertionError("accepted")


def test_a_channel_is_named_as_the_board_has_it_once_and_for_what_it_is():
    pins = board()
    assert refusal(S0Meter, pins, {}) == ("channel", "", "one of s0, s0-2")
    assert refusal(S0Meter, pins, {"channel": "ntc"}) == ("channel", "ntc", "one of s0, s0-2")
    assert refusal(S0Meter, pins, {"channel": 7})[:2] == ("channel", 7)
    assert refusal(S0Meter, pins, {"channel": "s0", "colour": "red"})[0] == "colour"
    assert refusal(S0Meter, pins, {"channel": "s0"}) == ("channel", "s0", "a channel that no other device has")
    assert refusal(PinRelay, pins, {"channel": "k2"}, 2)[:2] == ("unit", 2)
    assert refusal(CtClamp, pins, {"channel_l1": "ct1", "channel_l2": ""[1:], "channel_l3": "ct1"})[0] == "channel_l3"
    assert refusal(PinRelay, MemoryPins({}, ManualClock()), {"channel": "k2"})[2] == "this board has none"
    assert refusal(NtcSensor, pins, {"channel": "ntc", "measures": "soil"})[0] == "measures"


async def meter_on(pins, **options):
    chosen = {"channel": "s0"}
    chosen.update(options)
    meter = S0Meter(pins, 1, chosen)
    await meter.open()
    return meter


async def test_power_is_the_distance_of_pulses_and_unknown_before_two():
    pins = board()
    meter = await meter_on(pins)
    pins.advance(5000)
    assert await meter.read() == {q.ENERGY_IMPORT_WH: 0}
    pins.pulse("s0")
    assert q.POWER_W not in await meter.read()
    pins.advance(3600)
    pins.pulse("s0")
    assert (await meter.read())[q.POWER_W] == 1000
    pins.advance(3600)
    pins.pulse("s0", 2)
    assert (await meter.read())[q.POWER_W] == 2000


async def test_power_falls_when_pulses_stop_and_is_unknown_in_the_end():
    pins = board()
    meter = await meter_on(pins, silence_s=600)
    for _ in range(3):
        pins.advance(360)
        pins.pulse("s0")
        numbers = await meter.read()
    assert numbers[q.POWER_W] == 10000
    for after_ms, power_w in ((360, 10000), (360, 5000), (3240 - 360, 1000), (36000 - 3600, 100 - 2)):
        pins.advance(after_ms)
        found = (await meter.read())[q.POWER_W]
        assert power_w <= found <= power_w * 3600 // 3200 + 5, (after_ms, found)
    pins.advance(600000 - 36000)
    assert q.POWER_W not in await meter.read()
    pins.pulse("s0")
    assert q.POWER_W not in await meter.read()  # how long that one took says nothing
    pins.advance(720)
    pins.pulse("s0")
    assert (await meter.read())[q.POWER_W] == 5000


async def test_what_is_told_of_the_register_is_in_flash_and_never_falls_over_a_reboot():
    flash: dict[str, int] = {}
    told = counted = 0
    for life in range(5):
        pins = board(flash)
        meter = await meter_on(pins, pulses_per_kwh=500)
        source = PulseMeter(500)
        for second in range(200 + 37 * life):
            pins.advance(1000)
            pins.pulse("s0", len(source.step(9000, 1000)) // 2)
            register_wh = (await meter.read())[q.ENERGY_IMPORT_WH]
            assert told <= register_wh == flash.get("s0", 0) * 2
            told = register_wh
            assert pins.writes <= second // 60 + 1
        counted += source.pulses
        lost = counted - flash["s0"]
        assert 0 <= lost * 2 * 3600 <= (life + 1) * 61 * 9000  # a minute's energy each time
    assert told > 2000


async def test_a_meter_that_counts_nothing_writes_nothing():
    pins = board()
    meter = await meter_on(pins)
    for _ in range(400):
        pins.advance(1000)
        await meter.read()
    assert pins.writes == 0


async def test_a_register_that_cannot_be_kept_is_not_told_and_one_that_cannot_be_read_is_never_begun_anew():
    pins = board({"s0": 5000})
    meter = await meter_on(pins)
    pins.pulse("s0", 3)
    pins.flash_broken = True
    assert await meter.read() == {}
    pins.advance(1000)
    assert (await meter.read()) == {q.ENERGY_IMPORT_WH: 5000}  # still what flash has
    pins.flash_broken = False
    pins.advance(60000)
    assert (await meter.read())[q.ENERGY_IMPORT_WH] == 5003
    pins = board({"s0": 5000})
    pins.flash_broken = True
    meter = S0Meter(pins, 1, {"channel": "s0"})
    assert type(await failure_of(meter.open())) is LineDown
    pins.pulse("s0", 3)
    assert q.ENERGY_IMPORT_WH not in await meter.read()


async def test_a_clamp_tells_currents_and_no_power():
    pins = board()
    clamp = CtClamp(pins, 1, {"channel_l1": "ct1", "channel_l3": "ct3", "ma_per_v": 90909})
    pins.wave_uv = {"ct1": 110000, "ct3": 1}
    assert await clamp.read() == {q.CURRENT_L1_MA: 9999, q.CURRENT_L3_MA: 0}
    pins.wave_uv["ct3"] = None
    assert type(await failure_of(clamp.read())) is FrameError


async def test_a_thermistor_in_a_boiler_is_read_within_a_tenth_of_a_degree():
    for measures, quantity in (("tank", q.TEMP_TANK_MC), ("room", q.TEMP_ROOM_MC), ("outside", q.TEMP_OUTSIDE_MC)):
        pins = board()
        sensor = NtcSensor(pins, 1, {"channel": "ntc", "measures": measures})
        part = Thermistor()
        for water_c in (-35, 0, 25, 60, 95, 120):
            for _ in range(100):
                part.step(water_c, 10000)
            pins.voltage_uv["ntc"] = part.voltage_uv()
            numbers = await sensor.read()
            assert list(numbers) == [quantity]
            assert abs(numbers[quantity] - int(part.temp_c * 1000)) <= 100, (water_c, numbers)


async def test_other_thermistors_are_read_by_their_own_figures():
    pins = board()
    sensor = NtcSensor(
        pins, 1, {"channel": "ntc", "r25_ohm": 4700, "beta_k": 3435, "series_ohm": 2200, "supply_mv": 5000}
    )
    part = Thermistor(4700, 3435, 2200, 5000)
    part.temp_c = 55.5
    assert abs((sensor.temp_mc(part.voltage_uv()) or 0) - 55500) <= 20


async def test_an_open_or_shorted_sensor_says_nothing():
    pins = board()
    sensor = NtcSensor(pins, 1, {"channel": "ntc"})
    part = Thermistor()
    part.open = True
    for fault in ("open", "shorted"):
        part.open, part.shorted = fault == "open", fault == "shorted"
        pins.voltage_uv["ntc"] = part.voltage_uv()
        assert await sensor.read() == {}
    for voltage_uv in (0, 1, 5000, 60000, 3240000, 3299999, 3300000):
        pins.voltage_uv["ntc"] = voltage_uv
        assert await sensor.read() == {}, voltage_uv


def test_every_voltage_is_a_temperature_within_the_range_or_none():
    sensor = NtcSensor(board(), 1, {"channel": "ntc"})
    before = 125001
    for voltage_uv in range(-100000, 3500000, 1237):
        temp_mc = sensor.temp_mc(voltage_uv)
        if temp_mc is not None:
            assert -40000 <= temp_mc <= before
            before = temp_mc


async def test_a_relay_is_read_back_and_its_default_is_open():
    pins = board()
    relay = PinRelay(pins, 1, {"channel": "k2"})
    assert await relay.obey(1) == 1 and pins.driven["k2"] == 1
    assert await relay.kept() == 1 and await relay.read() == {q.ON: 1}
    assert await relay.default_mode() == 0 and pins.driven["k2"] == 0
    pins.closed["k2"] = 1
    assert type(await failure_of(relay.default_mode())) is NotObeyed
    assert type(await failure_of(relay.obey(2))) is OutOfRange
