"""Eastron SDM630-Modbus V2, a three-phase meter on RS-485, anywhere in the house.

Source: Eastron, "SDM630-Modbus Protocol" v2.0, input registers (function 4): big-endian float32, even address,
even count, at most 80 registers a read; energy in kWh, import positive. Not modelled: holding registers,
demand, harmonics; undocumented even addresses between the first and the last quantity read as 0. Whether
the product nets its phases in the totals is not in the document: here it does, instant by instant.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import sqrt
from struct import Struct

from sim_devices.house import House
from sim_devices.physics.flow import Circuit
from sim_devices.products.meter import CircuitMeter, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import f32

READ_INPUT = 4
REGISTERS_MAX = 80
GAPS = range(0x180)
MAIN, MAIN_WORDS = 0x00, 0x4C  # what everybody reads, in one piece
FLOATS = Struct(">18f32x f4xf4xff12x3f")  # V, A, W, VA, var, power factor by phase; W, VA, var, factor; Hz, kWh, kWh


class EastronSdm630(CircuitMeter):
    """Measures one circuit and has nothing to set."""

    model = "eastron-sdm630"
    bus_kind = "rtu"
    words_max = REGISTERS_MAX

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        cells = [Cell(MAIN, MAIN_WORDS, partial(_main, self.circuit))]
        cells += [Cell(address, 2, _single(read)) for address, read in _quantities(self.circuit)]
        self.reading[unit, READ_INPUT] = Bank(cells, words_max=self.words_max, gaps=[GAPS], even=True)


def _main(c: Circuit) -> bytes:
    w, var = c.flow
    volts, total_w = c.voltage_v, c.flow.total_w
    va = [c.apparent_va(0), c.apparent_va(1), c.apparent_va(2)]
    total_va = sum(va)
    currents_a = [va[0] / volts[0], va[1] / volts[1], va[2] / volts[2]]
    factors = [w[i] / va[i] if va[i] > 0 else 1.0 for i in (0, 1, 2)]
    return FLOATS.pack(
        *volts, *currents_a, *w, *va, *var, *factors,
        total_w, total_va, sum(var), total_w / total_va if total_va else 1.0,
        c.frequency_hz, c.import_wh / 1000, c.export_wh / 1000,
    )  # fmt: skip


def _single(read: Callable[[], float]) -> Callable[[], bytes]:
    return lambda: f32(read())


def _quantities(c: Circuit) -> list[tuple[int, Callable[[], float]]]:
    """Address and how to read what lies behind, in A and kWh."""
    return [
        *_phase(c, 0),
        *_phase(c, 1),
        *_phase(c, 2),
        (0xE0, lambda: _neutral_a(c)),
        (0x156, lambda: (c.import_wh + c.export_wh) / 1000),
    ]


def _phase(c: Circuit, i: int) -> list[tuple[int, Callable[[], float]]]:
    """What else the meter has for each phase; `i` counts from 0."""
    return [
        (0xC8 + 2 * i, lambda: c.line_voltage_v(i)),
        (0x15A + 2 * i, lambda: c.import_phase_wh[i] / 1000),
        (0x160 + 2 * i, lambda: c.export_phase_wh[i] / 1000),
    ]


def _neutral_a(c: Circuit) -> float:
    """Return the magnitude of the sum of three currents 120 degrees apart, all taken as resistive."""
    a, b, d = (c.flow.w[i] / c.voltage_v[i] for i in range(3))
    return sqrt(max(a * a + b * b + d * d - a * b - b * d - d * a, 0.0))
