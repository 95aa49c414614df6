"""Drivers that walk SunSpec's chain of models, whoever made the product: meters, and inverters that are limited."""

from __future__ import annotations

from agent.unit import Unit, contract_of
from hal import capabilities as c
from hal import quantities as q
from hal.errors import NotObeyed, OutOfRange, Refused, WrongDevice
from tests.shared import modbus_units
from tests.shared.battery_units import sunspec
from tests.shared.modbus_units import failure_of
from tests.shared.products import driver_of, put

METER = {
    3: 523, 4: 100, 5: 0x8000, 6: 0xFFFE, 8: 2301, 9: 2302, 10: 0x8000, 15: 0xFFFF, 16: 4998, 17: 0xFFFE,
    18: 120, 19: 100, 20: 20, 21: 0x8000, 22: 1, 38: 0, 39: 0, 46: 1, 47: 2, 54: 1,
}  # fmt: skip
INVERTER = {
    3: 0xFFFF, 4: 0xFFFF, 5: 0xFFFF, 6: 0xFFFE, 10: 2301, 11: 0xFFFF, 12: 0xFFFF, 13: 0xFFFF,
    14: 350, 15: 1, 16: 4998, 17: 0xFFFE, 24: 0,
    25: 4321, 26: 0,
}  # fmt: skip
NAMEPLATE = {2: 600, 22: 1}
CONTROLS = {5: 10000, 7: 0, 9: 0, 23: 0xFFFE}


def inverter_unit(controls=CONTROLS, nameplate=(121, 30, NAMEPLATE)):
    registers, found = sunspec(((103, 50, INVERTER), nameplate, (123, 24, controls)))
    return modbus_units.Unit(registers), found[123]


async def opened(model, unit, options=None):
    driver = driver_of(model, unit, options)
    await driver.open()
    return driver


async def test_a_meter_of_integers_tells_what_is_implemented_and_nothing_else():
    for number in (201, 202, 203, 204):
        meter = await opened("sunspec-meter", modbus_units.Unit(sunspec(((number, 105, METER),))[0]))
        assert await meter.read() == {
            q.CURRENT_L1_MA: 5230, q.CURRENT_L2_MA: 1000, q.VOLTAGE_L1_MV: 230100, q.VOLTAGE_L2_MV: 230200,
            q.FREQUENCY_MHZ: 49980, q.POWER_W: 1200, q.POWER_L1_W: 1000, q.POWER_L2_W: 200,
            q.ENERGY_IMPORT_WH: 655380,
        }  # fmt: skip


async def test_a_meter_of_floats_tells_the_same_and_a_nan_is_nothing():
    registers, found = sunspec(((213, 124, {}),))
    for offset, number in ((12, 230.1), (26, 49.98), (28, -1200.0), (30, -1200.4), (60, 655380.0), (68, 1.0)):
        put(registers, found[213] + offset, "f", number)
    for offset in (4, 6, 8, 14, 16, 32, 34):
        put(registers, found[213] + offset, "I", 0x7FC00000)
    meter = await opened("sunspec-meter", modbus_units.Unit(registers), {"positive": "export"})
    assert await meter.read() == {
        q.VOLTAGE_L1_MV: 230100, q.FREQUENCY_MHZ: 49980, q.POWER_W: 1200, q.POWER_L1_W: 1200,
        q.ENERGY_EXPORT_WH: 655380, q.ENERGY_IMPORT_WH: 1,
    }  # fmt: skip


async def test_a_map_without_a_meter_is_no_meter():
    assert type(await failure_of(opened("sunspec-meter", inverter_unit()[0]))) is WrongDevice


async def test_an_inverter_feeds_in_as_negative_power():
    for model in ("sunspec-production", "sunspec-inverter"):
        inverter = await opened(model, inverter_unit()[0])
        assert await inverter.read() == {
            q.VOLTAGE_L1_MV: 230100, q.POWER_W: -3500, q.FREQUENCY_MHZ: 49980,
            q.ENERGY_EXPORT_WH: 4321,
        }  # fmt: skip


async def test_a_product_that_tells_the_mean_of_its_phases_only_is_believed_and_tells_no_voltage():
    measured = {10: 3500, 16: 2301, 47: 0xFFFF, 70: 0xFFFF, 93: 0xFFFF, 114: 0xFFFF, 116: 0}
    registers, found = sunspec(((701, 153, measured),))
    inverter = await opened("sunspec-production", modbus_units.Unit(registers))
    assert await inverter.read() == {q.POWER_W: -3500}
    registers[found[701] + 16] = 0xFFFF
    assert type(await failure_of(opened("sunspec-production", modbus_units.Unit(registers)))) is WrongDevice


async def test_a_limit_is_a_share_of_what_the_installer_set_and_reverts_by_itself():
    unit, at = inverter_unit()
    inverter = await opened("sunspec-inverter", unit)
    assert (inverter.minimum, inverter.maximum, inverter.fallback_ms, inverter.write_cost) == (-6000, 0, 60000, 0)
    assert await inverter.kept() is None
    for limit_w, share in ((-3000, 5000), (0, 0), (-6000, 10000), (-1, 1)):
        assert await inverter.obey(limit_w) == limit_w
        assert [unit.registers[at + offset] for offset in (5, 7, 9)] == [share, 60, 1]
        assert await inverter.kept() == limit_w
    await inverter.default_mode()
    assert [unit.registers[at + offset] for offset in (5, 9)] == [10000, 0] and await inverter.kept() is None


async def test_an_inverter_whose_timer_is_absent_or_not_kept_says_that_it_never_falls_back():
    inverter = await opened("sunspec-inverter", inverter_unit({5: 100, 7: 0xFFFF, 9: 0, 23: 0})[0])
    assert inverter.fallback_ms == 0 and await inverter.obey(-3000) == -3000
    unit, at = inverter_unit()
    inverter = await opened("sunspec-inverter", unit)
    unit.stubborn = (at + 7,)
    assert await inverter.obey(-3000) == -3000
    assert (inverter.fallback_ms, inverter.refresh_ms, inverter.write_cost) == (0, 0, c.PERSISTENT)


async def test_an_inverter_that_keeps_another_limit_does_not_obey():
    unit, at = inverter_unit()
    inverter = await opened("sunspec-inverter", unit)
    unit.stubborn = (at + 5,)
    assert type(await failure_of(inverter.obey(-3000))) is NotObeyed
    assert type(await failure_of(inverter.obey(1))) is OutOfRange
    unit.refuse = {at + 9: 4}
    assert type(await failure_of(inverter.kept())) is Refused


async def test_an_inverter_without_controls_nameplate_or_known_steps_is_the_wrong_device():
    for unit in (
        modbus_units.Unit(sunspec(((103, 50, INVERTER), (121, 30, NAMEPLATE)))[0]),
        modbus_units.Unit(sunspec(((103, 50, INVERTER), (123, 24, CONTROLS)))[0]),
        inverter_unit({5: 0, 7: 0, 9: 0, 23: 0x8000})[0],
        inverter_unit(nameplate=(121, 30, {2: 0xFFFF, 22: 0}))[0],
    ):
        assert type(await failure_of(opened("sunspec-inverter", unit))) is WrongDevice


async def test_a_limited_inverter_draws_nothing_in_the_eyes_of_the_core_and_never_rests():
    inverter = await opened("sunspec-inverter", inverter_unit()[0])
    row = {"id": "pv", "phases": 7, "power_max_w": 6000, "default": None, "fallback": None, "priority": 10}
    unit = Unit(0, row, contract_of(inverter))
    assert [unit.power_of(setpoint) for setpoint in (None, -6000, 0)] == [0, 0, 0]
    assert unit.runs(None) and unit.runs(0) and not unit.takes_power()
    assert [unit.fit(wanted) for wanted in (-9000, -1234, 5)] == [-6000, -1234, 0]
