"""Carlo Gavazzi EM340 and ET340: three-phase meter up to 65 A. RTU, 9600 8N1.

Source: Carlo Gavazzi, "EM300/ET300 Series Communication Protocol", input registers (function 4), 32-bit integers with
the low word first. Trust: two other programs (OpenEMS, mbmd) that agree. Imported power is positive. Frequency and
energies lie elsewhere than in the EM24 with RS-485.
"""

from __future__ import annotations

from drivers.meters.carlo_gavazzi_em24 import Em24
from hal import quantities as q
from hal.modbus.low_first import S32_OR_OVERFLOW as S32
from hal.modbus.points import U16, Point

MOVED = (q.FREQUENCY_MHZ, q.ENERGY_IMPORT_WH, q.ENERGY_EXPORT_WH)


class Em340(Em24):
    """Reads phases, total power and both energy registers; has nothing to set."""

    model = "carlo-gavazzi-em340"
    points = tuple([point for point in Em24.points if point.quantity not in MOVED]) + (
        Point(0x33, U16, q.FREQUENCY_MHZ, num=100),  # 0.1 Hz
        Point(0x34, S32, q.ENERGY_IMPORT_WH, num=100),  # 0.1 kWh
        Point(0x4E, S32, q.ENERGY_EXPORT_WH, num=100),
    )
