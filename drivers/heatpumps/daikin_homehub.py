"""Daikin Altherma 3 (units 0775, 0793, 0223, 0774, 29C1) behind a HomeHub EKRHH in mode 3. Modbus TCP, unit 1.

Source: registers as evcc (daikin-homehub) and gerione/daikin-ha-ekrhh-modbus have them; addresses are one less than
printed, input registers by function 4, temperatures in 0.01 °C. Trust: two independent programs, no maker's paper.
Smart grid (printed 56) is 0 free, 1 forced off, 2 recommended on, 3 forced on. How much it takes while on is bounded by
its owner (57, 58). Nothing is known of a fall-back: without an agent the last mode stands.
"""

from __future__ import annotations

from hal import quantities as q
from hal.modbus import pdu
from hal.modbus.mode_register import ModeRegister
from hal.modbus.points import S16, U16, Point, WordType

TEMPERATURE = WordType("h", 1, absent=0x8000)
MODES = {1: q.SG_LOCK, 0: q.SG_NORMAL, 2: q.SG_RECOMMENDED, 3: q.SG_FORCED}


class DaikinHomehub(ModeRegister):
    """Puts the pump into one of four modes."""

    model = "daikin-homehub"
    register = 55
    numbers = (1, 0, 2, 3)
    credible = (((q.TEMP_TANK_MC, q.TEMP_ROOM_MC), 1000, 95000),)  # all zeros come from a dead unit
    points = (
        Point(42, TEMPERATURE, q.TEMP_TANK_MC, num=10),  # 0.01 °C
        Point(43, TEMPERATURE, q.TEMP_OUTSIDE_MC, num=10),
        Point(49, TEMPERATURE, q.TEMP_ROOM_MC, num=10, optional=True),
        Point(50, S16, q.POWER_W, num=10),  # 0.01 kW
        Point(55, U16, q.MODE, table=pdu.READ_HOLDING, names=MODES),
    )
