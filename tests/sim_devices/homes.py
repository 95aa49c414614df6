"""A whole home with constant base load and sun, for tests: nothing recorded is needed, ports are picked."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from sim_devices.home import Home

BUSES = (
    ("rs485", "rtu", (("grid", "eastron-sdm630", 1), ("room", "heatmiser-edge", 2), ("relay", "waveshare-relay-8", 3))),
    ("charger-lan", "tcp", (("charger", "alfen-eve", 1),)),
    ("heat-pump-lan", "tcp", (("heat-pump", "luxtronik-shi", 1),)),
    ("inverter-lan", "tcp", (("inverter", "fronius-gen24", 1),)),
)
CHANNELS = {"0": "sg-ready-1", "1": "sg-ready-2", "2": "boiler"}


def home_tree(
    base_w: float = 600.0, pv_w: float = 0.0, options: dict[str, dict[str, Any]] | None = None, **tables: Any
) -> dict[str, Any]:
    """Return a home as its TOML file would give it; `tables` replaces tables, `options` adds to devices by id."""
    options = {"relay": {"channels": CHANNELS}, **(options or {})}
    devices = [
        {"id": name, "product": product, "bus": bus, "unit": unit, **options.get(name, {})}
        for bus, _, members in BUSES
        for name, product, unit in members
    ]
    tree: dict[str, Any] = {
        "base_load": {"constant_w": base_w, "shares": [0.5, 0.3, 0.2]},
        "weather": {"constant_c": 2.0},
        "pv": {"constant_w": pv_w},
        "inverter": {},
        "battery": {"soc": 0.5},
        "charge_point": {},
        "car": {"soc": 0.3},
        "heat_pump": {},
        "load": [{"id": "boiler", "power_w": 2000.0, "phase": 1}],
        "bus": [{"id": bus, "kind": kind} for bus, kind, _ in BUSES],
        "device": devices,
    }
    return {**tree, **tables}


@asynccontextmanager
async def client_of(home: Home, device: str, timeout_s: float = 1.0) -> AsyncIterator[Any]:
    """Connect a plain pymodbus client to the bus of a device."""
    where = home.addresses[device]
    client: Any
    if where.kind == "tcp":
        client = AsyncModbusTcpClient(where.host, port=where.port, timeout=timeout_s, retries=0)
    else:
        client = AsyncModbusSerialClient(where.path, baudrate=9600, timeout=timeout_s, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()
        await asyncio.sleep(0)


def as_f32(words: list[int]) -> float:
    """Decode two words, most significant first."""
    (number,) = struct.unpack(">f", struct.pack(">HH", *words))
    return float(number)


def f32_words(number: float) -> list[int]:
    """Encode two words, most significant first."""
    return list(struct.unpack(">HH", struct.pack(">f", number)))
