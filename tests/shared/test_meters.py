"""Meters that are more than a table: what tells families apart, and what is missing rather than wrong."""

from __future__ import annotations

from hal import quantities as q
from hal.errors import WrongDevice
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.products import driver_of

OVERFLOW = 0x7FFFFFFF


def put_low_first(registers, address, number):
    registers[address], registers[address + 1] = number & 0xFFFF, (number >> 16) & 0xFFFF


def gavazzi(identification=71, frequency=500):
    registers = dict.fromkeys(range(0x60), 0)
    for address, number in ((0, 2301), (2, 2299), (4, 2310), (0x0C, 4350), (0x12, -10005), (0x28, -10005), (0x42, 123)):
        put_low_first(registers, address, number)
    registers[0x0B] = identification
    registers[0x37] = frequency
    return Unit(registers)


async def test_low_words_first_and_tenths_of_watts_and_kilowatt_hours():
    meter = driver_of("carlo-gavazzi-em24", gavazzi())
    await meter.open()
    numbers = await meter.read()
    assert numbers[q.VOLTAGE_L1_MV] == 230100 and numbers[q.CURRENT_L1_MA] == 4350
    assert numbers[q.POWER_W] == numbers[q.POWER_L1_W] == -1001  # rounded half away from zero
    assert numbers[q.FREQUENCY_MHZ] == 50000 and numbers[q.ENERGY_IMPORT_WH] == 12300


async def test_a_family_with_other_registers_for_energy_is_refused_before_anything_is_read():
    for model, identification in (("carlo-gavazzi-em24", 1650), ("carlo-gavazzi-em24-e1", 71)):
        unit = gavazzi(identification)
        assert type(await failure_of(driver_of(model, unit).open())) is WrongDevice
        assert len(unit.asked) == 1


async def test_overflow_and_a_frequency_that_is_none_are_missing():
    unit = gavazzi(frequency=5000)
    put_low_first(unit.registers, 0x28, OVERFLOW)
    meter = driver_of("carlo-gavazzi-em24", unit)
    await meter.open()
    numbers = await meter.read()
    assert q.POWER_W not in numbers and q.FREQUENCY_MHZ not in numbers
    assert numbers[q.VOLTAGE_L2_MV] == 229900


async def test_a_current_too_small_for_its_power_is_missing():
    registers = dict.fromkeys(range(0x30), 0)
    for address, number in ((0, 2300), (2, 10000), (4, 23000)):
        put_low_first(registers, address, number)
    meter = driver_of("carlo-gavazzi-et112", Unit(registers))
    assert (await meter.read())[q.CURRENT_L1_MA] == 10000
    for told_ma, kept in ((4999, None), (5000, 5000)):
        put_low_first(registers, 2, told_ma)
        assert (await meter.read()).get(q.CURRENT_L1_MA) == kept
    assert (await meter.read())[q.POWER_W] == (await meter.read())[q.POWER_L1_W] == 2300
