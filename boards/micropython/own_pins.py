"""Opens a board's own pins: boards.micropython.pins, which a site without devices on pins does not load."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hal.ports import Pins


def own_pins(channels: dict[str, tuple[int, ...]], timer: int, hard: bool, calibrated: bool) -> Callable[[str], Pins]:
    """Return what opens them for a site's folder; the arguments are BoardPins', `timer` the number of a free one."""

    def open_pins(folder: str) -> Pins:
        from machine import Timer

        from boards.micropython.pins import BoardPins

        return BoardPins(folder, channels, Timer(timer), hard, calibrated)

    return open_pins
