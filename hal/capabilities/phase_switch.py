"""Switches that move a charger between one and three phases; the charger is a device of its own."""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PHASE_SWITCH, Controllable
from hal.errors import OutOfRange


class PhaseSwitch(Controllable):
    """Phases that a charger is switched to: 1 or 3. Its `read` tells them, too (PHASES).

    It is told a position only while its charger stands still. Its default mode leaves it where it is and returns
    where that is: nobody may know then whether the charger is under load.
    """

    kind = PHASE_SWITCH
    control = q.PHASES
    minimum = 1
    maximum = 3
    step = 2

    async def set_point(self, setpoint: int) -> int:
        """1 or 3 phases."""
        return await self.set_phases(setpoint)

    async def set_phases(self, phases: int) -> int:
        """Write and read back; what is there already is not written. Returns the phases kept."""
        raise OutOfRange(self.control, phases, 0, 0, 0)
