"""What a product tells of itself beyond its readings: a SunSpec product by its map, others where their papers have it.

Source: the documents that the drivers name; addresses as they are on the wire.
"""

from __future__ import annotations

from typing import NamedTuple

from hal.capabilities import Device
from hal.errors import DeviceError
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.sunspec import SunSpecDevice
from tools.sunspec_facts import NO_MODEL, Fact, facts_of, text_of

STATION = 200  # unit of an Alfen that speaks for all its sockets


class Place(NamedTuple):
    """Where one fact stands; `unit` None is the device's own."""

    name: str
    address: int
    words: int
    is_text: bool = True
    table: int = pdu.READ_HOLDING
    unit: int | None = None


CARLO_GAVAZZI = (Place("type", 0x0B, 1, is_text=False, table=pdu.READ_INPUT),)
PLACES: dict[str, tuple[Place, ...]] = {
    "alfen-eve": (
        Place("maker", 117, 5, unit=STATION),
        Place("product", 100, 17, unit=STATION),
        Place("version", 123, 17, unit=STATION),
    ),
    "phoenix-charx": (Place("product", 100, 10), Place("version", 110, 4)),
    "keba-kecontact": (Place("type", 1016, 2, is_text=False), Place("version", 1018, 2, is_text=False)),
    "stiebel-isg": (Place("type", 5001, 1, is_text=False, table=pdu.READ_INPUT),),
    "carlo-gavazzi-em24": CARLO_GAVAZZI,
    "carlo-gavazzi-em24-e1": CARLO_GAVAZZI,
    "carlo-gavazzi-em340": CARLO_GAVAZZI,
    "carlo-gavazzi-et112": CARLO_GAVAZZI,
}


async def facts_about(driver: Device) -> list[Fact]:
    """Return what the opened product tells of itself; what it refuses is left out. Raises: DeviceError, no map."""
    if isinstance(driver, SunSpecDevice):
        return await facts_of(driver)
    if not isinstance(driver, ModbusDevice):
        return []
    found: list[Fact] = []
    for place in PLACES.get(driver.model, ()):
        try:
            told = await _told(driver, place)
        except DeviceError:
            continue
        if told is not None:
            found.append(Fact(NO_MODEL, "", place.name, told, ""))
    return found


async def _told(driver: ModbusDevice, place: Place) -> str | int | None:
    unit = driver.unit if place.unit is None else place.unit
    request = driver.bus.request(unit, pdu.read(place.table, place.address, place.words))
    payload = await driver.bus.ask(request)
    return text_of(payload) if place.is_text else int.from_bytes(payload, "big")
