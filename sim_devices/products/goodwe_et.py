"""GoodWe ET, hybrid inverter: what it tells.

Source: marcelblijleven/goodwe, running data from 35100 and battery data from 37000. Energies, temperatures, the
battery's own power and everything that can be set are not modelled; the two strings that are not fitted read as no
number.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.hybrid import READ_HOLDING, HybridProduct, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import nan, s16, u16, u32


class GoodWeEt(HybridProduct):
    """Tells phases, power, sun and charge."""

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
            Cell(37007, 1, lambda: u16(hybrid.battery.soc * 100)),
        ]
        for at in range(3):
            cells += [
                Cell(35121 + 5 * at, 1, lambda at=at: u16(circuit.voltage_v[at] * 10)),  # type: ignore[misc]  # mypy does not infer the default's type
                Cell(35122 + 5 * at, 1, lambda at=at: u16(circuit.current_a(at) * 10)),  # type: ignore[misc]  # as above
            ]
        self.reading[unit, READ_HOLDING] = Bank(cells, gaps=[range(35100, 35225)])
