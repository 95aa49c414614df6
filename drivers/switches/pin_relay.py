"""A relay or contactor on one of the board's own pins.

Source: none but the port's contract (hal/ports.py, Pins): a pin is driven and read back. Trust: what is read back is
the pin, not the contact. A board that resets lets its pins float: the relay's driver needs a resistor that
keeps it off.
Option channel: the output as the board file names it.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.switch import Switch
from hal.errors import NotObeyed
from hal.pins import OUTPUT, PinDevice


class PinRelay(PinDevice, Switch):
    """Opens and closes one contact; its default is open."""

    model = "pin-relay"
    channels_known = (("channel", OUTPUT, True),)
    channel = ""
    write_cost = PERSISTENT  # contacts wear

    async def read(self) -> dict[int, int]:
        """Return whether the output is driven."""
        return {q.ON: self.bus.level(self.channel)}

    async def set_on(self, on: int) -> int:
        """1 closes, 0 opens; read back. Returns the state kept. Raises: NotObeyed."""
        self.bus.set_level(self.channel, on)
        kept = self.bus.level(self.channel)
        if kept != on:
            raise NotObeyed(self.channel, (on,), (kept,))
        return kept

    async def kept(self) -> int:
        """Return 1 while the output is driven."""
        return self.bus.level(self.channel)

    async def default_mode(self) -> int:
        """Open the contact."""
        return await self.set_on(0)
