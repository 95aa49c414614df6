"""GoodWe ET, hybrid inverter with battery: what it tells and what it can be told.

Source: marcelblijleven/goodwe, running data from 35100 and battery data from 37000; 47511 and 47512 as OpenEMS has them
after GoodWe's table 8-16. Modes other than auto, battery standby and the two that set the battery's power are taken and
regulate by themselves. Guessed: an order ends with a restart. Energies, temperatures and all other settings are not
modelled; the two strings that are not fitted read as no number.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.hybrid import READ_HOLDING, WRITE_MANY, WRITE_ONE, HybridProduct, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import nan, s16, s32, u16, u32

STANDBY, CHARGE, DISCHARGE, LAST_MODE = 8, 11, 12, 12
MODE, POWER = 47511, 47512


class GoodWeEt(HybridProduct):
    """Tells phases, power, sun and charge; obeys an EMS mode."""

    model = "goodwe-et"
    bus_kind = "rtu"

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        hybrid, circuit = self.hybrid, self.circuit
        cells = [
            Cell(35105, 2, lambda: u32(hybrid.pv_w / 2)),
            Cell(35109, 2, lambda: u32(hybrid.pv_w / 2)),
            Cell(35113, 2, nan(2)),
            Cell(35117, 2, nan(2)),
            Cell(35123, 1, lambda: u16(circuit.frequency_hz * 100)),
            Cell(35138, 1, lambda: s16(hybrid.output_w)),
            Cell(35182, 2, lambda: s32(-hybrid.battery.power_w)),
            Cell(37007, 1, lambda: u16(hybrid.battery.soc * 100)),
            self.kept(MODE, [1], lambda words: 1 <= words[0] <= LAST_MODE),
            self.kept(POWER, [0], lambda words: words[0] <= 10000),
        ]
        for at in range(3):
            cells += [
                Cell(35121 + 5 * at, 1, lambda at=at: u16(circuit.voltage_v[at] * 10)),  # type: ignore[misc]  # mypy does not infer the default's type
                Cell(35122 + 5 * at, 1, lambda at=at: u16(circuit.current_a(at) * 10)),  # type: ignore[misc]  # as above
            ]
        bank = Bank(cells, gaps=[range(35100, 35225)])
        self.reading[unit, READ_HOLDING] = bank
        self.writing = {(unit, WRITE_ONE): bank, (unit, WRITE_MANY): bank}

    def obey(self, address: int) -> None:  # noqa: ARG002  (what counts is both words together)
        """Take the order that mode and power make."""
        power_w = self.word[POWER][0]
        self.order({STANDBY: 0, CHARGE: power_w, DISCHARGE: -power_w}.get(self.word[MODE][0]))


class GoodWeEtStorage(GoodWeEt):
    """The same for who tells it."""

    model = "goodwe-et-storage"
