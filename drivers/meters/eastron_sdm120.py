"""Eastron SDM120-Modbus: one-phase meter up to 45 A. RTU, 2400 8N1 as delivered.

Source: Eastron, "SDM120-Modbus Protocol" v2.5, input registers (function 4), big-endian float32, even addresses.
Trust: maker's document, agreeing with other programs. The meter counts imported power as positive, so no sign is turned
here.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.points import F32, Point


class Sdm120(ModbusDevice, Meter):
    """Reads its phase and both energy registers; has nothing to set."""

    model = "eastron-sdm120"
    table = pdu.READ_INPUT
    registers_max = 80
    even = True
    credible = (
        ((q.VOLTAGE_L1_MV,), 50000, 300000),
        ((q.FREQUENCY_MHZ,), 45000, 65000),
    )
    points = (
        Point(0x00, F32, q.VOLTAGE_L1_MV, num=1000),  # V
        Point(0x06, F32, q.CURRENT_L1_MA, num=1000),  # A
        Point(0x0C, F32, q.POWER_L1_W),  # W; the only phase, whichever it hangs on
        Point(0x0C, F32, q.POWER_W),
        Point(0x46, F32, q.FREQUENCY_MHZ, num=1000),  # Hz
        Point(0x48, F32, q.ENERGY_IMPORT_WH, num=1000),  # kWh
        Point(0x4A, F32, q.ENERGY_EXPORT_WH, num=1000),
    )
