"""Carlo Gavazzi EM24-DIN E1, a three-phase meter on Ethernet.

Source: Carlo Gavazzi, "EM24 E1 Communication Protocol": the registers of the EM340; identification 1648 to 1653.
"""

from __future__ import annotations

from sim_devices.products.carlo_gavazzi_em340 import CarloGavazziEm340


class CarloGavazziEm24E1(CarloGavazziEm340):
    """Measures one circuit."""

    model = "carlo-gavazzi-em24-e1"
    bus_kind = "tcp"
    identification = 1650
