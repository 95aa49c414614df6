"""The simulated products against what others wrote down: a recorded frame, the SunSpec model definitions."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from sim_devices.home import running_home
from sim_devices.products.alfen_eve import AlfenEve
from sim_devices.products.sunspec_layout import LAYOUTS, MODULE_160, spots
from tests.needs import shared_data
from tests.sim_devices.homes import home_tree

KINDS = {
    "uint16": "u", "int16": "s", "enum16": "e", "bitfield16": "b", "sunssf": "sf", "acc32": "acc32", "count": "u",
    "bitfield32": "b32", "uint32": "u32", "acc64": "acc64", "pad": "s",
    "float32": "f", "uint64": "acc64", "int32": "s32",
}  # fmt: skip


async def test_meter_gives_the_frame_recorded_from_one():
    """A real SDM frame, function 4 at address 0: 230.2 V."""
    tree = home_tree(grid={"voltage_v": 230.20001220703125, "impedance_ohm": 0.0})
    async with running_home(tree) as home:
        line = os.open(home.addresses["grid"].path, os.O_RDWR | os.O_NONBLOCK)
        os.write(line, bytes.fromhex("01 04 00 00 00 02 71 CB"))
        seen = asyncio.Event()
        asyncio.get_running_loop().add_reader(line, seen.set)
        await asyncio.wait_for(seen.wait(), 2)
        answer = os.read(line, 100)
        asyncio.get_running_loop().remove_reader(line)
        os.close(line)
    assert answer.hex(" ") == "01 04 04 43 66 33 34 1b 38"


@pytest.mark.parametrize("model", sorted(LAYOUTS))
def test_layouts_are_the_published_models(model):
    group = json.loads(shared_data("sunspec", "models", f"model_{model}.json").read_text())["group"]
    pairs = [(LAYOUTS[model], group["points"][2:])]
    if model == 160:
        pairs.append((MODULE_160, group["groups"][0]["points"]))
    for layout, points in pairs:
        published = [
            (point["name"], f"str{point['size']}" if point["type"] == "string" else KINDS[point["type"]], point["size"])
            for point in points
            if (model, point["name"]) != (1, "Pad")  # Fronius shows model 1 with L = 65, without the pad
        ]
        assert [(spot.name, spot.kind, spot.size) for spot in spots(layout)] == published


async def test_an_idle_client_of_the_charger_is_put_out():
    async with running_home(home_tree()) as home:
        (port,) = [port for port in home._ports.values() if port.idle_s]
        assert port.idle_s == AlfenEve.idle_s
        port.idle_s = 0.05
        where = home.addresses["charger"]
        reader, writer = await asyncio.open_connection(where.host, where.port)
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
