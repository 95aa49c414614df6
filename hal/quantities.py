"""What can be measured or set: one small integer each, its unit in the name.

One sign everywhere: positive power or current flows from the grid into the site, or from the
site into the device (consumption). Energy registers only ever rise. Missing is absent, never zero.
Numbers below 24 cost one byte in a record (RFC 8949 section 3). Never renumber: signed pages hold them.
"""

from __future__ import annotations

from hal.compat import const

POWER_W = const(1)
POWER_L1_W = const(2)
POWER_L2_W = const(3)
POWER_L3_W = const(4)
CURRENT_L1_MA = const(5)  # magnitude as the product reports it; the direction is the phase power's
CURRENT_L2_MA = const(6)
CURRENT_L3_MA = const(7)
VOLTAGE_L1_MV = const(8)
VOLTAGE_L2_MV = const(9)
VOLTAGE_L3_MV = const(10)
FREQUENCY_MHZ = const(11)  # millihertz
ENERGY_IMPORT_WH = const(12)
ENERGY_EXPORT_WH = const(13)
LIMIT_MA = const(14)  # charging current per phase that the product says is in force
EV_STATE = const(15)  # IEC 61851-1 pilot state, EV_* below
SOC_PM = const(16)  # state of charge, per mille
SETPOINT_W = const(17)  # power set-point that the product says is in force
LIMIT_W = const(18)  # power limit that the product says is in force
MODE = const(19)  # SG-Ready state, SG_* below
TEMP_ROOM_MC = const(20)  # millidegrees Celsius
TEMP_TARGET_MC = const(21)
TEMP_TANK_MC = const(22)
TEMP_OUTSIDE_MC = const(23)
ON = const(24)  # 0 open, 1 closed
FAULT = const(25)  # the product's own fault code, 0 none
LIMIT_VALID_MS = const(26)  # what is left until the product falls back by itself
POWER_PV_W = const(27)  # negative: it produces
PHASES = const(28)  # on how many phases a charger is switched, 1 or 3

EV_UNKNOWN = const(0)
EV_A = const(1)  # no vehicle
EV_B = const(2)  # vehicle, not ready
EV_C = const(3)  # charging
EV_D = const(4)  # charging, ventilation wanted
EV_E = const(5)  # no mains
EV_F = const(6)  # fault

SG_LOCK = const(1)  # utility lock, at most 2 h
SG_NORMAL = const(2)
SG_RECOMMENDED = const(3)
SG_FORCED = const(4)

# Quality of a value, after OpenADR 3.1 DATA_QUALITY.
GOOD = const(0)
MISSING = const(1)
ESTIMATED = const(2)
BAD = const(3)

# Quality of a civil time, after OCMF 1.4.1 time status (U, I, S, R).
CLOCK_UNKNOWN = const(0)
CLOCK_INFORMATIVE = const(1)
CLOCK_SYNCHRONISED = const(2)
CLOCK_RELATIVE = const(3)
