"""One product of a simulated home in place of the home's own, and our driver for it: in virtual time, or on a port."""

from __future__ import annotations

from typing import Any, NamedTuple

from drivers import catalogue
from hal.memory import ManualClock
from hal.modbus.ascii import Ascii
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from sim_devices.config import load
from sim_devices.home import Home
from sim_devices.products import PRODUCTS
from tests.drivers.virtual import Bench, FrameLine
from tests.sim_devices.homes import home_tree

BUS = "more"


class Row(NamedTuple):
    """One product in a table of many: where it hangs, its unit, what the installer set and what the site file says."""

    model: str
    unit: int = 1
    product: dict[str, Any] = {}  # noqa: RUF012  (never changed)
    options: dict[str, Any] = {}  # noqa: RUF012
    unread: tuple[int, ...] = ()  # quantities that it does not tell, other than its like
    asked_back: bool = True  # an order can be read back


class Twin(NamedTuple):
    """A home without ports, the simulated product, and our driver on its frames."""

    home: Home
    product: Any
    driver: Any


def house_of(device: str, row: Row, **tables: Any) -> dict[str, Any]:
    """Return a home with the row's product in the place of `device`, on a bus of its own."""
    tree = home_tree(**tables)
    kind = PRODUCTS[row.model].bus_kind
    own = {"id": device, "product": row.model, "bus": BUS, "unit": row.unit, **row.product}
    tree["device"] = [each for each in tree["device"] if each["id"] != device] + [own]
    tree["bus"].append({"id": BUS, "kind": kind})
    return tree


def furnished(device: str, row: Row, clock: ManualClock, **tables: Any) -> tuple[Home, Any]:
    """Return a home without ports, and a driver on the frames of its bus, not opened."""
    home = Home.furnished(load(house_of(device, row, **tables)))
    home.advance(0.001)
    framing = {"tcp": Tcp, "rtu": Rtu, "ascii": Ascii}[PRODUCTS[row.model].bus_kind]()
    bus = Bus(FrameLine(home.frames(BUS)), framing, clock)
    return home, catalogue.load(row.model)(bus, row.unit, dict(row.options))


async def twin_of(device: str, row: Row, **tables: Any) -> Twin:
    """Return a furnished home and an open driver. Raises: DeviceError."""
    home, driver = furnished(device, row, ManualClock(), **tables)
    await driver.open()
    return Twin(home, home.devices[device].product, driver)


class TwinBench(Bench):
    """One row's product and driver under our worker."""

    def __init__(self, device: str, row: Row) -> None:
        self.clock = ManualClock()
        self.home, driver = furnished(device, row, self.clock)
        self.seat(device, driver)
