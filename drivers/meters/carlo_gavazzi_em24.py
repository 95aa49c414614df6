"""Carlo Gavazzi EM24-DIN with RS-485: three-phase meter. RTU, 9600 8N1.

Source: Carlo Gavazzi, "EM24-DIN PFA, PFB & X models Communication Protocol" v4r0, input registers (function 4), 32-bit
integers with the low word first, at most 11 registers a read; 7FFF hex in the high word means overflow. Trust: maker's
document, agreeing with mbmd, the Victron client and OpenEMS. Imported power is positive. Some firmware tells the
frequency a hundred times too large: what is none is missing. The EM24 with Ethernet has other registers for energy and
is refused here by its identification (0x0B): `carlo-gavazzi-em24-e1`.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.errors import WrongDevice
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.low_first import S32_OR_OVERFLOW as S32
from hal.modbus.points import U16, Point

IDENTIFICATION = 0x0B
ETHERNET_IDS = range(1648, 1654)  # Source: the Victron client's table of products


class Em24(ModbusDevice, Meter):
    """Reads phases, total power and both energy registers; has nothing to set."""

    model = "carlo-gavazzi-em24"
    table = pdu.READ_INPUT
    registers_max = 11
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    ethernet = False
    points: tuple[Point, ...] = (
        Point(0x00, S32, q.VOLTAGE_L1_MV, num=100),  # 0.1 V
        Point(0x02, S32, q.VOLTAGE_L2_MV, num=100),
        Point(0x04, S32, q.VOLTAGE_L3_MV, num=100),
        Point(0x0C, S32, q.CURRENT_L1_MA),  # 0.001 A
        Point(0x0E, S32, q.CURRENT_L2_MA),
        Point(0x10, S32, q.CURRENT_L3_MA),
        Point(0x12, S32, q.POWER_L1_W, den=10),  # 0.1 W
        Point(0x14, S32, q.POWER_L2_W, den=10),
        Point(0x16, S32, q.POWER_L3_W, den=10),
        Point(0x28, S32, q.POWER_W, den=10),
        Point(0x37, U16, q.FREQUENCY_MHZ, num=100),  # 0.1 Hz
        Point(0x42, S32, q.ENERGY_IMPORT_WH, num=100),  # 0.1 kWh
        Point(0x5C, S32, q.ENERGY_EXPORT_WH, num=100),
    )

    async def open(self) -> None:
        """Tell the two families apart, then read once. Raises: WrongDevice, other DeviceErrors."""
        (identification,) = await self.registers(IDENTIFICATION, 1)
        if (identification in ETHERNET_IDS) is not self.ethernet:
            raise WrongDevice(self.model, ("identification", identification))
        await super().open()

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; a frequency that is none is absent. Raises: DeviceError."""
        numbers = await super().read()
        if not 45000 <= numbers.get(q.FREQUENCY_MHZ, 0) <= 65000:
            numbers.pop(q.FREQUENCY_MHZ, None)
        return numbers
