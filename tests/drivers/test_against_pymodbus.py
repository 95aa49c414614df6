"""Our Modbus against pymodbus: its PDUs and frames byte by byte, its server over TCP and over a pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
import random
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as regs
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hal.errors import NotObeyed, Refused
from hal.modbus import pdu, rare
from hal.modbus.ascii import Ascii
from hal.modbus.bus import Bus
from hal.modbus.device import ModbusDevice
from hal.modbus.rtu import Rtu, crc16
from hal.modbus.tcp import Tcp
from tests.drivers.bench import BAUD, rtu_bus, tcp_bus

UNIT = 17
WORDS = [0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x1234, 0xABCD, 42, 7, 9]
COILS = [True, False, True, True, False, False, True, False, True, True]


def whole(message: Any) -> bytes:
    """Return a PDU of pymodbus as bytes."""
    return bytes((message.function_code,)) + message.encode()


def test_requests_are_those_of_pymodbus():
    rng = random.Random(20261121)
    for _ in range(60):
        address, count = rng.randrange(0xFF00), rng.randint(1, 100)
        words = tuple(rng.randrange(0x10000) for _ in range(count))
        states = tuple(rng.randrange(2) for _ in range(count))
        pairs = [
            (pdu.read(1, address, count), bits.ReadCoilsRequest(address=address, count=count)),
            (pdu.read(2, address, count), bits.ReadDiscreteInputsRequest(address=address, count=count)),
            (pdu.read(3, address, count), regs.ReadHoldingRegistersRequest(address=address, count=count)),
            (pdu.read(4, address, count), regs.ReadInputRegistersRequest(address=address, count=count)),
            (pdu.write_coil(address, states[0]), bits.WriteSingleCoilRequest(address=address, bits=[bool(states[0])])),
            (
                pdu.write_register(address, words[0]),
                regs.WriteSingleRegisterRequest(address=address, registers=[words[0]]),
            ),
            (
                rare.write_coils(address, states),
                bits.WriteMultipleCoilsRequest(address=address, bits=[bool(s) for s in states]),
            ),
            (
                pdu.write_registers(address, words),
                regs.WriteMultipleRegistersRequest(address=address, registers=list(words)),
            ),
            (
                rare.read_write_registers(address, count, address + 1, words),
                regs.ReadWriteMultipleRegistersRequest(
                    read_address=address, read_count=count, write_address=address + 1, write_registers=list(words)
                ),
            ),
        ]
        for ours, theirs in pairs:
            assert ours == whole(theirs), theirs


def test_frames_are_those_of_pymodbus():
    decoder = DecodePDU(True)
    asked = pdu.read(3, 100, 5)
    assert Rtu().request(UNIT, asked).begin() == FramerRTU(decoder).encode(asked, UNIT, 0)
    for made in (asked, pdu.write_registers(20, (266,)), pdu.write_coil(5, 1)):
        assert Ascii().request(UNIT, made).begin() == FramerAscii(decoder).encode(made, UNIT, 0)
    framing = Tcp()
    request = framing.request(UNIT, asked)
    for number in (1, 2, 3):
        assert request.begin() == FramerSocket(decoder).encode(asked, UNIT, number)
    rng = random.Random(1)
    for size in range(1, 60):
        frame = rng.randbytes(size)
        assert crc16(frame).to_bytes(2, "little") == FramerRTU.compute_CRC(frame).to_bytes(2, "big")


def devices() -> list[SimDevice]:
    """One unit with the same numbers in all four tables."""
    return [
        SimDevice(
            UNIT,
            (
                [SimData(0, values=COILS, datatype=DataType.BITS)],
                [SimData(0, values=COILS, datatype=DataType.BITS)],
                [SimData(100, values=WORDS, datatype=DataType.REGISTERS)],
                [SimData(100, values=WORDS, datatype=DataType.REGISTERS)],
            ),
        )
    ]


@asynccontextmanager
async def over_tcp() -> AsyncIterator[Bus]:
    server = ModbusTcpServer(devices(), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        port = cast(asyncio.Server, server.transport).sockets[0].getsockname()[1]
        async with tcp_bus(port) as bus:
            yield bus
    finally:
        await server.shutdown()


@asynccontextmanager
async def over_pty() -> AsyncIterator[Bus]:
    """pymodbus on one pseudo-terminal, our serial line on another, a pump in between."""
    ends = [os.openpty() for _ in range(2)]
    for master, slave in ends:
        tty.setraw(slave)
        os.set_blocking(master, False)
    loop = asyncio.get_running_loop()
    (left, _), (right, _) = ends
    loop.add_reader(left, lambda: os.write(right, os.read(left, 512)))
    loop.add_reader(right, lambda: os.write(left, os.read(right, 512)))
    server = ModbusSerialServer(devices(), port=os.ttyname(ends[0][1]), baudrate=BAUD)
    try:
        await server.serve_forever(background=True)
        async with rtu_bus(os.ttyname(ends[1][1])) as bus:
            yield bus
    finally:
        await server.shutdown()
        for master, slave in ends:
            loop.remove_reader(master)
            os.close(master)
            os.close(slave)


BOTH = pytest.mark.parametrize("server", [over_tcp, over_pty])


@BOTH
async def test_all_tables_of_a_pymodbus_server_are_read(server):
    async with server() as bus:
        device = ModbusDevice(bus, UNIT, {})
        for table in (pdu.READ_HOLDING, pdu.READ_INPUT):
            for first in (100, 103):
                assert await device.registers(first, 5, table) == tuple(WORDS[first - 100 : first - 95])
        for function in (pdu.READ_COILS, pdu.READ_DISCRETE):
            packed = await bus.ask(bus.request(UNIT, pdu.read(function, 0, 10)))
            assert [bool(packed[at >> 3] >> (at & 7) & 1) for at in range(10)] == COILS


@BOTH
async def test_every_write_is_kept_by_a_pymodbus_server(server):
    async with server() as bus:
        device = ModbusDevice(bus, UNIT, {})
        await device.write_checked(100, (0xBEEF, 0, 0xFFFF))
        await device.write_checked(104, (0x5555,), pdu.WRITE_REGISTER)
        assert await device.registers(100, 5) == (0xBEEF, 0, 0xFFFF, WORDS[3], 0x5555)
        await device.write_coil_checked(1, 1)
        await device.write_coil_checked(1, 0)
        await bus.ask(bus.request(UNIT, rare.write_coils(0, (0, 1, 1))))
        assert [await device.coil(at) for at in range(3)] == [0, 1, 1]
        read_back = await bus.ask(bus.request(UNIT, rare.read_write_registers(106, 2, 105, (0x0102, 0x0304))))
        assert read_back == bytes((3, 4)) + WORDS[7].to_bytes(2, "big")


@BOTH
async def test_refusals_of_a_pymodbus_server_carry_their_code(server):
    async with server() as bus:
        device = ModbusDevice(bus, UNIT, {})
        with pytest.raises(Refused) as refused:
            await device.registers(5000, 2)
        assert refused.value.args == (pdu.READ_HOLDING, pdu.ILLEGAL_ADDRESS)
        assert await device.registers(107, 1) == (WORDS[7],)


@BOTH
async def test_many_tasks_share_one_bus_and_each_gets_its_own_answer(server):
    async with server() as bus:
        device = ModbusDevice(bus, UNIT, {})

        async def ask(at: int) -> None:
            for _ in range(5):
                assert await device.registers(100 + at, 1) == (WORDS[at],)

        await asyncio.gather(*(ask(at) for at in range(10)))


async def test_a_write_that_another_master_undoes_is_noticed():
    class Rival(ModbusDevice):
        async def write(self, address, words, function=pdu.WRITE_REGISTERS):
            await super().write(address, words, function)
            await super().write(address, (1,), function)

    async with over_tcp() as bus:
        with pytest.raises(NotObeyed) as kept:
            await Rival(bus, UNIT, {}).write_checked(100, (6,))
        assert kept.value.args == (100, (6,), (1,))
