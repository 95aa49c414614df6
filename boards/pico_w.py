"""Board: Raspberry Pi Pico W (RP2040), MicroPython's RPI_PICO_W.

Source: Raspberry Pi, Pico W Datasheet (build of 2023-06-14), section 2.1 "Pico W pinout": GP23, 24, 25 and 29 belong to
the radio, GP26-28 are the analog inputs. RS-485 drivers hang on the pins below. The ring is the last 256 KB of the
storage, which the firmware's file system must leave free (boards/micropython/storage.py).
"""

from __future__ import annotations

from boards.micropython.hardware_watchdog import HardwareWatchdog
from boards.micropython.online import Online
from boards.micropython.site import Board, run_site
from boards.micropython.storage import open_storage
from boards.micropython.uart_line import UartLine, wired

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEVICES_MAX, JOURNAL_BYTES_MAX = 4, 262144
TICKS_MS, WATCHDOG_MS = (500, 4000), 8300  # shortest and longest tick; the watchdog waits for two
UARTS = {"uart0": (0, 0, 1, 2), "uart1": (1, 4, 5, 6)}  # number, TX, RX, direction


def open_serial(row: dict[str, Any]) -> UartLine:
    """Return the line of a serial bus. Raises: ValueError for a port that this board has not."""
    return UartLine(*wired(UARTS, row), row)


def run(folder: str) -> int:
    """Run the agent of FOLDER/site.json."""

    def open_flash(name: str) -> tuple[Any, int]:
        return open_storage(name, JOURNAL_BYTES_MAX)

    board = Board("pico-w", DEVICES_MAX, HardwareWatchdog(WATCHDOG_MS), open_serial, open_flash=open_flash)
    board.ticks_ms, board.go_online = TICKS_MS, Online
    return run_site(folder, board)
