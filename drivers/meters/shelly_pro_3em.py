"""Shelly Pro 3EM in its three-phase profile. Modbus TCP, port 502, to be switched on first (Modbus.SetConfig).

Source: Shelly, Gen2 API documentation, EM and EMData, "Modbus registers" (input registers, 3xxxx less 30000, function
4), 32-bit floats with the low word first. Trust: maker's documentation by way of two other programs. Imported
power is positive. Its registers add the energy of each phase without netting them against each other, so they may rise
on both sides at once, other than a grid meter's; and a float of 16.8 MWh or more moves in steps of 2 Wh and coarser.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.low_first import F32
from hal.modbus.points import Point


class ShellyPro3em(ModbusDevice, Meter):
    """Reads phases, total power and both energy registers; has nothing to set."""

    model = "shelly-pro-3em"
    table = pdu.READ_INPUT
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    points = (
        Point(1013, F32, q.POWER_W),  # W
        Point(1020, F32, q.VOLTAGE_L1_MV, num=1000),  # V
        Point(1022, F32, q.CURRENT_L1_MA, num=1000),  # A
        Point(1024, F32, q.POWER_L1_W),
        Point(1040, F32, q.VOLTAGE_L2_MV, num=1000),
        Point(1042, F32, q.CURRENT_L2_MA, num=1000),
        Point(1044, F32, q.POWER_L2_W),
        Point(1060, F32, q.VOLTAGE_L3_MV, num=1000),
        Point(1062, F32, q.CURRENT_L3_MA, num=1000),
        Point(1064, F32, q.POWER_L3_W),
        Point(1162, F32, q.ENERGY_IMPORT_WH),  # Wh
        Point(1164, F32, q.ENERGY_EXPORT_WH),
    )
