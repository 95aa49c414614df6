"""Carlo Gavazzi EM340, a three-phase meter on RS-485.

Source: Carlo Gavazzi, "EM300/ET300 Series Communication Protocol": as the EM24 with RS-485, but frequency at 0033h,
energies at 0034h and 004Eh. The tests' number of identification is made up.
"""

from __future__ import annotations

from sim_devices.products.carlo_gavazzi_em24 import CarloGavazziEm24


class CarloGavazziEm340(CarloGavazziEm24):
    """Measures one circuit."""

    model = "carlo-gavazzi-em340"
    identification = 340
    frequency_at, import_at, export_at = 0x0033, 0x0034, 0x004E
