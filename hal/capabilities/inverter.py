"""Inverters that only feed in, from the sun as a rule: how much they may."""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import INVERTER, Controllable
from hal.errors import OutOfRange


class Inverter(Controllable):
    """Limit of what is fed in: W as the site sees it, so never positive; -3000 lets it feed in 3 kW at most."""

    kind = INVERTER
    control = q.LIMIT_W
    minimum = -100000
    maximum = 0

    async def set_point(self, setpoint: int) -> int:
        """Limit in W, never positive."""
        return await self.set_limit_w(setpoint)

    async def set_limit_w(self, limit_w: int) -> int:
        """Write and read back; 0 feeds nothing in. Returns the limit kept."""
        raise OutOfRange(self.control, limit_w, 0, 0, 0)
