"""Heidelberg (Amperfied) Energy Control: charging point up to 16 A. RTU, 19200 8E1, unit by switch S4.

Source: Amperfied, "EC ModBus register table" of 2021-02-22; addresses as on the wire, input registers by function 4.
Trust: evcc, wbec and others that agree with the maker's table. Power is in VA. State 8 (charging with
less, by one reading; ventilation wanted, by another) is missing. Stand-by (258) is switched off, else it falls asleep.
Option fallback_ma (6000 or 0): the current after 15 s without any traffic, written to 262 where it differs. Whether it
outlasts a restart is not documented. Reading counts as traffic (it watches over the bus master, evcc issues 2286 and
5060): the product falls back when the agent is dead and not when it only lost its right to an order.
"""

from __future__ import annotations

from hal import quantities as q
from hal.errors import NotObeyed
from hal.modbus import pdu
from hal.modbus.charger import ModbusCharger
from hal.modbus.points import U16, U32, Point

PILOT_STATES = {
    2: q.EV_A, 3: q.EV_A, 4: q.EV_B, 5: q.EV_B, 6: q.EV_C, 7: q.EV_C, 9: q.EV_E, 10: q.EV_F, 11: q.EV_F,
}  # fmt: skip
WATCHDOG_MS, STANDBY, UNLOCKED, LIMIT, SAFE = 257, 258, 259, 261, 262  # currents in 0.1 A
AWAKE = 4


class HeidelbergEnergyControl(ModbusCharger):
    """Limits the current of the charging point; 0 pauses."""

    model = "heidelberg-energy-control"
    table = pdu.READ_INPUT
    maximum = 16000
    step = 100
    fallback_ms = 15000
    gap_max = 1
    largest = Point(100, U16, q.LIMIT_MA, num=1000)  # A, by its switches
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    points = (
        Point(5, U16, q.EV_STATE, names=PILOT_STATES),
        Point(6, U16, q.CURRENT_L1_MA, num=100),  # 0.1 A
        Point(7, U16, q.CURRENT_L2_MA, num=100),
        Point(8, U16, q.CURRENT_L3_MA, num=100),
        Point(10, U16, q.VOLTAGE_L1_MV, num=1000),  # V
        Point(11, U16, q.VOLTAGE_L2_MV, num=1000),
        Point(12, U16, q.VOLTAGE_L3_MV, num=1000),
        Point(14, U16, q.POWER_W),  # VA
        Point(17, U32, q.ENERGY_IMPORT_WH),  # VAh since installation
    )

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Arm the fall-back, write and read back; 0 pauses. Returns the limit kept. Raises: DeviceError."""
        for address, word in ((WATCHDOG_MS, self.fallback_ms), (STANDBY, AWAKE), (SAFE, self.fallback_ma // 100)):
            await self.keep_written(address, (word,), pdu.WRITE_REGISTER)
        await self.write_checked(LIMIT, (limit_ma // 100,), pdu.WRITE_REGISTER)
        await self.keep_written(UNLOCKED, (1,), pdu.WRITE_REGISTER)
        return limit_ma

    async def kept(self) -> int:
        """Return the order that stands in the product. Raises: NotObeyed while it is locked, other DeviceErrors."""
        words = await self.registers(UNLOCKED, LIMIT - UNLOCKED + 1, pdu.READ_HOLDING)
        if not words[0]:
            raise NotObeyed(UNLOCKED, (1,), words)
        return words[-1] * 100
