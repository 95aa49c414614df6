"""Units on a line in memory, for the shared Modbus tests: answers are made from a dictionary of registers.

Written from the standard a second time and without anything of hal.modbus, so that a mistake there shows.
"""

from __future__ import annotations

from hal.errors import DeviceError, LineTimeout


class ManualClock:
    """A clock that moves when it is told, or when somebody sleeps."""

    def __init__(self) -> None:
        self.at_ms = 0
        self.slept = []

    async def sleep_ms(self, ms):
        self.slept.append(ms)
        self.at_ms += ms

    def now_ms(self):
        return self.at_ms

    def civil_ms(self):
        return 0

    def quality(self):
        return 0

    def error_ms(self):
        return 0


def crc_bitwise(frame: bytes) -> bytes:
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return bytes((crc & 255, crc >> 8))


class Unit:
    """Registers and coils; `refuse` maps an address to the exception code that a request touching it gets."""

    def __init__(self, registers=None, coils=None) -> None:
        self.registers = registers if registers is not None else {}
        self.coils = coils if coils is not None else {}
        self.refuse = {}
        self.stubborn = ()  # addresses that acknowledge a write and keep what they had
        self.asked = []
        self.after_write = None  # called with the unit: what the product does by itself

    def answer(self, request: bytes) -> bytes:
        function, address = request[0], (request[1] << 8) | request[2]
        count = (request[3] << 8) | request[4] if function not in (5, 6) else 1
        self.asked = self.asked[-40:] + [(function, address, count)]
        for at in range(address, address + count):
            if at in self.refuse:
                return bytes((function | 128, self.refuse[at]))
            if function in (3, 4, 6, 16) and at not in self.registers:
                return bytes((function | 128, 2))
        if function in (1, 2):
            packed = bytearray((count + 7) // 8)
            for index in range(count):
                packed[index // 8] |= self.coils.get(address + index, 0) << (index % 8)
            return bytes((function, len(packed))) + bytes(packed)
        if function in (3, 4):
            words = [self.registers[at] for at in range(address, address + count)]
            return bytes((function, 2 * count)) + b"".join([bytes((word >> 8, word & 255)) for word in words])
        if function == 5:
            if address not in self.stubborn:
                self.coils[address] = 1 if request[3] else 0
            self._written()
            return request
        written = request[3:] if function == 6 else request[6:]
        for index in range(count):
            if address + index not in self.stubborn:
                self.registers[address + index] = (written[2 * index] << 8) | written[2 * index + 1]
        self._written()
        return request[:5]

    def _written(self) -> None:
        if self.after_write is not None:
            self.after_write(self)


class MemoryLine:
    """Serial or TCP, by `tcp`; a unit that is not there lets the time-out pass on the clock."""

    def __init__(self, units, clock, tcp=False, answer_ms=0) -> None:
        self.units = units
        self.clock = clock
        self.tcp = tcp
        self.answer_ms = answer_ms
        self.spoil = None  # frame -> frame, to damage what comes back
        self.exchanges = 0

    async def exchange(self, request, missing, timeout_ms):
        self.exchanges += 1
        unit = request[6] if self.tcp else request[0]
        if unit not in self.units:
            self.clock.at_ms += timeout_ms
            raise LineTimeout(unit, timeout_ms)
        self.clock.at_ms += self.answer_ms
        if self.tcp:
            assert request[4:6] == bytes((0, len(request) - 6)), request
            said = self.units[unit].answer(request[7:])
            frame = request[:4] + bytes((0, len(said) + 1, unit)) + said
        else:
            assert request[-2:] == crc_bitwise(request[:-2]), request
            said = bytes((unit,)) + self.units[unit].answer(request[1:-2])
            frame = said + crc_bitwise(said)
        if self.spoil is not None:
            frame = self.spoil(frame)
        received = b""
        for at in range(len(frame)):  # byte by byte, as a serial line may deliver it
            received = frame[: at + 1]
            if missing(received) == 0:
                break
        if missing(received):
            raise LineTimeout(unit, timeout_ms)
        return received

    async def close(self):
        pass


class AsciiLine(MemoryLine):
    """A serial line in ASCII, whose answers begin with '>'."""

    async def exchange(self, request, missing, timeout_ms):
        self.exchanges += 1
        octets = bytes([int(request[at : at + 2].decode(), 16) for at in range(1, len(request) - 2, 2)])
        assert request[:1] == b":" and request[-2:] == b"\r\n" and sum(octets) % 256 == 0, request
        unit = octets[0]
        if unit not in self.units:
            self.clock.at_ms += timeout_ms
            raise LineTimeout(unit, timeout_ms)
        said = bytes((unit,)) + self.units[unit].answer(octets[1:-1])
        said += bytes((-sum(said) % 256,))
        frame = b">" + b"".join([b"%02X" % octet for octet in said]) + b"\r\n"
        for at in range(len(frame) + 1):
            if missing(frame[:at]) == 0:
                return frame[:at]
        raise LineTimeout(unit, timeout_ms)


async def failure_of(awaitable):
    """Return the DeviceError that it ends in."""
    try:
        await awaitable
    except DeviceError as error:
        return error
    raise AssertionError("no error")
