"""Siemens RDF302 on a line in memory: what its registers mean, what is written, and what is the owner's."""

from __future__ import annotations

from hal import quantities as q
from hal.errors import FrameError, NotObeyed, OutOfRange, WrongDevice
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.products import driver_of


def room():
    """Return a room at 19.5 °C, told to be at 21 °C, whose owner set 20.5 °C."""
    return Unit({7: 1025, 100: 1, 102: 1050, 1000: 1, 1002: 975, 1003: 1050, 1004: 0})


async def test_registers_count_fiftieths_of_a_degree():
    driver = driver_of("siemens-rdf302", room())
    await driver.open()
    assert await driver.read() == {q.TEMP_ROOM_MC: 19500, q.TEMP_TARGET_MC: 21000, q.ON: 0}


async def test_a_target_is_written_once_and_the_owners_is_put_back():
    unit = room()
    driver = driver_of("siemens-rdf302", unit)
    for target_mc, word in ((5000, 250), (18500, 925), (30000, 1500)):
        assert await driver.obey(target_mc) == target_mc == await driver.kept() and unit.registers[102] == word
    unit.asked = []
    await driver.obey(30000)
    assert [asked for asked in unit.asked if asked[0] > 4] == []
    assert await driver.default_mode() == 20500 and unit.registers[102] == 1025
    assert unit.registers[100] == 1 and unit.registers[7] == 1025


async def test_another_mode_than_comfort_is_the_owners():
    unit = room()
    driver = driver_of("siemens-rdf302", unit)
    unit.registers[100] = 3
    assert (await failure_of(driver.obey(18500))).args == (100, (1,), (3,)) and unit.registers[102] == 1050
    assert type(await failure_of(driver.kept())) is NotObeyed


async def test_what_is_out_of_service_or_nought_is_no_temperature():
    for word in (0xFFFF, 0):
        unit = room()
        unit.registers[1002] = word
        driver = driver_of("siemens-rdf302", unit)
        assert type(await failure_of(driver.open())) is WrongDevice
        unit.registers[102] = unit.registers[7] = word
        assert type(await failure_of(driver.kept())) is FrameError
        assert type(await failure_of(driver.default_mode())) is FrameError and unit.registers[102] == word
    unit = room()
    unit.registers[1003] = 0xFFFF
    assert q.TEMP_TARGET_MC not in await driver_of("siemens-rdf302", unit).read()


async def test_targets_that_its_contract_forbids_are_not_written():
    unit = room()
    driver = driver_of("siemens-rdf302", unit)
    for target_mc in (4500, 30500, 18250, None):
        assert type(await failure_of(driver.obey(target_mc))) is OutOfRange
    assert unit.asked == []
