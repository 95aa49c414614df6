"""A set-point that ends by itself: what a revert timer makes of a product's promises, where it has one and keeps it.

The timer is written with every set-point, and a product that does not take it is not said to fall back.
"""

from __future__ import annotations

from hal.capabilities import PERSISTENT, VOLATILE
from hal.compat import const
from hal.errors import NotObeyed, Refused
from hal.modbus.device import ModbusDevice

REVERT_S = const(60)


class Reverting(ModbusDevice):
    """What the contract of such a product promises, with and without its timer."""

    fallback_ms = 0
    refresh_ms = 0
    write_cost = PERSISTENT

    def _set_fallback(self, reverts: bool) -> None:
        self.fallback_ms = REVERT_S * 1000 if reverts else 0
        self.refresh_ms = REVERT_S * 400 if reverts else 0
        self.write_cost = VOLATILE if reverts else PERSISTENT  # what reverts by itself is not made to last

    async def _arm(self, timer: int, words: int) -> None:
        """Set the revert timer of so many words, or find out that there is none. Raises: DeviceError."""
        if not self.fallback_ms:
            return
        try:
            await self.write_checked(timer, (0,) * (words - 1) + (REVERT_S,))
        except (NotObeyed, Refused):
            await self._check_alive()  # it is the product that does not take it, and no fault of the line
            self._set_fallback(False)

    async def _check_alive(self) -> None:
        """Raise a DeviceError for a dead unit behind a gateway."""
        await self.read()
