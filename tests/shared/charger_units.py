"""Chargers on a line in memory: registers as the makers' papers have them, what a reading of them is, and which words
an order leaves there."""

from __future__ import annotations

from hal import quantities as q
from tests.shared.modbus_units import Unit
from tests.shared.products import put

LIMIT_MA = 10000  # what each of them is asked for


class Charger:
    """One product: `told` is the whole reading, `written` and `paused` what 10 A and a pause leave in the registers."""

    def __init__(self, model, registers, told, written, paused, options=None, coils=None, after=None) -> None:
        self.model = model
        self.registers = registers
        self.told = told
        self.written = written
        self.paused = paused
        self.options = options or {}
        self.coils = coils or {}
        self.after = after

    def unit(self):
        """Return a fresh unit."""
        unit = Unit(dict(self.registers), dict(self.coils))
        unit.after_write = self.after
        return unit


def words(kind, numbers):
    """Return registers for address -> number, each written as struct does it."""
    registers = {}
    for address in numbers:
        put(registers, address, kind, numbers[address])
    return registers


def phases(voltage_mv, current_ma):
    """Return a reading of three equal phases."""
    return {
        q.VOLTAGE_L1_MV: voltage_mv, q.VOLTAGE_L2_MV: voltage_mv, q.VOLTAGE_L3_MV: voltage_mv,
        q.CURRENT_L1_MA: current_ma, q.CURRENT_L2_MA: current_ma, q.CURRENT_L3_MA: current_ma,
    }  # fmt: skip


def keba_offers(unit) -> None:
    """A P30: the pilot offers what was set while it is enabled."""
    put(unit.registers, 1100, "I", unit.registers[5004] * unit.registers[5014])
    put(unit.registers, 1602, "I", unit.registers[5018])


KEBA = {
    1000: 3, 1004: 7, 1006: 0, 1008: 15980, 1010: 15980, 1012: 15980, 1014: 1, 1016: 314161, 1018: 0, 1020: 11025400,
    1036: 123456789, 1040: 230, 1042: 230, 1044: 230, 1100: 16000, 1110: 32000, 1600: 0, 1602: 0,
}  # fmt: skip

CHARGERS = (
    Charger(
        "keba-kecontact",
        words("I", KEBA) | {5004: 16000, 5014: 1, 5018: 0},
        phases(230000, 15980)
        | {q.EV_STATE: q.EV_C, q.POWER_W: 11025, q.ENERGY_IMPORT_WH: 12345679, q.LIMIT_MA: 16000},
        {5004: 10000, 5014: 1, 5018: 60},
        {5004: 10000, 5014: 0, 5018: 60},
        after=keba_offers,
    ),
    Charger(
        "heidelberg-energy-control",
        {
            5: 7, 6: 159, 7: 159, 8: 159, 9: 301, 10: 231, 11: 231, 12: 231, 13: 1, 14: 11018, 15: 0, 16: 1234,
            17: 0x00BC, 18: 0x614E, 257: 15000, 258: 0, 259: 1, 260: 0, 261: 160, 262: 0,
        },
        phases(231000, 15900) | {q.EV_STATE: q.EV_C, q.POWER_W: 11018, q.ENERGY_IMPORT_WH: 12345678},
        {257: 15000, 258: 4, 259: 1, 261: 100, 262: 60},
        {261: 0, 259: 1},
    ),
)  # fmt: skip
