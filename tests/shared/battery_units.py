"""Batteries and what hangs beside them on a line in memory: registers as the makers' papers have them, what a reading
of them is, and which words an order leaves there."""

from __future__ import annotations

from hal import quantities as q
from tests.shared.modbus_units import Unit
from tests.shared.products import put

CHARGE_W, DISCHARGE_W = 1500, -1250  # what each of them is asked for


class Battery:
    """One product: `told` is the whole reading; the others are the words that an order or its end leaves."""

    def __init__(self, model, registers, told, charged, discharged, held, released, options=None) -> None:
        self.model = model
        self.registers = registers
        self.told = told
        self.orders = ((CHARGE_W, charged), (DISCHARGE_W, discharged), (0, held))
        self.released = released
        self.options = options or {}

    def unit(self):
        """Return a fresh unit."""
        return Unit(dict(self.registers))


def words(kind, numbers, low_first=False):
    """Return registers for address -> number, each written as struct does it."""
    registers = {}
    for address in numbers:
        put(registers, address, kind, numbers[address])
        if low_first:
            registers[address], registers[address + 1] = registers[address + 1], registers[address]
    return registers


def merged(*tables):
    """Return all registers of several tables."""
    registers = {}
    for table in tables:
        registers.update(table)
    return registers


def volts(voltage_mv):
    """Return a reading of three equal phases."""
    return {q.VOLTAGE_L1_MV: voltage_mv, q.VOLTAGE_L2_MV: voltage_mv, q.VOLTAGE_L3_MV: voltage_mv}


def sunspec(models, maker=b"Any", base=40000):
    """Return a map of models, given as (number, length, offset -> word); ids and lengths count from offset 0."""
    registers = {base: 0x5375, base + 1: 0x6E53}
    at, found = base + 2, {}
    for number, length, given in ((1, 66, {}),) + tuple(models) + ((0xFFFF, 0, {}),):
        found[number] = at
        for offset in range(length + 2):
            registers[at + offset] = given.get(offset, 0x8000)
        registers[at], registers[at + 1] = number, length
        at += 2 + length
    put(registers, base + 4, "32s", maker + bytes(32 - len(maker)))
    return registers, found


SUNGROW = words("H", {
    5018: 2301, 5019: 2301, 5020: 0xFFFF, 5241: 4998, 13000: 0x0004, 13021: 1400, 13022: 555,
    13049: 0, 13050: 0xCC, 13051: 0, 33046: 500, 33047: 480,
})  # fmt: skip
HUAWEI = merged(
    words("i", {32064: 3210, 37765: -1400}),
    words("H", {32069: 2301, 32070: 2301, 32071: 2301, 37760: 555, 47083: 0, 47087: 0, 47100: 0, 47246: 1}),
    words("I", {37046: 5000, 37048: 4800, 47247: 0, 47249: 0}),
)
GOODWE = merged(
    words("I", {35105: 1600, 35109: 1610, 35113: 0xFFFFFFFF, 35117: 0xFFFFFFFF}),
    words("i", {35182: 1400}),
    words("H", {35121: 2301, 35126: 2301, 35131: 2301, 35123: 4998, 37007: 55, 47511: 1, 47512: 0}),
)
MARSTEK = merged(
    words("H", {32104: 55, 32200: 2301, 32204: 4998, 42000: 0x55BB, 42010: 0, 42020: 0, 42021: 0}),
    words("i", {32202: 800}),
    words("I", {33000: 12345, 33002: 6789}),
)
MARSTEK_V3 = merged(
    words("H", {34002: 555, 32204: 500, 42000: 0x55BB, 42010: 0, 42020: 0, 42021: 0}),
    words("h", {30006: -800}),
    words("I", {33000: 12345, 33002: 6789}),
)
SOLAREDGE = merged(
    words("H", {0xE004: 1, 0xE00A: 7, 0xE00D: 7}),
    words("I", {0xE00B: 3600}, True),
    words("f", {0xE00E: 0.0, 0xE010: 0.0, 0xE174: -1400.4, 0xE182: 98.0, 0xE184: 55.5}, True),
)
SMA = words("I", {
    30783: 23010, 30785: 23010, 30787: 0xFFFFFFFF, 30803: 4998, 30845: 55, 31393: 0, 31395: 1400, 40149: 0, 40151: 803,
})  # fmt: skip
VICTRON = merged(words("h", {842: -1400, 37: 0}), words("H", {840: 521, 843: 55, 850: 3210, 2902: 2}))
STORAGE, STORAGE_AT = sunspec((
    (103, 50, {10: 2301, 11: 0xFFFF, 12: 2299, 13: 0xFFFF, 16: 4998, 17: 0xFFFE}),
    (124, 24, {2: 5000, 5: 0, 8: 555, 11: 3, 12: 1000, 13: 1000, 15: 0, 17: 0, 18: 0, 22: 0xFFFF, 25: 0xFFFF}),
    (802, 62, {47: 1400, 63: 0}),
))  # fmt: skip
_AT = STORAGE_AT[124]
DER, _DER_AT = sunspec((
    (701, 153, {
        10: 1400, 17: 0, 18: 49980, 19: 0, 20: 0, 21: 0, 22: 6789, 23: 0, 24: 0, 25: 0, 26: 12345, 47: 2301,
        70: 0xFFFF, 93: 0xFFFF, 114: 0xFFFF, 115: 0xFFFD, 116: 0, 120: 1,
    }),
    (702, 50, {2: 600, 10: 500, 11: 450, 26: 500, 34: 0xFFFF, 35: 480, 45: 1}),
    (704, 65, {22: 0, 23: 0, 24: 0, 25: 0, 28: 0, 30: 1, 31: 0, 32: 0, 55: 0, 56: 0xFFFF}),
    (713, 7, {4: 555, 8: 0xFFFF}),
))  # fmt: skip
_DER = _DER_AT[704]
_DER_TOLD = {
    q.VOLTAGE_L1_MV: 230100, q.FREQUENCY_MHZ: 49980, q.POWER_W: -1400, q.SOC_PM: 555, q.ENERGY_EXPORT_WH: 67890,
    q.ENERGY_IMPORT_WH: 123450,
}  # fmt: skip

BATTERIES = (
    Battery(
        "sungrow-sh", merged(SUNGROW, words("I", {5016: 3210}, True)),
        {
            q.VOLTAGE_L1_MV: 230100, q.VOLTAGE_L2_MV: 230100, q.FREQUENCY_MHZ: 49980, q.POWER_PV_W: -3210,
            q.POWER_W: -1400, q.SOC_PM: 555,
        },
        {13049: 2, 13050: 0xAA, 13051: 1500}, {13050: 0xBB, 13051: 1250}, {13050: 0xCC}, {13049: 0, 13050: 0xCC},
    ),
    Battery(
        "huawei-luna2000", HUAWEI,
        merged(volts(230100), {q.POWER_PV_W: -3210, q.POWER_W: -1400, q.SOC_PM: 555}),
        {47083: 2, 47087: 1, 47100: 1, 47246: 0, 47248: 1500}, {47100: 2, 47250: 1250}, {47100: 1, 47248: 0},
        {47100: 0, 47087: 0},
    ),
    Battery(
        "goodwe-et-storage", merged(dict.fromkeys(range(35105, 35132), 0), GOODWE),
        merged(
            volts(230100),
            {q.FREQUENCY_MHZ: 49980, q.POWER_PV_W: -3210, q.POWER_W: -1400, q.SOC_PM: 550},
        ),
        {47511: 11, 47512: 1500}, {47511: 12, 47512: 1250}, {47511: 8}, {47511: 1, 47512: 0},
    ),
    Battery(
        "marstek-venus", MARSTEK,
        {
            q.VOLTAGE_L1_MV: 230100, q.FREQUENCY_MHZ: 49980, q.POWER_W: -800, q.SOC_PM: 550,
            q.ENERGY_IMPORT_WH: 123450, q.ENERGY_EXPORT_WH: 67890,
        },
        {42000: 0x55AA, 42010: 1, 42020: 1500}, {42010: 2, 42021: 1250}, {42010: 0}, {42000: 0x55BB, 42010: 0},
    ),
    Battery(
        "marstek-venus-v3", MARSTEK_V3,
        {
            q.FREQUENCY_MHZ: 50000, q.POWER_W: 800, q.SOC_PM: 555, q.ENERGY_IMPORT_WH: 123450,
            q.ENERGY_EXPORT_WH: 67890,
        },
        {42000: 0x55AA, 42010: 1, 42020: 1500}, {42010: 2, 42021: 1250}, {42010: 0}, {42000: 0x55BB, 42010: 0},
    ),
    Battery(
        "solaredge-storedge", SOLAREDGE, {q.POWER_W: -1400, q.SOC_PM: 555},
        merged({0xE004: 4, 0xE00D: 3, 0xE00B: 60, 0xE00C: 0}, words("f", {0xE00E: 1500.0}, True)),
        merged({0xE00D: 4}, words("f", {0xE010: 1250.0}, True)),
        {0xE00D: 0}, {0xE004: 1},
    ),
    Battery(
        "sma-storage", SMA,
        {
            q.VOLTAGE_L1_MV: 230100, q.VOLTAGE_L2_MV: 230100, q.FREQUENCY_MHZ: 49980, q.POWER_W: -1400,
            q.SOC_PM: 550,
        },
        merged(words("i", {40149: -1500}), words("I", {40151: 802})), words("i", {40149: 1250}),
        words("i", {40149: 0}), words("I", {40151: 803}),
    ),
    Battery(
        "victron-gx", VICTRON, {q.POWER_W: -1400, q.SOC_PM: 550, q.POWER_PV_W: -3210},
        {2902: 3, 37: 1500}, {37: 65536 - 1250}, {37: 0}, {2902: 2}, {"vebus_unit": 1},
    ),
    Battery(
        "sunspec-storage", STORAGE,
        {q.VOLTAGE_L1_MV: 230100, q.VOLTAGE_L3_MV: 229900, q.FREQUENCY_MHZ: 49980, q.POWER_W: -1400, q.SOC_PM: 555},
        {_AT + 5: 3, _AT + 12: 65536 - 300, _AT + 13: 300, _AT + 15: 60, _AT + 17: 1},
        {_AT + 12: 250, _AT + 13: 65536 - 250}, {_AT + 12: 0, _AT + 13: 0},
        {_AT + 5: 0, _AT + 12: 1000, _AT + 13: 1000, _AT + 17: 0},
    ),
    Battery(
        "sunspec-der", DER, _DER_TOLD,
        {_DER + 22: 1, _DER + 23: 1, _DER + 24: 0xFFFF, _DER + 25: 65536 - 1500, _DER + 30: 0, _DER + 32: 60},
        {_DER + 24: 0, _DER + 25: 1250, _DER + 28: 0}, {_DER + 24: 0, _DER + 25: 0}, {_DER + 22: 0},
    ),
    Battery(
        "sunspec-der", DER, _DER_TOLD,
        {_DER + 22: 1, _DER + 23: 0, _DER + 28: 65536 - 300, _DER + 30: 0, _DER + 32: 60},
        {_DER + 28: 250, _DER + 25: 0}, {_DER + 28: 0}, {_DER + 22: 0}, {"set_as": "percent"},
    ),
)  # fmt: skip
