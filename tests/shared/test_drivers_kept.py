"""What stands in each product, whoever wrote it: a set-point, nothing of the kind, or the product's own regulation."""

from __future__ import annotations

from hal import quantities as q
from hal.errors import FrameError, NotObeyed, Refused
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.products import charger_unit, driver_of, inverter_unit, pump_unit, put, room_unit


async def test_a_charger_tells_its_set_point_while_that_counts():
    unit = charger_unit()
    charger = driver_of("alfen-eve", unit)
    assert await charger.kept() is None
    await charger.obey(13500)
    assert await charger.kept() == 13500
    put(unit.registers, 1206, "f", 10.0)  # a thinner cable is in force, not on order
    assert await charger.kept() == 13500
    put(unit.registers, 1210, "f", 0.0)
    assert await charger.kept() == 0
    put(unit.registers, 1208, "I", 0)
    assert await charger.kept() is None
    put(unit.registers, 1208, "I", 1)
    put(unit.registers, 1210, "I", 0xFFFFFFFF)  # not a number
    assert await charger.kept() is None


async def test_phases_are_told_whoever_switched_them():
    unit = Unit({1215: 3})
    switch = driver_of("alfen-eve-phases", unit)
    assert await switch.kept() == 3
    unit.registers[1215] = 1
    assert await switch.kept() == 1
    unit.registers[1215] = 2
    assert (await failure_of(switch.kept())).args == (1215, None, (2,))
    unit.registers[1215] = 0
    assert type(await failure_of(switch.kept())) is FrameError  # a gateway answers zeros for a dead unit


async def test_a_heat_pump_tells_its_limit_and_that_there_is_none():
    unit = pump_unit()
    pump = driver_of("luxtronik-shi", unit)
    assert await pump.kept() == 30000
    await pump.obey(4200)
    unit.asked = []
    assert await pump.kept() == 4200 and unit.asked == [(3, 10040, 2)]
    unit.registers[10040] = 1
    assert (await failure_of(pump.kept())).args == (10040, None, (1, 42))
    await pump.default_mode()
    assert await pump.kept() == 30000


async def test_a_battery_tells_an_order_its_own_regulation_and_what_is_neither():
    unit, at = inverter_unit()
    battery = driver_of("fronius-gen24", unit)
    await battery.open()
    assert await battery.kept() is None
    for power_w in (2500, 0, -5000):
        await battery.obey(power_w)
        unit.asked = []
        assert await battery.kept() == power_w and len(unit.asked) == 1
    unit.registers[at] = 0
    assert type(await failure_of(battery.kept())) is FrameError  # a gateway answers zeros for a dead unit
    unit.registers[at] = 124
    for mode, out, into in ((3, 10000, 10000), (2, 0, 0), (1, 0, 0)):
        unit.registers[at + 5], unit.registers[at + 12], unit.registers[at + 13] = mode, out, into
        assert type(await failure_of(battery.kept())) is NotObeyed
    await battery.default_mode()
    assert await battery.kept() is None


async def test_a_thermostat_tells_a_hold_and_what_the_owner_did():
    unit = room_unit()
    room = driver_of("heatmiser-edge", unit)
    assert await room.kept() is None
    await room.obey(18500)
    assert await room.kept() == 18500
    unit.registers[6] = 200  # on its way
    assert await room.kept() == 18500
    unit.registers[32], unit.registers[6] = 5, 120  # frost
    assert await room.kept() == 12000
    unit.registers[32], unit.registers[6] = 0, 50
    assert await room.kept() == 5000
    unit.registers[6] = 49  # a gateway's zeros, or near to them
    assert type(await failure_of(room.kept())) is FrameError
    unit.registers[32] = 1
    assert await room.kept() is None


async def test_contacts_tell_how_they_stand():
    unit = Unit(coils={2: 1})
    relay = driver_of("waveshare-relay", unit, {"channel": 3})
    assert await relay.kept() == 1
    unit.coils[2] = 0
    assert await relay.kept() == 0
    for contacts, mode in (
        ((1, 0), q.SG_LOCK),
        ((0, 0), q.SG_NORMAL),
        ((0, 1), q.SG_RECOMMENDED),
        ((1, 1), q.SG_FORCED),
    ):
        pump = driver_of(
            "sg-ready-relay", Unit(coils={4: contacts[0], 6: contacts[1]}), {"channel_1": 5, "channel_2": 7}
        )
        assert await pump.kept() == mode


async def test_what_cannot_be_asked_is_an_error_and_no_set_point():
    for model, unit, address in (
        ("alfen-eve", charger_unit(), 1210),
        ("alfen-eve-phases", Unit({1215: 3}), 1215),
        ("luxtronik-shi", pump_unit(), 10041),
        ("heatmiser-edge", room_unit(), 32),
        ("waveshare-relay", Unit(coils={}), 0),
        ("sg-ready-relay", Unit(coils={}), 1),
    ):
        if model == "alfen-eve":
            put(unit.registers, 1208, "I", 9)
        unit.refuse = {address: 2}
        assert type(await failure_of(driver_of(model, unit).kept())) is Refused, model
