"""Chargers on a line in memory: registers as the makers' papers have them, what a reading of them is, and which words
an order leaves there."""

from __future__ import annotations

from hal import quantities as q
from tests.shared.modbus_units import Unit
from tests.shared.products import put

LIMIT_MA = 10000  # what each of them is asked for
VOLTAGES = (q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV)
CURRENTS = (q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA)


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


def phases(voltages_mv, currents_ma):
    """Return a reading of three phases."""
    return dict(zip(VOLTAGES + CURRENTS, voltages_mv + currents_ma))


def keba_offers(unit) -> None:
    """A P30: the pilot offers what was set while it is enabled."""
    put(unit.registers, 1100, "I", unit.registers[5004] * unit.registers[5014])
    put(unit.registers, 1600, "I", unit.registers[5016])
    put(unit.registers, 1602, "I", unit.registers[5018])


KEBA = {
    1000: 3, 1004: 7, 1006: 0, 1008: 15980, 1010: 15981, 1012: 15982, 1014: 1, 1016: 314161, 1018: 0, 1020: 11025400,
    1036: 123456789, 1040: 229, 1042: 230, 1044: 231, 1100: 16000, 1110: 32000, 1600: 20000, 1602: 0,
}  # fmt: skip

CHARGERS = (
    Charger(
        "keba-kecontact",
        words("I", KEBA) | {5004: 16000, 5014: 1, 5016: 20000, 5018: 0},
        phases((229000, 230000, 231000), (15980, 15981, 15982))
        | {q.EV_STATE: q.EV_C, q.POWER_W: 11025, q.ENERGY_IMPORT_WH: 12345679, q.LIMIT_MA: 16000},
        {5004: 10000, 5014: 1, 5016: 0, 5018: 60},
        {5004: 10000, 5014: 0, 5016: 0, 5018: 60},
        after=keba_offers,
    ),
    Charger(
        "heidelberg-energy-control",
        {
            5: 7, 6: 159, 7: 158, 8: 157, 9: 301, 10: 231, 11: 232, 12: 233, 13: 1, 14: 11018, 15: 0, 16: 1234,
            17: 0x00BC, 18: 0x614E, 257: 15000, 258: 0, 259: 1, 260: 0, 261: 160, 262: 0, 100: 16,
        },
        phases((231000, 232000, 233000), (15900, 15800, 15700))
        | {q.EV_STATE: q.EV_C, q.POWER_W: 11018, q.ENERGY_IMPORT_WH: 12345678},
        {257: 15000, 258: 4, 259: 1, 261: 100, 262: 60},
        {261: 0, 259: 1},
    ),
    Charger(
        "phoenix-charx",
        words("i", {2232: 230100, 2234: 230200, 2236: 230300, 2238: 6010, 2240: -1, 2242: 7, 2244: 1382999})
        | {2246: 0, 2247: 0, 2248: 0, 2249: 0, 2299: 0x4332, 2300: 1, 2301: 6, 2302: 0, 2303: 0, 2304: 1, 2305: 0}
        | words("q", {2250: 5000000123}) | {2306: 16, 2307: 65535},
        {
            q.VOLTAGE_L1_MV: 230100, q.VOLTAGE_L2_MV: 230200, q.VOLTAGE_L3_MV: 230300, q.CURRENT_L1_MA: 6010,
            q.CURRENT_L3_MA: 7, q.POWER_W: 1383, q.ENERGY_IMPORT_WH: 5000000123, q.EV_STATE: q.EV_C,
        },
        {2300: 1, 2301: 10, 2306: 6, 2307: 60},
        {2300: 0, 2306: 6},
        options={"point": 2},
    ),
    Charger(
        "phoenix-em-cp-pp-eth",
        {100: 0x43, 300: 16},
        {q.EV_STATE: q.EV_C},
        {300: 10, 400: 1},
        {300: 10, 400: 0},
        coils={400: 0},
    ),
    Charger(
        "phoenix-ev-eth",
        {100: 0x42, 528: 160},
        {q.EV_STATE: q.EV_B},
        {528: 100, 400: 1},
        {528: 100, 400: 0},
        options={"counts_per_a": 10},
        coils={400: 0},
    ),
    Charger(
        "webasto-next",
        {
            1000: 3, 1008: 15980, 1010: 15981, 1012: 15982, 1102: 6, 1104: 32, 2000: 10, 2002: 60, 5004: 16, 6000: 0,
        }
        | words("I", {1020: 11025, 1024: 3675, 1028: 3674, 1032: 3676, 1036: 12345678}),
        {
            q.EV_STATE: q.EV_C, q.CURRENT_L1_MA: 15980, q.CURRENT_L2_MA: 15981, q.CURRENT_L3_MA: 15982,
            q.POWER_W: 11025, q.POWER_L1_W: 3675, q.POWER_L2_W: 3674, q.POWER_L3_W: 3676, q.ENERGY_IMPORT_WH: 12345678,
        },
        {2000: 6, 2002: 20, 5004: 10, 6000: 1},
        {5004: 0, 6000: 1},
    ),
    Charger(
        "webasto-unite",
        {
            1001: 0, 1004: 3, 1008: 11, 1010: 12, 1012: 13, 1014: 231, 1016: 232, 1018: 233, 1104: 32, 2000: 6,
            2002: 20, 5004: 16, 6000: 0,
        } | words("I", {1020: 6, 1024: 1, 1028: 2, 1032: 3, 1036: 123456}),
        phases((231000, 232000, 233000), (11, 12, 13)) | {
            q.EV_STATE: q.EV_B, q.POWER_W: 6, q.POWER_L1_W: 1, q.POWER_L2_W: 2, q.POWER_L3_W: 3,
            q.ENERGY_IMPORT_WH: 12345600,
        },
        {2000: 6, 2002: 20, 5004: 10, 6000: 1},
        {5004: 0, 6000: 1},
    ),
    Charger(
        "go-e",
        {100: 2, 107: 8, 211: 32, 299: 16, 300: 20, 337: 2} | words("I", {
            108: 230, 110: 231, 112: 232, 114: 160, 116: 159, 118: 158, 120: 1100, 122: 0, 124: 0, 126: 0, 128: 4321,
        }),
        {
            q.EV_STATE: q.EV_C, q.FAULT: 8, q.VOLTAGE_L1_MV: 230000, q.VOLTAGE_L2_MV: 231000, q.VOLTAGE_L3_MV: 232000,
            q.CURRENT_L1_MA: 16000, q.CURRENT_L2_MA: 15900, q.CURRENT_L3_MA: 15800, q.POWER_W: 11000,
            q.ENERGY_IMPORT_WH: 432100,
        },
        {299: 10, 300: 20, 337: 0},
        {299: 10, 300: 20, 337: 1},
    ),
    Charger(
        "abl-emh1",
        {
            0x04: 0x00C2, 0x0F: 0, 0x10: 0, 0x11: 0, 0x12: 0x8000 | 266, 0x13: 0, 0x14: 266,
            0x2E: 0, 0x2F: 0, 0x30: 158, 0x31: 1000, 0x32: 160,
        },
        {q.EV_STATE: q.EV_C, q.CURRENT_L1_MA: 16000, q.CURRENT_L3_MA: 15800},
        {0x14: 166},
        {0x14: 1000},
        after=lambda unit: put(unit.registers, 0x12, "H", 0x8000 | unit.registers[0x14]),
    ),
)  # fmt: skip
