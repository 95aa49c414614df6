"""Every battery there is on real sockets and terminals, against a simulated twin: it obeys, tells, and is let go."""

from __future__ import annotations

from math import inf

import pytest

from drivers import catalogue
from hal import quantities as q
from hal.errors import NotObeyed, OutOfRange
from sim_devices.home import running_home
from sim_devices.products import PRODUCTS
from tests.drivers.bench import driver_for
from tests.sim_devices.homes import home_tree

BATTERIES = [row[0] for row in catalogue.PRODUCTS if row[3] == "battery"]
UNITS = {"victron-gx": 100, "sma-storage": 3}
SUN_W = 1000.0


def house_with(model: str, product=None, **tables):
    """Return a home whose battery speaks as `model`."""
    tree = home_tree(pv_w=SUN_W, **tables)
    tree["device"] = [device for device in tree["device"] if device["id"] != "inverter"]
    tree["bus"].append({"id": "more", "kind": PRODUCTS[model].bus_kind})
    device = {"id": "battery", "product": model, "bus": "more", "unit": UNITS.get(model, 1), **(product or {})}
    tree["device"].append(device)
    return running_home(tree)


@pytest.mark.parametrize("model", BATTERIES)
async def test_a_battery_obeys_both_ways_holds_and_is_let_go(model):
    async with house_with(model) as home, driver_for(home, "battery", model) as battery:
        truth = home.house.inverter
        assert await battery.kept() is None
        for power_w in (1500, -1200, 0, 2000):
            assert await battery.obey(power_w) == power_w
            home.advance(8)
            numbers = await battery.read()
            assert abs(truth.battery.power_w - power_w) <= 1, power_w
            assert abs(numbers[q.POWER_W] - power_w) <= 1
            assert await battery.kept() == power_w
        await battery.default_mode()
        assert await battery.kept() is None
        home.advance(30)
        assert (truth.battery_w_most, truth.battery_w_least) == (inf, -inf)


@pytest.mark.parametrize("model", BATTERIES)
async def test_a_battery_tells_its_charge_and_the_sun(model):
    async with house_with(model) as home, driver_for(home, "battery", model) as battery:
        home.advance(30)
        numbers = await battery.read()
        truth = home.house.inverter
        assert abs(numbers[q.SOC_PM] - truth.battery.soc * 1000) <= 10
        assert abs(numbers.get(q.POWER_PV_W, -truth.pv_w) + truth.pv_w) <= 2
        assert all(quantity > 0 for quantity in numbers)


@pytest.mark.parametrize("model", BATTERIES)
async def test_a_battery_that_is_left_alone_falls_back_when_its_driver_says_so_and_never_else(model):
    async with house_with(model) as home, driver_for(home, "battery", model) as battery:
        await battery.obey(-1200)
        home.advance(battery.fallback_ms / 1000 - 2 if battery.fallback_ms else 3600)
        assert await battery.kept() == -1200
        if battery.fallback_ms:
            home.advance(4)
            assert await battery.kept() != -1200


@pytest.mark.parametrize("model", BATTERIES)
async def test_a_battery_is_asked_for_no_more_than_it_says_that_it_can(model):
    async with house_with(model) as home, driver_for(home, "battery", model) as battery:
        with pytest.raises(OutOfRange):
            await battery.obey(battery.maximum + battery.step)
        with pytest.raises(OutOfRange):
            await battery.obey(battery.minimum - battery.step)


async def test_what_another_controller_ordered_is_told_and_what_is_no_order_is_not():
    async with house_with("sungrow-sh") as home, driver_for(home, "battery", "sungrow-sh") as battery:
        home.devices["battery"].product.write(1, 16, 13051, [700])
        home.devices["battery"].product.write(1, 16, 13050, [0xAA])
        assert await battery.kept() is None
        home.devices["battery"].product.write(1, 16, 13049, [2])
        assert await battery.kept() == 700
    async with house_with("solaredge-storedge") as home, driver_for(home, "battery", "solaredge-storedge") as battery:
        await battery.obey(500)
        home.devices["battery"].product.write(1, 16, 0xE00D, [2])
        with pytest.raises(NotObeyed):
            await battery.kept()


@pytest.mark.parametrize(("before", "options", "after"), [(1, {}, 1), (2, {}, 2), (3, {"ess_mode": 2}, 2)])
async def test_a_victron_gets_the_mode_back_that_it_had(before, options, after):
    async with house_with("victron-gx") as home, driver_for(home, "battery", "victron-gx", **options) as battery:
        home.devices["battery"].product.word[2902] = [before]
        await battery.obey(800)
        assert home.devices["battery"].product.word[2902] == [3]
        await battery.default_mode()
        assert home.devices["battery"].product.word[2902] == [after]


async def test_a_victron_on_three_phases_is_told_its_share_of_each():
    product, options = {"vebus_phases": 3, "vebus_unit": 228}, {"vebus_phases": 3, "vebus_unit": 228}
    async with house_with("victron-gx", product) as home, driver_for(home, "battery", "victron-gx", **options) as gx:
        assert await gx.obey(-1000) == -999
        assert [home.devices["battery"].product.word[at] for at in (37, 40, 41)] == [[65536 - 333]] * 3
        assert await gx.kept() == -999


async def test_a_solaredge_gets_the_mode_back_that_its_owner_had_chosen():
    async with house_with("solaredge-storedge") as home, driver_for(home, "battery", "solaredge-storedge") as battery:
        home.devices["battery"].product.word[0xE004] = [2]
        await battery.obey(800)
        await battery.default_mode()
        assert home.devices["battery"].product.word[0xE004] == [2]


async def test_no_earlier_order_comes_back_when_the_last_one_reverts():
    async with house_with("sunspec-der") as home, driver_for(home, "battery", "sunspec-der") as battery:
        written = home.devices["battery"].product.written
        written.update(WSetEnaRvrt=1, WSetRvrt=3000)
        await battery.obey(1500)
        home.advance(62)
        assert await battery.kept() is None and written["WSetEna"] == 0


async def test_leave_to_charge_from_the_grid_is_taken_back_only_when_it_was_ours():
    for owners in (0, 1):
        async with house_with("huawei-luna2000") as home, driver_for(home, "battery", "huawei-luna2000") as battery:
            home.devices["battery"].product.word[47087] = [owners]
            await battery.obey(3000)
            assert home.devices["battery"].product.word[47087] == [1]
            await battery.default_mode()
            assert home.devices["battery"].product.word[47087] == [owners]


async def test_an_sma_that_does_not_tell_what_it_was_told_is_believed_its_acknowledgement():
    async with house_with("sma-storage", {"tells": False}) as home, driver_for(home, "battery", "sma-storage") as sma:
        assert await sma.obey(1500) is None
        home.advance(8)
        assert abs(home.house.inverter.battery.power_w - 1500) <= 1
        with pytest.raises(OutOfRange):
            await sma.kept()


async def test_registers_that_hold_what_is_wanted_are_not_written_again():
    async with house_with("sungrow-sh") as home, driver_for(home, "battery", "sungrow-sh") as battery:
        written = []
        product = home.devices["battery"].product
        product.obey = written.append
        for _ in range(3):
            await battery.obey(1500)
        assert written == [13051, 13050, 13049]
