"""Alfen Eve, NG9xx platform: charging point, one or two sockets. Modbus TCP; the unit is the socket, 1 or 2.

Source: Alfen, "Modbus Slave TCP/IP" v2.3 (2020-10-30), socket registers, big-endian. Trust: transcript of the maker's
document, agreeing with evcc and alfen_eve_modbus_tcp. Needs the Active Load Balancing licence, data source "EMS"
and "enable sockets"; at most two clients.
Option fallback_ma (6000 or 0): the safe current (1212) that the installer has set; another one there is refused.
A set-point counts for 60 s unless it is rewritten, then the safe current applies; reading keeps nothing alive but the
connection. After a restart it reads 0 and is nobody's order, so it is never read back into the agent.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import VOLATILE
from hal.capabilities.charger import Charger
from hal.errors import NotObeyed, WrongDevice
from hal.modbus.device import ModbusDevice
from hal.modbus.points import F32, F64, U32, Point, text

PILOT_STATES = {
    "A": q.EV_A, "B1": q.EV_B, "B2": q.EV_B, "C1": q.EV_C, "C2": q.EV_C,
    "D1": q.EV_D, "D2": q.EV_D, "E": q.EV_E, "F": q.EV_F,
}  # fmt: skip
APPLIED = Point(1206, F32, q.LIMIT_MA, num=1000)  # A
VALID = Point(1208, U32, q.LIMIT_VALID_MS, num=1000)  # s
SETPOINT = Point(1210, F32, q.LIMIT_MA, num=1000)  # A, both words in one function 16
SAFE = Point(1212, F32, q.LIMIT_MA, num=1000)  # A


class AlfenEve(ModbusDevice, Charger):
    """Limits the current of one socket; 0 pauses."""

    model = "alfen-eve"
    options_known = (("fallback_ma", (6000, 0)),)
    fallback_ma = 6000
    step = 100
    write_cost = VOLATILE
    fallback_ms = 60000
    refresh_ms = 25000
    gap_max = 32  # everything between 306 and 377 is described
    credible = (
        ((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),
        ((q.FREQUENCY_MHZ,), 45000, 65000),
    )
    points = (
        Point(306, F32, q.VOLTAGE_L1_MV, num=1000),  # V
        Point(308, F32, q.VOLTAGE_L2_MV, num=1000),
        Point(310, F32, q.VOLTAGE_L3_MV, num=1000),
        Point(320, F32, q.CURRENT_L1_MA, num=1000),  # A
        Point(322, F32, q.CURRENT_L2_MA, num=1000),
        Point(324, F32, q.CURRENT_L3_MA, num=1000),
        Point(336, F32, q.FREQUENCY_MHZ, num=1000),  # Hz
        Point(338, F32, q.POWER_L1_W),  # W
        Point(340, F32, q.POWER_L2_W),
        Point(342, F32, q.POWER_L3_W),
        Point(344, F32, q.POWER_W),
        Point(374, F64, q.ENERGY_IMPORT_WH),  # Wh delivered to the car
        Point(1201, text(5), q.EV_STATE, names=PILOT_STATES),  # IEC 61851-1
        APPLIED,
        VALID,
    )

    async def open(self) -> None:
        """Read once and compare the safe current with the option. Raises: WrongDevice, other DeviceErrors."""
        await super().open()
        safe_ma = await self.number(SAFE)
        if safe_ma != self.fallback_ma:
            raise WrongDevice(("fallback_ma", self.fallback_ma), ("safe current in mA", safe_ma))

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Write and read back; return what is in force, which cable or station may hold lower. 0 pauses.

        Raises: NotObeyed, also while a higher limit is still in force; other DeviceErrors.
        """
        await self.write_checked(SETPOINT.address, SETPOINT.words(limit_ma))
        applied_ma = await self.number(APPLIED)
        if applied_ma is None or applied_ma > limit_ma:
            raise NotObeyed(APPLIED.address, limit_ma, applied_ma)
        return applied_ma

    async def kept(self) -> int | None:
        """Return the set-point while it counts; what is in force may be lower. Raises: DeviceError."""
        if not await self.number(VALID):
            return None
        return await self.number(SETPOINT)

    async def default_mode(self) -> int:
        """Limit to the safe current at once; the product goes there by itself a minute later."""
        return await self.set_limit_ma(self.fallback_ma)
