"""SMA Sunny Island, Sunny Tripower Smart Energy and Sunny Boy Storage. Modbus TCP, unit 3.

Source: SMA, "Modbus parameters and measured values", profile registers 30775 to 31395, 40149 and 40151, by way of
OpenEMS, openWB and evcc, which agree; register numbers are addresses, big-endian. Trust: two and more programs agree.
A set-point (40149, negative charges) counts while 40151 says 802 (active) and is rewritten: without it the product
goes back to its own mode after the time that its owner has set, one minute as assumed here. What is not rewritten is
never believed to last. A product that does not tell what was written to it is asked for nothing but its
acknowledgement.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import VOLATILE
from hal.capabilities.battery import Battery
from hal.compat import const
from hal.errors import NotObeyed, OutOfRange
from hal.modbus.device import ModbusDevice
from hal.modbus.points import Point, WordType

SETPOINT = const(40149)  # W, s32, positive discharges
ACTIVE = const(40151)  # u32
YES, NO = (0, 802), (0, 803)
UNTOLD = ((0x8000, 0), (0xFFFF, 0xFFFF), (0x00FF, 0xFFFD))
S32 = WordType("i", 2, absent=0x80000000)
U32 = WordType("I", 2, absent=0xFFFFFFFF)
_CHARGES, _DISCHARGES = -1, -2


class SmaStorage(ModbusDevice, Battery):
    """Charges or discharges with so many watts, or holds."""

    model = "sma-storage"
    minimum, maximum = -30000, 30000
    write_cost = VOLATILE
    fallback_ms = 60000
    refresh_ms = 20000
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    points = (
        Point(30783, U32, q.VOLTAGE_L1_MV, num=10),  # 0.01 V
        Point(30785, U32, q.VOLTAGE_L2_MV, num=10),
        Point(30787, U32, q.VOLTAGE_L3_MV, num=10),
        Point(30803, U32, q.FREQUENCY_MHZ, num=10),  # 0.01 Hz
        Point(30845, U32, q.SOC_PM, num=10),  # %
        Point(31393, U32, _CHARGES),  # W
        Point(31395, U32, _DISCHARGES),
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; a difference of which one part is missing is missing. Raises: DeviceError."""
        numbers = await super().read()
        charges_w, discharges_w = numbers.pop(_CHARGES, None), numbers.pop(_DISCHARGES, None)
        if charges_w is not None and discharges_w is not None:
            numbers[q.POWER_W] = charges_w - discharges_w
        return numbers

    async def set_power_w(self, power_w: int) -> int | None:
        """Write and read back; positive charges, 0 holds. Returns the power kept, None where it is not told."""
        raw = -power_w & 0xFFFFFFFF
        told = await self._put(SETPOINT, (raw >> 16, raw & 0xFFFF))
        return power_w if await self._put(ACTIVE, YES) and told else None

    async def _put(self, address: int, words: tuple[int, ...]) -> bool:
        """Write, and return whether the product says that it kept it."""
        await self.write(address, words)
        kept = await self.registers(address, 2)
        if kept != words and kept not in UNTOLD:
            raise NotObeyed(address, words, kept)
        return kept == words

    async def kept(self) -> int | None:
        """Return the set-point while it is active, None when it is not. Raises: OutOfRange, other DeviceErrors."""
        active = await self.registers(ACTIVE, 2)
        if active == NO:
            return None
        high, low = await self.registers(SETPOINT, 2)
        if active != YES or (high, low) in UNTOLD:
            raise OutOfRange(self.control, None, 0, 0, 0)
        return -(((high << 16 | low) ^ 0x80000000) - 0x80000000)

    async def default_mode(self) -> None:
        """Give the battery back to the product's own regulation."""
        await self._put(ACTIVE, NO)
