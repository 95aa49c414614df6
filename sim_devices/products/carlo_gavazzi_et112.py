"""Carlo Gavazzi ET112, a one-phase meter on RS-485 behind one circuit.

Source: Carlo Gavazzi, "EM100 Series and ET100 Series Modbus communication protocol" v4.0: functions 3 and 4 give the
same, INT32 with the low word first; scales V/10, A/1000, W/10, kWh/10, Hz/10.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.carlo_gavazzi_em24 import READ_HOLDING, READ_INPUT, REGISTERS_MAX, int32
from sim_devices.products.meter import PhaseMeter, PhaseOptions
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16


class CarloGavazziEt112(PhaseMeter):
    """Measures one phase of a circuit; `current_scale` is 10 for the firmware that OpenEMS met."""

    model = "carlo-gavazzi-et112"
    bus_kind = "rtu"
    current_scale = 1000

    def __init__(self, house: House, unit: int, options: PhaseOptions) -> None:
        super().__init__(house, unit, options)
        c, at = self.circuit, self.at
        cells = [
            int32(0x0000, lambda: c.voltage_v[at] * 10),
            int32(0x0002, lambda: self.current_a() * self.current_scale),
            int32(0x0004, lambda: self.power_w() * 10),
            Cell(0x000F, 1, lambda: u16(c.frequency_hz * 10)),
            int32(0x0010, lambda: c.import_phase_wh[at] // 100),
            int32(0x0020, lambda: c.export_phase_wh[at] // 100),
        ]
        bank = Bank(cells, words_max=REGISTERS_MAX)
        self.reading[unit, READ_HOLDING] = self.reading[unit, READ_INPUT] = bank
