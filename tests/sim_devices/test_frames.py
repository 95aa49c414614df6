"""What answers without a port gives the same bytes as the port, byte for byte."""

from __future__ import annotations

import asyncio
import random

from sim_devices.config import load
from sim_devices.home import Home, running_home
from sim_devices.wire.faults import Fault
from sim_devices.wire.frames import checksum
from tests.sim_devices.homes import home_tree

TCP = {"charger-lan": 1, "heat-pump-lan": 1, "inverter-lan": 1}
STARTS = {"charger-lan": (306, 374, 1200, 1206, 1215), "heat-pump-lan": (10040, 10108), "inverter-lan": (40000, 40232)}


def random_request(rng: random.Random, start: int) -> bytes:
    function = rng.choice([3, 3, 3, 4, 6, 16, 1])
    address = start + rng.randrange(-2, 12)
    count = rng.choice([1, 2, 2, 3, 10, 60])
    body = bytes([function]) + address.to_bytes(2, "big")
    if function == 6:
        return body + rng.randrange(400).to_bytes(2, "big")
    body += count.to_bytes(2, "big")
    if function == 16 and 0 < count < 124:
        body += bytes([2 * count]) + rng.choice([bytes(2 * count), rng.randbytes(2 * count)])
    return body


async def test_a_tcp_bus_answers_as_its_port_does():
    rng = random.Random(7)
    bare = Home.furnished(load(home_tree()))
    async with running_home(home_tree()) as home:
        bare.advance(0.001)
        for bus, unit in TCP.items():
            frames = bare.frames(bus)
            where = next(
                a
                for name, a in home.addresses.items()
                if name in ("charger", "heat-pump", "inverter") and bus.startswith(name)
            )
            reader, writer = await asyncio.open_connection(where.host, where.port)
            for number in range(250):
                pdu = random_request(rng, rng.choice(STARTS[bus]))
                if pdu[0] == 16 and len(pdu) < 7:
                    continue  # no such request can be framed
                frame = number.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu
                writer.write(frame)
                head = await reader.readexactly(6)
                told = head + await reader.readexactly(int.from_bytes(head[4:], "big"))
                found = frames.answer(frame)
                assert found is not None and found[0] == told, (bus, pdu.hex())
            writer.close()


async def test_a_serial_bus_answers_as_its_port_does():
    bare = Home.furnished(load(home_tree()))
    async with running_home(home_tree()) as home:
        bare.advance(0.001)
        frames = bare.frames("rs485")
        link = await asyncio.to_thread(open, home.addresses["grid"].path, "r+b", 0)
        for unit, pdu in ((1, "040000004c"), (1, "0400010002"), (2, "0300200006"), (2, "0600250078"),
                          (2, "06002100d2"), (2, "0300200006"), (3, "0100000008"), (3, "050001ff00"), (3, "0100000008"),
                          (3, "0f00000008010f"), (3, "0100000003")):  # fmt: skip
            body = bytes([unit]) + bytes.fromhex(pdu)
            frame = body + checksum(body)
            found = frames.answer(frame)
            assert found is not None
            link.write(frame)
            assert await asyncio.to_thread(exactly, link, len(found[0])) == found[0], pdu
        link.close()


def exactly(link, size):
    told = b""
    while len(told) < size:
        told += link.read(size - len(told))
    return told


def test_absent_units_broken_frames_and_silent_devices_are_silent():
    home = Home.furnished(load(home_tree()))
    home.advance(0.001)
    frames = home.frames("rs485")
    asked = bytes([1]) + bytes.fromhex("0400000002")
    absent = bytes([9]) + asked[1:]
    assert frames.answer(asked + checksum(asked)) is not None
    assert frames.answer(absent + checksum(absent)) is None
    assert frames.answer(asked + b"\0\0") is None
    home.fault("grid", "silence")
    assert frames.answer(asked + checksum(asked)) is None


def test_answers_take_the_time_of_the_line_and_of_a_slow_device():
    home = Home.furnished(
        load(
            home_tree(
                bus=[{"id": "rs485", "kind": "rtu", "baud": 9600}],
                device=[{"id": "grid", "product": "eastron-sdm630", "bus": "rs485"}],
            )
        )
    )
    home.advance(0.001)
    asked = bytes.fromhex("010400000002")
    found = home.frames("rs485").answer(asked + checksum(asked))
    assert found is not None and found[1] == 10 * (9 + 8) / 9600
    home.devices["grid"].begin(Fault("slow", delay_s=1.5))
    late = home.frames("rs485").answer(asked + checksum(asked))
    assert late is not None and late[1] == found[1] + 1.5


def test_a_count_that_is_none_is_an_illegal_value():
    frames = Home.furnished(load(home_tree())).frames("charger-lan")
    for count in (0, 126):
        asked = bytes.fromhex("000100000006010301f4") + count.to_bytes(2, "big")
        assert frames.answer(asked) == (bytes.fromhex("000100000003018303"), 0.0)
