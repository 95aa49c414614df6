"""Board: Espressif ESP32-DevKitC V4 or any with an ESP32-WROOM-32 and no PSRAM, MicroPython's ESP32_GENERIC.

Source: Espressif, ESP32-DevKitC V4 getting started guide, "Header Block"; schematic esp32_devkitc_v4-sch-20180607a.
Left alone: GPIO0, 2, 5, 12, 15 (strapping), 1, 3 (USB to UART), 6-11 (flash), 34-39 (inputs only). With a WROVER module
GPIO16 and 17 belong to its PSRAM. RS-485 drivers hang on the pins below; the journal's partition is of type `data`.
"""

from __future__ import annotations

from boards.micropython.hardware_watchdog import HardwareWatchdog
from boards.micropython.online import Online
from boards.micropython.partition import open_partition
from boards.micropython.site import Board, run_site
from boards.micropython.uart_line import UartLine, wired

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEVICES_MAX, JOURNAL_BYTES_MAX = 4, 1048576
TICKS_MS, WATCHDOG_MS = (500, 4000), 8000  # shortest and longest tick; the watchdog waits for two
UARTS = {"uart1": (1, 26, 27, 25), "uart2": (2, 17, 16, 4)}  # number, TX, RX, direction


def open_serial(row: dict[str, Any]) -> UartLine:
    """Return the line of a serial bus. Raises: ValueError for a port that this board has not."""
    return UartLine(*wired(UARTS, row), row)


def run(folder: str) -> int:
    """Run the agent of FOLDER/site.json."""
    watchdog = HardwareWatchdog(WATCHDOG_MS)
    board = Board("esp32-generic", DEVICES_MAX, watchdog, open_serial, open_flash=open_partition)
    board.ticks_ms, board.go_online = TICKS_MS, Online
    return run_site(folder, board)
