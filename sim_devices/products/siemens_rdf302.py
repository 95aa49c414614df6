"""Siemens RDF302 room thermostat on RS-485; its output opens the heating valve of the house.

Source: Siemens, "RDF302 Basic documentation" CE1P3079, Modbus objects (printed numbers; one less on the wire): input
1001 mode in force, 1003 room, 1004 set-point in force in 0.02 °C, 1005 heating output in %; holding 0101 mode (1
comfort, 3 economy, 4 protection), 0103 comfort set-point, 0008 comfort as the owner set it (P08), 0011 economy, 0065
protection. Not modelled: fan, cooling, window, timer, button lock; a control band: it heats fully 0.3 K below and not
at all above.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.products.product import Product
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
COMFORT, ECONOMY, PROTECTION = 1, 3, 4
COUNTS_PER_K = 50
HYSTERESIS_C = 0.3


@dataclass
class Options:
    """What the owner set (P08, P11, P65)."""

    comfort_c: float = 21.0
    economy_c: float = 15.0
    protection_c: float = 8.0


class SiemensRdf302(Product):
    """Compares the room with the set-point in force and moves the valve."""

    model = "siemens-rdf302"
    bus_kind = "rtu"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit)
        self.opts = options
        self.mode, self.comfort_c, self.heating = COMFORT, options.comfort_c, False
        settings = Bank([
            Cell(7, 1, _counts(options.comfort_c)),
            Cell(100, 1, lambda: u16(self.mode), self._set_mode, lambda words: words[0] in (1, 3, 4)),
            Cell(102, 1, lambda: _counts(self.comfort_c), self._set_comfort, lambda words: 250 <= words[0] <= 2000),
        ])  # fmt: skip
        told = Bank([
            Cell(1000, 1, lambda: u16(self.mode)),
            Cell(1002, 1, lambda: _counts(self.house.building.air_c)),
            Cell(1003, 1, lambda: _counts(self.target_c)),
            Cell(1004, 1, lambda: u16(100 * self.heating)),
            Cell(1005, 1, u16(0)),
        ])  # fmt: skip
        self.reading = {(unit, READ_HOLDING): settings, (unit, READ_INPUT): told}
        self.writing = {(unit, code): settings for code in (WRITE_ONE, WRITE_MANY)}
        self.step(0)

    @property
    def target_c(self) -> float:
        """Set-point in force."""
        return {COMFORT: self.comfort_c, ECONOMY: self.opts.economy_c}.get(self.mode, self.opts.protection_c)

    def step(self, dt_s: float) -> None:  # noqa: ARG002  (it has no timer)
        """Move the valve."""
        room_c = self.house.building.air_c
        if room_c < self.target_c - HYSTERESIS_C:
            self.heating = True
        elif room_c > self.target_c:
            self.heating = False
        self.house.building.valve = self.heating

    def state(self) -> dict[str, object]:
        """Mode and set-points."""
        return {"mode": self.mode, "comfort_c": self.comfort_c, "target_c": self.target_c, "heating": self.heating}

    def _set_mode(self, words: list[int]) -> None:
        self.mode = words[0]

    def _set_comfort(self, words: list[int]) -> None:
        self.comfort_c = words[0] / COUNTS_PER_K


def _counts(temperature_c: float) -> bytes:
    return u16(temperature_c * COUNTS_PER_K)
