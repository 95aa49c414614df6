"""Room thermostats: how warm it shall be."""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import THERMOSTAT, Controllable
from hal.errors import OutOfRange


class Thermostat(Controllable):
    """Room set-point in millidegrees Celsius."""

    kind = THERMOSTAT
    control = q.TEMP_TARGET_MC
    minimum = 5000
    maximum = 30000
    step = 500

    async def set_point(self, setpoint: int) -> int:
        """Room temperature in m°C."""
        return await self.set_target_mc(setpoint)

    async def set_target_mc(self, target_mc: int) -> int:
        """Write and read back. Returns the target kept."""
        raise OutOfRange(self.control, target_mc, 0, 0, 0)
