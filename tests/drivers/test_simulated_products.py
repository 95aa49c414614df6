"""Our drivers against simulated products on real sockets and terminals, written from the papers a second time."""

from __future__ import annotations

import asyncio

import pytest

from boards.cpython.serial_line import SerialLine
from drivers import catalogue
from hal import quantities as q
from hal.errors import DeviceError, LineTimeout, NotObeyed, WrongDevice
from hal.memory import ManualClock
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from sim_devices.home import running_home
from tests.drivers.bench import BAUD, driver_for, rtu_bus
from tests.sim_devices.homes import home_tree


def near(number: int, expected: float, slack: float = 1.0) -> bool:
    return abs(number - expected) <= slack


async def test_the_meter_says_what_the_house_draws():
    async with running_home(home_tree(base_w=3000.0)) as home, driver_for(home, "grid", "eastron-sdm630") as meter:
        home.advance(10)
        circuit = home.house.circuits["grid"]
        numbers = await meter.read()
        assert near(numbers[q.POWER_W], circuit.flow.total_w)
        assert near(numbers[q.VOLTAGE_L3_MV], circuit.voltage_v[2] * 1000)
        assert near(numbers[q.CURRENT_L2_MA], circuit.current_a(1) * 1000)
        assert near(numbers[q.FREQUENCY_MHZ], circuit.frequency_hz * 1000)
        assert near(numbers[q.ENERGY_IMPORT_WH], circuit.import_wh)
        assert len(numbers) == len(meter.points)


async def test_export_is_negative_and_counted_apart():
    tree = home_tree(base_w=0.0, pv_w=5000.0, battery={"soc": 1.0})
    async with running_home(tree) as home, driver_for(home, "grid", "eastron-sdm630") as meter:
        home.advance(600)
        numbers = await meter.read()
        assert numbers[q.POWER_W] < -300 and numbers[q.ENERGY_EXPORT_WH] > 30


async def test_the_charger_obeys_counts_its_validity_down_and_falls_back():
    async with running_home(home_tree()) as home, driver_for(home, "charger", "alfen-eve") as charger:
        home.advance(5)
        assert (await charger.read())[q.EV_STATE] in (q.EV_B, q.EV_C)
        assert await charger.obey(13500) == 13500
        home.advance(10)
        numbers = await charger.read()
        assert numbers[q.LIMIT_MA] == 13500 and near(numbers[q.LIMIT_VALID_MS], 50000, 1000)
        assert numbers[q.CURRENT_L1_MA] <= 13600
        home.advance(charger.fallback_ms // 1000)
        numbers = await charger.read()
        assert numbers[q.LIMIT_MA] == 6000 and numbers[q.LIMIT_VALID_MS] == 0
        assert await charger.obey(0) == 0
        home.advance(5)
        assert (await charger.read())[q.POWER_W] == 0
        assert await charger.default_mode() == 6000


async def test_rewriting_in_time_keeps_the_chargers_set_point():
    async with running_home(home_tree()) as home, driver_for(home, "charger", "alfen-eve") as charger:
        for _ in range(8):
            await charger.obey(10000)
            home.advance(charger.refresh_ms // 1000)
            assert (await charger.read())[q.LIMIT_MA] == 10000


async def test_a_charger_that_restarts_is_not_kept_at_nought():
    async with running_home(home_tree()) as home, driver_for(home, "charger", "alfen-eve") as charger:
        await charger.obey(16000)
        home.devices["charger"].product.restart()
        await charger.open()
        assert (await charger.read())[q.LIMIT_MA] == 6000


async def test_the_chargers_phases_are_switched_on_its_own_bus_and_left_where_they_are():
    async with running_home(home_tree()) as home, driver_for(home, "charger", "alfen-eve") as charger:
        switch = catalogue.load("alfen-eve-phases")(charger.bus, charger.unit, {})
        await switch.open()
        assert await switch.read() == {q.PHASES: 3} and await switch.default_mode() == 3
        await charger.obey(10000)
        home.advance(20)
        three_w = (await charger.read())[q.POWER_W]
        assert await charger.obey(0) == 0
        home.advance(10)
        assert await switch.obey(1) == 1
        home.advance(15)
        await charger.obey(10000)
        home.advance(20)
        numbers = await charger.read()
        assert near(3 * numbers[q.POWER_W], three_w, 60) and numbers[q.CURRENT_L2_MA] == 0
        assert await switch.kept() == await switch.default_mode() == 1
        home.fault("charger", "lying")
        with pytest.raises(NotObeyed):
            await switch.obey(3)


async def test_a_charger_with_another_safe_current_is_refused():
    async with running_home(home_tree(options={"charger": {"safe_a": 16.0}})) as home:
        with pytest.raises(WrongDevice):
            async with driver_for(home, "charger", "alfen-eve"):
                pass
    tree = home_tree(options={"charger": {"safe_a": 0.0}})
    async with running_home(tree) as home, driver_for(home, "charger", "alfen-eve", fallback_ma=0) as charger:
        assert await charger.default_mode() == 0


async def test_the_heat_pump_keeps_its_limit_and_gives_it_back():
    tree = home_tree(building={"air_c": 15.0, "walls_c": 15.0}, tank={"water_c": 25.0})
    async with running_home(tree) as home, driver_for(home, "heat-pump", "luxtronik-shi") as pump:
        home.advance(1800)
        assert (await pump.read())[q.LIMIT_W] == 30000
        free_w = (await pump.read())[q.POWER_W]
        assert free_w > 500
        limit_w = free_w // 200 * 100
        assert await pump.obey(limit_w) == limit_w
        home.advance(120)
        numbers = await pump.read()
        assert numbers[q.LIMIT_W] == limit_w and numbers[q.POWER_W] <= limit_w
        assert numbers[q.TEMP_OUTSIDE_MC] == 2000
        assert await pump.default_mode() == 30000
        assert home.devices["heat-pump"].product.state()["limit_mode"] == 0


async def test_the_battery_charges_discharges_holds_and_is_let_go():
    tree = home_tree(base_w=800.0, car={"soc": 1.0})
    async with running_home(tree) as home, driver_for(home, "inverter", "fronius-gen24") as battery:
        assert battery.maximum == home.house.inverter.battery.power_w_max
        for power_w in (2000, -1500, 0, 1000):
            assert await battery.obey(power_w) == power_w
            home.advance(20)
            numbers = await battery.read()
            assert near(numbers[q.POWER_W], power_w, 20), (power_w, numbers)
            assert numbers[q.SETPOINT_W] == power_w
            assert near(numbers[q.SOC_PM], home.house.inverter.battery.soc * 1000)
        assert await battery.default_mode() is None
        home.advance(30)
        numbers = await battery.read()
        assert q.SETPOINT_W not in numbers
        assert near(numbers[q.POWER_W], -800, 60)  # it feeds the house again


@pytest.mark.parametrize(("revert", "falls_back"), [("counts", True), ("ignored", True), ("absent", False)])
async def test_the_battery_says_whether_it_has_a_fall_back(revert, falls_back):
    tree = home_tree(options={"inverter": {"revert": revert}})
    async with running_home(tree) as home, driver_for(home, "inverter", "fronius-gen24") as battery:
        await battery.obey(1000)
        assert (battery.fallback_ms > 0) == falls_back
        home.advance(61)
        numbers = await battery.read()
        # "ignored" keeps the timer's number and never acts on it: only a test on the product itself can tell.
        assert (q.SETPOINT_W in numbers) == (revert != "counts")


async def test_pv_is_negative_consumption():
    tree = home_tree(pv_w=3000.0)
    async with running_home(tree) as home, driver_for(home, "inverter", "fronius-gen24") as battery:
        home.advance(10)
        assert near((await battery.read())[q.POWER_PV_W], -3000, 30)


async def test_the_thermostat_holds_and_the_schedule_comes_back_by_itself():
    async with running_home(home_tree()) as home, driver_for(home, "room", "heatmiser-edge", hold_min=60) as room:
        assert await room.obey(18000) == 18000
        assert (await room.read())[q.TEMP_TARGET_MC] == 18000
        home.advance(room.refresh_ms // 1000)
        assert await room.obey(18000) == 18000  # renewed while the old hold still runs
        home.advance(room.fallback_ms // 1000 - 60)
        assert (await room.read())[q.TEMP_TARGET_MC] == 18000
        home.advance(120)
        numbers = await room.read()
        assert numbers[q.TEMP_TARGET_MC] == 20000
        assert near(numbers[q.TEMP_ROOM_MC], home.house.building.air_c * 1000, 100)
        await room.obey(16000)
        assert await room.default_mode() is None
        assert (await room.read())[q.TEMP_TARGET_MC] == 20000


async def test_relays_switch_a_load_and_the_heat_pumps_mode():
    async with running_home(home_tree()) as home, driver_for(home, "relay", "waveshare-relay", channel=3) as relay:
        pump = catalogue.load("sg-ready-relay")(relay.bus, relay.unit, {})
        assert await relay.obey(1) == 1
        assert home.house.loads["boiler"].on
        for mode, contacts in (
            (q.SG_LOCK, (True, False)),
            (q.SG_RECOMMENDED, (False, True)),
            (q.SG_FORCED, (True, True)),
        ):
            assert await pump.obey(mode) == mode
            assert home.house.heat_pump.contacts == contacts
            assert await pump.read() == {q.MODE: mode}
        assert await pump.default_mode() == q.SG_NORMAL
        assert home.house.heat_pump.contacts == (False, False)
        assert await relay.read() == {q.ON: 1}
        assert await relay.default_mode() == 0
        assert not home.house.loads["boiler"].on


async def test_three_products_share_a_serial_bus_while_one_is_silent():
    async with running_home(home_tree()) as home, rtu_bus(home.addresses["grid"].path, timeout_ms=100) as bus:
        meter = catalogue.load("eastron-sdm630")(bus, home.addresses["grid"].unit, {})
        room = catalogue.load("heatmiser-edge")(bus, home.addresses["room"].unit, {})
        relay = catalogue.load("waveshare-relay")(bus, home.addresses["relay"].unit, {})
        home.fault("room", "silence", seconds=1000)
        for _ in range(3):
            answers = await asyncio.gather(meter.read(), room.read(), relay.read(), return_exceptions=True)
            assert type(answers[1]) is LineTimeout
            assert answers[0][q.VOLTAGE_L1_MV] > 200000 and answers[2] == {q.ON: 0}


@pytest.mark.parametrize("fault", ["crc", "garbage", "exception", "zeros", "slow", "silence", "restart"])
async def test_a_disturbed_meter_gives_an_error_or_nothing_and_never_a_wrong_number(fault):
    async with running_home(home_tree(base_w=3000.0)) as home:
        clock = ManualClock()
        line = SerialLine(home.addresses["grid"].path, BAUD, settle_ms=20)
        meter = catalogue.load("eastron-sdm630")(Bus(line, Rtu(BAUD, 100), clock), 1, {})
        failed = 0
        good = await meter.read()
        home.fault("grid", fault)
        for _ in range(3):
            try:
                assert await meter.read() == good
            except DeviceError:
                failed += 1
        assert failed
        home.clear("grid")
        home.advance(10)
        clock.advance(10000)
        assert (await meter.read())[q.VOLTAGE_L1_MV] > 200000
        await line.close()


async def test_a_product_that_keeps_something_else_is_found_out():
    async with running_home(home_tree()) as home, driver_for(home, "charger", "alfen-eve") as charger:
        home.fault("charger", "lying")
        with pytest.raises(NotObeyed):
            await charger.obey(9000)
