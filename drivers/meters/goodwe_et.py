"""GoodWe ET, EH and BT, hybrid inverters with battery, read only. RS485 9600 8N1 or Modbus TCP, unit 247.

Source: registers 35103 to 35206 and 37007 as marcelblijleven/goodwe has them, with raw answers of a GW10K-ET and the
numbers that its owner saw. Trust: one program and its captures. What it can be told `goodwe-et-storage` tells it.
Power is what the inverter takes in at its AC side: negative while it feeds the house; the battery's own power lies in
it. Its registers of imported and exported energy are those of its own meter and are not told here.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.modbus.device import ModbusDevice
from hal.modbus.points import S16, U16, Point, WordType

UINT32 = WordType("I", 2, absent=0xFFFFFFFF)
_PV_1, _PV_2, _PV_3, _PV_4, _FEEDS = -1, -2, -3, -4, -5
_STRINGS = (_PV_1, _PV_2, _PV_3, _PV_4)


class GoodWeEt(ModbusDevice, Meter):
    """Reads phases, power, sun and charge; has nothing to set."""

    model = "goodwe-et"
    poll_ms = 2000
    stale_ms = 20000
    gap_max = 16
    credible = (
        ((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),
        ((q.FREQUENCY_MHZ,), 45000, 65000),
    )
    points: tuple[Point, ...] = (
        Point(35105, UINT32, _PV_1),  # W
        Point(35109, UINT32, _PV_2),
        Point(35113, UINT32, _PV_3),
        Point(35117, UINT32, _PV_4),
        Point(35121, U16, q.VOLTAGE_L1_MV, num=100),  # 0.1 V
        Point(35122, U16, q.CURRENT_L1_MA, num=100),  # 0.1 A
        Point(35123, U16, q.FREQUENCY_MHZ, num=10),  # 0.01 Hz
        Point(35126, U16, q.VOLTAGE_L2_MV, num=100),
        Point(35127, U16, q.CURRENT_L2_MA, num=100),
        Point(35131, U16, q.VOLTAGE_L3_MV, num=100),
        Point(35132, U16, q.CURRENT_L3_MA, num=100),
        Point(35138, S16, _FEEDS),  # W
        Point(37007, U16, q.SOC_PM, num=10, optional=True),  # %
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; a string that is not there adds nothing. Raises: DeviceError."""
        numbers = await super().read()
        if _FEEDS in numbers:
            numbers[q.POWER_W] = -numbers.pop(_FEEDS)
        strings = [numbers.pop(string) for string in _STRINGS if string in numbers]
        if strings:
            numbers[q.POWER_PV_W] = -sum(strings)
        return numbers
