"""Every charger's table: what registers mean, what an order writes, and what is no charger at all."""

from __future__ import annotations

from hal import quantities as q
from hal.errors import FrameError, OutOfRange, Refused, WrongDevice
from tests.shared.charger_units import CHARGERS, LIMIT_MA
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.product_questions import answers_to, fault_of_zeros, opened
from tests.shared.products import driver_of, put


async def test_registers_mean_what_the_makers_papers_say():
    for charger in CHARGERS:
        _, driver = await opened(charger)
        told = await driver.read()
        for quantity in told:
            assert told[quantity] == charger.told.get(quantity), (charger.model, quantity, told[quantity])
        assert len(told) == len(charger.told), charger.model


async def test_an_order_writes_these_words_and_no_others():
    for charger in CHARGERS:
        unit, driver = await opened(charger)
        for limit_ma, expected in ((LIMIT_MA, charger.written), (0, charger.paused)):
            kept_ma = await driver.obey(limit_ma)
            assert kept_ma in (limit_ma, None) or 0 <= limit_ma - kept_ma < 60, (charger.model, kept_ma)
            for address in expected:
                held = unit.registers[address] if address in unit.registers else unit.coils[address]
                assert held == expected[address], (charger.model, limit_ma, address, held)


async def test_reading_writes_nothing():
    for charger in CHARGERS:
        unit, driver = await opened(charger)
        for _ in range(3):
            await driver.read()
        assert [asked for asked in unit.asked if asked[0] > 4] == [], charger.model
        assert [unit.registers[address] for address in charger.registers] == [
            charger.registers[address] for address in charger.registers
        ]


async def test_what_stands_there_already_is_not_written_again_but_for_the_order():
    for charger in CHARGERS:
        unit, driver = await opened(charger)
        await driver.obey(LIMIT_MA)
        unit.asked = []
        await driver.obey(LIMIT_MA)
        written = [asked[1] for asked in unit.asked if asked[0] in (5, 6, 15, 16)]
        assert len(written) <= 3, (charger.model, written)


async def test_all_zeros_are_no_charger():
    for charger in CHARGERS:
        assert type(await fault_of_zeros(charger)) is WrongDevice, charger.model


def wrong_of(driver):
    return (5999, 1, -1, driver.maximum + driver.step, driver.minimum + 1, None)


async def test_an_order_that_is_none_is_not_written():
    for charger in CHARGERS:
        faults, asked = await answers_to(charger, wrong_of)
        assert faults == {OutOfRange} and asked == [], (charger.model, faults)


async def test_what_a_charger_refuses_is_an_error_and_no_reading():
    for charger in CHARGERS:
        unit, driver = await opened(charger)
        for address in unit.registers:
            unit.refuse[address] = 4
        assert type(await failure_of(driver.read())) is Refused, charger.model


async def test_a_pilot_state_that_nobody_names_is_missing():
    for model, address, states in (
        ("keba-kecontact", 1001, {0: None, 1: q.EV_B, 2: q.EV_B, 3: q.EV_C, 4: q.EV_F, 5: q.EV_B, 9: None}),
        ("heidelberg-energy-control", 5, {1: None, 2: q.EV_A, 5: q.EV_B, 6: q.EV_C, 8: None, 9: q.EV_E, 10: q.EV_F}),
    ):
        charger = next(each for each in CHARGERS if each.model == model)
        unit, driver = await opened(charger)
        for state in states:
            unit.registers[address] = state
            assert (await driver.read()).get(q.EV_STATE) == states[state], (model, state)


async def test_a_limit_of_nought_is_a_dead_unit_and_no_order():
    for model, limit, flag in (
        ("phoenix-em-cp-pp-eth", 300, 400),
        ("phoenix-ev-eth", 528, 400),
        ("abl-emh1", 0x12, None),
    ):
        charger = next(each for each in CHARGERS if each.model == model)
        unit, driver = await opened(charger)
        await driver.obey(LIMIT_MA)
        unit.registers[limit] = 0
        assert type(await failure_of(driver.kept())) is FrameError, model
        if flag is not None:
            unit.coils[flag] = 0
            assert await driver.kept() == 0


async def test_phases_that_a_charx_does_not_know_and_a_power_that_is_none_are_missing():
    charger = next(each for each in CHARGERS if each.model == "phoenix-charx")
    unit, driver = await opened(charger)
    put(unit.registers, 2232, "i", -1)
    unit.registers[2299] = 0x5831  # X1: no state of IEC 61851-1
    told = await driver.read()
    assert q.VOLTAGE_L1_MV not in told and q.EV_STATE not in told and q.VOLTAGE_L2_MV in told
    charger = next(each for each in CHARGERS if each.model == "go-e")
    unit, driver = await opened(charger)
    for raw, power_w in ((1100, 11000), (1100000, 11000), (33000, None), (0, None)):
        put(unit.registers, 120, "I", raw)
        assert (await driver.read()).get(q.POWER_W) == power_w
    for address in (114, 116, 118):
        put(unit.registers, address, "I", 0)
    for raw, power_w in ((0, 0), (500, 5), (25, 0), (20, 0), (100000, None)):
        put(unit.registers, 120, "I", raw)
        assert (await driver.read()).get(q.POWER_W) == power_w, raw


async def test_a_keba_that_offers_more_or_nothing_does_not_obey():
    charger = CHARGERS[0]
    for offered_ma in (16000, 0):
        unit, driver = await opened(charger)
        unit.after_write = None
        for address, number in ((1100, offered_ma), (1600, 0), (1602, 60)):
            put(unit.registers, address, "I", number)
        assert (await failure_of(driver.obey(LIMIT_MA))).args == (1100, LIMIT_MA, offered_ma)
    unit, driver = await opened(charger)
    assert type(await failure_of(driver.kept())) is OutOfRange  # nothing was ordered here


async def test_a_keba_that_does_not_take_the_failsafe_gets_no_order():
    for told_at, faulty in ((1600, (5016, 0, 20000)), (1602, (5018, 60, 0))):
        unit, driver = await opened(CHARGERS[0])
        unit.after_write = None
        if told_at == 1602:
            put(unit.registers, 1600, "I", 0)
        assert (await failure_of(driver.obey(LIMIT_MA))).args == faulty
        assert unit.registers[5004] == 16000


async def test_phases_of_a_unite_are_written_by_function_six_and_only_when_they_differ():
    unit = Unit({404: 1, 405: 1})
    switch = driver_of("webasto-unite-phases", unit)
    await switch.open()
    assert await switch.read() == {q.PHASES: 3} and await switch.default_mode() == 3
    unit.asked = []
    assert await switch.obey(1) == 1 and unit.registers[405] == 0
    assert unit.asked == [(3, 405, 1), (6, 405, 1), (3, 405, 1)]
    unit.asked = []
    assert await switch.obey(1) == 1 == await switch.kept() and [asked[0] for asked in unit.asked] == [3, 3, 4]
    unit.registers[405] = 2
    assert (await failure_of(switch.kept())).args == (405, None, (2,)) and await switch.read() == {}
    unit.registers[404] = 0
    assert type(await failure_of(switch.kept())) is FrameError
    assert type(await failure_of(driver_of("webasto-unite-phases", unit).open())) is WrongDevice
