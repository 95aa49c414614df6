"""Heatmiser Edge: room thermostat on RS-485. RTU, 9600 8N1, unit 1 as delivered.

Source: njh/node-heatmiser-modbus and sftgunner/heatmiseredge-integration, after the maker's protocol V1.8; addresses
are one less than printed, function 3, at most 10 registers a read. Trust: two independent programs, no maker's paper.
A set-point is a hold: first how long (37, hours and minutes), then how warm (33). The hold runs out by itself and
the owner's schedule goes on; what is left of it reads in 37. Whether registers wear out is not documented.
Reading prolongs nothing. Whoever turns the thermostat's own knob is another controller to the agent.
Option hold_min (15..1440): how long a set-point lives without being renewed.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.thermostat import Thermostat
from hal.compat import const
from hal.errors import FrameError, NotObeyed
from hal.modbus.device import ModbusDevice
from hal.modbus.pdu import WRITE_REGISTER
from hal.modbus.points import S16, U16, Point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.modbus.bus import Bus

MODE = const(32)
IN_FORCE = Point(6, S16, q.TEMP_TARGET_MC, num=100)  # 0.1 °C
HOLD_TARGET = Point(33, S16, q.TEMP_TARGET_MC, num=100)  # 0.1 °C
HOLD_LEFT = const(37)  # hours << 8 | minutes
SCHEDULE = const(1)
HOLD = const(2)


class HeatmiserEdge(ModbusDevice, Thermostat):
    """Holds a room temperature for a while."""

    model = "heatmiser-edge"
    registers_max = 10
    gap_max = 4
    options_known = (("hold_min", range(15, 1441)),)
    hold_min = 120
    write_cost = PERSISTENT
    points = (
        Point(1, U16, q.ON),  # relay calls for heat
        Point(2, S16, q.TEMP_ROOM_MC, num=100),  # 0.1 °C
        IN_FORCE,
    )

    def __init__(self, bus: Bus, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        super().__init__(bus, unit, options)
        self.fallback_ms = self.hold_min * 60000
        self.refresh_ms = self.fallback_ms - self.fallback_ms // 4

    async def set_target_mc(self, target_mc: int) -> int:
        """Hold `target_mc` for hold_min minutes. Returns the target kept. Raises: NotObeyed, other DeviceErrors."""
        (wanted,) = HOLD_TARGET.words(target_mc)
        hold = (self.hold_min // 60) << 8 | self.hold_min % 60
        await self.write(HOLD_LEFT, (hold,), WRITE_REGISTER)
        await self.write(HOLD_TARGET.address, (wanted,), WRITE_REGISTER)
        kept = await self.registers(MODE, HOLD_LEFT - MODE + 1)
        if kept[0] != HOLD or kept[1] != wanted or not 0 < kept[-1] <= hold:
            raise NotObeyed(MODE, (HOLD, wanted, hold), kept)
        return target_mc

    async def kept(self) -> int | None:
        """Return the target in force unless it is the schedule's. Raises: FrameError when it is none, DeviceError."""
        (mode,) = await self.registers(MODE, 1)
        if mode == SCHEDULE:
            return None
        target_mc = await self.number(HOLD_TARGET if mode == HOLD else IN_FORCE)
        if target_mc is None or target_mc < self.minimum:
            raise FrameError("no room temperature", (mode, target_mc))
        return target_mc

    async def default_mode(self) -> None:
        """End a hold, so that the owner's schedule goes on; any other mode is the owner's and stays."""
        (mode,) = await self.registers(MODE, 1)
        if mode == HOLD:
            await self.write_checked(MODE, (SCHEDULE,), WRITE_REGISTER)
