"""A home as a TOML file: the parts of the house, then buses, then products on them.

docs/simulators.md lists the tables.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim_devices.build import BadConfig, Table, build
from sim_devices.house import BaseLoad, House, Pv, SwitchedLoad, Travel, Weather
from sim_devices.physics.battery import Battery
from sim_devices.physics.charging import Car, ChargePoint
from sim_devices.physics.grid import Grid
from sim_devices.physics.heating import Building, HeatPump, Tank
from sim_devices.physics.inverter import Hybrid

PARTS = {
    "grid": ("grid", Grid),
    "base_load": ("base", BaseLoad),
    "weather": ("weather", Weather),
    "pv": ("pv", Pv),
    "charge_point": ("charge_point", ChargePoint),
    "car": ("car", Car),
    "travel": ("travel", Travel),
    "heat_pump": ("heat_pump", HeatPump),
    "tank": ("tank", Tank),
    "building": ("building", Building),
}


@dataclass
class HomeSettings:
    """Table [home]. `speed` is simulated seconds of the house per real second; products keep real time."""

    start: str = "2022-01-18T17:00"
    speed: float = 1.0
    step_s: float = 1.0
    control: str = ""  # Unix socket; empty: none
    registers: str = ""  # file that keeps the energy registers over a restart; empty: they begin at 0


@dataclass
class BusSettings:
    """Table [[bus]]: `kind` "rtu" and "ascii" are pseudo-terminals, "tcp" a listening port (0 picks one)."""

    id: str
    kind: str
    link: str = ""  # rtu: stable name (symbolic link) of the terminal
    baud: int = 0  # rtu: 0 answers at once, else answers take as long as the bytes would
    host: str = "127.0.0.1"
    port: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("rtu", "ascii", "tcp"):
            raise ValueError(f"kind {self.kind!r} is none of 'rtu', 'ascii', 'tcp'")


@dataclass
class DeviceSettings:
    """Table [[device]]; every other key is an option of the product."""

    id: str
    product: str
    bus: str
    unit: int = 1
    options: Table = field(default_factory=dict)


@dataclass
class HomeConfig:
    """A whole file."""

    home: HomeSettings
    house: House
    buses: list[BusSettings]
    devices: list[DeviceSettings]


def load(source: Path | str | Table, folder: Path | None = None) -> HomeConfig:
    """Read a home from a file, or from the same tree as a dict; `folder` is where its links and its control
    socket go, by default beside the file. Raises: BadConfig."""
    if isinstance(source, dict):
        return parse(source, folder or Path.cwd())
    path = Path(source)
    try:
        return parse(tomllib.loads(path.read_text()), folder or path.parent)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadConfig(f"{path}: {error}") from None


def parse(tree: Table, folder: Path) -> HomeConfig:
    """Build the house and the list of buses and products."""
    tree = dict(tree)
    home = build(HomeSettings, tree.pop("home", {}), "home")
    if home.control:
        home.control = str(folder / home.control)
    if home.registers:
        home.registers = str(folder / home.registers)
    buses = [build(BusSettings, table, "bus") for table in tree.pop("bus", [])]
    for bus in buses:
        bus.link = str(folder / bus.link) if bus.link else ""
    devices = [_device(table) for table in tree.pop("device", [])]
    house = _house(tree, home)
    _unique("bus", [bus.id for bus in buses])
    _unique("device", [device.id for device in devices])
    return HomeConfig(home, house, buses, devices)


def _device(table: Table) -> DeviceSettings:
    own: Table = {key: table[key] for key in ("id", "product", "bus", "unit") if key in table}
    rest = {key: found for key, found in table.items() if key not in own}
    return build(DeviceSettings, {**own, "options": rest}, f"device {table.get('id', '?')}")


def _house(tree: Table, home: HomeSettings) -> House:
    parts: dict[str, Any] = {"start": _start(home.start)}
    if "battery" in tree and "inverter" not in tree:
        raise BadConfig("battery: needs an [inverter]")
    if "inverter" in tree:
        battery = build(Battery, tree.pop("battery", {}), "battery")
        parts["inverter"] = build(Hybrid, tree.pop("inverter"), "inverter", battery=battery)
    loads = [build(SwitchedLoad, table, "load") for table in tree.pop("load", [])]
    parts["loads"] = {load.id: load for load in loads}
    for key, table in tree.items():
        if key not in PARTS:
            raise BadConfig(f"unknown table [{key}]; known: {', '.join(sorted(PARTS))}")
        name, kind = PARTS[key]
        parts[name] = build(kind, table, key)
    return House(**parts)


def _start(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise BadConfig(f"home.start: {text!r} is no date and time such as 2022-01-18T17:00") from None


def _unique(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise BadConfig(f"{what} {name!r} is there twice")
