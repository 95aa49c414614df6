"""Board: Espressif ESP32-S3-DevKitC-1 v1.1, a module with PSRAM, MicroPython's ESP32_GENERIC_S3.

Source: Espressif, ESP32-S3-DevKitC-1 v1.1 user guide, "Header Block"; schematic SCH_ESP32-S3-DevKitC-1_V1.1_20221130.
Left alone: GPIO0, 3, 45, 46 (strapping), 19, 20 (USB), 35-37 (PSRAM), 38 (LED), 43, 44 (USB to UART). RS-485 drivers
hang on the pins below; the journal's partition is one of type `data` in the partition table.
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

DEVICES_MAX, JOURNAL_BYTES_MAX = 16, 4194304
TICKS_MS, WATCHDOG_MS = (250, 4000), 8000  # shortest and longest tick; the watchdog waits for two
UARTS = {"uart1": (1, 17, 18, 16), "uart2": (2, 40, 41, 42)}  # number, TX, RX, direction


def open_serial(row: dict[str, Any]) -> UartLine:
    """Return the line of a serial bus. Raises: ValueError for a port that this board has not."""
    return UartLine(*wired(UARTS, row), row)


def run(folder: str) -> int:
    """Run the agent of FOLDER/site.json."""
    watchdog = HardwareWatchdog(WATCHDOG_MS)
    board = Board("esp32-s3-devkit", DEVICES_MAX, watchdog, open_serial, open_flash=open_partition)
    board.ticks_ms, board.go_online = TICKS_MS, Online
    return run_site(folder, board)
