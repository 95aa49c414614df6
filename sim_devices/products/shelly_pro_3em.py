"""Shelly Pro 3EM, a three-phase meter in the house's network.

Source: Shelly, Gen2 API documentation, EM and EMData, "Modbus registers": input registers 3xxxx less 30000, float32
with the low word first. Energies are sums of what each phase counts for itself. Not modelled: its RPC interface, the
profile of three single meters, errors and time stamps.
"""

from __future__ import annotations

from collections.abc import Callable

from sim_devices.house import House
from sim_devices.physics.flow import Circuit
from sim_devices.products.meter import CircuitMeter, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import f32, low_first

READ_INPUT = 4


class ShellyPro3em(CircuitMeter):
    """Measures one circuit."""

    model = "shelly-pro-3em"
    bus_kind = "tcp"

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        c = self.circuit
        cells = [cell for phase in range(3) for cell in _phase(c, phase)]
        cells += [
            _float(1013, lambda: c.flow.total_w),
            _float(1162, lambda: sum(c.import_phase_wh)),
            _float(1164, lambda: sum(c.export_phase_wh)),
        ]
        self.reading[unit, READ_INPUT] = Bank(cells)


def _float(address: int, read: Callable[[], float]) -> Cell:
    return Cell(address, 2, lambda: low_first(f32(read())))


def _phase(c: Circuit, at: int) -> list[Cell]:
    block = 1020 + 20 * at
    return [
        _float(block, lambda: c.voltage_v[at]),
        _float(block + 2, lambda: c.current_a(at)),
        _float(block + 4, lambda: c.flow.w[at]),
    ]
