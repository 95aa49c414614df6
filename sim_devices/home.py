"""A running home: physics, products on real ports, faults on request.

Two clocks, one step: the house may run faster than real time (`speed`), the products' own timers and the
faults always count real seconds. In tests nothing runs by itself: `advance` moves both by virtual seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sim_devices import registers
from sim_devices.build import BadConfig, Table, build
from sim_devices.config import BusSettings, HomeConfig, load
from sim_devices.house import House
from sim_devices.physics.charging import duty_percent
from sim_devices.products import PRODUCTS
from sim_devices.products.product import Product
from sim_devices.series import NoSeries, price_eur_mwh
from sim_devices.wire.device import Device
from sim_devices.wire.faults import Fault
from sim_devices.wire.frames import Frames
from sim_devices.wire.port import AsciiPort, RtuPort, TcpPort

SLICE_S_MAX = 5.0  # of the house, when it runs faster than real time


@dataclass(frozen=True)
class Address:
    """Where a device is found: a terminal's path, or host and port, and the unit."""

    id: str
    product: str
    kind: str
    unit: int
    path: str = ""
    host: str = ""
    port: int = 0


class Home:
    """A house with its products. Make one with `start`, end it with `close`."""

    def __init__(self, config: HomeConfig) -> None:
        self.config = config
        self.house: House = config.house
        self.devices: dict[str, Device] = {}
        self.addresses: dict[str, Address] = {}
        self._ports: dict[str, TcpPort | RtuPort] = {}

    @classmethod
    async def start(cls, source: Path | str | Table, folder: Path | None = None) -> Home:
        """Open all ports of a home given as a file or the same tree; links go to `folder`, by default beside
        the file. Raises: BadConfig, OSError."""
        home = cls.furnished(load(source, folder))
        try:
            home.house.base.flow(home.house.at)  # says at once when a recorded series is missing
            if home.house.pv:
                home.house.pv.available_w(home.house.at)
            for bus in home.config.buses:
                await home._open(bus)
        except NoSeries as error:
            raise BadConfig(str(error)) from None
        except BaseException:
            await home.close()
            raise
        home.advance(0.001)  # voltages and powers exist before the first question
        return home

    @classmethod
    def furnished(cls, config: HomeConfig) -> Home:
        """Return a home whose products are on no port: `frames` answers for them. Raises: BadConfig."""
        home = cls(config)
        if config.home.registers:
            registers.take_back(home.house, Path(config.home.registers))
        for device in config.devices:
            home.devices[device.id] = Device(device.id, home._product(device.id))
        return home

    def frames(self, bus_id: str) -> Frames:
        """Return what answers the requests of a bus, frame by frame."""
        bus = next(bus for bus in self.config.buses if bus.id == bus_id)
        return Frames([self.devices[d.id] for d in self.config.devices if d.bus == bus_id], bus.kind, bus.baud)

    def _product(self, name: str) -> Product:
        settings = next(device for device in self.config.devices if device.id == name)
        kind = PRODUCTS.get(settings.product)
        if kind is None:
            raise BadConfig(
                f"device {name}: unknown product {settings.product!r}; known: {', '.join(sorted(PRODUCTS))}"
            )
        bus = next((bus for bus in self.config.buses if bus.id == settings.bus), None)
        if bus is None or bus.kind != kind.bus_kind:
            raise BadConfig(f"device {name}: {settings.product} needs a bus of kind {kind.bus_kind!r}")
        options = build(kind.options, settings.options, f"device {name}")
        try:
            return kind(self.house, settings.unit, options)
        except ValueError as error:
            raise BadConfig(f"device {name}: {error}") from None

    async def _open(self, bus: BusSettings) -> None:
        members = {d.id: self.devices[d.id] for d in self.config.devices if d.bus == bus.id}
        units = [unit for device in members.values() for unit in device.product.units]
        if len(set(units)) < len(units):
            raise BadConfig(f"bus {bus.id}: two devices answer to the same unit")
        port: TcpPort | RtuPort
        if bus.kind == "tcp":
            port = TcpPort(list(members.values()), bus.host, bus.port)
        else:
            port = (RtuPort if bus.kind == "rtu" else AsciiPort)(list(members.values()), bus.link, bus.baud)
        if not await port.listen():
            raise OSError(f"bus {bus.id}: cannot listen on {bus.host}:{bus.port}")
        self._ports[bus.id] = port
        for name, device in members.items():
            self.addresses[name] = _address(name, device.product, port)

    def advance(self, seconds: float, speed: float = 1.0) -> None:
        """Let `seconds` pass for products and faults, and `speed` times as many for the house."""
        left_s = seconds
        slice_s = min(self.config.home.step_s, SLICE_S_MAX / speed) if speed > 0 else self.config.home.step_s
        while left_s > 1e-9:
            dt_s = min(left_s, slice_s)
            for device in self.devices.values():
                device.step(dt_s)
            if speed > 0:
                self.house.step(dt_s * speed)
            left_s -= dt_s
        if self.config.home.registers:
            registers.keep(self.house, Path(self.config.home.registers))

    async def run(self) -> None:
        """Keep up with real time until cancelled."""
        loop = asyncio.get_running_loop()
        began_s, done_s = loop.time(), 0.0
        while True:
            due_s = loop.time() - began_s
            self.advance(due_s - done_s, self.config.home.speed)
            done_s = due_s
            step_s = self.config.home.step_s
            await asyncio.sleep(step_s - (loop.time() - began_s) % step_s)

    def fault(self, device: str, kind: str, **options: Any) -> None:
        """Begin a fault, see wire/faults.py. Raises: ValueError, KeyError for an unknown device."""
        target = self.devices[device]
        if kind == "crc" and target.product.bus_kind != "rtu":
            raise ValueError("crc: Modbus TCP has no checksum; use garbage")
        target.begin(build(Fault, {"kind": kind, **options}, "fault"))
        if target.restarted:
            target.restarted = False
            bus = next(d.bus for d in self.config.devices if d.id == device)
            if bus in self._ports:
                self._ports[bus].drop_clients()

    def clear(self, device: str, kind: str = "") -> None:
        """End a fault of a device, or all of them."""
        self.devices[device].faults.clear(kind)

    def state(self) -> dict[str, Any]:
        """Return the truth: power of each phase, every part, every product and its faults."""
        house = self.house
        found: dict[str, Any] = {"at": house.at.isoformat(), "outside_c": house.outside_c}
        found["price_eur_mwh"] = _price(house)
        found["circuits"] = {name: _circuit_state(house, name) for name in house.circuits}
        found.update(_part_states(house))
        found["devices"] = {
            name: {"product": d.product.model, "faults": d.faults.names(), **d.product.state()}
            for name, d in self.devices.items()
        }
        return found

    async def close(self) -> None:
        """Close all ports."""
        for port in self._ports.values():
            await port.shutdown()  # type: ignore[no-untyped-call]  # pymodbus has no types there
        self._ports.clear()


def _address(name: str, product: Product, port: TcpPort | RtuPort) -> Address:
    if isinstance(port, TcpPort):
        host, number = port.bound
        return Address(name, product.model, "tcp", product.units[0], host=host, port=number)
    return Address(name, product.model, product.bus_kind, product.units[0], path=port.line.path)


def _price(house: House) -> float | None:
    try:
        return price_eur_mwh(house.at)
    except NoSeries:
        return None


def _circuit_state(house: House, name: str) -> dict[str, Any]:
    circuit = house.circuits[name]
    return {
        "power_w": circuit.flow.total_w,
        "phase_w": list(circuit.flow.w),
        "phase_a": [circuit.current_a(i) for i in range(3)],
        "phase_v": list(circuit.voltage_v),
        "import_wh": circuit.import_wh,
        "export_wh": circuit.export_wh,
    }


def _part_states(house: House) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if point := house.charge_point:
        found["charge_point"] = {
            "pilot": point.state, "offered_a": point.offered_a, "duty_percent": duty_percent(point.offered_a),
            "phases": point.phases_used, "plugged": point.car is not None,
        }  # fmt: skip
    if house.car:
        found["car"] = {"soc": house.car.soc, "current_a": house.car.current_a, "energy_wh": house.car.energy_wh}
    if pump := house.heat_pump:
        found["heat_pump"] = {
            "power_w": pump.power_w, "heat_w": pump.heat_w, "running": pump.running, "starts": pump.starts,
            "sg_state": pump.sg_in_force, "limit_w": pump.limit_w,
        }  # fmt: skip
        found["tank_c"] = house.tank.water_c
        found["room_c"] = house.building.air_c
    if hybrid := house.inverter:
        found["inverter"] = {"output_w": hybrid.output_w, "pv_w": hybrid.pv_w, "connected": hybrid.connected}
        found["battery"] = {"soc": hybrid.battery.soc, "power_w": hybrid.battery.power_w}
    found["loads"] = {name: load.on for name, load in house.loads.items()}
    return found


@contextlib.asynccontextmanager
async def running_home(source: Path | str | Table) -> AsyncIterator[Home]:
    """Run a home for a test: ports are real, time stands still until `home.advance(seconds)`."""
    home = await Home.start(source)
    try:
        yield home
    finally:
        await home.close()


def announce(home: Home) -> list[dict[str, Any]]:
    """Return one record per device with where it is found, without what does not apply."""
    return [{key: found for key, found in asdict(where).items() if found} for where in home.addresses.values()]
