"""Eastron SDM72D-M, first version: three-phase energy meter up to 100 A. RTU, 9600 8N1.

Source: Eastron, "SDM72D-M Modbus Protocol" v1.5, input registers (function 4), big-endian float32, even addresses.
Trust: maker's document. It measures voltages and currents but does not tell them: no phase of a fuse can be kept
with it. The second version (`eastron-sdm72-v2`) tells them, and can be read by this driver, too.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.points import F32, Point


class Sdm72(ModbusDevice, Meter):
    """Reads total power and both energy registers; has nothing to set."""

    model = "eastron-sdm72"
    table = pdu.READ_INPUT
    registers_max = 60
    even = True
    points = (
        Point(0x34, F32, q.POWER_W),  # W
        Point(0x48, F32, q.ENERGY_IMPORT_WH, num=1000),  # kWh
        Point(0x4A, F32, q.ENERGY_EXPORT_WH, num=1000),
    )
