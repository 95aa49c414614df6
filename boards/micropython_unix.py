"""Board: MicroPython's unix port, standard variant: the twin on which everything for boards is run and measured."""

from __future__ import annotations

from boards.micropython.file_sign import file_sign
from boards.micropython.flash_file import FlashFile
from boards.micropython.serial_line import SerialLine
from boards.micropython.site import Board, run_site
from boards.micropython.tty import Port, open_tty
from boards.micropython.watchdog import NoWatchdog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEVICES_MAX = 8
FLASH_BLOCKS, FLASH_UNIT_BYTES = 256, 16  # 1 MB in blocks of 4 KB; 16 bytes as encrypted flash of an ESP32
# Its event loop rests for a millisecond between any two turns while a TLS link is open: poll(2) cannot tell of what TLS
# has read already. In a turn for each step a signature would take a second of rests on a busy machine; this is 3 ms.
STEPS_A_TURN = 32


def open_serial(row: dict[str, Any]) -> SerialLine:
    """Return the line of a serial bus of the configuration."""
    return SerialLine(lambda: open_tty(row["port"], row["baud"], row["parity"], row["stop_bits"]), row["baud"])


def run(folder: str) -> int:
    """Run the agent of FOLDER/site.json."""

    def open_flash(name: str) -> tuple[FlashFile, int]:
        return FlashFile(folder + "/" + name + ".flash", FLASH_BLOCKS), FLASH_UNIT_BYTES

    board = Board("micropython-unix", DEVICES_MAX, NoWatchdog(), open_serial, STEPS_A_TURN, open_flash)
    board.presence = file_sign(folder + "/present")
    board.open_console = lambda row: Port(open_tty(row["port"], row["baud"]))
    return run_site(folder, board)
