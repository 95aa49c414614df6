"""Huawei SUN2000 hybrid inverter with LUNA2000 battery. Modbus TCP through its dongle or RTU, unit 1; one client only.

Source: Huawei, "Solar Inverter Modbus Interface Definitions", by way of wlcrs/huawei-solar-lib, sun2000_modbus 3.0.0
and evcc, which agree on what is used here; holding registers, big-endian. Trust: two and more programs agree. It is
slow, after a connection above all, and has 5 s to answer.
A forced charge or discharge (47100) ends by itself after the period of 47083 in whole minutes; ours is 2. It knows no
word for a hold, so it is charged with 0 W, which its user manual allows (LUNA2000-S1, 6.3.4). Charging from the grid
must be allowed (47087): the agent allows it with its first charge and takes its own leave back.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import VOLATILE
from hal.compat import const
from hal.errors import WrongDevice
from hal.modbus.forced import ForcedBattery
from hal.modbus.points import U32, Point, WordType

GRID_CHARGE = const(47087)
COMMAND = const(47100)  # 0 stop, 1 charge, 2 discharge
U32_OR_NONE = WordType("I", 2, absent=0xFFFFFFFF)
CHARGE_MAX = Point(37046, U32_OR_NONE, q.SETPOINT_W)  # W, as rated now
DISCHARGE_MAX = Point(37048, U32_OR_NONE, q.SETPOINT_W)
PERIOD_MIN = const(2)
S32 = WordType("i", 2, absent=0x7FFFFFFF)
U16 = WordType("H", 1, absent=0xFFFF)
_PV = -1


class HuaweiLuna2000(ForcedBattery):
    """Charges or discharges with so many watts, or holds."""

    model = "huawei-luna2000"
    minimum, maximum = -10000, 10000
    answer_ms = 5000
    poll_ms = 2000
    stale_ms = 20000
    write_cost = VOLATILE
    fallback_ms = PERIOD_MIN * 60000
    refresh_ms = 30000
    charge = Point(47247, U32, q.SETPOINT_W)  # W
    discharge = Point(47249, U32, q.SETPOINT_W)
    way, charging, discharging = COMMAND, 1, 2
    before = ((47246, (0,)), (47083, (PERIOD_MIN,)))  # for a duration, in minutes
    released = ((COMMAND, (0,)),)
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    points = (
        Point(32064, S32, _PV),  # W, DC
        Point(32069, U16, q.VOLTAGE_L1_MV, num=100),  # 0.1 V
        Point(32070, U16, q.VOLTAGE_L2_MV, num=100),
        Point(32071, U16, q.VOLTAGE_L3_MV, num=100),
        Point(37760, U16, q.SOC_PM),  # 0.1 %
        Point(37765, S32, q.POWER_W),  # W, positive charges
    )
    _grid_allowed = False  # by us

    async def open(self) -> None:
        """Read once and ask for the bounds. Raises: WrongDevice, other DeviceErrors."""
        await super().open()
        charge_w, discharge_w = await self.number(CHARGE_MAX), await self.number(DISCHARGE_MAX)
        if not charge_w or not discharge_w:
            raise WrongDevice(self.model, ("no battery, bounds in W", charge_w, discharge_w))
        self.minimum, self.maximum = -discharge_w, charge_w

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        if _PV in numbers:
            numbers[q.POWER_PV_W] = -numbers.pop(_PV)
        return numbers

    async def set_power_w(self, power_w: int) -> int:
        """Write and read back; positive charges, 0 holds. The period begins anew with each order."""
        if power_w > 0 and await self.registers(GRID_CHARGE, 1) != (1,):
            self._grid_allowed = True
            await self.write_checked(GRID_CHARGE, (1,))
        await super().set_power_w(power_w)
        await self.write_checked(COMMAND, (self._word(power_w),))
        return power_w

    async def default_mode(self) -> None:
        """Give the battery back to the inverter's own regulation."""
        await super().default_mode()
        if self._grid_allowed:
            await self.write_checked(GRID_CHARGE, (0,))
            self._grid_allowed = False
