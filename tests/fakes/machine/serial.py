"""`machine.UART` on a pty, at the pace of its baud rate, behind an RS-485 driver with a direction pin.

Bytes leave one character after the other. Those that leave while the direction pin is low never reach the bus. While
it is high nothing is heard, and what has come by TURN_US after the last bit is lost then. A unit on a real bus waits
3.5 characters only, but here the host may have taken the processor away: that is judged by what stands in `said`.
"""

import termios

import utime
from world import WORLD, say, watch

_VTIME = 5
_VMIN = 6
TURN_US = 100000


class UART:
    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, tx=None, rx=None, timeout=0,
                 timeout_char=0, txbuf=256, rxbuf=256):  # fmt: skip
        if str(id) not in WORLD["uart"]:
            raise ValueError("UART(%d) doesn't exist" % id)
        assert bits == 8 and timeout == 0, "a read must not wait"
        self._wiring = WORLD["uart"][str(id)]
        self._character_us = (1 + bits + (parity is not None) + stop) * 1000000 // baudrate
        self._txbuf = txbuf
        self._leaving = b""  # what has not left yet
        self._left = b""  # what has and is not told yet: the far end is given a request in one piece
        self._begun_us = 0  # when its first bit left
        self._looked_s = 0.0  # processor's time when it was last seen leaving: what others take does not count
        self._answers_us = 0  # when an answer is there
        self._direction = self._wiring.get("de")
        self._driving = self._direction is None
        self._port = open(self._wiring["path"], "r+b", 0)
        handle = self._port.fileno()
        termios.setraw(handle)
        settings = termios.tcgetattr(handle)
        settings[6][_VMIN] = settings[6][_VTIME] = 0
        termios.tcsetattr(handle, termios.TCSANOW, settings)
        say("uart %d baud %d parity %s stop %d tx %s rx %s" % (id, baudrate, parity, stop, tx, rx))
        if self._direction is not None:
            watch(self._direction, self._turn)

    def write(self, frame):
        self._leave()
        frame = bytes(frame)[: self._txbuf - len(self._leaving)]
        if not self._leaving:
            self._begun_us = utime.ticks_us()
            say("first bit")
        self._leaving += frame
        self._looked_s = utime.clock()
        return len(frame)

    def txdone(self):
        self._leave()
        if self._leaving:
            self._looked_s = utime.clock()
        return not self._leaving

    def read(self, size_bytes=256):
        self._leave()
        return None if self._driving and self._direction is not None else self._port.read(size_bytes) or None

    def deinit(self):
        self._leave()
        self._leaving = b""
        if self._port is not None:
            self._port.close()
            self._port = None

    def _leave(self):
        """Put on the bus what has left by now."""
        count = min(utime.ticks_diff(utime.ticks_us(), self._begun_us) // self._character_us, len(self._leaving))
        if count <= 0:
            return
        left, self._leaving = self._leaving[:count], self._leaving[count:]
        self._begun_us = utime.ticks_add(self._begun_us, count * self._character_us)
        if self._driving:
            self._left += left
        else:
            say("lost %d" % count)
        if not self._leaving:
            say("last bit", self._begun_us)  # that is when it was, not when somebody looked
            self._answers_us = utime.ticks_add(utime.ticks_us(), TURN_US)
            self._tell()

    def _tell(self):
        if self._left and self._port is not None:
            self._port.write(self._left)
        self._left = b""

    def _turn(self, level):
        self._leave()
        self._tell()
        if not level:
            say("spent %d" % ((utime.clock() - self._looked_s) * 1000000))
        if not level and self._port is not None and utime.ticks_diff(utime.ticks_us(), self._answers_us) >= 0:
            deaf = self._port.read(4096)  # came while the receiver was off
            if deaf:
                say("deaf %d" % len(deaf))
        self._driving = bool(level)
