"""A serial port of Linux for the unix port of MicroPython: raw, and `read` never waits.

Source: termios(3): with VMIN and VTIME at 0 a read returns at once with what is there. MicroPython names only
a few of the speeds, so the numbers are Linux's own (asm-generic/termbits.h).
"""

from __future__ import annotations

import select
import termios

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_CSTOPB = const(0x40)
_PARENB = const(0x100)
_PARODD = const(0x200)
PARITY = {"N": 0, "E": _PARENB, "O": _PARENB | _PARODD}
SPEEDS = {1200: 9, 2400: 11, 4800: 12, 9600: 13, 19200: 14, 38400: 15, 57600: 0x1001, 115200: 0x1002}
_VTIME = const(5)
_VMIN = const(6)


def open_tty(path: str, baud: int, parity: str = "N", stop_bits: int = 1) -> BinaryIO:
    """Return the open port. Raises: OSError, KeyError for a speed or parity that is not in the tables."""
    port = open(path, "r+b", 0)  # noqa: SIM115
    handle = port.fileno()
    try:
        termios.setraw(handle)  # type: ignore[attr-defined]
        settings = termios.tcgetattr(handle)
        settings[2] = settings[2] & ~(_CSTOPB | _PARENB | _PARODD) | PARITY[parity] | (_CSTOPB if stop_bits == 2 else 0)
        settings[4] = settings[5] = SPEEDS[baud]
        settings[6][_VMIN] = settings[6][_VTIME] = 0
        termios.tcsetattr(handle, termios.TCSANOW, settings)
    except BaseException:
        port.close()
        raise
    return port


class Port:
    """A port for who must not wait, with a poll before each write: the far end may not read."""

    def __init__(self, opened: BinaryIO) -> None:
        self.read = opened.read
        self.close = opened.close
        self._opened = opened
        self._room = select.poll()
        self._room.register(opened, select.POLLOUT)

    def write(self, piece: bytes) -> int:
        """Write a piece of at most 256 bytes where there is room; return how much. Raises: OSError."""
        return self._opened.write(piece) if self._room.poll(0) else 0
