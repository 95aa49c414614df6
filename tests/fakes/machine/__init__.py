"""`machine` of a board on MicroPython's unix port: what it does to its surroundings stands in world.py's files."""

import os

from world import CLOCK, say

from .pins import *  # noqa: F403
from .serial import UART as UART
from .watchdog import WDT as WDT
from .watchdog import WDT_RESET as WDT_RESET
from .watchdog import PWRON_RESET as PWRON_RESET
from .watchdog import reset_cause as reset_cause


class RTC:
    """Sets and tells the battery clock."""

    def datetime(self, moment=None):
        import utime

        if moment is None:
            year, month, day, hour, minute, second, weekday, _ = utime.gmtime(CLOCK.unix_s())[:8]
            return (year, month, day, weekday, hour, minute, second, 0)
        year, month, day, _, hour, minute, second, _ = moment
        CLOCK.set(utime.mktime((year, month, day, hour, minute, second, 0, 0)))
        return None


def reset():
    say("reset")
    os.system("kill -9 $PPID")


def unique_id():
    return b"\x01\x02\x03\x04\x05\x06"
