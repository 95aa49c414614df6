"""Batteries that are forced: a power in W, a word that says which way, and switches that must stand right around them.

What a maker's table says is all that a driver has to state. Registers that hold what is wanted already are left alone:
nobody says which of them wear. Where a product knows no word for a hold, it is charged with 0 W. Where one power counts
both ways, the battery holds while that is written: a line that breaks then leaves no new power the old way.
"""

from __future__ import annotations

from hal.capabilities.battery import Battery
from hal.errors import NotObeyed
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.modbus.points import Point

    Switches = tuple[tuple[int, tuple[int, ...]], ...]


class ForcedBattery(ModbusDevice, Battery):
    """Charges or discharges with so many watts, or holds."""

    charge: Point  # W
    discharge: Point  # W, not negative
    way = 0  # address of the word that says which way
    charging = discharging = 0
    holding: int | None = None
    before: Switches = ()  # (address, words) that must stand before a power is written
    after: Switches = ()  # and behind it, once the way is right
    released: Switches = ()  # what gives the battery back to its own regulation, in this order
    function = pdu.WRITE_REGISTERS  # that single registers are written with

    async def set_power_w(self, power_w: int) -> int:
        """Write and read back; positive charges, 0 holds. Returns the power kept."""
        await self._set(self.before)
        if power_w and self.charge is self.discharge and self.holding is not None:
            (way,) = await self.registers(self.way, 1, pdu.READ_HOLDING)
            if way in (self.charging, self.discharging) and way != self._word(power_w):
                await self.write_checked(self.way, (self.holding,), self.function)
        if power_w or self.holding is None:
            point = self.discharge if power_w < 0 else self.charge
            words = point.words(abs(power_w))
            await self.keep_written(point.address, words, self.function if len(words) == 1 else pdu.WRITE_REGISTERS)
        await self._set(((self.way, (self._word(power_w),)),))
        await self._set(self.after)
        return power_w

    def _word(self, power_w: int) -> int:
        if not power_w and self.holding is not None:
            return self.holding
        return self.discharging if power_w < 0 else self.charging

    async def _set(self, switches: Switches) -> None:
        for address, words in switches:
            await self.keep_written(address, words, self.function if len(words) == 1 else pdu.WRITE_REGISTERS)

    async def kept(self) -> int | None:
        """Return the order that stands in the product, None while it regulates by itself.

        Raises: NotObeyed for a way that is none of ours, other DeviceErrors.
        """
        for address, words in self.before + self.after:
            if await self.registers(address, len(words), pdu.READ_HOLDING) != words:
                return None
        (word,) = await self.registers(self.way, 1, pdu.READ_HOLDING)
        if word == self.charging:
            return await self.number(self.charge)
        if word == self.discharging:
            power_w = await self.number(self.discharge)
            return None if power_w is None else -power_w
        if word == self.holding:
            return 0
        if (self.way, (word,)) in self.released:
            return None
        raise NotObeyed(self.way, None, (word,))

    async def default_mode(self) -> int | None:
        """Give the battery back to the product's own regulation."""
        await self._set(self.released)
        return None
