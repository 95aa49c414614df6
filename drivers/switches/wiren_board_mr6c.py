"""Wiren Board WB-MR6C: a board of six relays, one of them. RTU, 9600 8N2, unit on its label.

Source: Wiren Board, wiki "Relay Module Modbus Management": coils 0 to 5 are the relays, holding register 8 is the
time-out of safe mode in seconds, 0 none. Trust: maker's document, agreeing with the maker's own templates
(wb-mqtt-serial). Safe mode opens all relays "when the Modbus communication is terminated" for so long; it is armed
with 60 s where it differs. So reading counts as speaking: relays open when the agent is dead and not when it only lost
its right to an order. Buttons at its inputs may switch relays, too: that is another controller to the agent.
Option channel (1..6): the relay as printed on the box.
"""

from __future__ import annotations

from drivers.switches.waveshare_relay import WaveshareRelay
from hal.errors import FrameError
from hal.modbus import pdu

SAFE_S = 8


class WirenBoardMr6c(WaveshareRelay):
    """Opens and closes one contact; its default is open."""

    model = "wiren-board-mr6c"
    options_known = (("channel", range(1, 7)),)
    fallback_ms = 60000

    async def set_on(self, on: int) -> int:
        """Arm safe mode; 1 closes, 0 opens; read back. Returns the state kept. Raises: DeviceError."""
        await self.keep_written(SAFE_S, (self.fallback_ms // 1000,), pdu.WRITE_REGISTER)
        return await super().set_on(on)

    async def kept(self) -> int:
        """Return 1 while the contact is closed. Raises: FrameError when safe mode is off, other DeviceErrors."""
        (safe_s,) = await self.registers(SAFE_S, 1, pdu.READ_HOLDING)
        if not safe_s:
            raise FrameError("safe mode is off", (SAFE_S, safe_s))  # a gateway answers zeros for a dead unit
        return await super().kept()
