"""A dry contact on one of the board's own pins: of a ripple-control receiver, a control box, a switch on the wall.

Source: none but the port's contract (hal/ports.py, Pins): a pin is read. Trust: what is read is the pin; a broken wire
is an open contact. Who has to notice that uses a contact that is closed at rest.
Option channel: the input as the board file names it.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.pins import INPUT, PinDevice


class PinContact(PinDevice, Meter):
    """Tells whether one contact is closed."""

    model = "pin-contact"
    channels_known = (("channel", INPUT, True),)
    channel = ""

    async def read(self) -> dict[int, int]:
        """Return whether it is closed."""
        return {q.ON: self.bus.level(self.channel)}
