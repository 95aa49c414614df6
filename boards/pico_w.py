"""Board: Raspberry Pi Pico W (RP2040), MicroPython's RPI_PICO_W.

Source: Raspberry Pi, Pico W Datasheet (build of 2023-06-14), section 2.1 "Pico W pinout": GP23, 24, 25 and 29 belong to
the radio, GP26-28 are the analog inputs. RS-485 drivers and devices hang on the pins below. The ring is the last 256 KB
of the storage, which the firmware's file system must leave free (boards/micropython/storage.py).
"""

from __future__ import annotations

from boards.micropython.hardware_watchdog import HardwareWatchdog
from boards.micropython.online import Online
from boards.micropython.own_button import bootsel
from boards.micropython.own_pins import own_pins
from boards.micropython.site import Board, run_site
from boards.micropython.storage import end_of_storage
from boards.micropython.uart_line import uart_lines
from hal.pins import ANALOG, INPUT, OUTPUT, PILOT, PULSES, WAVE

DEVICES_MAX = 4
JOURNAL_BYTES_MAX = 262144
TICKS_MS = (500, 4000)  # shortest and longest: the watchdog waits for two
WATCHDOG_MS = 8300
UARTS = {"uart0": (0, 0, 1, 2), "uart1": (1, 4, 5, 6)}  # number, TX, RX, direction
CHANNELS = {
    "s0-1": (PULSES, 16), "s0-2": (PULSES, 17), "in-1": (INPUT, 20), "relay-1": (OUTPUT, 18), "relay-2": (OUTPUT, 19),
    "ntc-1": (ANALOG, 26, 3300000), "ct-1": (WAVE, 27, 3300000), "ct-2": (WAVE, 28, 3300000),
    "pilot-1": (PILOT, 21, 28, 3300000, 1650000, 8500),
}  # fmt: skip


def run(folder: str) -> int:
    """Run the agent of FOLDER/site.json."""
    watchdog, flash = HardwareWatchdog(WATCHDOG_MS), end_of_storage(JOURNAL_BYTES_MAX)
    board = Board("pico-w", DEVICES_MAX, watchdog, uart_lines(UARTS), open_flash=flash)
    board.ticks_ms, board.go_online = TICKS_MS, Online
    board.open_pins = own_pins(CHANNELS, -1, True, False)
    return run_site(folder, bootsel(board))
