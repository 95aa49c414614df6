"""`time` of a board: an ESP32 counts from 2000-01-01, an RP2 from 1970-01-01; both from their own RTC."""

import utime
from utime import *  # noqa: F403
from world import CLOCK, EPOCH_2000_S, PORT, say

_EPOCH_S = EPOCH_2000_S if PORT == "esp32" else 0


def time():
    return CLOCK.unix_s() - _EPOCH_S


def gmtime(seconds=None):
    return utime.gmtime((time() if seconds is None else seconds) + _EPOCH_S)


localtime = gmtime


def sleep_us(us):
    """Hold up everybody, which is noted."""
    say("sleeps")
    began_us = utime.ticks_us()
    while utime.ticks_diff(utime.ticks_us(), began_us) < us:
        pass


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(seconds):
    sleep_us(int(seconds * 1000000))
