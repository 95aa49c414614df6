"""Every heat pump on Modbus that takes SG-Ready states or is only read, against its simulated twin."""

from __future__ import annotations

import pytest

from drivers import catalogue
from hal import quantities as q
from hal.errors import DeviceError, NotObeyed, Refused, WrongDevice
from sim_devices.home import running_home
from sim_devices.products import PRODUCTS
from sim_devices.products.pump import Pump
from tests.drivers.bench import driver_for
from tests.drivers.rows import PUMPS_READ, PUMPS_STEERED
from tests.drivers.twins import Row, house_of, twin_of

ROWS = PUMPS_STEERED + PUMPS_READ
MODES = (q.SG_LOCK, q.SG_NORMAL, q.SG_RECOMMENDED, q.SG_FORCED)
COLD = {"building": {"air_c": 15.0, "walls_c": 15.0}, "tank": {"water_c": 25.0}}
each = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.model)
steered = pytest.mark.parametrize("row", PUMPS_STEERED, ids=lambda row: row.model)


def test_every_simulated_pump_has_its_driver_in_a_row():
    assert {row.model for row in ROWS} == {model for model, product in PRODUCTS.items() if issubclass(product, Pump)}
    by_model = {row[0]: row for row in catalogue.PRODUCTS}
    assert {by_model[row.model][3] for row in PUMPS_STEERED} == {"sg-ready"}
    assert {by_model[row.model][3] for row in PUMPS_READ} == {"meter"}


@each
async def test_a_reading_is_what_the_pump_draws_and_how_warm_it_is(row):
    home, product, driver = await twin_of("heat-pump", row, **COLD)
    home.advance(1800)
    numbers = await driver.read()
    assert product.pump.power_w > 500
    for quantity, true, slack in (
        (q.POWER_W, product.pump.power_w, 11),
        (q.TEMP_OUTSIDE_MC, home.house.outside_c * 1000, 1),
        (q.TEMP_TANK_MC, home.house.tank.water_c * 1000, 101),
        (q.TEMP_ROOM_MC, home.house.building.air_c * 1000, 11),
        (q.ENERGY_IMPORT_WH, product.pump.energy_wh + (3_000_000 if row.model == "lambda-eu-l" else 0), 101),
    ):
        assert abs(numbers.get(quantity, true) - true) <= slack, quantity
    assert q.TEMP_OUTSIDE_MC in numbers and (q.POWER_W in numbers or row.model == "stiebel-isg")
    assert all(quantity > 0 for quantity in numbers)


@steered
async def test_each_state_is_reached_told_and_kept_and_none_is_passed_that_starts_or_locks_unasked(row):
    _, product, driver = await twin_of("heat-pump", row)
    for first in MODES:
        for second in MODES:
            await driver.obey(first)
            product.passed.clear()
            assert await driver.obey(second) == second == await driver.kept()
            assert (await driver.read())[q.MODE] == second
            assert product.pump.sg_in_force == second
            for passed in product.passed[:-1]:
                assert passed in (q.SG_NORMAL, q.SG_RECOMMENDED)
            assert bool(product.passed) is (first != second)  # what stands there already is not written
    assert await driver.default_mode() == q.SG_NORMAL == product.pump.sg_in_force


@steered
async def test_an_acknowledgement_is_no_obedience(row):
    home, _, driver = await twin_of("heat-pump", row)
    home.fault("heat-pump", "lying")
    with pytest.raises(NotObeyed):
        await driver.obey(q.SG_LOCK)


@each
@pytest.mark.parametrize("fault", ["zeros", "exception", "garbage", "silence"])
async def test_no_fault_of_the_line_becomes_a_number(row, fault):
    home, _, driver = await twin_of("heat-pump", row)
    home.fault("heat-pump", fault)
    with pytest.raises(DeviceError):
        await driver.read()


@each
async def test_it_does_that_on_a_real_port_too(row):
    async with (
        running_home(house_of("heat-pump", row)) as home,
        driver_for(home, "heat-pump", row.model, **row.options) as driver,
    ):
        assert q.TEMP_OUTSIDE_MC in await driver.read()
        if row in PUMPS_STEERED:
            assert await driver.obey(q.SG_FORCED) == q.SG_FORCED
            assert home.house.heat_pump.contacts == (True, True)


async def test_a_pump_that_does_not_listen_is_refused():
    for row in (
        Row("nibe-s", product={"by_api": False}),
        Row("stiebel-isg", product={"sg_ready": False}),
        Row("stiebel-isg", product={"controller": 7}),
    ):
        with pytest.raises(WrongDevice):
            await twin_of("heat-pump", row)


async def test_a_ventilation_unit_of_stiebel_has_no_temperatures_here():
    _, _, driver = await twin_of("heat-pump", Row("stiebel-isg", product={"controller": 103}))
    assert await driver.read() == {q.MODE: q.SG_NORMAL}


async def test_a_wrong_word_order_shows_when_a_lambdas_energy_is_compared():
    home, product, driver = await twin_of("heat-pump", Row("lambda-eu-l", options={"low_first": 0}))
    home.advance(10)
    assert abs((await driver.read())[q.ENERGY_IMPORT_WH] - product.pump.energy_wh) > 10_000_000


async def test_a_register_that_a_model_lacks_is_asked_no_more():
    home, _, driver = await twin_of("heat-pump", Row("nibe-s"))
    home.fault("heat-pump", "refuse", address=2305, access="read", code=2)
    assert q.POWER_W not in await driver.read()
    assert q.POWER_W not in await driver.read() and q.MODE in await driver.read()
    home.fault("heat-pump", "refuse", address=1911, access="read", code=2)
    with pytest.raises(Refused):
        await driver.read()
