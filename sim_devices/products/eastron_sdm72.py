"""Eastron SDM72D-M, first version: a three-phase energy meter on RS-485 that tells only totals.

Source: Eastron, "SDM72D-M Modbus Protocol" v1.5, input registers (function 4): big-endian float32, even address, even
count, at most 60 registers. Whatever the document does not name is refused.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.meter import CircuitMeter, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import f32

READ_INPUT = 4
REGISTERS_MAX = 60


class EastronSdm72(CircuitMeter):
    """Measures one circuit."""

    model = "eastron-sdm72"
    bus_kind = "rtu"

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        c = self.circuit
        cells = [
            Cell(0x0034, 2, lambda: f32(c.flow.total_w)),
            Cell(0x0048, 2, lambda: f32(c.import_wh / 1000)),
            Cell(0x004A, 2, lambda: f32(c.export_wh / 1000)),
            Cell(0x0156, 2, lambda: f32((c.import_wh + c.export_wh) / 1000)),
            Cell(0x0500, 2, lambda: f32(max(c.flow.total_w, 0.0))),
            Cell(0x0502, 2, lambda: f32(max(-c.flow.total_w, 0.0))),
        ]
        self.reading[unit, READ_INPUT] = Bank(cells, words_max=REGISTERS_MAX, even=True)
