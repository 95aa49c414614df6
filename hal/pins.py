"""Devices on a board's own pins: which channels they use, and the kinds of channel that a board file can offer.

A site file names a channel as the board file does (docs/config.md, "Devices on a board's own pins"). A driver derives
from PinDevice first and from its contract second, as Modbus drivers do from ModbusDevice.
"""

from __future__ import annotations

from hal.compat import const
from hal.options import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.ports import Pins

PULSES = const(1)  # closes for each pulse of a meter
ANALOG = const(2)  # a slowly changing voltage
WAVE = const(3)  # a voltage of mains frequency
INPUT = const(4)  # open or closed
OUTPUT = const(5)  # drives a relay
PILOT = const(6)  # a control pilot: PWM out, its voltage in

NO_UNIT = const(1)  # what a device has whose table says nothing


class Channels:
    """What a board offers, channel -> kind, and who has which; for whoever only looks at a configuration, too."""

    def __init__(self, kinds: dict[str, int]) -> None:
        self._kinds = kinds
        self._taken: list[str] = []

    def take(self, option: str, channel: str, kind: int) -> None:
        """Reserve a channel. Raises: ValueError(option, channel, expected)."""
        there = sorted([name for name in self._kinds if self._kinds[name] == kind])
        if channel not in there:
            raise ValueError(option, channel, "one of " + ", ".join(there) if there else "this board has none")
        if channel in self._taken:
            raise ValueError(option, channel, "a channel that no other device has")
        self._taken.append(channel)


class PinDevice:
    """One product on channels of its own."""

    # Rows of (option that names a channel, kind of the channel, whether it must be named). What is not named is "".
    channels_known: tuple[tuple[str, int, bool], ...] = ()
    options_known: tuple[tuple[str, Any], ...] = ()

    def __init__(self, bus: Pins, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        if unit != NO_UNIT:
            raise ValueError("unit", unit, "no such key: pins are named by " + self.channels_known[0][0])
        rest = dict(options)
        for name, kind, needed in self.channels_known:
            named = rest.pop(name, "")
            if named != "" or needed:
                bus.take(name, named, kind)
            setattr(self, name, named)
        choose(self, rest)
        self.bus = bus
