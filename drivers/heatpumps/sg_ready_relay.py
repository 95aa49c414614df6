"""SG-Ready heat pump behind two relays of a Waveshare Modbus RTU Relay.

Source: Bundesverband Wärmepumpe, SG-Ready label (contacts 1:2 are 1:0 lock, 0:0 normal, 0:1 recommended, 1:1 forced),
as used by OpenEMS and evcc; Waveshare, wiki "Modbus RTU Relay", development protocol (functions 1 and 5).
Trust: two independent programs for the contacts, the maker's document for the relays.
Contacts are switched one after the other. Contact 1 goes first when it opens and last when it closes, so that between
lock and recommended the pump passes through normal, and between normal and forced through recommended.
The relays keep their state when nobody speaks to them; the pump itself ends a lock after two hours at most.
Options channel_1 and channel_2: the relays as printed on the box that drive contact 1 and 2.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.sg_ready import SgReady
from hal.compat import const
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.points import BIT, Point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.modbus.bus import Bus
    from hal.modbus.plan import Block

CONTACTS = {q.SG_LOCK: (1, 0), q.SG_NORMAL: (0, 0), q.SG_RECOMMENDED: (0, 1), q.SG_FORCED: (1, 1)}
MODES = {CONTACTS[mode]: mode for mode in CONTACTS}
_FIRST = const(-1)
_SECOND = const(-2)


class SgReadyRelay(ModbusDevice, SgReady):
    """Puts the pump into one of four modes; how long it stays there is the agent's business."""

    model = "sg-ready-relay"
    table = pdu.READ_COILS
    gap_max = 32
    options_known = (("channel_1", range(1, 33)), ("channel_2", range(1, 33)))
    channel_1 = 1
    channel_2 = 2
    write_cost = PERSISTENT  # contacts wear

    def __init__(self, bus: Bus, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        super().__init__(bus, unit, options)
        if self.channel_1 == self.channel_2:
            raise ValueError("channel_2", self.channel_2, "another than channel_1")

    def _own_blocks(self) -> list[Block]:
        if self.channel_1 == self.channel_2:
            return []
        return self.blocks_of((Point(self.channel_1 - 1, BIT, _FIRST), Point(self.channel_2 - 1, BIT, _SECOND)))

    async def read(self) -> dict[int, int]:
        """Return the mode that the contacts make. Raises: DeviceError."""
        contacts = await super().read()
        return {q.MODE: MODES[(contacts[_FIRST], contacts[_SECOND])]}

    async def set_mode(self, mode: int) -> int:
        """Switch both contacts in the order that passes no unwanted mode. Returns the mode kept."""
        first, second = CONTACTS[mode]
        steps = [(self.channel_1, first), (self.channel_2, second)]
        if first:
            steps.reverse()
        for channel, closed in steps:
            if await self.coil(channel - 1) != closed:
                await self.write_coil_checked(channel - 1, closed)
        return mode

    async def kept(self) -> int:
        """Return the mode that the contacts make. Raises: DeviceError."""
        return MODES[(await self.coil(self.channel_1 - 1), await self.coil(self.channel_2 - 1))]

    async def default_mode(self) -> int:
        """Open both contacts: the pump runs by its own programme."""
        return await self.set_mode(q.SG_NORMAL)
