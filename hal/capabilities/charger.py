"""Charging points: how much current a car may take."""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import CHARGER, Controllable
from hal.errors import OutOfRange


class Charger(Controllable):
    """Current-limited charging point (IEC 61851): mA per phase, `off` pauses."""

    kind = CHARGER
    control = q.LIMIT_MA
    minimum = 6000
    maximum = 32000
    off = 0

    async def set_point(self, setpoint: int) -> int | None:
        """Limit in mA per phase."""
        return await self.set_limit_ma(setpoint)

    async def set_limit_ma(self, limit_ma: int) -> int | None:
        """Write and read back; 0 pauses. Returns the limit kept, None where only an acknowledgement can be had."""
        raise OutOfRange(self.control, limit_ma, 0, 0, 0)
