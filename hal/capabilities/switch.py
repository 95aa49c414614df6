"""Contacts that switch a load."""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import SWITCH, Controllable
from hal.errors import OutOfRange


class Switch(Controllable):
    """A contact: 1 closed, 0 open."""

    kind = SWITCH
    control = q.ON
    maximum = 1

    async def set_point(self, setpoint: int) -> int:
        """0 opens, 1 closes."""
        return await self.set_on(setpoint)

    async def set_on(self, on: int) -> int:
        """Write and read back. Returns the state kept."""
        raise OutOfRange(self.control, on, 0, 0, 0)
