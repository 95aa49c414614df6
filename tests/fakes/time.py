"""`time` of a board: an ESP32 counts from 2000-01-01, an RP2 from 1970-01-01; both from their own RTC."""

import utime
from utime import *  # noqa: F403
from world import CLOCK, EPOCH_2000_S, PORT

_EPOCH_S = EPOCH_2000_S if PORT == "esp32" else 0


def time():
    return CLOCK.unix_s() - _EPOCH_S


def gmtime(seconds=None):
    return utime.gmtime((time() if seconds is None else seconds) + _EPOCH_S)


localtime = gmtime
