"""The house of the virtual day: three products on lines in memory and what they draw; runs inside MicroPython.

Registers are those of tests/shared/products.py. What outlives a reset of the agent's board is in `kept`.
"""

import struct

from hal.errors import FrameError, LineDown, LineTimeout
from hal.modbus.rtu import crc16
from tests.shared.modbus_units import Unit
from tests.shared.products import charger_unit, put, room_unit

METER, ROOM, RELAY, CHARGER = 1, 2, 3, 1
BOILER_W, SAFE_A, VALID_MS, VOLT = 2000, 6.0, 60000, 230.0


class House:
    """`pass_to` moves it; `noise` and `down` are what is wrong with the serial line and the network."""

    def __init__(self, kept):
        self.now_ms = kept.get("now_ms", 0)
        self.base_w = kept.get("base_w", 500)
        self.energy_wms = kept.get("energy_wms", 0)
        self.asked_a = kept.get("asked_a", SAFE_A)
        self.asked_ms = kept.get("asked_ms", -VALID_MS)
        self.noise = self.down = False
        self.exchanges = self.spoilt = 0
        self.meter = Unit(dict.fromkeys(range(0x50), 0))
        for address in (0x00, 0x02, 0x04):
            put(self.meter.registers, address, "f", VOLT)
        put(self.meter.registers, 0x46, "f", 50.0)
        self.relay = Unit(coils={2: kept.get("boiler", 0)})
        self.charger = charger_unit(SAFE_A)
        self.charger.after_write = self._take_limit
        self.room = room_unit()

    def kept(self):
        return {
            "now_ms": self.now_ms, "base_w": self.base_w, "energy_wms": self.energy_wms, "asked_a": self.asked_a,
            "asked_ms": self.asked_ms, "boiler": self.relay.coils[2],
        }  # fmt: skip

    def _take_limit(self, unit):
        self.asked_a, self.asked_ms = _float(unit.registers, 1210), self.now_ms
        self.show(unit)

    def limit_a(self):
        return self.asked_a if self.now_ms - self.asked_ms < VALID_MS else SAFE_A

    def charger_w(self):
        limit_a = min(self.limit_a(), 16.0)
        return int(limit_a * 3 * VOLT) if limit_a >= 6.0 else 0

    def power_w(self):
        return self.base_w + self.charger_w() + BOILER_W * self.relay.coils[2]

    def pass_to(self, now_ms):
        self.energy_wms += self.power_w() * (now_ms - self.now_ms)
        self.now_ms = now_ms

    def show(self, unit):
        """Have a product's registers say what is so now."""
        registers = unit.registers
        if unit is self.meter:
            power_w = self.power_w()
            for phase in (0, 1, 2):
                put(registers, 0x06 + 2 * phase, "f", power_w / (3 * VOLT))
                put(registers, 0x0C + 2 * phase, "f", power_w / 3)
            put(registers, 0x34, "f", power_w)
            put(registers, 0x48, "f", 1000.0 + self.energy_wms / 3600000 / 1000)
        elif unit is self.charger:
            power_w = self.charger_w()
            put(registers, 1206, "f", self.limit_a())
            put(registers, 1208, "I", max(0, VALID_MS - (self.now_ms - self.asked_ms)) // 1000)
            put(registers, 320, "f", power_w / (3 * VOLT))
            put(registers, 344, "f", power_w)

    def lines(self):
        """Return the serial line and the network line."""
        return SerialSide(self), NetworkSide(self)


class SerialSide:
    """RTU; `noise` turns bits, cuts answers short and swallows them."""

    def __init__(self, house):
        self._house = house
        self._units = {METER: house.meter, ROOM: house.room, RELAY: house.relay}

    async def exchange(self, request, missing, timeout_ms):
        house = self._house
        house.exchanges += 1
        assert crc16(request) == 0
        unit = self._units[request[0]]
        house.show(unit)
        said = request[:1] + unit.answer(request[1:-2])
        crc = crc16(said)
        frame = said + bytes((crc & 255, crc >> 8))
        if house.noise and house.exchanges % 3:
            house.spoilt += 1
            frame = (b"", frame[:-3], frame[:4] + b"\x55" + frame[5:], b"\xff" * 300)[house.exchanges // 3 % 4]
        if len(frame) > 256:
            raise FrameError("answer too long", frame)
        if missing(frame) > 0:
            raise LineTimeout(request[0], timeout_ms)
        return frame

    async def close(self):
        pass


class NetworkSide:
    """Modbus TCP over the Wi-Fi that is lost when `down`."""

    def __init__(self, house):
        self._house = house

    async def exchange(self, request, missing, timeout_ms):
        house = self._house
        house.exchanges += 1
        if house.down:
            raise LineDown("charger", 113)
        house.show(house.charger)
        said = house.charger.answer(request[7:])
        return request[:4] + bytes((0, len(said) + 1, request[6])) + said

    async def close(self):
        pass


def _float(registers, address):
    return struct.unpack(">f", struct.pack(">HH", registers[address], registers[address + 1]))[0]
