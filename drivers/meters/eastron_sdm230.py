"""Eastron SDM230-Modbus: one-phase meter up to 100 A. RTU, 9600 8N1 as delivered.

Source: Eastron, "SDM230-Modbus Protocol" v1.1, input registers (function 4): what is read here lies as in the SDM120.
Trust: maker's document, agreeing with other programs and with a capture of an inverter asking one.
"""

from __future__ import annotations

from drivers.meters.eastron_sdm120 import Sdm120


class Sdm230(Sdm120):
    """Reads its phase and both energy registers; has nothing to set."""

    model = "eastron-sdm230"
