"""Marstek Venus E and C, first and second version: battery at the wall socket. RS485 115200 8N1, unit 1.

Source: ViperRNMC/marstek_venus_modbus, registers of versions 1 and 2; evcc, marstek-venus. Trust: two programs agree;
no document of the maker. Single registers (functions 3 and 6). It has no fall-back of its own: without the agent the
last order stands, until control by RS485 (42000) is switched off, which lets it begin anew on its own mode.
AC power is positive while it discharges. Above 800 W it goes only where the owner's country setting (44100) allows it.
Never write 41000 and 41001: they reset it.
"""

from __future__ import annotations

from hal import quantities as q
from hal.compat import const
from hal.modbus import pdu
from hal.modbus.forced import ForcedBattery
from hal.modbus.points import S32, U16, U32, Point

CONTROL = const(42000)
ON = const(0x55AA)
OFF = const(0x55BB)
COMMAND = const(42010)  # 0 stop, 1 charge, 2 discharge
FEEDS = -1  # W, positive while it discharges


class MarstekVenus(ForcedBattery):
    """Charges or discharges with so many watts, or holds."""

    model = "marstek-venus"
    minimum, maximum, step = -2500, 2500, 50
    charge = Point(42020, U16, q.SETPOINT_W)  # W
    discharge = Point(42021, U16, q.SETPOINT_W)
    way, charging, discharging, holding = COMMAND, 1, 2, 0
    before = ((CONTROL, (ON,)),)
    released = ((COMMAND, (0,)), (CONTROL, (OFF,)))
    function = pdu.WRITE_REGISTER
    credible: tuple[tuple[tuple[int, ...], int, int], ...] = (((q.VOLTAGE_L1_MV,), 50000, 300000),)
    points: tuple[Point, ...] = (
        Point(32104, U16, q.SOC_PM, num=10),  # %
        Point(32200, U16, q.VOLTAGE_L1_MV, num=100),  # 0.1 V
        Point(32202, S32, FEEDS),
        Point(32204, U16, q.FREQUENCY_MHZ, num=10),  # 0.01 Hz
        Point(33000, U32, q.ENERGY_IMPORT_WH, num=10),  # 0.01 kWh, charged
        Point(33002, U32, q.ENERGY_EXPORT_WH, num=10),
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        if FEEDS in numbers:
            numbers[q.POWER_W] = -numbers.pop(FEEDS)
        return numbers
