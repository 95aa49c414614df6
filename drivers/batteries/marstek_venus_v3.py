"""Marstek Venus E, third version: what is read lies elsewhere than in the first two. RS485 115200 8N1, unit 1.

Source: ViperRNMC/marstek_venus_modbus, registers of version 3. Trust: one program for what is read, so a number that
is not credible is refused; what is written is that of the versions before, on which two programs agree.
"""

from __future__ import annotations

from drivers.batteries.marstek_venus import FEEDS, MarstekVenus
from hal import quantities as q
from hal.modbus.points import S16, U16, U32, Point


class MarstekVenusV3(MarstekVenus):
    """Charges or discharges with so many watts, or holds."""

    model = "marstek-venus-v3"
    credible = (((q.SOC_PM,), 1, 1000), ((q.FREQUENCY_MHZ,), 45000, 65000))
    points = (
        Point(30006, S16, FEEDS),  # W, AC
        Point(32204, U16, q.FREQUENCY_MHZ, num=100),  # 0.1 Hz
        Point(33000, U32, q.ENERGY_IMPORT_WH, num=10),  # 0.01 kWh, charged
        Point(33002, U32, q.ENERGY_EXPORT_WH, num=10),
        Point(34002, U16, q.SOC_PM),  # 0.1 %
    )
