"""Carlo Gavazzi ET112, EM111 and EM112: one-phase meters up to 100 A. RTU, 9600 8N1.

Source: Carlo Gavazzi, "EM100 Series and ET100 Series Modbus communication protocol" v4.0, input registers (function 4),
32-bit integers with the low word first. Trust: maker's document by way of two other programs; they differ in the unit
of the current (0.001 A here and in the document, 0.1 A in OpenEMS). A current that would carry less than half of the
measured power at the measured voltage cannot be right and is missing. Imported power is positive.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.low_first import S32_OR_OVERFLOW as S32
from hal.modbus.points import U16, Point


class Et112(ModbusDevice, Meter):
    """Reads its phase and both energy registers; has nothing to set."""

    model = "carlo-gavazzi-et112"
    table = pdu.READ_INPUT
    registers_max = 11
    credible = (((q.VOLTAGE_L1_MV,), 50000, 300000),)
    points = (
        Point(0x00, S32, q.VOLTAGE_L1_MV, num=100),  # 0.1 V
        Point(0x02, S32, q.CURRENT_L1_MA),  # 0.001 A
        Point(0x04, S32, q.POWER_L1_W, den=10),  # 0.1 W; the only phase, whichever it hangs on
        Point(0x04, S32, q.POWER_W, den=10),
        Point(0x0F, U16, q.FREQUENCY_MHZ, num=100),  # 0.1 Hz
        Point(0x10, S32, q.ENERGY_IMPORT_WH, num=100),  # 0.1 kWh
        Point(0x20, S32, q.ENERGY_EXPORT_WH, num=100),
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; a current that cannot carry the power is absent. Raises: DeviceError."""
        numbers = await super().read()
        carried_uw = numbers.get(q.VOLTAGE_L1_MV, 0) * abs(numbers.get(q.CURRENT_L1_MA, 0))
        if carried_uw * 2 < abs(numbers.get(q.POWER_L1_W, 0)) * 1000000:
            numbers.pop(q.CURRENT_L1_MA, None)
        return numbers
