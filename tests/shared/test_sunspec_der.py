"""A battery inverter that is told its power by SunSpec's model 704, on a line in memory."""

from __future__ import annotations

from hal import capabilities as c
from hal.errors import FrameError, NotObeyed, Refused, WrongDevice
from tests.shared.battery_units import merged, sunspec
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.products import driver_of

MEASURED = (701, 153, {10: 0, 47: 2301, 70: 0xFFFF, 93: 0xFFFF, 114: 0xFFFF, 116: 0})
CAPACITY = {2: 6000, 10: 5000, 11: 4500, 26: 6000, 34: 5000, 35: 4500, 45: 0}
CONTROLS = {22: 0, 23: 0, 24: 0, 25: 0, 28: 0, 30: 0, 31: 0, 32: 0, 55: 0, 56: 0xFFFF}
STORED = (713, 7, {4: 555, 8: 0xFFFF})


def battery_unit(controls=None, capacity=None, stored=(STORED,)):
    """Return a unit and where its model 704 begins."""
    capacity = (702, 50, merged(CAPACITY, capacity or {}))
    registers, found = sunspec((MEASURED, capacity, (704, 65, merged(CONTROLS, controls or {}))) + stored)
    return Unit(registers), found[704]


async def opened(unit, set_as="watts"):
    battery = driver_of("sunspec-der", unit, {"set_as": set_as})
    await battery.open()
    return battery


async def test_its_bounds_are_its_settings_or_else_its_ratings():
    for capacity, bounds in (
        ({34: 4000, 35: 3500}, (-3500, 4000)),
        ({34: 0xFFFF, 35: 0}, (-4500, 5000)),
        ({34: 40, 35: 35, 45: 2}, (-3500, 4000)),
    ):
        battery = await opened(battery_unit(capacity=capacity)[0])
        assert (battery.minimum, battery.maximum) == bounds


async def test_a_power_lies_on_the_products_steps_and_never_beyond_what_was_asked():
    for scale, asked_w, words, kept_w in (
        (0xFFFE, 1234, (0xFFFE, 0x1DF8), 1234),
        (1, 1239, (0xFFFF, 65536 - 123), 1230),
        (2, -1299, (0, 12), -1200),
        (2, 99, (0, 0), 0),
    ):
        unit, at = battery_unit({55: scale})
        battery = await opened(unit)
        assert await battery.obey(asked_w) == kept_w
        assert (unit.registers[at + 24], unit.registers[at + 25]) == words
        assert await battery.kept() == kept_w


async def test_a_share_is_one_of_the_whole_inverter():
    for scale, asked_w, word, kept_w in ((0xFFFE, 1500, 65536 - 2500, 1500), (0, -1500, 25, -1500), (0, 1, 0, 0)):
        unit, at = battery_unit({56: scale})
        battery = await opened(unit, "percent")
        assert await battery.obey(asked_w) == kept_w and unit.registers[at + 28] == word
        assert await battery.kept() == kept_w


async def test_nothing_is_switched_on_before_the_order_and_its_end_stand():
    unit, at = battery_unit({23: 0, 28: 777, 30: 1})
    battery = await opened(unit)
    seen = []
    unit.after_write = lambda unit: seen.append([unit.registers[at + offset] for offset in (30, 32, 25, 23, 22)])
    await battery.obey(-1000)
    assert seen == [[0, 0, 0, 0, 0], [0, 60, 0, 0, 0], [0, 60, 1000, 0, 0], [0, 60, 1000, 1, 0], [0, 60, 1000, 1, 1]]
    seen.clear()
    await battery.obey(-900)
    assert [each[2:] for each in seen] == [[1000, 1, 1], [900, 1, 1], [900, 1, 1], [900, 1, 1]]


async def test_it_says_whether_it_falls_back_by_itself():
    unit, at = battery_unit()
    battery = await opened(unit)
    assert (battery.fallback_ms, battery.refresh_ms, battery.write_cost) == (60000, 24000, c.VOLATILE)
    unit.stubborn = (at + 32,)
    assert await battery.obey(1000) == 1000
    assert (battery.fallback_ms, battery.refresh_ms, battery.write_cost) == (0, 0, c.PERSISTENT)
    unit, at = battery_unit({31: 0xFFFF, 32: 0xFFFF, 30: 0xFFFF})
    battery = await opened(unit)
    assert battery.fallback_ms == 0 and await battery.obey(1000) == 1000
    assert [unit.registers[at + offset] for offset in (30, 31, 32)] == [0xFFFF] * 3


async def test_a_product_that_is_busy_for_a_moment_has_its_revert_timer_yet():
    for busy in (5, 6):
        unit, at = battery_unit()
        battery = await opened(unit)
        assert await battery.obey(1000) == 1000
        unit.refuse = {at + 32: busy}
        fault = await failure_of(battery.obey(900))
        assert type(fault) is Refused and fault.args[1] == busy
        assert (battery.fallback_ms, battery.refresh_ms, battery.write_cost) == (60000, 24000, c.VOLATILE)
        unit.refuse = {}
        unit.registers[at + 32] = 0
        assert await battery.obey(900) == 900 and unit.registers[at + 32] == 60


async def test_somebodys_share_is_no_order_in_watts_and_zeros_of_a_gateway_are_none_at_all():
    unit, at = battery_unit()
    battery = await opened(unit)
    unit.registers[at + 22] = 1
    assert type(await failure_of(battery.kept())) is NotObeyed
    unit.registers = dict.fromkeys(unit.registers, 0)
    assert type(await failure_of(battery.kept())) is FrameError
    assert type(await failure_of(battery.obey(1000))) is FrameError


async def test_what_cannot_be_told_a_power_is_the_wrong_device():
    for unit, set_as in (
        (battery_unit(stored=())[0], "watts"),
        (battery_unit({22: 0xFFFF})[0], "watts"),
        (battery_unit({24: 0x8000, 25: 0})[0], "watts"),
        (battery_unit({55: 0x8000})[0], "watts"),
        (battery_unit({28: 0x8000})[0], "percent"),
        (battery_unit({56: 4})[0], "percent"),
        (battery_unit(capacity={26: 0xFFFF, 2: 0xFFFF})[0], "percent"),
        (battery_unit(capacity={34: 0, 10: 0})[0], "watts"),
        (battery_unit(capacity={45: 0x8000})[0], "watts"),
    ):
        assert type(await failure_of(opened(unit, set_as))) is WrongDevice
