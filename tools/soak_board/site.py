"""What the board has to do: the demonstration's house, with the meter of the connection and three devices to steer."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from tools.demo.layout import Layout
from tools.soak.run import change_home

STEERED = ("boiler", "charger")  # circuits of the home that the agent can move


def furnish(layout: Layout) -> None:
    """Give the demonstration's board four devices: three on a serial line, one by TCP."""
    change_home(layout.home)
    buses = tomllib.loads(layout.home.read_text(encoding="utf-8"))["bus"]
    port = next(bus["port"] for bus in buses if bus["id"] == "charger-lan")
    path = layout.board_folder / "site.json"
    site: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    site["site"].update(name="soak-board", meter="grid")
    site["bus"] = [
        {"id": "rs485", "kind": "serial", "port": str(layout.home_folder / "rs485")},
        {"id": "charger-lan", "kind": "tcp", "host": "127.0.0.1", "port": port},
    ]
    site["device"] = [
        {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485", "unit": 1},
        {"id": "room", "driver": "heatmiser-edge", "bus": "rs485", "unit": 2},
        {"id": "boiler", "driver": "waveshare-relay", "bus": "rs485", "unit": 3, "channel": 3, "phases": 1,
         "power_max_w": 2000, "default": 0, "priority": 30},
        {"id": "charger", "driver": "alfen-eve", "bus": "charger-lan", "unit": 1, "power_max_w": 22080,
         "default": 32000, "fallback_ma": 6000},
    ]  # fmt: skip
    path.write_text(json.dumps(site), encoding="utf-8")
