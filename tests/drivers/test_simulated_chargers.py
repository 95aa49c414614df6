"""Every charger on Modbus against its simulated twin: one row a product, the same questions to all."""

from __future__ import annotations

import pytest

from drivers import catalogue
from hal import quantities as q
from hal.errors import DeviceError, NotObeyed, OutOfRange, Refused, WrongDevice
from hal.modbus.charger import ModbusCharger
from sim_devices.home import running_home
from sim_devices.products import PRODUCTS
from sim_devices.products.charger import Charger
from tests.drivers.bench import driver_for
from tests.drivers.rows import CHARGERS, GO_E, HEIDELBERG, KEBA_P30, TOLD, WALLBE
from tests.drivers.twins import Row, house_of, twin_of

A_SLACK = 110  # in mA: tenths of an ampere
W_SLACK = 60  # some tell VA, and the simulated car is a tenth reactive
WH_SLACK = 101  # tenths of a kilowatt-hour
MA_SLACK = 60  # what a step of a duty cycle is
each = pytest.mark.parametrize("row", CHARGERS, ids=lambda row: row.model)


def test_every_charger_of_the_catalogue_on_modbus_is_in_a_row():
    built = {row[0] for row in catalogue.PRODUCTS if row[3] == "charger"} - {"control-pilot", "alfen-eve"}
    assert built == {row.model for row in CHARGERS}
    assert built == {model for model, product in PRODUCTS.items() if issubclass(product, Charger)}
    assert all(issubclass(catalogue.load(model), ModbusCharger) for model in built)


@each
async def test_what_the_car_draws_is_what_the_driver_tells(row):
    home, _, driver = await twin_of("charger", row)
    circuit = home.house.circuits["charger"]
    for _ in range(12):
        home.advance(10)  # some products fall back after 15 s in which nobody asked
        numbers = await driver.read()
    assert circuit.flow.total_w > 4000 and numbers[q.EV_STATE] == q.EV_C
    assert tuple(quantity for quantity in TOLD if quantity not in numbers) == row.unread
    assert all(quantity > 0 for quantity in numbers)
    for quantity, true, slack in (
        (q.POWER_W, circuit.flow.total_w, W_SLACK),
        (q.ENERGY_IMPORT_WH, circuit.import_wh, WH_SLACK),
        (q.CURRENT_L2_MA, circuit.current_a(1) * 1000, A_SLACK),
        (q.VOLTAGE_L3_MV, circuit.voltage_v[2] * 1000, 510),
    ):
        assert abs(numbers.get(quantity, true) - true) <= slack, quantity
    home.house.charge_point.unplug()
    home.advance(5)
    numbers = await driver.read()
    assert numbers[q.EV_STATE] == q.EV_A and numbers.get(q.POWER_W, 0) == 0


@each
async def test_an_order_is_obeyed_read_back_and_told(row):
    home, _, driver = await twin_of("charger", row)
    for limit_ma in (10000, 0, 13000, driver.maximum, 6000, 0, driver.minimum):
        kept_ma = await driver.obey(limit_ma)
        assert limit_ma - MA_SLACK < home.house.charge_point.limit_a * 1000 <= limit_ma + 1
        if row.asked_back:
            assert limit_ma - MA_SLACK < kept_ma <= limit_ma and await driver.kept() == kept_ma
        else:
            assert kept_ma is None
            with pytest.raises(OutOfRange):
                await driver.kept()


@each
async def test_left_alone_it_stands_at_its_fallback(row):
    home, _, driver = await twin_of("charger", row)
    await driver.obey(driver.maximum)
    await driver.default_mode()
    assert home.house.charge_point.limit_a * 1000 == pytest.approx(driver.fallback_ma)


@each
async def test_it_falls_back_in_the_time_that_its_driver_names_and_not_while_it_is_fed(row):
    home, product, driver = await twin_of("charger", row)
    await driver.obey(13000)
    at_order_a = home.house.charge_point.limit_a
    if not driver.fallback_ms:
        home.advance(900)
        assert product.wait_s == 0 and home.house.charge_point.limit_a == at_order_a
        return
    for _ in range(5):
        home.advance((driver.refresh_ms or driver.poll_ms) / 1000)
        await (driver.obey(13000) if driver.refresh_ms else driver.read())
        assert home.house.charge_point.limit_a == at_order_a
    home.advance(driver.fallback_ms / 1000 - 2)
    assert home.house.charge_point.limit_a == at_order_a
    home.advance(3)
    assert home.house.charge_point.limit_a * 1000 == driver.fallback_ma
    await driver.obey(13000)
    assert home.house.charge_point.limit_a == at_order_a


@each
async def test_an_acknowledgement_is_no_obedience(row):
    home, _, driver = await twin_of("charger", row)
    await driver.obey(13000)
    home.fault("charger", "lying")
    if not row.asked_back:
        assert await driver.obey(6000) is None  # and nothing more is said than that it was acknowledged
        return
    with pytest.raises(NotObeyed):
        await driver.obey(6000)


@each
@pytest.mark.parametrize("fault", ["zeros", "exception", "garbage", "silence"])
async def test_no_fault_of_the_line_becomes_a_number_or_an_order(row, fault):
    home, _, driver = await twin_of("charger", row)
    await driver.obey(8000)
    home.fault("charger", fault)
    for asked in (driver.read(), driver.obey(16000)):
        try:
            assert await asked is None and fault == "zeros" and not row.asked_back
        except DeviceError:
            continue
    home.clear("charger")


@each
async def test_another_failsafe_than_the_sites_is_corrected(row):
    _, product, driver = await twin_of(
        "charger", row._replace(product={**row.product, "safe_a": 16.0, "wait_s": 300.0})
    )
    await driver.obey(9000)
    if driver.fallback_ms:
        assert (product.safe_a * 1000, product.wait_s * 1000) == (driver.fallback_ma, driver.fallback_ms)
    else:
        assert (product.safe_a, product.wait_s) == (16, 300)


@each
async def test_it_does_all_that_on_a_real_port_too(row):
    async with (
        running_home(house_of("charger", row)) as home,
        driver_for(home, "charger", row.model, **row.options) as driver,
    ):
        kept_ma = await driver.obey(9000)
        assert kept_ma is None or 9000 - MA_SLACK < kept_ma <= 9000
        home.advance(9)
        assert (await driver.read())[q.EV_STATE] in (q.EV_B, q.EV_C)
        assert 9000 - MA_SLACK < home.house.charge_point.limit_a * 1000 <= 9001


@each
async def test_no_more_is_offered_than_the_product_may(row):
    small = row._replace(product={**row.product, "station_a_max": 13.0})
    _, _, driver = await twin_of("charger", small)
    assert driver.maximum == (13000 if driver.largest else type(driver).maximum)
    small.product["station_a_max"] = 5.0
    if driver.largest:
        with pytest.raises(WrongDevice):
            await twin_of("charger", small)


async def test_a_keba_without_a_car_offers_nothing_and_has_its_order_when_one_comes():
    home, product, driver = await twin_of("charger", KEBA_P30)
    car = home.house.car
    home.house.charge_point.unplug()
    assert await driver.obey(10000) == 0
    with pytest.raises(OutOfRange):
        await driver.kept()
    home.house.charge_point.plug(car)
    assert await driver.kept() == 10000 == product.applied_a * 1000


async def test_the_phases_of_a_unite_are_switched_on_its_own_bus_and_left_where_they_are():
    home, product, charger = await twin_of("charger", Row("webasto-unite", unit=255))
    switch = catalogue.load("webasto-unite-phases")(charger.bus, charger.unit, {})
    await switch.open()
    assert await switch.read() == {q.PHASES: 3} and await switch.default_mode() == 3
    await charger.obey(0)
    home.advance(10)
    assert await switch.obey(1) == 1 == await switch.kept() and product.point.phases_set == 1
    home.advance(15)
    await charger.obey(10000)
    home.advance(18)
    numbers = await charger.read()
    assert numbers[q.CURRENT_L1_MA] > 9000 and numbers[q.CURRENT_L2_MA] == 0
    assert await switch.default_mode() == 1
    for fault in ("zeros", "exception"):
        home.fault("charger", fault)
        with pytest.raises(DeviceError):
            await switch.kept()
        with pytest.raises(DeviceError):
            await switch.read()
        home.clear("charger")
    home.fault("charger", "lying")
    with pytest.raises(NotObeyed):
        await switch.obey(3)


async def test_a_keba_says_which_product_it_is():
    for firmware in (10200, 10201):
        old = KEBA_P30._replace(product={"code": 4161000, "firmware": firmware})
        home, _, driver = await twin_of("charger", old)
        home.advance(900)
        told_wh = (await driver.read())[q.ENERGY_IMPORT_WH]
        assert abs(told_wh - home.house.circuits["charger"].import_wh) <= 1


async def test_a_keba_whose_pilot_offers_less_is_nobodys_order():
    _, product, driver = await twin_of("charger", KEBA_P30)
    await driver.obey(13000)
    product.order(9.0)  # a thinner cable
    with pytest.raises(OutOfRange):
        await driver.kept()
    product.order(16.0)
    assert await driver.kept() == 16000


async def test_a_heidelberg_that_somebody_locked_has_no_order_of_ours():
    _, product, driver = await twin_of("charger", HEIDELBERG)
    await driver.obey(9000)
    product.release(False)
    with pytest.raises(NotObeyed):
        await driver.kept()
    assert await driver.obey(9000) == 9000 and product.released


async def test_a_wallbe_is_never_told_amperes_and_its_like_never_tenths():
    for tenths, counts in ((True, 1), (False, 10)):
        wrong = WALLBE._replace(product={"tenths": tenths}, options={"counts_per_a": counts})
        with pytest.raises(WrongDevice):
            await twin_of("charger", wrong)


async def test_the_power_of_a_go_e_counts_in_the_unit_that_its_currents_allow():
    for unit_w, known in ((10.0, True), (0.01, True), (1.0, False)):
        home, _, driver = await twin_of("charger", GO_E._replace(product={"power_unit_w": unit_w}))
        home.advance(60)
        true_w = home.house.circuits["charger"].flow.total_w
        told_w = (await driver.read()).get(q.POWER_W)
        assert (told_w is not None and abs(told_w - true_w) <= 10) if known else told_w is None


async def test_the_current_of_a_go_e_that_wears_is_never_written():
    _, product, driver = await twin_of("charger", GO_E)
    for limit_ma in (9000, 0, 12000, 6000):
        await driver.obey(limit_ma)
    await driver.default_mode()
    assert product.writes_that_wear == 0


async def test_a_charging_point_of_a_charx_that_is_not_there_is_refused():
    with pytest.raises(Refused):
        await twin_of("charger", Row("phoenix-charx", options={"point": 2}))
