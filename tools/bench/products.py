"""A whole site of simulated products for the bench: `python -m tools.bench.products FOLDER`.

A house (grid meter on RS-485, charger, heat pump, inverter with battery) and its annex (a meter of its own and a
relay board on RS-485 that switches a boiler and another heat pump's SG-Ready contacts, a second charger): what the
annex draws the house's meter sees. A third charger stands alone; it is the bare program's. Serial lines answer as
slowly as 9600 baud does. Prints one JSON line with where everything is, one for every set-point that reaches a charger,
with the kernel's monotonic time, and twice a second one with what the house draws beside its two chargers.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from pathlib import Path
from typing import Any

from sim_devices.home import Home
from sim_devices.products.alfen_eve import SETPOINT

BAUD = 9600
STEP_S = 0.5
BASE_W = 600.0
EVEN = [0.34, 0.33, 0.33]
CAR = {"capacity_wh": 500000.0, "soc": 0.1, "current_a_max": 32.0}
PARTS: dict[str, Any] = {
    "grid": {"impedance_ohm": 0.01},
    "base_load": {"constant_w": BASE_W, "shares": EVEN},
    "weather": {"constant_c": 25.0},
    "charge_point": {},
    "car": CAR,
}
HOUSE = PARTS | {
    "pv": {"constant_w": 0.0},
    "inverter": {},
    "battery": {"soc": 0.05},  # empty: it has nothing to help with
    "heat_pump": {},
    "bus": [
        {"id": "house-bus", "kind": "rtu", "link": "house-bus", "baud": BAUD},
        {"id": "charger-1", "kind": "tcp"}, {"id": "heat-pump", "kind": "tcp"}, {"id": "battery", "kind": "tcp"},
    ],
    "device": [
        {"id": "grid", "product": "eastron-sdm630", "bus": "house-bus"},
        {"id": "charger-1", "product": "alfen-eve", "bus": "charger-1"},
        {"id": "heat-pump", "product": "luxtronik-shi", "bus": "heat-pump"},
        {"id": "battery", "product": "fronius-gen24", "bus": "battery"},
    ],
}  # fmt: skip
ANNEX = PARTS | {
    "heat_pump": {},
    "load": [{"id": "boiler", "power_w": 2000.0, "phase": 1}],
    "bus": [
        {"id": "annex-bus", "kind": "rtu", "link": "annex-bus", "baud": BAUD},
        {"id": "charger-2", "kind": "tcp"},
    ],
    "device": [
        {"id": "annex", "product": "eastron-sdm630", "bus": "annex-bus", "unit": 1},
        {"id": "relay", "product": "waveshare-relay-8", "bus": "annex-bus", "unit": 2,
         "channels": {"0": "sg-ready-1", "1": "sg-ready-2", "2": "boiler"}},
        {"id": "charger-2", "product": "alfen-eve", "bus": "charger-2"},
    ],
}  # fmt: skip
ALONE = PARTS | {
    "bus": [{"id": "bare", "kind": "tcp"}],
    "device": [{"id": "bare", "product": "alfen-eve", "bus": "bare"}],
}


async def serve(folder: Path) -> None:
    """Open all ports and let time pass until killed."""
    homes = [await Home.start(tree, folder) for tree in (ANNEX, HOUSE, ALONE)]
    annex, house, _ = homes
    ports: dict[str, int] = {}
    for home in homes:
        for name, where in home.addresses.items():
            if where.port:
                ports[name] = where.port
            if where.product == "alfen-eve":
                _tell_writes(name, home)
    print(json.dumps({"ready": True, "ports": ports}), flush=True)
    at_s = time.monotonic()
    while True:
        await asyncio.sleep(STEP_S)
        passed_s, at_s = time.monotonic() - at_s, time.monotonic()
        for home in homes:
            home.advance(passed_s)
            house.house.base.constant_w = BASE_W + annex.house.circuits["grid"].flow.total_w
        chargers_w = sum(home.house.circuits["charger"].flow.total_w for home in (house, annex))
        others_w = house.house.circuits["grid"].flow.total_w - chargers_w
        print(json.dumps({"others_w": round(others_w)}), flush=True)


def _tell_writes(name: str, home: Home) -> None:
    """Say when a set-point reaches this charger, and from then on when each next one does."""
    product = home.devices[name].product
    take = product.write

    def write(unit: int, function: int, address: int, words: list[int]) -> None:
        heard_ns = time.monotonic_ns()
        take(unit, function, address, words)
        if address == SETPOINT:
            (current_a,) = struct.unpack(">f", struct.pack(">HH", *words))
            print(json.dumps({"charger": name, "limit_ma": round(current_a * 1000), "at_ns": heard_ns}), flush=True)

    product.write = write  # type: ignore[method-assign]  # only this one is listened to


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
