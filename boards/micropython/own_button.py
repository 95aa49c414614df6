"""A board's own button as the sign that somebody stands before it: held down while the console asks.

Source: Espressif, ESP32-DevKitC V4 and ESP32-S3-DevKitC-1 user guides, "Boot button": it pulls GPIO0 low. Raspberry Pi,
Pico W Datasheet, section 2: BOOTSEL is on the flash's chip select; MicroPython library reference, `rp2.bootsel_button`:
1 while it is pressed, and the flash rests for the moment of the question.
"""

from __future__ import annotations

from machine import reset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from boards.micropython.site import Board


def boot_on_gpio0(board: Board) -> Board:
    """Let the button BOOT of an ESP32 be the sign, and let the console reset the machine."""
    board.presence, board.reset = ("hold the button BOOT", _is_boot_held), reset
    return board


def bootsel(board: Board) -> Board:
    """Let the button BOOTSEL of a Pico be the sign, and let the console reset the machine."""
    board.presence, board.reset = ("hold the button BOOTSEL", _is_bootsel_held), reset
    return board


def _is_boot_held() -> bool:
    from machine import Pin

    return Pin(0, Pin.IN, Pin.PULL_UP).value() == 0


def _is_bootsel_held() -> bool:
    from rp2 import bootsel_button

    return bootsel_button() == 1
