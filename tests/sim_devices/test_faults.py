"""Every fault, begun and ended at run time, as a client on the wire sees it."""

from __future__ import annotations

import asyncio

import pytest
from pymodbus.exceptions import ModbusIOException

from sim_devices.build import BadConfig
from sim_devices.home import running_home
from sim_devices.wire.port import BITS_PER_BYTE
from tests.sim_devices.homes import as_f32, client_of, f32_words, home_tree

QUICK_S = 0.1


async def power_w(client) -> float:
    answer = await client.read_input_registers(0x34, count=2, device_id=1)
    assert not answer.isError(), answer
    return as_f32(answer.registers)


async def applied_a(client) -> float:
    answer = await client.read_holding_registers(1206, count=2, device_id=1)
    assert not answer.isError(), answer
    return as_f32(answer.registers)


async def exchange(home, device: str, request: bytes, size: int) -> bytes:
    """Send raw bytes to a TCP device, return the first bytes that come back."""
    where = home.addresses[device]
    reader, writer = await asyncio.open_connection(where.host, where.port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.readexactly(size), 2)
    finally:
        writer.close()


async def test_a_silent_device_comes_back_by_itself_and_does_not_silence_its_bus():
    async with running_home(home_tree()) as home, client_of(home, "grid", QUICK_S) as client:
        home.fault("grid", "silence", seconds=10)
        with pytest.raises(ModbusIOException):
            await power_w(client)
        assert not (await client.read_holding_registers(2, count=1, device_id=2)).isError()
        home.advance(9)
        with pytest.raises(ModbusIOException):
            await power_w(client)
        home.advance(1)
        assert await power_w(client) > 0


async def test_a_slow_device_answers_late():
    async with running_home(home_tree()) as home, client_of(home, "grid") as client:
        home.fault("grid", "slow", delay_s=0.05)
        clock = asyncio.get_running_loop().time
        began = clock()
        await power_w(client)
        assert clock() - began >= 0.05


async def test_a_slow_device_is_missed_by_a_hasty_client():
    async with running_home(home_tree()) as home, client_of(home, "grid", QUICK_S) as client:
        home.fault("grid", "slow", delay_s=5)
        with pytest.raises(ModbusIOException):
            await power_w(client)


async def test_a_late_answer_keeps_the_number_of_its_own_question():
    async with running_home(home_tree()) as home:
        home.fault("charger", "slow", delay_s=0.05)
        read = bytes.fromhex("0000 0006 01 03 04b6 0002")
        where = home.addresses["charger"]
        reader, writer = await asyncio.open_connection(where.host, where.port)
        for number in (b"\x11\x11", b"\x22\x22"):
            writer.write(number + read)
            await writer.drain()
            await asyncio.sleep(0.01)  # two segments: pymodbus takes one request from each
        answers = [await asyncio.wait_for(reader.readexactly(13), 2) for _ in range(2)]
        assert [answer[:2] for answer in answers] == [b"\x11\x11", b"\x22\x22"]
        writer.close()


async def test_a_device_answers_with_an_exception_until_cleared():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        home.fault("charger", "exception", code=6)
        assert (await client.read_holding_registers(1206, count=2, device_id=1)).exception_code == 6
        assert (await client.write_registers(1210, f32_words(8.0), device_id=1)).exception_code == 6
        home.clear("charger")
        assert await applied_a(client) == 6.0


async def test_a_wrong_checksum_is_no_answer():
    async with running_home(home_tree()) as home, client_of(home, "grid", QUICK_S) as client:
        home.fault("grid", "crc", seconds=5)
        with pytest.raises(ModbusIOException):
            await power_w(client)
        home.advance(5)
        assert await power_w(client) > 0


async def test_tcp_has_no_checksum_to_be_wrong():
    async with running_home(home_tree()) as home:
        with pytest.raises(ValueError, match="use garbage"):
            home.fault("charger", "crc")


async def test_garbage_has_the_right_length_and_no_meaning():
    async with running_home(home_tree()) as home:
        request = bytes.fromhex("0001 0000 0006 01 03 04b6 0002")
        good = await exchange(home, "charger", request, 13)
        home.fault("charger", "garbage")
        bad = await exchange(home, "charger", request, 13)
        assert good[:9] == bytes.fromhex("0001 0000 0007 01 03 04") and bad[:9] != good[:9]


async def test_a_stuck_meter_repeats_itself_while_the_world_moves():
    async with running_home(home_tree()) as home, client_of(home, "grid") as client:
        home.house.inverter.connected = False
        home.fault("grid", "stuck", seconds=60)
        before = await power_w(client)
        home.house.loads["boiler"].on = True
        home.advance(10)
        assert await power_w(client) == before
        home.advance(50)
        assert await power_w(client) > before + 1900


async def test_a_gateway_that_answers_zeros():
    async with running_home(home_tree()) as home, client_of(home, "grid") as client:
        home.fault("grid", "zeros")
        assert (await client.read_input_registers(0, count=6, device_id=1)).registers == [0] * 6


async def test_a_refused_register_refuses_the_accesses_it_was_told_to():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        home.fault("charger", "refuse", address=1211, code=2)
        assert (await client.write_registers(1210, f32_words(8.0), device_id=1)).exception_code == 2
        assert await applied_a(client) == 6.0
        home.fault("charger", "refuse", address=1206, access="any", code=4)
        assert (await client.read_holding_registers(1206, count=2, device_id=1)).exception_code == 4


async def test_a_lying_charger_acknowledges_and_keeps_its_old_setpoint():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        await client.write_registers(1210, f32_words(10.0), device_id=1)
        home.fault("charger", "lying")
        assert not (await client.write_registers(1210, f32_words(16.0), device_id=1)).isError()
        assert await applied_a(client) == 10.0
        assert (await client.write_registers(1206, f32_words(16.0), device_id=1)).exception_code == 2


async def test_a_lying_register_is_acknowledged_with_what_was_sent():
    async with running_home(home_tree()) as home, client_of(home, "heat-pump") as client:
        home.fault("heat-pump", "lying")
        answer = await client.write_register(10041, 42, device_id=1)
        assert answer.registers == [42]
        assert (await client.read_holding_registers(10041, count=1, device_id=1)).registers == [300]


async def test_another_controller_keeps_writing():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        home.fault("charger", "foreign", address=1210, words=f32_words(32.0), every_s=20)
        home.advance(1)
        assert await applied_a(client) == 32.0
        await client.write_registers(1210, f32_words(7.0), device_id=1)
        home.advance(18)
        assert await applied_a(client) == 7.0
        home.advance(2)
        assert await applied_a(client) == 32.0


async def test_another_controller_may_write_just_once():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        home.fault("charger", "foreign", address=1210, words=f32_words(32.0))
        home.advance(1)
        await client.write_registers(1210, f32_words(7.0), device_id=1)
        home.advance(50)
        assert await applied_a(client) == 7.0


async def test_a_restart_forgets_the_setpoint_and_is_silent_meanwhile():
    async with running_home(home_tree()) as home:
        async with client_of(home, "charger") as client:
            await client.write_registers(1210, f32_words(16.0), device_id=1)
            home.fault("charger", "restart", seconds=20)
        async with client_of(home, "charger", QUICK_S) as client:
            with pytest.raises(ModbusIOException):
                await applied_a(client)
            home.advance(20)
        async with client_of(home, "charger") as client:
            assert await applied_a(client) == 6.0
            assert (await client.read_holding_registers(1210, count=2, device_id=1)).registers == [0, 0]


async def test_a_restarted_relay_opens_its_contacts():
    async with running_home(home_tree()) as home, client_of(home, "relay") as client:
        await client.write_coil(2, True, device_id=3)
        home.fault("relay", "restart")
        home.advance(5)
        assert not any((await client.read_coils(0, count=8, device_id=3)).bits)
        assert not home.house.loads["boiler"].on


async def test_a_watchdog_trips_where_there_is_one():
    async with running_home(home_tree()) as home, client_of(home, "charger") as client:
        await client.write_registers(1210, f32_words(16.0), device_id=1)
        home.fault("charger", "watchdog")
        assert await applied_a(client) == 6.0
        with pytest.raises(ValueError, match="no watchdog"):
            home.fault("grid", "watchdog")


async def test_an_unknown_fault_or_option_is_refused():
    async with running_home(home_tree()) as home:
        for wrong in ({"kind": "gremlin"}, {"kind": "silence", "minutes": 3}, {"kind": "refuse"}, {"kind": "foreign"}):
            with pytest.raises((BadConfig, ValueError)):
                home.fault("charger", **wrong)
        with pytest.raises(KeyError):
            home.fault("fridge", "silence")


async def test_a_paced_line_takes_as_long_as_its_bytes():
    tree = home_tree()
    tree["bus"][0]["baud"] = 9600
    async with running_home(tree) as home, client_of(home, "grid") as client:
        clock = asyncio.get_running_loop().time
        began = clock()
        await client.read_input_registers(0, count=20, device_id=1)
        assert clock() - began >= BITS_PER_BYTE * (8 + 45) / 9600
