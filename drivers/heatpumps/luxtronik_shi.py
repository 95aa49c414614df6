"""Heat pumps with Luxtronik 2.1 and Smart-Home-Interface (Alpha Innotec, Novelan and others). Modbus TCP.

Source: definitions of Bouni/python-luxtronik (Smart-Home-Interface), evcc template luxtronik; addresses 0-based.
Trust: two independent programs, no maker's document. Firmware 3.90.1 or later; enable SERVICE > connectivity.
10301 is taken as 0.1 kW (python-luxtronik; a comment in evcc says 0.01): check it against a meter.
Whether the limit survives a power cycle is not documented, so it counts as worn by every write; nothing is known of a
fall-back: the pump keeps the last limit when nobody speaks to it.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.heat_pump import HeatPump
from hal.compat import const
from hal.errors import NotObeyed
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.points import S16, U16, U32, Point

LIMIT_MODE = const(10040)
NO_LIMIT = const(0)
HARD_LIMIT = const(2)  # 1 is a soft one
LIMIT = Point(10041, U16, q.LIMIT_W, num=100, table=pdu.READ_HOLDING)  # 0.1 kW
_MODE = const(-1)


class LuxtronikShi(ModbusDevice, HeatPump):
    """Limits the electrical input of the compressor; 30 kW lifts the limit."""

    model = "luxtronik-shi"
    table = pdu.READ_INPUT
    minimum = 0
    maximum = 30000
    step = 100
    write_cost = PERSISTENT
    points = (
        Point(10108, S16, q.TEMP_OUTSIDE_MC, num=100),  # 0.1 °C
        Point(10120, S16, q.TEMP_TANK_MC, num=100),  # 0.1 °C
        Point(10301, U16, q.POWER_W, num=100),  # 0.1 kW
        Point(10310, U32, q.ENERGY_IMPORT_WH, num=100),  # 0.1 kWh
        Point(LIMIT_MODE, U16, _MODE, table=pdu.READ_HOLDING),
        LIMIT,
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; without a limit in force LIMIT_W is the maximum. Raises: DeviceError."""
        numbers = await super().read()
        mode = numbers.pop(_MODE)
        if mode == NO_LIMIT:
            numbers[q.LIMIT_W] = self.maximum
        return numbers

    async def set_limit_w(self, limit_w: int) -> int:
        """Write and read back what differs; the maximum lifts the limit. Returns the limit kept."""
        if limit_w >= self.maximum:
            return await self.default_mode()
        await self.keep_written(LIMIT.address, LIMIT.words(limit_w))
        await self.keep_written(LIMIT_MODE, (HARD_LIMIT,))
        return limit_w

    async def kept(self) -> int:
        """Return the limit that stands in the pump, the maximum when there is none.

        Raises: NotObeyed for a limit that is not hard, other DeviceErrors.
        """
        mode, limit = await self.registers(LIMIT_MODE, 2, pdu.READ_HOLDING)
        if mode == NO_LIMIT:
            return self.maximum
        if mode != HARD_LIMIT:
            raise NotObeyed(LIMIT_MODE, None, (mode, limit))
        return limit * LIMIT.num

    async def default_mode(self) -> int:
        """Lift the limit: the pump regulates by itself."""
        await self.keep_written(LIMIT_MODE, (NO_LIMIT,))
        return self.maximum
