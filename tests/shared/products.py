"""Products on a line in memory, and our drivers for them: registers as the makers' papers have them."""

from __future__ import annotations

import struct

from drivers import catalogue
from hal.modbus.ascii import Ascii
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from tests.shared.modbus_units import AsciiLine, ManualClock, MemoryLine, Unit
from tests.shared.pinned import is_on_pins, pin_driver_of

ON_ASCII = ("abl-emh1",)
ON_SERIAL = (
    "carlo-gavazzi-em24",
    "carlo-gavazzi-et112",
    "eastron-sdm630",
    "heatmiser-edge",
    "heidelberg-energy-control",
    "waveshare-relay",
    "sg-ready-relay",
    "siemens-rdf302",
    "wiren-board-mr6c",
)


def driver_of(model, unit, options=None):
    if is_on_pins(model):
        return pin_driver_of(model, options)
    tcp = model not in ON_SERIAL
    clock = ManualClock()
    if model in ON_ASCII:
        return catalogue.load(model)(Bus(AsciiLine({1: unit}, clock), Ascii(), clock), 1, options or {})
    return catalogue.load(model)(
        Bus(MemoryLine({1: unit}, clock, tcp), Tcp() if tcp else Rtu(), clock), 1, options or {}
    )


def put(registers, address, kind, number):
    """Write a number as struct does it: an oracle of its own."""
    payload = struct.pack(">" + kind, number)
    for at in range(0, len(payload), 2):
        registers[address + at // 2] = (payload[at] << 8) | payload[at + 1]


def charger_unit(safe_a=6.0):
    unit = Unit(dict.fromkeys(list(range(300, 426)) + list(range(1200, 1216)), 0))
    for address, number in ((306, 230.0), (336, 50.0), (338, 1380.0), (344, 1380.0), (1206, safe_a), (1212, safe_a)):
        put(unit.registers, address, "f", number)
    put(unit.registers, 374, "d", 123456789.4)
    put(unit.registers, 1201, "10s", b"C2\x00\x00\x00\x00\x00\x00\x00\x00")
    put(unit.registers, 308, "I", 0xFFFFFFFF)  # not a number: one phase only

    def apply(unit):
        unit.registers[1206], unit.registers[1207] = unit.registers[1210], unit.registers[1211]
        put(unit.registers, 1208, "I", 60)

    unit.after_write = apply
    return unit


def pump_unit():
    return Unit({10108: 0xFFCE, 10120: 485, 10301: 23, 10310: 1, 10311: 2, 10040: 0, 10041: 300})


def room_unit():
    unit = Unit({1: 1, 2: 195, 3: 0, 4: 0, 5: 0, 6: 210, 32: 1, 33: 200, 34: 0, 35: 0, 36: 120, 37: 0})

    def hold(unit):
        if unit.registers[32] != 1 or unit.asked[-1][1] == 33:
            unit.registers[32] = 2 if unit.asked[-1][1] in (33, 37) else unit.registers[32]
        unit.registers[6] = unit.registers[33] if unit.registers[32] == 2 else 210

    unit.after_write = hold
    return unit


def inverter_unit(base=40000, revert=0, model=103):
    """A chain 1, 103 or 113, 124, 160 with two strings and a battery of 5 kW, all from the model definitions."""
    registers = {base: 0x5375, base + 1: 0x6E53}
    at, found = base + 2, {}
    for number, length in ((1, 66), (model, 50 if model == 103 else 60), (124, 24), (160, 88), (0xFFFF, 0)):
        found[number] = at
        for offset in range(length + 2):
            registers[at + offset] = 0
        registers[at], registers[at + 1] = number, length
        at += 2 + length
    put(registers, found[1] + 2, "32s", b"Fronius" + bytes(25))
    if model == 103:
        for offset, word in ((10, 2301), (11, 0xFFFF), (12, 2299), (13, 0xFFFF), (16, 5001), (17, 0xFFFE)):
            registers[found[103] + offset] = word
    else:
        for offset, number in ((16, 230.1), (18, 230.2), (20, 230.3), (24, 50.01)):
            put(registers, found[113] + offset, "f", number)
    for offset, word in (
        (2, 5000), (8, 5550), (12, 10000), (13, 10000), (14, 0xFFFF), (15, revert), (16, 0xFFFF),
        (22, 0xFFFE), (25, 0xFFFE),
    ):  # fmt: skip
        registers[found[124] + offset] = word
    for offset, word in ((4, 1), (8, 4), (21, 120), (41, 80), (61, 0), (81, 210)):
        registers[found[160] + offset] = word
    return Unit(registers), found[124]
