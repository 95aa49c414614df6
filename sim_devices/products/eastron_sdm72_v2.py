"""Eastron SDM72D-M-V2, a three-phase meter on RS-485 that tells its phases, too.

Source: Eastron, "SDM72D-M-V2 Modbus Protocol" v1.1, input registers (function 4): those of the SDM630 at the same
places, at most 60 registers a read. Its energies by phase, which it has not, are here and nobody reads them.
"""

from __future__ import annotations

from sim_devices.products.eastron_sdm630 import EastronSdm630


class EastronSdm72V2(EastronSdm630):
    """Measures one circuit."""

    model = "eastron-sdm72-v2"
    words_max = 60
