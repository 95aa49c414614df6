"""A bus without a port: the bytes of one request in, the bytes of its answer out, nothing waits.

Source: MODBUS Application Protocol V1.1b3, section 6 (functions 1-6, 15, 16) and 7 (exceptions); MODBUS over Serial
Line V1.02, sections 2.5.1 (RTU, CRC-16) and 2.5.2 (ASCII, LRC); MODBUS Messaging on TCP/IP V1.0b, section 3.1.3. For
simulations in virtual time; a test holds it to the same bytes as the port, whose framing is pymodbus'.
"""

from __future__ import annotations

from array import array
from struct import unpack_from

from sim_devices.wire.bank import DEVICE_FAILURE, ILLEGAL_FUNCTION, ILLEGAL_VALUE, Refused, Silent
from sim_devices.wire.device import COIL_FUNCTIONS, Device

READS = (1, 2, 3, 4)
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
COILS_MAX, REGISTERS_MAX = 2000, 125
ASKED_MAX = 1000  # requests remembered
BITS_PER_BYTE = 10  # start, eight, stop
COIL_ON = 0xFF00
EXCEPTION = 0x80

Asked = tuple[Device, int, bytes]
Reading = tuple[Device, int, int, int, int]  # device, unit, function, first address, count


def _crc_table() -> array[int]:
    """Return what the checksum becomes by two zero bytes, for each of its values."""
    single = []
    for index in range(256):
        crc = index
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        single.append(crc)
    firsts = (crc >> 8 ^ single[crc & 0xFF] for crc in range(0x10000))
    return array("H", [crc >> 8 ^ single[crc & 0xFF] for crc in firsts])


CRC_TABLE = _crc_table()


def checksum(frame: bytes) -> bytes:
    """Return the CRC-16 of a frame, low byte first; two bytes at a time."""
    crc = 0xFFFF
    for pair in unpack_from(f"<{len(frame) // 2}H", frame):
        crc = CRC_TABLE[crc ^ pair]
    if len(frame) % 2:  # CRC_TABLE[x << 8] is one byte's step of x
        crc = crc >> 8 ^ CRC_TABLE[((crc ^ frame[-1]) & 0xFF) << 8]
    return crc.to_bytes(2, "little")


def _octets(frame: bytes) -> bytes:
    """Return what an ASCII frame says with its LRC, nothing when it is none."""
    try:
        return bytes.fromhex(frame[1:-2].decode("ascii")) if frame[:1] == b":" and frame[-2:] == b"\r\n" else b""
    except ValueError:
        return b""


class Frames:
    """Answers for all devices of one bus; units that are not there are silent."""

    def __init__(self, devices: list[Device], kind: str, baud: int = 0) -> None:
        """`kind` is "rtu", "ascii" or "tcp"; `baud` 0 answers at once."""
        self._by_unit = {unit: device for device in devices for unit in device.product.units}
        self._serial = kind != "tcp"
        self._ascii = kind == "ascii"
        self._baud = baud
        self._readings: dict[bytes, Reading] = {}  # sound reads that came before, without what differs each time

    def answer(self, frame: bytes) -> tuple[bytes, float] | None:
        """Return the answer and how many seconds later it is complete; None for silence."""
        reading = self._readings.get(frame if self._serial else frame[2:])
        try:
            if reading is not None:
                device, unit, function, address, count = reading
                told = _read(device, unit, function, address, count)
            else:
                known = self._understood(frame)
                if known is None:
                    return None
                device, unit, asked = known
                function = asked[0]
                told = _obeyed(device, unit, asked)
                if function in READS and len(self._readings) < ASKED_MAX:
                    found = device, unit, function, int.from_bytes(asked[1:3], "big"), int.from_bytes(asked[3:5], "big")
                    self._readings[frame if self._serial else frame[2:]] = found
        except Silent:
            return None
        except Refused as refused:
            told = bytes([function | EXCEPTION, refused.code])
        packet, late_s = self._framed(frame, unit, told), 0.0
        if device.faults.any:
            packet, late_s = device.leaving(packet, self._serial)
        wire_s = BITS_PER_BYTE * (len(packet) + 8) / self._baud if self._baud else 0.0
        return packet, wire_s + late_s

    def _understood(self, frame: bytes) -> Asked | None:
        """Return device, unit and PDU of a sound request for one of these devices."""
        if self._ascii:
            octets = _octets(frame)
            if len(octets) < 3 or sum(octets) & 0xFF:
                return None
            unit, asked = octets[0], octets[1:-1]
        elif self._serial:
            if len(frame) < 4 or checksum(frame[:-2]) != frame[-2:]:
                return None
            unit, asked = frame[0], frame[1:-2]
        else:
            if len(frame) < 8 or frame[2:4] != b"\0\0" or int.from_bytes(frame[4:6], "big") != len(frame) - 6:
                return None
            unit, asked = frame[6], frame[7:]
        device = self._by_unit.get(unit)
        return None if device is None else (device, unit, asked)

    def _framed(self, frame: bytes, unit: int, told: bytes) -> bytes:
        if self._ascii:
            body = bytes((unit,)) + told
            return b">" + (body + bytes((-sum(body) & 0xFF,))).hex().upper().encode() + b"\r\n"
        if self._serial:
            body = bytes((unit,)) + told
            return body + checksum(body)
        return frame[:4] + (len(told) + 1).to_bytes(2, "big") + bytes((unit,)) + told


def _obeyed(device: Device, unit: int, asked: bytes) -> bytes:
    """Return the answer's PDU. Raises: Silent, Refused."""
    function = asked[0]
    address, second = int.from_bytes(asked[1:3], "big"), int.from_bytes(asked[3:5], "big")
    if function in READS:
        _check_count(second, COILS_MAX if function in COIL_FUNCTIONS else REGISTERS_MAX)
        return _read(device, unit, function, address, second)
    if function == WRITE_COIL:
        device.write(unit, function, address, [int(second == COIL_ON)])
        return asked[:5]
    if function == WRITE_REGISTER:
        device.write(unit, function, address, [second])
        return asked[:5]
    if function == WRITE_COILS:
        bits = [asked[6 + at // 8] >> at % 8 & 1 for at in range(second)]
        device.write(unit, function, address, bits)
        return asked[:5]
    if function == WRITE_REGISTERS:
        _check_count(second, REGISTERS_MAX)
        if len(asked) != 6 + 2 * second:
            raise Refused(DEVICE_FAILURE)
        device.write(
            unit, function, address, [int.from_bytes(asked[at : at + 2], "big") for at in range(6, len(asked), 2)]
        )
        return asked[:5]
    raise Refused(ILLEGAL_FUNCTION)


def _read(device: Device, unit: int, function: int, address: int, count: int) -> bytes:
    """Return the PDU that answers a read of a count that may be asked for. Raises: Silent, Refused."""
    found = device.registers(unit, function, address, count)
    packed = _packed_bits(found[1::2]) if function in COIL_FUNCTIONS else found
    return bytes((function, len(packed))) + packed


def _check_count(count: int, most: int) -> None:
    if not 0 < count <= most:
        raise Refused(ILLEGAL_VALUE)


def _packed_bits(bits: bytes) -> bytes:
    packed = bytearray((len(bits) + 7) // 8)
    for at, bit in enumerate(bits):
        packed[at // 8] |= bit << at % 8
    return bytes(packed)
