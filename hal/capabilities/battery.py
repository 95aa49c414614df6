"""Batteries behind an inverter: how much power goes in or out."""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import BATTERY, Controllable
from hal.errors import OutOfRange


class Battery(Controllable):
    """Power set-point for a battery inverter: W, positive charges, 0 holds."""

    kind = BATTERY
    control = q.SETPOINT_W

    async def set_point(self, setpoint: int) -> int | None:
        """Power in W."""
        return await self.set_power_w(setpoint)

    async def set_power_w(self, power_w: int) -> int | None:
        """Write and read back; positive charges. Returns the power kept, None where it cannot be asked."""
        raise OutOfRange(self.control, power_w, 0, 0, 0)
