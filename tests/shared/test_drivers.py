"""Every driver on a line in memory: what it reads, what it writes in which order, and where it stands when let go."""

from __future__ import annotations

from drivers import catalogue
from hal import capabilities as c
from hal import quantities as q
from hal.errors import FrameError, NotObeyed, OutOfRange, WrongDevice
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.products import charger_unit, driver_of, inverter_unit, pump_unit, put, room_unit


def test_every_model_loads_and_is_what_the_list_says():
    seen = []
    for model, _module, name, kind, product, evidence in catalogue.PRODUCTS:
        driver = catalogue.load(model)
        assert (driver.model, driver.__name__) == (model, name)
        assert kind and product and evidence in (catalogue.DOCUMENT, catalogue.SIMULATED)
        assert model not in seen
        seen.append(model)
    assert seen == sorted(seen)
    assert [row[0] for row in catalogue.listing()] == seen


def test_the_tables_of_every_driver_are_read_in_requests_that_its_product_takes():
    planned = 0
    for row in catalogue.PRODUCTS:
        driver = driver_of(row[0], Unit())
        tables = getattr(driver, "models", {})
        for points in [tables[model] for model in tables] + [getattr(driver, "points", ())]:
            for block in driver.blocks_of(points) if points else ():  # raises when points overlap
                assert 0 < block.count <= driver.registers_max, row[0]
                assert not driver.even or block.address % 2 == block.count % 2 == 0, row[0]
                planned += 1
            for point in points:
                assert point.quantity < 0 or q.POWER_W <= point.quantity <= q.PHASES, row[0]
    assert planned > 60


def test_an_unknown_model_is_refused_with_what_there_is():
    try:
        catalogue.load("eastron-sdm7")
    except ValueError as error:
        assert error.args[:2] == ("driver", "eastron-sdm7") and "eastron-sdm630" in error.args[2]
    else:
        raise AssertionError("loaded")


async def test_no_driver_writes_anything_when_asked_for_what_its_contract_forbids():
    for row in catalogue.PRODUCTS:
        if row[3] == "meter":
            continue
        unit = Unit()
        driver = driver_of(row[0], unit)
        for setpoint in (driver.maximum + 1, -(1 << 40), None, True):
            assert type(await failure_of(driver.obey(setpoint))) is OutOfRange, row[0]
        assert unit.asked == []


def meter_registers():
    registers = dict.fromkeys(range(0x50), 0)
    for address, number in (
        (0, 230.2), (2, 231.5), (4, 229.25), (6, 1.5), (8, 0.0), (10, 16.125),
        (12, 345.5), (14, 0.0), (16, -3696.5), (0x34, -3351.0), (0x46, 49.98), (0x48, 12345.678), (0x4A, 0.25),
    ):  # fmt: skip
        put(registers, address, "f", number)
    return registers


async def test_the_meter_reads_everything_in_one_request():
    unit = Unit(meter_registers())
    meter = driver_of("eastron-sdm630", unit)
    await meter.open()
    unit.asked = []
    numbers = await meter.read()
    assert unit.asked == [(4, 0, 0x4C)]
    assert numbers == {
        q.VOLTAGE_L1_MV: 230200, q.VOLTAGE_L2_MV: 231500, q.VOLTAGE_L3_MV: 229250,
        q.CURRENT_L1_MA: 1500, q.CURRENT_L2_MA: 0, q.CURRENT_L3_MA: 16125,
        q.POWER_L1_W: 346, q.POWER_L2_W: 0, q.POWER_L3_W: -3697, q.POWER_W: -3351,
        q.FREQUENCY_MHZ: 49980, q.ENERGY_IMPORT_WH: 12345678, q.ENERGY_EXPORT_WH: 250,
    }  # fmt: skip


async def test_a_meter_with_swapped_words_or_nothing_but_zeros_is_refused():
    registers = meter_registers()
    swapped = {address ^ 1: registers[address] for address in registers}
    for wrong in (swapped, dict.fromkeys(range(0x50), 0)):
        assert type(await failure_of(driver_of("eastron-sdm630", Unit(wrong)).open())) is WrongDevice


async def test_the_charger_reads_and_obeys():
    unit = charger_unit()
    charger = driver_of("alfen-eve", unit)
    await charger.open()
    numbers = await charger.read()
    assert numbers[q.ENERGY_IMPORT_WH] == 123456789 and numbers[q.EV_STATE] == q.EV_C
    assert numbers[q.LIMIT_MA] == 6000 and numbers[q.LIMIT_VALID_MS] == 0 and numbers[q.POWER_W] == 1380
    assert q.VOLTAGE_L2_MV not in numbers
    for limit_ma in (13500, 0, 32000, 6100):
        unit.asked = []
        assert await charger.obey(limit_ma) == limit_ma
        assert unit.asked == [(16, 1210, 2), (3, 1210, 2), (3, 1206, 2)]
    assert await charger.default_mode() == 6000
    assert (await charger.read())[q.LIMIT_VALID_MS] == 60000


async def test_the_charger_never_sends_back_a_set_point_that_it_only_read():
    unit = charger_unit()
    charger = driver_of("alfen-eve", unit)
    await charger.open()
    for _ in range(3):
        await charger.read()
    assert [asked for asked in unit.asked if asked[0] != 3] == []


async def test_phases_are_switched_by_function_sixteen_and_only_when_they_differ():
    unit = Unit({1215: 3})
    switch = driver_of("alfen-eve-phases", unit)
    await switch.open()
    assert await switch.read() == {q.PHASES: 3}
    unit.asked = []
    assert await switch.obey(1) == 1
    assert unit.asked == [(3, 1215, 1), (16, 1215, 1), (3, 1215, 1)]
    unit.asked = []
    assert await switch.obey(1) == 1 and await switch.read() == {q.PHASES: 1}
    assert [asked[0] for asked in unit.asked] == [3, 3]


async def test_phases_that_nobody_asked_for_are_left_as_they_are():
    for phases in (1, 3):
        unit = Unit({1215: phases})
        switch = driver_of("alfen-eve-phases", unit)
        assert await switch.default_mode() == phases and unit.registers == {1215: phases}
        assert [asked[0] for asked in unit.asked] == [3]


async def test_a_station_that_acknowledges_but_keeps_its_phases_does_not_obey():
    unit = Unit({1215: 3})
    unit.after_write = lambda unit: put(unit.registers, 1215, "H", 3)
    assert (await failure_of(driver_of("alfen-eve-phases", unit).obey(1))).args == (1215, (1,), (3,))


async def test_a_dead_unit_behind_a_gateway_is_on_no_phases():
    assert type(await failure_of(driver_of("alfen-eve-phases", Unit({1215: 0})).open())) is WrongDevice


async def test_a_charger_that_acknowledges_but_keeps_charging_does_not_obey():
    unit = charger_unit()
    charger = driver_of("alfen-eve", unit)
    await charger.open()
    unit.after_write = None
    put(unit.registers, 1206, "f", 16.0)
    assert (await failure_of(charger.obey(8000))).args == (1206, 8000, 16000)
    put(unit.registers, 1206, "f", 20.0)
    assert await charger.obey(32000) == 20000  # the cable allows no more


async def test_a_charger_whose_safe_current_is_not_the_configured_one_is_refused():
    assert type(await failure_of(driver_of("alfen-eve", charger_unit(16.0)).open())) is WrongDevice
    assert type(await failure_of(driver_of("alfen-eve", charger_unit(), {"fallback_ma": 0}).open())) is WrongDevice
    await driver_of("alfen-eve", charger_unit(0.0), {"fallback_ma": 0}).open()


async def test_the_heat_pump_is_limited_hard_and_its_registers_are_spared():
    unit = pump_unit()
    pump = driver_of("luxtronik-shi", unit)
    assert await pump.read() == {
        q.TEMP_OUTSIDE_MC: -5000, q.TEMP_TANK_MC: 48500, q.POWER_W: 2300, q.ENERGY_IMPORT_WH: 6553800, q.LIMIT_W: 30000,
    }  # fmt: skip
    assert await pump.obey(4200) == 4200
    assert (unit.registers[10040], unit.registers[10041]) == (2, 42)
    assert (await pump.read())[q.LIMIT_W] == 4200
    unit.asked = []
    await pump.obey(4200)
    assert [asked for asked in unit.asked if asked[0] == 16] == []
    assert await pump.obey(30000) == 30000
    assert unit.registers[10040] == 0 and unit.registers[10041] == 42
    await pump.obey(0)
    assert await pump.default_mode() == 30000 and unit.registers[10040] == 0


async def test_no_heat_pump_limit_passes_through_a_wrong_one():
    unit = pump_unit()
    states = []
    unit.after_write = lambda unit: states.append((unit.registers[10040], unit.registers[10041]))
    pump = driver_of("luxtronik-shi", unit)
    await pump.obey(4200)
    await pump.obey(6000)
    assert states == [(0, 42), (2, 42), (2, 60)]


async def test_the_thermostat_holds_for_a_while_and_gives_the_schedule_back():
    unit = room_unit()
    room = driver_of("heatmiser-edge", unit, {"hold_min": 90})
    assert (room.fallback_ms, room.refresh_ms) == (90 * 60000, 67 * 60000 + 30000)
    assert await room.read() == {q.ON: 1, q.TEMP_ROOM_MC: 19500, q.TEMP_TARGET_MC: 21000}
    assert await room.obey(18500) == 18500
    assert [asked for asked in unit.asked if asked[0] == 6] == [(6, 37, 1), (6, 33, 1)]
    assert unit.registers[37] == (1 << 8) | 30
    assert (await room.read())[q.TEMP_TARGET_MC] == 18500
    assert await room.default_mode() is None
    assert unit.registers[32] == 1


async def test_the_owners_own_mode_of_the_thermostat_is_left_alone():
    unit = room_unit()
    unit.registers[32] = 4  # away
    await driver_of("heatmiser-edge", unit).default_mode()
    assert unit.registers[32] == 4 and all(asked[0] == 3 for asked in unit.asked)


async def test_a_thermostat_that_does_not_hold_does_not_obey():
    unit = room_unit()
    unit.after_write = None
    assert type(await failure_of(driver_of("heatmiser-edge", unit).obey(18500))) is NotObeyed


async def test_the_relay_switches_the_channel_printed_on_the_box():
    unit = Unit(coils={})
    relay = driver_of("waveshare-relay", unit, {"channel": 3})
    assert await relay.obey(1) == 1
    assert unit.coils == {2: 1} and (await relay.read()) == {q.ON: 1}
    unit.asked = []
    await relay.obey(1)
    assert unit.asked == [(1, 2, 1)]  # contacts wear
    assert await relay.default_mode() == 0 and unit.coils == {2: 0}
    unit.stubborn = (2,)
    assert type(await failure_of(relay.obey(1))) is NotObeyed


async def test_sg_ready_passes_through_no_unwanted_mode():
    contacts = {q.SG_LOCK: (1, 0), q.SG_NORMAL: (0, 0), q.SG_RECOMMENDED: (0, 1), q.SG_FORCED: (1, 1)}
    between = {
        (q.SG_LOCK, q.SG_RECOMMENDED): q.SG_NORMAL,
        (q.SG_RECOMMENDED, q.SG_LOCK): q.SG_NORMAL,
        (q.SG_NORMAL, q.SG_FORCED): q.SG_RECOMMENDED,
        (q.SG_FORCED, q.SG_NORMAL): q.SG_RECOMMENDED,
    }
    for start in contacts:
        for end in contacts:
            first, second = contacts[start]
            unit = Unit(coils={4: first, 6: second})
            passed = []
            unit.after_write = lambda unit, passed=passed: passed.append((unit.coils[4], unit.coils[6]))
            pump = driver_of("sg-ready-relay", unit, {"channel_1": 5, "channel_2": 7})
            assert await pump.read() == {q.MODE: start}
            assert await pump.obey(end) == end
            assert await pump.read() == {q.MODE: end}
            expected = [contacts[mode] for mode in (between.get((start, end)), end) if mode is not None]
            assert passed == (expected if start != end else [])
            assert await pump.default_mode() == q.SG_NORMAL and unit.coils == {4: 0, 6: 0}


def test_one_relay_cannot_be_both_contacts():
    try:
        driver_of("sg-ready-relay", Unit(), {"channel_2": 1})
    except ValueError as error:
        assert error.args[0] == "channel_2"
    else:
        raise AssertionError("accepted")


async def opened(unit):
    battery = driver_of("fronius-gen24", unit)
    await battery.open()
    return battery


async def test_the_battery_is_found_wherever_the_map_lies():
    for base, model in ((40000, 103), (50000, 113), (0, 103)):
        unit, _ = inverter_unit(base, 0, model)
        battery = await opened(unit)
        numbers = await battery.read()
        assert numbers[q.POWER_W] == -2100 and numbers[q.POWER_PV_W] == -2000 and numbers[q.SOC_PM] == 555
        assert numbers[q.VOLTAGE_L1_MV] == 230100 and numbers[q.FREQUENCY_MHZ] == 50010
        assert (q.VOLTAGE_L2_MV in numbers) == (model == 113)
        assert q.SETPOINT_W not in numbers and all(quantity > 0 for quantity in numbers)
        assert (battery.minimum, battery.maximum) == (-5000, 5000)


async def test_a_battery_order_is_a_window_without_width():
    unit, at = inverter_unit()
    battery = await opened(unit)
    for power_w, rate in ((2500, 5000), (-1250, -2500), (0, 0), (5000, 10000), (1, 2), (-5000, -10000)):
        assert await battery.obey(power_w) == power_w
        assert [unit.registers[at + offset] for offset in (5, 12, 13)] == [3, -rate & 0xFFFF, rate & 0xFFFF]
        assert unit.registers[at + 15] == 60
        assert (await battery.read())[q.SETPOINT_W] == power_w
    assert unit.registers[at + 17] == 1
    assert await battery.default_mode() is None
    assert [unit.registers[at + offset] for offset in (5, 12, 13, 17)] == [0, 10000, 10000, 0]


def signed(word):
    return (word ^ 0x8000) - 0x8000


async def test_between_two_battery_orders_the_window_lies_between_them_and_is_never_inside_out():
    for start_w in (3000, 1000, 0, -1000, -3000, None):
        for end_w in (3000, 1000, 0, -1000, -3000):
            unit, at = inverter_unit()
            battery = await opened(unit)
            if start_w is None:  # another controller left the widest window
                unit.registers[at + 5] = 3
            else:
                await battery.obey(start_w)
            windows = []

            def watch(unit, at=at, windows=windows):
                mode, out, into = [signed(unit.registers[at + offset]) for offset in (5, 12, 13)]
                assert mode == 3
                windows.append((-out // 2, into // 2))  # in W of 5 kW

            unit.after_write = watch
            await battery.obey(end_w)
            low, high = (-5000, 5000) if start_w is None else (min(start_w, end_w), max(start_w, end_w))
            assert all(low <= least <= most <= high for least, most in windows), (start_w, end_w, windows)
            assert windows[-1] == (end_w, end_w)


async def test_another_controllers_window_is_no_set_point_of_ours():
    unit, at = inverter_unit()
    battery = await opened(unit)
    for mode, out, into in ((3, 10000, 10000), (2, -5000 & 0xFFFF, 10000), (0, 0, 0), (1, 0, 0)):
        unit.registers[at + 5], unit.registers[at + 12], unit.registers[at + 13] = mode, out, into
        assert q.SETPOINT_W not in await battery.read()


async def test_a_battery_says_whether_it_falls_back_by_itself():
    unit, at = inverter_unit()
    battery = await opened(unit)
    assert (battery.fallback_ms, battery.refresh_ms, battery.write_cost) == (60000, 24000, c.VOLATILE)
    unit.stubborn = (at + 15,)  # takes the revert timer and does not keep it
    assert await battery.obey(1000) == 1000
    assert (battery.fallback_ms, battery.refresh_ms, battery.write_cost) == (0, 0, c.PERSISTENT)
    unit, at = inverter_unit()
    battery = await opened(unit)
    unit.registers[at], unit.stubborn = 0, (at + 15,)  # a gateway's zeros say nothing of the product
    assert type(await failure_of(battery.obey(1000))) is FrameError and battery.fallback_ms == 60000
    unit, at = inverter_unit(revert=0xFFFF)
    battery = await opened(unit)
    assert (battery.fallback_ms, battery.refresh_ms, battery.write_cost) == (0, 0, c.PERSISTENT)
    await battery.obey(1000)
    assert unit.registers[at + 15] == 0xFFFF


async def test_the_owners_leave_to_charge_from_the_grid_is_not_taken_away():
    unit, at = inverter_unit()
    unit.registers[at + 17] = 1
    battery = await opened(unit)
    await battery.obey(1000)
    await battery.default_mode()
    assert unit.registers[at + 17] == 1


async def test_half_a_battery_reading_is_no_reading():
    unit, at = inverter_unit()
    unit.registers[at + 26 + 81] = 0xFFFF
    unit.registers[at + 26 + 21] = 0xFFFF
    numbers = await (await opened(unit)).read()
    assert q.POWER_W not in numbers and q.POWER_PV_W not in numbers


async def test_an_inverter_without_a_battery_or_by_another_maker_is_the_wrong_device():
    unit, at = inverter_unit()
    unit.registers[at] = 64001
    assert type(await failure_of(driver_of("fronius-gen24", unit).open())) is WrongDevice
    unit, at = inverter_unit()
    unit.registers[at + 2] = 0xFFFF
    assert type(await failure_of(driver_of("fronius-gen24", unit).open())) is WrongDevice
    unit, at = inverter_unit()
    put(unit.registers, 40004, "8s", b"SolarEdg")
    assert type(await failure_of(driver_of("fronius-gen24", unit).open())) is WrongDevice
