"""Board: Espressif ESP32-DevKitC V4 or any with an ESP32-WROOM-32 and no PSRAM, MicroPython's ESP32_GENERIC.

Source: Espressif, ESP32-DevKitC V4 getting started guide, "Header Block"; schematic esp32_devkitc_v4-sch-20180607a.
Left alone: GPIO0, 2, 5, 12, 15 (strapping), 1, 3 (USB to UART), 6-11 (flash), 34-39 (inputs only). With a WROVER module
GPIO16 and 17 belong to its PSRAM. RS-485 drivers and devices hang on the pins below; analog inputs read
950 mV at most (datasheet, ADC characteristics, attenuation 0 dB). The journal's partition is of type `data`.
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

DEVICES_MAX = 4
JOURNAL_BYTES_MAX = 1048576
TICKS_MS = (500, 4000)  # shortest and longest: the watchdog waits for two
WATCHDOG_MS = 8000
UARTS = {"uart1": (1, 26, 27, 25), "uart2": (2, 17, 16, 4)}  # number, TX, RX, direction
CHANNELS = {
    "s0-1": (PULSES, 32), "s0-2": (PULSES, 33), "in-1": (INPUT, 23), "relay-1": (OUTPUT, 18), "relay-2": (OUTPUT, 19),
    "ntc-1": (ANALOG, 36, 950000), "ct-1": (WAVE, 39, 950000), "ct-2": (WAVE, 34, 950000), "ct-3": (WAVE, 35, 950000),
    "pilot-1": (PILOT, 21, 35, 950000, 475000, 29000),
}  # fmt: skip


def run(folder: str) -> int:
    """Run the agent of FOLDER/site.json."""
    watchdog = HardwareWatchdog(WATCHDOG_MS)
    board = Board("esp32-generic", DEVICES_MAX, watchdog, uart_lines(UARTS), open_flash=open_partition)
    board.ticks_ms, board.go_online = TICKS_MS, Online
    board.open_pins = own_pins(CHANNELS, 0, False, True)
    return run_site(folder, boot_on_gpio0(board))
