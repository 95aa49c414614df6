"""ABL eMH1: charging point up to 16 or 32 A. Modbus ASCII on RS-485, 38400 8E1, unit 1; its answers begin with '>'.

Source: registers as evcc and jrv/esphome-abl-emh1 have them, after ABL's paper for eMH1, eMH2 and eMH3; each is read
with the count that belongs to it. Trust: two independent programs, no maker's paper. Other than these the eM4 has
another map. It sleeps: the first request after a while only wakes it and is lost, so what nobody answered is asked
once more. The limit is a duty cycle of 0.1 % (IEC 61851-1: 0.06 A each), so it is kept up to 0.06 A lower than asked
for; 100 % pauses. Currents are told in the order L3, L2, L1 and only while it charges; it has no voltage and no
energy. Nothing is known of a fall-back: without an agent the last order stands.
Option fallback_ma (6000 or 0): where it is left.
"""

from __future__ import annotations

from hal import quantities as q
from hal.errors import FrameError, LineTimeout, NotObeyed
from hal.modbus.charger import ModbusCharger
from hal.modbus.points import U16, Point, WordType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.modbus.bus import Bus, Request

MEASURED = WordType("H", 1, absent=1000)
_STATE, _DUTY = -1, -2
STATES = {
    0xE1: q.EV_UNKNOWN, 0xE2: q.EV_UNKNOWN, 0xE3: q.EV_UNKNOWN,
    0xA1: q.EV_A, 0xB1: q.EV_B, 0xB2: q.EV_B, 0xC2: q.EV_C, 0xC3: q.EV_C, 0xC4: q.EV_C, 0xE0: q.EV_E,
    0xF1: q.EV_F, 0xF2: q.EV_F, 0xF3: q.EV_F, 0xF4: q.EV_F, 0xF5: q.EV_F, 0xF6: q.EV_F, 0xF7: q.EV_F,
    0xF8: q.EV_F, 0xF9: q.EV_F, 0xFA: q.EV_F, 0xFB: q.EV_F,
}  # fmt: skip
LIMITS, LIMITS_COUNT, DUTY_AT, DUTY = 0x0F, 5, 3, 0x0FFF  # the limit is in the fourth of five registers
SET_DUTY = 0x14
PAUSED = 1000  # 0.1 %
MA_PER_COUNT = 60
CURRENTS = (q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA)


class AblEmh1(ModbusCharger):
    """Limits the current of the charging point; 0 pauses."""

    model = "abl-emh1"
    step = 100
    poll_ms = 2000
    credible = (((q.EV_STATE,), q.EV_UNKNOWN, q.EV_F),)
    points = (
        Point(0x04, U16, q.EV_STATE, mask=0xFF, names=STATES),
        Point(0x2E, U16, _STATE),
        Point(0x2F, U16, _DUTY),
        Point(0x30, MEASURED, q.CURRENT_L3_MA, num=100),  # 0.1 A
        Point(0x31, MEASURED, q.CURRENT_L2_MA, num=100),
        Point(0x32, MEASURED, q.CURRENT_L1_MA, num=100),
    )

    def __init__(self, bus: Bus, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        waking: Any = Waking(bus)
        super().__init__(waking, unit, options)

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; currents are absent while it does not charge. Raises: DeviceError."""
        numbers = await super().read()
        for quantity in (_STATE, _DUTY) + (() if numbers[q.EV_STATE] == q.EV_C else CURRENTS):
            numbers.pop(quantity, None)
        return numbers

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Write and read back; 0 pauses. Returns the limit kept, at most 60 mA lower. Raises: DeviceError."""
        duty = limit_ma // MA_PER_COUNT if limit_ma else PAUSED
        await self.write(SET_DUTY, (duty,))
        kept = await self._duty()
        if kept != duty:
            raise NotObeyed(SET_DUTY, (duty,), (kept,))
        return limit_ma and duty * MA_PER_COUNT

    async def kept(self) -> int:
        """Return the limit that stands in the product. Raises: FrameError when it is none, other DeviceErrors."""
        duty = await self._duty()
        if not duty:
            raise FrameError("not credible", (LIMITS, duty))
        return 0 if duty == PAUSED else duty * MA_PER_COUNT

    async def _duty(self) -> int:
        return (await self.registers(LIMITS, LIMITS_COUNT))[DUTY_AT] & DUTY


class Waking:
    """A bus whose unit sleeps: what was not answered is asked once more."""

    def __init__(self, bus: Bus) -> None:
        self.framing = bus.framing
        self.request = bus.request
        self._ask = bus.ask

    async def ask(self, request: Request, urgent: bool = False) -> bytes:
        """Ask, twice where it must be. Raises: DeviceError."""
        try:
            return await self._ask(request, urgent)
        except (LineTimeout, FrameError):
            return await self._ask(request, urgent)
