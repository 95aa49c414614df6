"""What is around a fake board: files in the folder that the environment names BOARD_WORLD.

world.json  port ("esp32" or "rp2"), uart {"1": {"path", "de"}},
            partitions {name: blocks}, flash_blocks and files_blocks (RP2: all storage, and what the file system has)
air.json    access points in reach at this moment: {name: password}; a test writes it while the board runs
rtc         where the battery clock stands against the host's ticks; goes with the power
said        one line for everything the board did to its surroundings: microseconds, what
"""

import json

import utime
from uos import getenv

FOLDER = getenv("BOARD_WORLD")
EPOCH_2000_S = 946684800
_watchers = {}


def path_of(name):
    return FOLDER + "/" + name


def _read(name):
    with open(path_of(name)) as file:
        return json.loads(file.read())


def air():
    """Return name -> password of the access points in reach."""
    try:
        return _read("air.json")
    except (OSError, ValueError):  # there is none; it is just being written
        return {}


WORLD = _read("world.json")
PORT = WORLD["port"]
_said = open(path_of("said"), "a")


def say(what, at_us=None):
    """Note what the board did, with the moment in microseconds."""
    _said.write("%d %s\n" % (utime.ticks_us() if at_us is None else at_us, what))
    _said.flush()


def watch(pin, changed):
    """Have `changed(level)` called before an output pin takes a new level."""
    _watchers.setdefault(pin, []).append(changed)


def pin_changes(pin, level):
    """Tell who watches an output pin; Pin calls it."""
    say("pin %s %d" % (pin, level))
    for changed in _watchers.get(pin, ()):
        changed(level)


class BatteryClock:
    """Unix seconds of the RTC. An RP2 begins at 2021-01-01 with every start, an ESP32 at 2000-01-01 with the power."""

    def __init__(self):
        self._began_s = EPOCH_2000_S if PORT == "esp32" else 1609459200
        self._ticks = utime.ticks_ms()
        if PORT == "esp32":
            try:
                unix_s, ticks = _read("rtc")
                self._began_s, self._ticks = unix_s, ticks
            except (OSError, ValueError):
                pass

    def unix_s(self):
        return self._began_s + utime.ticks_diff(utime.ticks_ms(), self._ticks) // 1000

    def set(self, unix_s):
        self._began_s, self._ticks = unix_s, utime.ticks_ms()
        with open(path_of("rtc"), "w") as file:
            file.write(json.dumps([self._began_s, self._ticks]))
        say("rtc %d" % unix_s)


CLOCK = BatteryClock()
