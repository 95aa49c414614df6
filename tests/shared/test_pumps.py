"""Heat pumps on Modbus, each in a row: what its registers mean and what each state leaves in them."""

from __future__ import annotations

from hal import quantities as q
from hal.errors import NotObeyed, OutOfRange, Refused, WrongDevice
from tests.shared.charger_units import words
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.products import driver_of

MODES = (q.SG_LOCK, q.SG_NORMAL, q.SG_RECOMMENDED, q.SG_FORCED)


def turned(registers):
    """Return two words the other way round."""
    first = min(registers)
    return {first: registers[first + 1], first + 1: registers[first]}


STEERED = (  # model, registers, reading, the registers that each mode leaves
    (
        "daikin-homehub",
        {42: 4850, 43: 0xFE0C, 49: 2075, 50: 230, 55: 2},
        {
            q.TEMP_TANK_MC: 48500, q.TEMP_OUTSIDE_MC: -5000, q.TEMP_ROOM_MC: 20750, q.POWER_W: 2300,
            q.MODE: q.SG_RECOMMENDED,
        },
        ({55: 1}, {55: 0}, {55: 2}, {55: 3}),
    ),
    (
        "nibe-s",
        {1: 0xFFCE, 8: 485, 1911: 10, 2305: 230, 2306: 0, 3823: 1, 3824: 1, 3032: 1, 6008: 1},
        {
            q.TEMP_OUTSIDE_MC: -5000, q.TEMP_TANK_MC: 48500, q.MODE: q.SG_NORMAL, q.POWER_W: 2300,
            q.ENERGY_IMPORT_WH: 6553700,
        },
        ({6008: 0}, {6008: 1}, {6008: 2}, {6008: 3}),
    ),
    (
        "stiebel-isg",
        {506: 0xFFCE, 517: 0x8000, 4000: 1, 4001: 0, 4002: 0, 5000: 2, 5001: 390},
        {q.TEMP_OUTSIDE_MC: -5000, q.MODE: q.SG_NORMAL},
        ({4001: 0, 4002: 1}, {4001: 0, 4002: 0}, {4001: 1, 4002: 0}, {4001: 1, 4002: 1}),
    ),
)  # fmt: skip
READ_ONLY = (
    (
        "lambda-eu-l",
        {2: 0xFFCE, 1000: 4, 1004: 3512, 1005: 3011, 1012: 2300, 1020: 0x614E, 1021: 0x00BC, 3002: 485},
        {
            q.TEMP_OUTSIDE_MC: -5000, q.FAULT: 4, q.POWER_W: 2300, q.ENERGY_IMPORT_WH: 12345678, q.TEMP_TANK_MC: 48500,
        },
    ),
    (
        "idm-navigator",
        turned(words("f", {1000: -5.0})) | turned(words("f", {1008: 38.5})) | turned(words("f", {1012: 48.25}))
        | turned(words("f", {1014: -1.0})) | turned(words("f", {4122: 2.345})),
        {q.TEMP_OUTSIDE_MC: -5000, q.TEMP_TANK_MC: 38500, q.POWER_W: 2345},
    ),
)  # fmt: skip
ROWS = tuple([row[:3] for row in STEERED]) + READ_ONLY


def pump_of(row, options=None):
    """Return a fresh unit and its driver."""
    unit = Unit(dict(row[1]))
    return unit, driver_of(row[0], unit, options)


async def test_registers_mean_what_was_written_of_them_and_what_is_none_is_missing():
    for row in ROWS:
        unit, driver = pump_of(row)
        await driver.open()
        told = await driver.read()
        assert [told.get(quantity) for quantity in row[2]] == [row[2][quantity] for quantity in row[2]], (row[0], told)
        assert len(told) == len(row[2]), (row[0], told)
        assert [asked for asked in unit.asked if asked[0] > 4] == []


async def test_each_state_leaves_its_own_registers_and_is_written_only_when_it_differs():
    for row in STEERED:
        unit, driver = pump_of(row)
        await driver.open()
        for mode in MODES:
            assert await driver.obey(mode) == mode == await driver.kept()
            left = row[3][mode - q.SG_LOCK]
            assert [unit.registers[address] for address in left] == [left[address] for address in left], (row[0], mode)
            unit.asked = []
            await driver.obey(mode)
            assert [asked for asked in unit.asked if asked[0] > 4] == [], row[0]
        assert await driver.default_mode() == q.SG_NORMAL == await driver.kept()


async def test_what_is_no_state_is_not_written_and_none_of_ours():
    for row in STEERED:
        unit, driver = pump_of(row)
        await driver.open()
        unit.asked = []
        for mode in (0, 5, -1, None):
            assert type(await failure_of(driver.obey(mode))) is OutOfRange
        assert unit.asked == []
        address = min(row[3][0])
        unit.registers[address] = 77
        assert type(await failure_of(driver.kept())) is NotObeyed, row[0]


async def test_all_zeros_are_no_pump():
    for row in ROWS:
        unit, driver = pump_of(row)
        for address in unit.registers:
            unit.registers[address] = 0
        assert type(await failure_of(driver.open())) is WrongDevice, row[0]


async def test_before_its_firmware_turned_them_a_lambda_told_the_high_word_first():
    row = READ_ONLY[0]
    unit, driver = pump_of(row, {"low_first": 0})
    unit.registers[1020], unit.registers[1021] = unit.registers[1021], unit.registers[1020]
    await driver.open()
    assert (await driver.read())[q.ENERGY_IMPORT_WH] == 12345678


async def test_an_idm_whose_words_are_the_other_way_round_is_refused():
    unit, driver = pump_of(READ_ONLY[1])
    for address in (1000, 1008, 1012, 1014, 4122):
        unit.registers[address], unit.registers[address + 1] = unit.registers[address + 1], unit.registers[address]
    assert type(await failure_of(driver.open())) is WrongDevice


async def test_a_pump_that_refuses_keeps_what_it_had():
    for row in STEERED:
        unit, driver = pump_of(row)
        await driver.open()
        before = await driver.kept()
        unit.stubborn = tuple(row[3][0])
        failed = await failure_of(driver.obey(q.SG_FORCED))
        assert type(failed) is NotObeyed and await driver.kept() == before
        unit.refuse = dict.fromkeys(row[3][0], 4)
        assert type(await failure_of(driver.obey(q.SG_FORCED))) is Refused
