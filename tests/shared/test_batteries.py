"""Every battery's table: what registers mean, what an order writes, and what is no battery at all."""

from __future__ import annotations

from hal import quantities as q
from hal.errors import FrameError, NotObeyed, OutOfRange, Refused, WrongDevice
from tests.shared.battery_units import BATTERIES, CHARGE_W, DISCHARGE_W, SUNGROW, merged, words
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.product_questions import answers_to, fault_of_zeros, opened
from tests.shared.products import driver_of


async def test_registers_mean_what_the_makers_papers_say():
    for battery in BATTERIES:
        _, driver = await opened(battery)
        told = await driver.read()
        for quantity in told:
            assert told[quantity] == battery.told.get(quantity), (battery.model, quantity, told[quantity])
        assert len(told) == len(battery.told), (battery.model, told)


async def test_an_order_writes_these_words_is_kept_and_is_taken_back():
    for battery in BATTERIES:
        unit, driver = await opened(battery)
        assert await driver.kept() is None, battery.model
        for power_w, expected in battery.orders:
            assert await driver.obey(power_w) == power_w, battery.model
            for address in expected:
                assert unit.registers[address] == expected[address], (battery.model, power_w, address)
            assert await driver.kept() == power_w, (battery.model, power_w)
        assert await driver.default_mode() is None
        for address in battery.released:
            assert unit.registers[address] == battery.released[address], (battery.model, address)
        assert await driver.kept() is None, battery.model


async def test_reading_writes_nothing():
    for battery in BATTERIES:
        unit, driver = await opened(battery)
        for _ in range(3):
            await driver.read()
            await driver.kept()
        assert [asked for asked in unit.asked if asked[0] > 4] == [], battery.model
        assert unit.registers == battery.registers


async def test_a_battery_whose_registers_wear_is_not_told_the_same_twice():
    for battery in BATTERIES:
        unit, driver = await opened(battery)
        await driver.obey(CHARGE_W)
        unit.asked = []
        await driver.obey(CHARGE_W)
        written = [asked[1] for asked in unit.asked if asked[0] in (6, 16)]
        assert written == [] if driver.write_cost else len(written) <= 5, (battery.model, written)


async def test_all_zeros_are_no_battery():
    for battery in BATTERIES:
        assert type(await fault_of_zeros(battery)) is WrongDevice, battery.model


def wrong_of(driver):
    return (driver.maximum + driver.step, driver.minimum - driver.step, None, True)


async def test_bounds_that_the_product_does_not_know_are_no_bounds():
    """Else an order of 650 kW would be allowed, and not fit into its register."""
    known = {"sungrow-sh": (33046, 33047), "huawei-luna2000": (37046, 37047)}
    for battery in BATTERIES[:2]:
        unit = battery.unit()
        for address in known[battery.model]:
            unit.registers[address] = 0xFFFF
        fault = await failure_of(driver_of(battery.model, unit, battery.options).open())
        assert type(fault) is WrongDevice, battery.model


async def test_an_empty_battery_is_read_and_charged():
    """Those that have nothing else by which to tell a gateway's zeros, too."""
    for battery in BATTERIES:
        if battery.model in ("solaredge-storedge", "victron-gx"):
            unit, driver = await opened(battery)
            for address in {"solaredge-storedge": (0xE184, 0xE185), "victron-gx": (843,)}[battery.model]:
                unit.registers[address] = 0
            await driver.open()
            assert (await driver.read())[q.SOC_PM] == 0
            assert await driver.obey(CHARGE_W) == CHARGE_W


async def test_an_order_that_is_none_is_not_written():
    for battery in BATTERIES:
        faults, asked = await answers_to(battery, wrong_of)
        assert faults == {OutOfRange} and asked == [], (battery.model, faults)


async def test_a_battery_that_acknowledges_and_keeps_what_it_had_does_not_obey():
    for battery in BATTERIES:
        unit, driver = await opened(battery)
        unit.stubborn = tuple(unit.registers)
        fault = await failure_of(driver.obey(DISCHARGE_W))
        assert type(fault) is NotObeyed, (battery.model, fault)


async def test_what_a_battery_refuses_is_an_error_and_no_reading():
    for battery in BATTERIES:
        unit, driver = await opened(battery)
        unit.refuse = dict.fromkeys(unit.registers, 4)
        for asked in (driver.read(), driver.kept(), driver.obey(CHARGE_W), driver.default_mode()):
            assert type(await failure_of(asked)) is Refused, battery.model


async def test_a_battery_whose_way_is_not_told_has_no_power():
    unit = Unit(merged(SUNGROW, words("I", {5016: 0}, True)))
    battery = driver_of("sungrow-sh", unit)
    await battery.open()
    for flow, power_w in ((0, None), (2, 1400), (4, -1400), (6, None)):
        unit.registers[13000] = flow
        assert (await battery.read()).get(q.POWER_W) == power_w
    unit.registers[13000], unit.registers[13021] = 0, 0
    assert (await battery.read())[q.POWER_W] == 0


async def test_one_power_for_both_ways_is_never_meant_the_wrong_way():
    unit = Unit(merged(SUNGROW, words("I", {5016: 0}, True)))
    battery = driver_of("sungrow-sh", unit)
    await battery.open()
    await battery.obey(1500)
    unit.refuse = {13051: 4}
    assert type(await failure_of(battery.obey(-4000))) is Refused
    assert unit.registers[13050] == 0xCC
    unit.refuse = {}
    await battery.obey(-4000)
    assert (unit.registers[13050], unit.registers[13051]) == (0xBB, 4000)


async def test_volts_that_are_none_are_a_frame_error_while_it_runs():
    unit = Unit(merged(SUNGROW, words("I", {5016: 0}, True)))
    battery = driver_of("sungrow-sh", unit)
    await battery.open()
    unit.registers[5018] = unit.registers[5019] = 0
    assert type(await failure_of(battery.read())) is FrameError
