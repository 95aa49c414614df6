"""Phoenix Contact EM-CP-PP-ETH: charging controller in wallboxes of many names. Modbus TCP, unit 180.

Source: registers as openWB and evcc have them: input 100 the pilot's letter, holding 300 the current in whole
amperes, coil 400 whether it may charge. Trust: two independent programs, no maker's paper. DIP switch 10 on, all others
off, else the controller does not listen. Of the meter that may hang on it one program takes numbers a tenth of what
the other does: they are left alone, put a meter beside it.
Nothing is known of a fall-back: without an agent the last order stands.
Option fallback_ma (6000 or 0): where it is left.
"""

from __future__ import annotations

from hal import quantities as q
from hal.errors import FrameError
from hal.modbus import pdu
from hal.modbus.charger import ModbusCharger
from hal.modbus.points import U16, Point

PILOT_STATES = {65: q.EV_A, 66: q.EV_B, 67: q.EV_C, 68: q.EV_D, 69: q.EV_E, 70: q.EV_F}  # the letters A to F
MAY_CHARGE = 400  # coil


class PhoenixEmCpPpEth(ModbusCharger):
    """Limits the current of the controller; 0 forbids charging."""

    model = "phoenix-em-cp-pp-eth"
    table = pdu.READ_INPUT
    limit = 300  # holding
    counts_per_a = 1
    credible = (((q.EV_STATE,), q.EV_A, q.EV_F),)
    points = (Point(100, U16, q.EV_STATE, mask=0xFF, names=PILOT_STATES),)

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Write and read back; 0 pauses. Returns the limit kept. Raises: DeviceError."""
        if limit_ma:
            word = limit_ma * self.counts_per_a // 1000
            await self.write_checked(self.limit, (word,), pdu.WRITE_REGISTER)
        may_charge = 1 if limit_ma else 0
        if await self.coil(MAY_CHARGE) != may_charge:
            await self.write_coil_checked(MAY_CHARGE, may_charge)
        return limit_ma

    async def kept(self) -> int:
        """Return the order that stands in the product. Raises: FrameError when it is none, other DeviceErrors."""
        if not await self.coil(MAY_CHARGE):
            return 0
        (word,) = await self.registers(self.limit, 1, pdu.READ_HOLDING)
        if not word:
            raise FrameError("not credible", (self.limit, word))
        return word * 1000 // self.counts_per_a
