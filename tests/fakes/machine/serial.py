"""`machine.UART` on a pty, at the pace of its baud rate, behind an RS-485 driver with a direction pin.

Bytes leave one character after the other. Those that leave while the direction pin is low never reach the bus, and
what comes while it is high is lost, unless the world says `echo`: then the receiver stays on and hears itself, too.
"""

import termios

import utime
from world import WORLD, say, watch

_VTIME = 5
_VMIN = 6


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
        self._begun_us = 0  # when its first bit left
        self._driving = self._wiring.get("de") is None
        self._heard = b""  # of itself
        self._port = open(self._wiring["path"], "r+b", 0)
        handle = self._port.fileno()
        termios.setraw(handle)
        settings = termios.tcgetattr(handle)
        settings[6][_VMIN] = settings[6][_VTIME] = 0
        termios.tcsetattr(handle, termios.TCSANOW, settings)
        say("uart %d baud %d parity %s stop %d tx %s rx %s" % (id, baudrate, parity, stop, tx, rx))
        if not self._driving:
            watch(self._wiring["de"], self._turn)

    def write(self, frame):
        self._leave()
        frame = bytes(frame)[: self._txbuf - len(self._leaving)]
        if not self._leaving:
            self._begun_us = utime.ticks_us()
            say("first bit")
        self._leaving += frame
        return len(frame)

    def txdone(self):
        self._leave()
        return not self._leaving

    def any(self):
        self._leave()
        return len(self._heard)

    def read(self, size_bytes=256):
        self._leave()
        found, self._heard = self._heard[:size_bytes], self._heard[size_bytes:]
        if len(found) < size_bytes:
            found += self._port.read(size_bytes - len(found)) or b""
        return found or None

    def deinit(self):
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
            self._port.write(left)
            if self._wiring.get("echo"):
                self._heard += left
        else:
            say("lost %d" % count)
        if not self._leaving:
            say("last bit")

    def _turn(self, level):
        self._leave()
        if not level and not self._wiring.get("echo"):
            deaf = self._port.read(4096)  # came while the receiver was off
            if deaf:
                say("deaf %d" % len(deaf))
        self._driving = bool(level)
