"""A serial bus on a board's own UART, through an RS-485 driver whose direction a pin turns.

Source: MODBUS over Serial Line V1.02, section 2.5.1.1: a unit may answer 3.5 characters after the request, 1.75 ms
above 19200 baud; by then the driver must be off, and while it is on it must not be turned off. MicroPython library
reference, `machine.UART`: `txdone` tells on ESP32 and RP2 that the last stop bit has left.

The driver's DE and RE# are tied together to the pin: it does not hear itself. Other tasks run while a long request
leaves; through its end, 30 ms at most, nothing else does, because a task may take longer than a unit waits. From the
last bit to the pin nothing is allocated, so that no collection comes between, and after it nothing is thrown away.
"""

from __future__ import annotations

from machine import UART, Pin

from boards.micropython.serial_line import SerialLine
from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms
from hal.compat import const
from hal.errors import LineDown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_END_MS = const(30)
_BUFFER_BYTES = const(512)  # a request must fit whole, and an answer may lie there while a signature is made
_PARITY = {"N": None, "E": 0, "O": 1}


class UartLine(SerialLine):
    """The bus of a configuration's `row` on UART `number`; low `direction` means that the board listens."""

    def __init__(self, number: int, tx: int, rx: int, direction: int, row: dict[str, Any]) -> None:
        SerialLine.__init__(self, self._uart, row["baud"])
        self._number = number
        self._pins = (tx, rx)
        self._driving = Pin(direction, Pin.OUT, value=0)
        self._row = row
        self._bits = 9 + (row["parity"] != "N") + row["stop_bits"]

    def _uart(self) -> UART:
        row = self._row
        tx, rx = self._pins
        return UART(
            self._number, baudrate=row["baud"], bits=8, parity=_PARITY[row["parity"]], stop=row["stop_bits"],
            tx=Pin(tx), rx=Pin(rx, Pin.IN, Pin.PULL_UP),  # nobody holds it while the receiver is off
            timeout=0, timeout_char=0, txbuf=_BUFFER_BYTES, rxbuf=_BUFFER_BYTES,
        )  # fmt: skip

    async def _send(self, request: bytes) -> None:
        """Return once the request has left and the board listens. Raises: LineDown."""
        self._driving(1)
        try:
            await SerialLine._send(self, request)
            leaves_ms = len(request) * self._bits * 1000 // self._row["baud"]  # never more: a unit would be answering
            if leaves_ms > _END_MS:
                await sleep_ms(leaves_ms - _END_MS)
            self._wait_for_end(leaves_ms + _END_MS)
        except BaseException:
            await self.close()  # or the rest would leave in front of the next request
            raise
        finally:
            self._driving(0)

    def _wait_for_end(self, most_ms: int) -> None:
        began = ticks_ms()
        while not self._port.txdone():
            if ticks_diff(ticks_ms(), began) > most_ms:
                raise LineDown("serial", "the request does not leave")

    async def close(self) -> None:
        """Give the UART back; exchange opens it again."""
        if self._port is not None:
            self._port.deinit()
            self._port = None


def uart_lines(uarts: dict[str, tuple[int, int, int, int]]) -> Callable[[dict[str, Any]], UartLine]:
    """Return what makes the line of a bus; `uarts` is name -> (number, TX, RX, direction).

    It raises ValueError for a port that is not among them.
    """

    def open_serial(row: dict[str, Any]) -> UartLine:
        if row["port"] not in uarts:
            known = ", ".join(sorted(uarts))
            raise ValueError("[[bus]] %s port = %r: this board has %s" % (row["id"], row["port"], known))
        number, tx, rx, direction = uarts[row["port"]]
        return UartLine(number, tx, rx, direction, row)

    return open_serial
