"""Waveshare Modbus RTU Relay: a board of relays, one of them. RTU, 9600 8N1, unit 1 as delivered.

Source: Waveshare, wiki "Modbus RTU Relay", development protocol: function 1 reads coils, function 5 switches one with
FF00 (closed) or 0000, coils are 0 for relay 1 and so on. Trust: maker's document with example frames.
The board keeps its state when nobody speaks to it; what it does after a power cut is not documented.
Option channel: the relay as printed on the box, from 1.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.switch import Switch
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.points import BIT, Point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.modbus.plan import Block


class WaveshareRelay(ModbusDevice, Switch):
    """Opens and closes one contact; its default is open."""

    model = "waveshare-relay"
    table = pdu.READ_COILS
    options_known = (("channel", range(1, 33)),)
    channel = 1
    write_cost = PERSISTENT  # contacts wear

    def _own_blocks(self) -> list[Block]:
        return self.blocks_of((Point(self.channel - 1, BIT, q.ON),))

    async def set_on(self, on: int) -> int:
        """1 closes, 0 opens; read back. Returns the state kept."""
        if await self.coil(self.channel - 1) != on:
            await self.write_coil_checked(self.channel - 1, on)
        return on

    async def kept(self) -> int:
        """Return 1 while the contact is closed. Raises: DeviceError."""
        return await self.coil(self.channel - 1)

    async def default_mode(self) -> int:
        """Open the contact."""
        return await self.set_on(0)
