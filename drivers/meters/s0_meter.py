"""A meter's pulse output (S0) on one of the board's own pins; hal/pulse_register.py says what is told of pulses.

Source: IEC 62053-31:1998 (formerly DIN 43864), class A: two wires, at most 27 V and 27 mA, closed for 30 ms at least
and open for 30 ms at least. Trust: numbers as meters' makers cite them (Siemens SENTRON PAC3200T equipment manual, 2.6;
Carrel-Electrade on DIN 43864); the standard itself was not at hand.
Pulses have no direction: where energy can flow both ways this is no meter for the connection.
Options: channel, pulses_per_kwh as printed on the meter (another number later means another register), silence_s.
"""

from __future__ import annotations

from hal.capabilities import Meter
from hal.pins import PULSES, PinDevice
from hal.pulse_register import PulseRegister

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.ports import Pins


class S0Meter(PinDevice, Meter):
    """Counts pulses: imported energy, and power from their distance."""

    model = "s0-meter"
    channels_known = (("channel", PULSES, True),)
    options_known = (("pulses_per_kwh", range(1, 100001)), ("silence_s", range(10, 86401)))
    channel = ""
    pulses_per_kwh = 1000
    silence_s = 900

    def __init__(self, bus: Pins, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        super().__init__(bus, unit, options)
        self._register = PulseRegister(bus, self.channel, self.pulses_per_kwh, self.silence_s * 1000)

    async def open(self) -> None:
        """Find what earlier lives counted. Raises: LineDown."""
        self._register.open()

    async def read(self) -> dict[int, int]:
        """Return the register in flash and the power; each is absent while it is unknown."""
        return self._register.read()
