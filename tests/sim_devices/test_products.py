"""Each product spoken to by a plain pymodbus client over its real port."""

from __future__ import annotations

import math

import pytest

from sim_devices.build import BadConfig
from sim_devices.home import Home, running_home
from tests.sim_devices.homes import as_f32, client_of, f32_words, home_tree


async def input_f32(client, address: int, unit: int = 1) -> float:
    answer = await client.read_input_registers(address, count=2, device_id=unit)
    assert not answer.isError(), answer
    return as_f32(answer.registers)


async def holding(client, address: int, count: int, unit: int = 1) -> list[int]:
    answer = await client.read_holding_registers(address, count=count, device_id=unit)
    assert not answer.isError(), answer
    return list(answer.registers)


def signed(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word


async def test_meter_reads_what_flows():
    async with running_home(home_tree(base_w=1000.0)) as home, client_of(home, "grid") as client:
        home.advance(30)
        grid = home.house.circuits["grid"]
        assert await input_f32(client, 0x34) == pytest.approx(grid.flow.total_w, rel=1e-5)
        assert await input_f32(client, 0x00) == pytest.approx(grid.voltage_v[0], rel=1e-5)
        assert await input_f32(client, 0x06) == pytest.approx(grid.current_a(0), rel=1e-5)
        assert await input_f32(client, 0x46) == 50.0
        assert await input_f32(client, 0x48) == pytest.approx(grid.import_wh / 1000, rel=1e-5)


async def test_meter_refuses_odd_addresses_and_more_than_eighty_registers():
    async with running_home(home_tree()) as home, client_of(home, "grid") as client:
        assert not (await client.read_input_registers(0, count=80, device_id=1)).isError()
        assert (await client.read_input_registers(0, count=82, device_id=1)).exception_code == 2
        assert (await client.read_input_registers(1, count=2, device_id=1)).exception_code == 2
        assert (await client.read_holding_registers(0, count=2, device_id=1)).exception_code == 1


async def test_an_absent_unit_is_silent_and_the_others_answer_on():
    async with running_home(home_tree()) as home, client_of(home, "grid", timeout_s=0.1) as client:
        with pytest.raises(Exception, match="No response"):
            await client.read_input_registers(0, count=2, device_id=9)
        assert await input_f32(client, 0x00) > 200


async def test_a_bus_survives_its_client_closing_and_opening_again():
    async with running_home(home_tree()) as home:
        for _ in range(3):
            async with client_of(home, "grid") as client:
                assert await input_f32(client, 0x00) > 200


async def test_charger_obeys_and_car_draws_eleven_kilowatts():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        answer = await client.write_registers(1210, f32_words(16.0), device_id=1)
        assert not answer.isError()
        assert as_f32(await holding(client, 1206, 2)) == 16.0
        assert await holding(client, 1214, 1) == [1]
        home.advance(20)
        assert as_f32(await holding(client, 344, 2)) == pytest.approx(11000, rel=0.03)
        text = b"".join(word.to_bytes(2, "big") for word in await holding(client, 1201, 5))
        assert text.rstrip(b"\0") == b"C2"


async def test_charger_falls_to_its_safe_current_when_the_setpoint_is_not_repeated():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        await client.write_registers(1210, f32_words(13.0), device_id=1)
        home.advance(59)
        assert as_f32(await holding(client, 1206, 2)) == 13.0
        assert await holding(client, 1208, 2) == [0, 1]
        home.advance(1)
        assert as_f32(await holding(client, 1206, 2)) == 6.0
        assert as_f32(await holding(client, 1210, 2)) == 13.0
        assert await holding(client, 1214, 1) == [0]


async def test_charger_takes_the_setpoint_only_whole_and_sane():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        assert (await client.write_register(1210, 0x4180, device_id=1)).exception_code == 2
        assert (await client.write_registers(1210, f32_words(math.nan), device_id=1)).exception_code == 3
        assert (await client.write_registers(1206, f32_words(6.0), device_id=1)).exception_code == 2


async def test_charger_switches_phases_by_function_sixteen_only():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        await client.write_register(1215, 1, device_id=1)
        assert await holding(client, 1215, 1) == [3]
        await client.write_registers(1215, [1], device_id=1)
        assert await holding(client, 1215, 1) == [1]


async def test_charger_pauses_while_it_switches_phases_and_then_the_car_draws_on_one():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        await client.write_registers(1210, f32_words(10.0), device_id=1)
        home.advance(20)
        flow_w = [as_f32(await holding(client, 338 + 2 * i, 2)) for i in range(3)]
        assert min(flow_w) > 2000
        await client.write_registers(1215, [1], device_id=1)
        home.advance(5)
        assert await holding(client, 1215, 1) == [1] and home.house.charge_point.phases == 3
        assert as_f32(await holding(client, 344, 2)) == 0
        home.advance(25)
        flow_w = [as_f32(await holding(client, 338 + 2 * i, 2)) for i in range(3)]
        assert flow_w[0] > 2000 and flow_w[1:] == [0, 0]
        home.devices["charger"].product.restart()
        assert await holding(client, 1215, 1) == [1]
        assert (await client.write_registers(1215, [2], device_id=1)).exception_code == 3


async def test_charger_names_itself_and_has_words_that_are_no_number():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        maker = b"".join(word.to_bytes(2, "big") for word in await holding(client, 117, 5, unit=200))
        assert maker.rstrip(b"\0") == b"Alfen NV"
        assert await holding(client, 318, 2) == [0xFFFF, 0xFFFF]


async def test_charger_has_room_for_two_clients():
    async with running_home(home_tree()) as home, client_of(home, "charger") as one, client_of(home, "charger") as two:
        assert as_f32(await holding(one, 1212, 2)) == as_f32(await holding(two, 1212, 2)) == 6.0
        async with client_of(home, "charger", timeout_s=0.1) as three:
            with pytest.raises(Exception, match=r"[Nn]o|onnect"):
                await three.read_holding_registers(1212, count=2, device_id=1)


async def test_heat_pump_keeps_under_a_written_limit():
    cold = home_tree(tank={"water_c": 25.0})
    async with running_home(cold) as home, client_of(home, "heat-pump") as client:
        home.advance(300)
        free = (await client.read_input_registers(10301, count=1, device_id=1)).registers[0]
        assert free > 20
        await client.write_registers(10041, [12], device_id=1)
        await client.write_register(10040, 2, device_id=1)
        home.advance(120)
        assert (await client.read_input_registers(10301, count=1, device_id=1)).registers == [12]
        assert await holding(client, 10040, 2) == [2, 12]
        assert (await client.write_register(10041, 301, device_id=1)).exception_code == 3


async def find_model(client, wanted: int) -> int:
    """Walk the chain as a driver does; return the address of the model's first point."""
    assert await holding(client, 40000, 2) == [0x5375, 0x6E53]
    at = 40002
    while True:
        model, size = await holding(client, at, 2)
        assert model != 0xFFFF, f"no model {wanted}"
        if model == wanted:
            return at + 2
        at += 2 + size


async def test_inverter_has_its_models_where_others_found_them():
    async with running_home(home_tree()) as home, client_of(home, "inverter") as client:
        assert await find_model(client, 124) == 40345
        assert await find_model(client, 123) + 3 == 40232
        for model, size in ((1, 65), (103, 50), (120, 26), (121, 30), (122, 44), (123, 24), (160, 88), (124, 24)):
            address = await find_model(client, model)
            assert await holding(client, address - 1, 1) == [size]
            assert len(await holding(client, address, size)) == size


async def test_inverter_charges_from_the_grid_when_told_and_allowed():
    async with running_home(home_tree()) as home, client_of(home, "inverter") as client:
        base = await find_model(client, 124)
        await client.write_register(base + 15, 1, device_id=1)
        await client.write_register(base + 10, -6000 & 0xFFFF, device_id=1)
        await client.write_register(base + 3, 2, device_id=1)
        home.advance(30)
        assert home.house.inverter.battery.power_w == pytest.approx(3000)
        charge_w = await holding(client, await find_model(client, 160) + 8 + 2 * 20 + 11, 1)
        assert charge_w == [3000]
        assert await holding(client, base + 9, 1) == [4]
        watts = (await holding(client, await find_model(client, 103) + 12, 1))[0]
        assert signed(watts) == pytest.approx(-3000 / 0.97, abs=2)


async def test_inverter_holds_and_discharges_when_told():
    async with running_home(home_tree(base_w=2000.0)) as home, client_of(home, "inverter") as client:
        base = await find_model(client, 124)
        await client.write_registers(base + 10, [0, 10000], device_id=1)
        await client.write_register(base + 3, 2, device_id=1)
        home.advance(30)
        assert home.house.inverter.battery.power_w == pytest.approx(0, abs=1)
        await client.write_registers(base + 10, [10000, -4000 & 0xFFFF], device_id=1)
        await client.write_register(base + 3, 3, device_id=1)
        home.advance(30)
        assert home.house.inverter.battery.power_w <= -2000 + 1


async def test_inverter_reverts_when_its_timer_counts_and_only_then():
    for revert, later in (("counts", 0), ("ignored", 2)):
        tree = home_tree(options={"inverter": {"revert": revert}})
        async with running_home(tree) as home, client_of(home, "inverter") as client:
            base = await find_model(client, 124)
            await client.write_register(base + 13, 30, device_id=1)
            await client.write_register(base + 3, 2, device_id=1)
            home.advance(29)
            assert await holding(client, base + 3, 1) == [2]
            home.advance(2)
            assert await holding(client, base + 3, 1) == [later]


async def test_inverter_without_a_revert_timer_says_so():
    tree = home_tree(options={"inverter": {"revert": "absent"}})
    async with running_home(tree) as home, client_of(home, "inverter") as client:
        base = await find_model(client, 124)
        assert await holding(client, base + 13, 1) == [0xFFFF]
        assert (await client.write_register(base + 13, 30, device_id=1)).exception_code == 2
        assert (await client.write_register(base + 5, 400, device_id=1)).exception_code == 3


async def test_inverter_curtails_its_output():
    async with running_home(home_tree(base_w=100.0, pv_w=4000.0)) as home, client_of(home, "inverter") as client:
        base = await find_model(client, 123)
        await client.write_register(base + 3, 1000, device_id=1)
        await client.write_register(base + 7, 1, device_id=1)
        home.advance(30)
        assert home.house.inverter.output_w <= 600.5


async def test_thermostat_holds_a_temperature_for_a_time():
    async with running_home(home_tree()) as home, client_of(home, "room") as client:
        assert (await client.read_holding_registers(0, count=11, device_id=2)).exception_code == 2
        await client.write_register(37, 1 << 8 | 30, device_id=2)
        await client.write_register(33, 225, device_id=2)
        assert (await holding(client, 6, 3, unit=2)) == [225, 1, 2]
        home.advance(10)
        assert await holding(client, 1, 1, unit=2) == [1]
        assert home.house.building.valve
        home.advance(90 * 60)
        assert (await holding(client, 6, 3, unit=2)) == [200, 1, 1]


async def test_relay_switches_a_load_and_the_sg_ready_inputs():
    async with running_home(home_tree()) as home, client_of(home, "relay") as client:
        await client.write_coil(2, True, device_id=3)
        home.advance(1)
        assert home.house.circuits["boiler"].flow.w == (2000.0, 0.0, 0.0)
        await client.write_coils(0, [True, False], device_id=3)
        assert home.house.heat_pump.sg_state == 1
        assert (await client.read_coils(0, count=8, device_id=3)).bits[:3] == [True, False, True]
        assert (await client.read_coils(0, count=9, device_id=3)).exception_code == 2


async def test_two_homes_run_in_one_process():
    async with running_home(home_tree(base_w=100.0)) as one, running_home(home_tree(base_w=5000.0)) as two:
        for home, least in ((one, 0), (two, 1)):
            home.advance(1)
            async with client_of(home, "grid") as client:
                assert (await input_f32(client, 0x34) > 4000) == bool(least)


def broken(**change) -> dict:
    return {**home_tree(), **change}


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (broken(battery={"soc": 1.5}), "soc 1.5"),
        (broken(battery={"sco": 0.5}), "unknown key 'sco'"),
        (broken(car={"phases": "three"}), "is no int"),
        (broken(garden={}), "unknown table"),
        (broken(device=[{"id": "x", "product": "toaster", "bus": "rs485"}]), "unknown product"),
        (broken(device=[{"id": "x", "product": "alfen-eve", "bus": "rs485"}]), "needs a bus of kind 'tcp'"),
        (broken(device=[{"id": "x", "product": "eastron-sdm630", "bus": "rs485", "measures": "moon"}]), "no circuit"),
        (broken(bus=[{"id": "rs485", "kind": "can"}]), "none of 'rtu', 'ascii', 'tcp'"),
        (broken(home={"start": "soon"}), "no date and time"),
    ],
)
async def test_a_home_that_cannot_be_built_says_why(tree, says):
    with pytest.raises(BadConfig, match=says):
        await Home.start(tree)
