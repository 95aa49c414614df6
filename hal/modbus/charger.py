"""Charging points on Modbus that are left at one current, whoever leaves them: fallback_ma of the site file.

Where the product has a watchdog of its own its driver arms it with the same current before it gives an order.
"""

from __future__ import annotations

from hal.capabilities import VOLATILE
from hal.capabilities.charger import Charger
from hal.errors import WrongDevice
from hal.modbus.device import ModbusDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.modbus.points import Point


class ModbusCharger(ModbusDevice, Charger):
    """A charging point whose default mode is a current, 0 or 6 A, and that offers what the product may at most."""

    options_known: tuple[tuple[str, Any], ...] = (("fallback_ma", (6000, 0)),)
    fallback_ma = 6000
    step = 1000
    write_cost = VOLATILE
    largest: Point | None = None  # where the product says how much it may at most, mA

    async def open(self) -> None:
        """Read once, and take over what the product may at most. Raises: WrongDevice, other DeviceErrors."""
        await super().open()
        if self.largest is not None:
            largest_ma = await self.number(self.largest)
            if largest_ma is None or largest_ma < self.minimum:
                raise WrongDevice(self.model, ("may at most, in mA", largest_ma))
            self.maximum = min(largest_ma // self.step * self.step, type(self).maximum)

    async def default_mode(self) -> int | None:
        """Limit to fallback_ma. Returns the limit kept, None where it cannot be asked. Raises: DeviceError."""
        return await self.set_limit_ma(self.fallback_ma)
