"""Products that take one client only: somebody else is on the line, and our devices share one connection."""

from __future__ import annotations

import asyncio

import pytest

from drivers import catalogue
from hal.errors import DeviceError
from sim_devices.home import running_home
from sim_devices.products import PRODUCTS
from tests.drivers.bench import tcp_bus
from tests.drivers.twins import Row, house_of

ALONE = sorted(model for model, product in PRODUCTS.items() if product.clients_max == 1)


def test_there_are_products_that_take_one_client():
    assert {"huawei-luna2000", "solaredge-storedge"} <= set(ALONE)


@pytest.mark.parametrize("model", ALONE)
async def test_who_is_there_first_keeps_it_and_we_are_let_in_when_he_leaves(model):
    async with running_home(house_of("inverter", Row(model))) as home:
        where = home.addresses["inverter"]
        _, other = await asyncio.open_connection("127.0.0.1", where.port)
        async with tcp_bus(where.port) as bus:
            driver = catalogue.load(model)(bus, where.unit, {})
            with pytest.raises(DeviceError):
                await driver.open()
            other.close()
            await other.wait_closed()
            for _ in range(8):  # a bus lets a unit rest that did not answer
                bus._clock.advance(1000)
                try:
                    await driver.open()
                except DeviceError:
                    continue
                break
            assert await driver.read()


@pytest.mark.parametrize("model", ALONE)
async def test_two_devices_at_once_need_one_connection(model):
    async with running_home(house_of("inverter", Row(model))) as home:
        where = home.addresses["inverter"]
        async with tcp_bus(where.port) as bus:
            pair = [catalogue.load(model)(bus, where.unit, {}) for _ in range(2)]
            await asyncio.gather(*(driver.open() for driver in pair))
            first, second = await asyncio.gather(*(driver.read() for driver in pair))
            assert first.keys() == second.keys()
