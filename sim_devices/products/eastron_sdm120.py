"""Eastron SDM120-Modbus, a one-phase meter on RS-485 behind one circuit.

Source: Eastron, "SDM120-Modbus Protocol" v2.5, input registers (function 4): big-endian float32, even address, even
count. Not modelled: holding registers, demand, reactive energy. Addresses that the document does not name are refused.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.meter import PhaseMeter, PhaseOptions
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import f32

READ_INPUT = 4
REGISTERS_MAX = 80


class EastronSdm120(PhaseMeter):
    """Measures one phase of a circuit."""

    model = "eastron-sdm120"
    bus_kind = "rtu"

    def __init__(self, house: House, unit: int, options: PhaseOptions) -> None:
        super().__init__(house, unit, options)
        c, at = self.circuit, self.at
        cells = [
            Cell(0x0000, 2, lambda: f32(c.voltage_v[at])),
            Cell(0x0006, 2, lambda: f32(self.current_a())),
            Cell(0x000C, 2, lambda: f32(self.power_w())),
            Cell(0x0012, 2, lambda: f32(c.apparent_va(at))),
            Cell(0x0018, 2, lambda: f32(c.flow.var[at])),
            Cell(0x001E, 2, lambda: f32(c.power_factor(at))),
            Cell(0x0046, 2, lambda: f32(c.frequency_hz)),
            Cell(0x0048, 2, lambda: f32(c.import_phase_wh[at] / 1000)),
            Cell(0x004A, 2, lambda: f32(c.export_phase_wh[at] / 1000)),
            Cell(0x0156, 2, lambda: f32((c.import_phase_wh[at] + c.export_phase_wh[at]) / 1000)),
        ]
        self.reading[unit, READ_INPUT] = Bank(cells, words_max=REGISTERS_MAX, even=True)
