"""Board: Espressif ESP32-S3-DevKitC-1 v1.1, a module with PSRAM, MicroPython's ESP32_GENERIC_S3.

Source: Espressif, ESP32-S3-DevKitC-1 v1.1 user guide, "Header Block"; schematic SCH_ESP32-S3-DevKitC-1_V1.1_20221130.
Left alone: GPIO0, 3, 45, 46 (strapping), 19, 20 (USB), 35-37 (PSRAM), 38 (LED), 43, 44 (USB to UART). RS-485 drivers
and devices hang on the pins below; analog inputs read 850 mV at most (datasheet, ADC characteristics, ATTEN0). The
journal's partition is one of type `data` in the partition table.
"""

from __future__ import annotations

from boards.micropython.hardware_watchdog import HardwareWatchdog
from boards.micropython.online import Online
from boards.micropython.own_button import boot_on_gpio0
from boards.micropython.own_pins import own_pins
from boards.micropython.partition import open_partition
from boards.micropython.site import Board, run_site
from boards.micropython.uart_line import uart_lines
from hal.pins import ANALOG, INPUT, OUTPUT, PILOT, PULSES, WAVE

DEVICES_MAX = 16
JOURNAL_BYTES_MAX = 4194304
TICKS_MS = (250, 4000)  # shortest and longest: the watchdog waits for two
WATCHDOG_MS = 8000
UARTS = {"uart1": (1, 17, 18, 16), "uart2": (2, 40, 41, 42)}  # number, TX, RX, direction
CHANNELS = {
    "s0-1": (PULSES, 4), "s0-2": (PULSES, 5), "in-1": (INPUT, 6), "relay-1": (OUTPUT, 7), "relay-2": (OUTPUT, 15),
    "ntc-1": (ANALOG, 1, 850000), "ct-1": (WAVE, 2, 850000), "ct-2": (WAVE, 8, 850000), "ct-3": (WAVE, 9, 850000),
    "pilot-1": (PILOT, 21, 10, 850000, 425000, 32000),
}  # fmt: skip


def run(folder: str) -> int:
    """Run the agent of FOLDER/site.json."""
    watchdog = HardwareWatchdog(WATCHDOG_MS)
    board = Board("esp32-s3-devkit", DEVICES_MAX, watchdog, uart_lines(UARTS), open_flash=open_partition)
    board.ticks_ms, board.go_online = TICKS_MS, Online
    board.open_pins = own_pins(CHANNELS, 0, False, True)
    return run_site(folder, boot_on_gpio0(board))
