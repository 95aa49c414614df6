"""Heat pumps that take one of four modes.

Source: Bundesverband Wärmepumpe, SG-Ready label: two contacts make lock, normal, recommended, forced.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import SG_READY, Controllable
from hal.errors import OutOfRange


class SgReady(Controllable):
    """Mode-switched heat pump: one of SG_LOCK..SG_FORCED."""

    kind = SG_READY
    control = q.MODE
    minimum = q.SG_LOCK
    maximum = q.SG_FORCED

    async def set_point(self, setpoint: int) -> int:
        """One of the four SG-Ready states."""
        return await self.set_mode(setpoint)

    async def set_mode(self, mode: int) -> int:
        """Write and read back. Returns the state kept."""
        raise OutOfRange(self.control, mode, 0, 0, 0)
