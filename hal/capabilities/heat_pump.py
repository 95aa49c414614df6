"""Heat pumps that take a power limit."""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import HEAT_PUMP, Controllable
from hal.errors import OutOfRange


class HeatPump(Controllable):
    """Power-limited heat pump: W of electrical input at most; `maximum` means unlimited."""

    kind = HEAT_PUMP
    control = q.LIMIT_W

    async def set_point(self, setpoint: int) -> int:
        """Limit in W."""
        return await self.set_limit_w(setpoint)

    async def set_limit_w(self, limit_w: int) -> int:
        """Write and read back. Returns the limit kept."""
        raise OutOfRange(self.control, limit_w, 0, 0, 0)
