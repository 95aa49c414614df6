"""Another controller: found on every product, and nothing else is taken for one."""

from __future__ import annotations

from agent import record
from hal import quantities as q
from hal.errors import DeviceError, LineTimeout
from tests.shared.hands import FAR_MS, Hand, charger, pump, somebody_charges
from tests.shared.modbus_units import Unit
from tests.shared.products import charger_unit, inverter_unit, pump_unit, put, room_unit

LIMIT, MODE = 10041, 10040  # of the heat pump
SETPOINT = 1210  # of the charger
FOREIGN = record.FOREIGN_CONTROLLER


def test_the_numbers_are_those_of_the_format():
    assert (record.LOST, record.ATTACHED, FOREIGN, record.WRONG_DEVICE, record.CONTROL_REGAINED) == (0, 1, 2, 3, 4)


async def test_what_was_left_there_is_looked_at_every_five_seconds_and_raises_no_alarm():
    hand = charger()
    await hand.apply(10000)
    looked = []
    for now_ms in range(0, 21000, 500):
        looked += [now_ms] * bool(await hand.look(now_ms))
    assert looked == [0, 5000, 10000, 15000, 20000]
    actuator = hand.actuator
    assert hand.said() == []
    assert (actuator.foreign, actuator.foreign_ms, actuator.foreign_kept, actuator.foreign_times) == (False, 0, None, 0)


async def test_nobody_looks_while_a_write_is_due_or_the_product_is_in_default_mode():
    hand = pump()
    hand.grant(4200)
    assert await hand.look(0) == 0
    await hand.act(0)
    assert await hand.look(0) == 1
    hand.grant(None)
    await hand.act(1)
    assert await hand.look(10**6) == 0
    hand.grant(5000)
    assert await hand.look(10**6) == 0


async def test_two_looks_in_a_row_are_needed_and_the_second_comes_after_a_second():
    hand = charger()
    await hand.apply(10000)
    assert await hand.look(0)
    somebody_charges(hand.unit, 20.0)
    assert not await hand.look(4999) and await hand.look(5000)
    assert hand.said() == [] and not hand.actuator.foreign
    assert not await hand.look(5999) and await hand.look(6000)
    assert hand.said() == [FOREIGN]
    actuator = hand.actuator
    assert (actuator.foreign, actuator.foreign_ms, actuator.foreign_kept, actuator.foreign_times) == (
        True, 6000, 20000, 1,
    )  # fmt: skip


async def test_a_torn_read_is_no_controller():
    hand = charger()
    await hand.apply(10000)
    for now_ms in (0, 6000, 12000):
        somebody_charges(hand.unit, 20.0)
        assert await hand.look(now_ms)
        somebody_charges(hand.unit, 10.0)
        assert not await hand.look(now_ms + 999) and await hand.look(now_ms + 1000)
        assert not await hand.look(now_ms + 5999)
    assert hand.said() == [] and hand.actuator.foreign_times == 0


async def test_a_look_that_fails_or_tells_nothing_is_not_the_second_one():
    for spoil in ({1210: 4}, {}):
        hand = charger()
        await hand.apply(10000)
        somebody_charges(hand.unit, 20.0)
        assert await hand.look(0)
        hand.unit.refuse = spoil
        if not spoil:
            put(hand.unit.registers, 1208, "I", 0)  # its own watchdog has tripped
        assert await hand.look(1000)
        hand.unit.refuse = {}
        put(hand.unit.registers, 1208, "I", 60)
        assert await hand.look(6000) and hand.said() == []
        assert await hand.look(7000) and hand.said() == [FOREIGN]


async def test_what_the_products_own_watchdog_did_is_no_controllers_doing():
    hand = charger()
    await hand.apply(10000)
    put(hand.unit.registers, 1208, "I", 0)
    put(hand.unit.registers, 1206, "f", 6.0)
    for now_ms in range(0, 60000, 1000):
        await hand.look(now_ms)
    assert hand.said() == []
    hand = Hand("heatmiser-edge", room_unit())
    await hand.apply(18500)
    hand.unit.registers[32] = 1  # the hold has run out
    for now_ms in range(0, 60000, 1000):
        await hand.look(now_ms)
    assert hand.said() == []


async def test_a_product_that_restarted_is_told_again_and_nobody_is_suspected():
    hand = charger()
    await hand.apply(10000)
    somebody_charges(hand.unit, 0.0)
    assert await hand.look(0)
    hand.actuator.forget()
    await hand.act(1000)
    somebody_charges(hand.unit, 0.0)
    assert await hand.look(1000)
    assert [told for told in hand.said() if type(told) is int] == []
    assert await hand.look(2000)
    assert hand.said() == [FOREIGN]


async def test_a_product_without_a_fall_back_of_its_own_that_was_let_go_was_let_go_by_somebody():
    for revert, states in ((0xFFFF, [FOREIGN]), (0, [])):
        unit, at = inverter_unit(revert=revert)
        hand = Hand("fronius-gen24", unit)
        await hand.driver.open()
        await hand.apply(1000)
        unit.registers[at + 5] = 0  # automatic
        for now_ms in (0, 1000, 2000, 5000, 6000):
            await hand.look(now_ms)
        assert hand.said() == states
        assert hand.actuator.foreign_kept is None


async def test_a_window_that_is_no_order_is_somebody_elses():
    unit, at = inverter_unit()
    hand = Hand("fronius-gen24", unit)
    await hand.driver.open()
    await hand.apply(0)
    unit.registers[at + 5] = 2  # no discharge, as others hold a battery
    for now_ms in (0, 1000):
        await hand.look(now_ms)
    assert hand.said() == [FOREIGN] and hand.actuator.foreign_kept is None


async def test_what_the_product_rounded_is_ours():
    unit, at = inverter_unit()
    unit.registers[at + 25] = 0  # whole per cents of 5 kW
    hand = Hand("fronius-gen24", unit)
    await hand.driver.open()
    hand.grant(1030)
    await hand.act(0)
    assert hand.said() == [(1030, record.APPLIED, record.READBACK, 1000, "claim")]
    for now_ms in range(0, 60000, 1000):
        await hand.look(now_ms)
    assert hand.said() == []


async def test_a_lower_limit_in_force_is_the_cables_and_nobody_elses():
    hand = charger()
    hand.unit.after_write = lambda unit: (put(unit.registers, 1206, "f", 20.0), put(unit.registers, 1208, "I", 60))
    await hand.apply(32000)
    for now_ms in range(0, 60000, 1000):
        await hand.look(now_ms)
    assert hand.said() == []


async def test_every_product_gives_another_controller_away():
    def switch(unit, coil, on):
        unit.answer(bytes((5, 0, coil, 255 * on, 0)))

    def hold(unit, tenths):
        unit.answer(bytes((6, 0, 33, 0, tenths)))

    cases = (
        ("luxtronik-shi", pump_unit(), 4200, lambda unit: unit.registers.update({LIMIT: 60}), 6000),
        ("luxtronik-shi", pump_unit(), 4200, lambda unit: unit.registers.update({MODE: 0}), 30000),
        ("luxtronik-shi", pump_unit(), 4200, lambda unit: unit.registers.update({MODE: 1}), None),
        ("luxtronik-shi", pump_unit(), 30000, lambda unit: unit.registers.update({MODE: 2}), 30000),
        ("heatmiser-edge", room_unit(), 18500, lambda unit: hold(unit, 240), 24000),
        ("heatmiser-edge", room_unit(), 18500, lambda unit: unit.registers.update({32: 4, 6: 120}), 12000),
        ("waveshare-relay", Unit(coils={}), 1, lambda unit: switch(unit, 0, 0), 0),
        ("sg-ready-relay", Unit(coils={}), q.SG_LOCK, lambda unit: switch(unit, 1, 1), q.SG_FORCED),
        ("alfen-eve", charger_unit(), 0, lambda unit: somebody_charges(unit, 16.0), 16000),
    )
    for model, unit, setpoint, meddle, found in cases:
        hand = Hand(model, unit)
        await hand.apply(setpoint)
        meddle(unit)
        await hand.look(0)
        await hand.look(1000)
        if model == "luxtronik-shi" and setpoint == 30000:
            assert hand.said() == []  # a hard limit of 30 kW is none
            continue
        assert hand.said() == [FOREIGN], model
        assert hand.actuator.foreign_kept == found, model
        await hand.act(1000)
        assert hand.said() == [(setpoint, record.APPLIED, record.READBACK, setpoint, "claim")], model
        assert await hand.driver.kept() == setpoint, model


async def test_a_driver_that_cannot_tell_suspects_nobody():
    hand = charger()
    await hand.apply(10000)
    somebody_charges(hand.unit, 20.0)

    async def kept():
        raise DeviceError("cannot tell")

    hand.driver.kept = kept
    for now_ms in range(0, 60000, 1000):
        await hand.look(now_ms)
    assert hand.said() == []


async def test_a_doubt_does_not_outlive_the_set_point():
    hand = charger()
    await hand.apply(10000)
    somebody_charges(hand.unit, 20.0)
    await hand.look(0)
    hand.grant(None)
    await hand.act(1000)
    hand.grant(10000)
    await hand.act(2000)
    hand.said()
    somebody_charges(hand.unit, 20.0)
    await hand.look(3000)
    assert hand.said() == []


async def test_a_doubt_outlives_a_change_of_the_set_point():
    hand = charger()
    await hand.apply(10000)
    for now_ms in (0, 1000):  # whoever writes after each of ours is found all the same
        somebody_charges(hand.unit, 20.0)
        await hand.look(now_ms)
        hand.grant(11000)
        await hand.act(now_ms)
    assert [told for told in hand.said() if type(told) is int] == [FOREIGN]


async def test_a_grant_that_comes_during_a_look_makes_it_void():
    hand = charger()
    await hand.apply(10000)
    somebody_charges(hand.unit, 20.0)
    await hand.look(0)
    kept = hand.driver.kept

    async def meanwhile():
        found = await kept()
        hand.grant(20000)
        return found

    hand.driver.kept = meanwhile
    await hand.look(1000)
    assert hand.said() == [] and not hand.actuator.foreign

    async def there_and_back():
        found = await kept()
        hand.grant(11000)
        hand.grant(20000)
        return found

    await hand.act(1000)
    hand.said()
    somebody_charges(hand.unit, 16.0)
    hand.driver.kept = there_and_back
    await hand.look(1000)
    await hand.look(2000)
    assert hand.said() == []


async def test_a_line_that_fails_during_a_look_stops_nothing():
    hand = charger()
    await hand.apply(10000)

    async def silent():
        raise LineTimeout(1, 500)

    hand.driver.kept = silent
    for now_ms in range(0, 60000, 5000):
        await hand.look(now_ms)
    hand.grant(11000, FAR_MS)
    assert await hand.act(60000) == [SETPOINT]
