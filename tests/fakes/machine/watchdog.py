"""`machine.WDT`: ends the process as a reset would when it is not fed in time; nothing stops it."""

import _thread
import os
import select

import utime
from world import PORT, path_of, say

PWRON_RESET = 1
WDT_RESET = 3
_LONGEST_MS = {"rp2": 8388, "esp32": 1 << 31}


class WDT:
    def __init__(self, id=0, timeout=5000):
        if timeout > _LONGEST_MS[PORT]:
            raise ValueError("timeout exceeds %d" % _LONGEST_MS[PORT])
        self._fed = [utime.ticks_ms(), timeout]
        say("watchdog %d" % timeout)
        _thread.start_new_thread(_watch, (self._fed,))

    def feed(self):
        self._fed[0] = utime.ticks_ms()


def _watch(fed):
    nothing = select.poll()
    while utime.ticks_diff(utime.ticks_ms(), fed[0]) < fed[1]:
        nothing.poll(20)
    os.system("touch " + path_of("reset_by_watchdog") + "; kill -9 $PPID")


def reset_cause():
    try:
        os.stat(path_of("reset_by_watchdog"))
    except OSError:
        return PWRON_RESET
    return WDT_RESET
