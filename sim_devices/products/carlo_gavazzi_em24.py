"""Carlo Gavazzi EM24-DIN (RS-485), a three-phase meter.

Source: Carlo Gavazzi, "EM24-DIN PFA, PFB & X models Communication Protocol" v4r0: functions 3 and 4 give the same,
INT32 with the low word first, at most 11 registers a read; scales V/10, A/1000, W/10, kWh/10, Hz/10. Its identification
stands alone at 000Bh; the number is none of the Ethernet family's, which of its own it tells is not modelled. Not
modelled: tariffs, digital inputs, settings.
"""

from __future__ import annotations

from collections.abc import Callable

from sim_devices.house import House
from sim_devices.physics.flow import Circuit
from sim_devices.products.meter import CircuitMeter, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import low_first, s32, u16

READ_HOLDING, READ_INPUT = 3, 4
REGISTERS_MAX = 11
PHASES = range(3)


class CarloGavazziEm24(CircuitMeter):
    """Measures one circuit."""

    model = "carlo-gavazzi-em24"
    bus_kind = "rtu"
    identification = 71
    frequency_at, import_at, export_at = 0x0037, 0x0042, 0x005C

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        c = self.circuit
        cells = [cell for phase in PHASES for cell in _phase(c, phase)]
        cells += [
            Cell(0x000B, 1, u16(self.identification)),
            int32(0x0028, lambda: c.flow.total_w * 10),
            Cell(self.frequency_at, 1, lambda: u16(c.frequency_hz * 10)),
            int32(self.import_at, lambda: c.import_wh // 100),
            int32(self.export_at, lambda: c.export_wh // 100),
        ]
        bank = Bank(cells, words_max=REGISTERS_MAX)
        self.reading[unit, READ_HOLDING] = self.reading[unit, READ_INPUT] = bank


def int32(address: int, read: Callable[[], float]) -> Cell:
    """Return a number as these meters write it."""
    return Cell(address, 2, lambda: low_first(s32(read())))


def _phase(c: Circuit, at: int) -> list[Cell]:
    return [
        int32(0x0000 + 2 * at, lambda: c.voltage_v[at] * 10),
        int32(0x000C + 2 * at, lambda: c.current_a(at) * 1000),
        int32(0x0012 + 2 * at, lambda: c.flow.w[at] * 10),
    ]
