"""Eastron SDM230-Modbus, a one-phase meter on RS-485 behind one circuit.

Source: Eastron, "SDM230-Modbus Protocol" v1.1, input registers (function 4): those of the SDM120, at the same places.
"""

from __future__ import annotations

from sim_devices.products.eastron_sdm120 import EastronSdm120


class EastronSdm230(EastronSdm120):
    """Measures one phase of a circuit."""

    model = "eastron-sdm230"
