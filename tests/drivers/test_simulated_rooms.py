"""Room thermostats and relay boards against their simulated twins: what they keep, and what they do when left alone."""

from __future__ import annotations

import pytest

from hal import quantities as q
from hal.errors import DeviceError, NotObeyed
from sim_devices.home import running_home
from tests.drivers.bench import driver_for
from tests.drivers.twins import Row, house_of, twin_of

RDF302 = Row("siemens-rdf302")


async def test_an_rdf302_takes_a_comfort_temperature_and_gives_the_owners_back():
    home, product, driver = await twin_of("room", RDF302, building={"air_c": 18.0, "walls_c": 18.0})
    numbers = await driver.read()
    assert numbers[q.TEMP_TARGET_MC] == 21000 and numbers[q.ON] == 1
    assert abs(numbers[q.TEMP_ROOM_MC] - home.house.building.air_c * 1000) <= 20
    for target_mc in (5000, 16500, 30000):
        assert await driver.obey(target_mc) == target_mc == await driver.kept()
        assert product.target_c * 1000 == target_mc
        home.advance(5)
        assert (await driver.read())[q.ON] == home.house.building.valve == (target_mc > 18000)
    assert await driver.default_mode() == 21000 and product.comfort_c == 21


async def test_an_owner_who_left_comfort_is_not_brought_back():
    home, product, driver = await twin_of("room", RDF302)
    for mode in (3, 4):
        product.mode = mode
        with pytest.raises(NotObeyed):
            await driver.obey(19000)
        with pytest.raises(NotObeyed):
            await driver.kept()
        assert product.comfort_c == 21 and await driver.default_mode() == 21000 and product.mode == mode
    product.mode = 1
    home.fault("room", "lying")
    with pytest.raises(NotObeyed):
        await driver.obey(19000)


@pytest.mark.parametrize("fault", ["zeros", "exception", "garbage", "silence", "crc"])
async def test_no_fault_of_the_line_becomes_a_number(fault):
    home, _, driver = await twin_of("room", RDF302)
    home.fault("room", fault)
    for asked in (driver.read(), driver.kept(), driver.obey(19000)):
        with pytest.raises(DeviceError):
            await asked


async def test_an_rdf302_does_that_on_a_real_terminal_too():
    async with running_home(house_of("room", RDF302)) as home, driver_for(home, "room", "siemens-rdf302") as driver:
        assert await driver.obey(19500) == 19500
        assert (await driver.read())[q.TEMP_TARGET_MC] == 19500


async def test_the_relays_of_a_wiren_board_open_when_nobody_speaks_and_not_before():
    board = Row("wiren-board-mr6c", product={"channels": {"2": "boiler"}}, options={"channel": 3})
    home, product, relay = await twin_of("relay", board)
    boiler = home.house.loads["boiler"]
    assert await relay.obey(1) == 1 == await relay.kept() and boiler.on
    for _ in range(5):
        home.advance(50)
        assert await relay.read() == {q.ON: 1}
    home.advance(relay.fallback_ms / 1000 - 1)
    assert boiler.on
    home.advance(2)
    assert not boiler.on and product.closed == [False] * 6
    assert await relay.kept() == 0


async def test_a_wiren_board_does_that_on_a_real_terminal_too():
    board = Row("wiren-board-mr6c", product={"channels": {"0": "boiler"}})
    async with running_home(house_of("relay", board)) as home, driver_for(home, "relay", "wiren-board-mr6c") as relay:
        assert await relay.obey(1) == 1 and home.house.loads["boiler"].on
        assert await relay.default_mode() == 0 and not home.house.loads["boiler"].on
