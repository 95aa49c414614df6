"""Heat pumps that take their SG-Ready state as a number in one holding register, each with numbers of its own."""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.sg_ready import SgReady
from hal.errors import NotObeyed
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice


class ModeRegister(ModbusDevice, SgReady):
    """Puts the pump into one of four modes; how long it stays there is the agent's business."""

    table = pdu.READ_INPUT
    write_cost = PERSISTENT  # whether the register wears is documented nowhere
    register = 0
    numbers: tuple[int, ...] = ()  # what it takes for lock, normal, recommended, forced

    async def set_mode(self, mode: int) -> int:
        """Write where it differs, and read back. Returns the state kept. Raises: NotObeyed, other DeviceErrors."""
        await self.keep_written(self.register, (self.numbers[mode - self.minimum],), pdu.WRITE_REGISTER)
        return mode

    async def kept(self) -> int:
        """Return the state that is asked for. Raises: NotObeyed when that is none, other DeviceErrors."""
        words = await self.registers(self.register, 1, pdu.READ_HOLDING)
        if words[0] not in self.numbers:
            raise NotObeyed(self.register, None, words)
        return self.minimum + self.numbers.index(words[0])

    async def default_mode(self) -> int:
        """Let the pump run by its own programme. Raises: DeviceError."""
        return await self.set_mode(q.SG_NORMAL)
