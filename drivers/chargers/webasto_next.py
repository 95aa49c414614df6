"""Webasto (Ampure) Next: charging station. Modbus TCP, unit 255; one register after the other, gaps are refused.

Source: registers as OpenEMS, evcc and the Home Assistant integration have them, holding registers, big-endian.
Trust: independent programs that agree, no maker's paper. Its order (5004, A) is written and told by nobody, so it has
an acknowledgement and no read-back; what a car draws then is all there is to see. The safe current (2000, at least 6
A) counts after so many seconds (2002) in which nobody wrote 1 to the life bit (6000); both are set where they differ
from 6 A and 20 s. Reading keeps nothing alive.
"""

from __future__ import annotations

from hal import quantities as q
from hal.modbus.charger import ModbusCharger
from hal.modbus.pdu import WRITE_REGISTER
from hal.modbus.points import U16, U32, Point

_LOWEST = -1
STATES = {0: q.EV_A, 1: q.EV_B, 3: q.EV_C, 4: q.EV_B, 7: q.EV_F}
SAFE_A, WAIT_S, LIMIT_A, ALIVE = 2000, 2002, 5004, 6000


class WebastoNext(ModbusCharger):
    """Limits the current of the station; 0 pauses."""

    model = "webasto-next"
    options_known = ()
    fallback_ms = 20000
    refresh_ms = 8000
    poll_ms = 2000
    largest = Point(1104, U16, q.LIMIT_MA, num=1000)  # A
    # A gateway's zeros would look like an idle station.
    credible: tuple[tuple[tuple[int, ...], int, int], ...] = (((_LOWEST,), 1, 32),)
    points: tuple[Point, ...] = (
        Point(1000, U16, q.EV_STATE, names=STATES),
        Point(1008, U16, q.CURRENT_L1_MA),  # mA
        Point(1010, U16, q.CURRENT_L2_MA),
        Point(1012, U16, q.CURRENT_L3_MA),
        Point(1020, U32, q.POWER_W),  # W
        Point(1024, U32, q.POWER_L1_W),
        Point(1028, U32, q.POWER_L2_W),
        Point(1032, U32, q.POWER_L3_W),
        Point(1036, U32, q.ENERGY_IMPORT_WH),  # Wh
        Point(1102, U16, _LOWEST),  # A, the least it can charge with
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        numbers.pop(_LOWEST, None)
        return numbers

    async def set_limit_ma(self, limit_ma: int) -> int | None:
        """Arm the fall-back, write, and feed it; 0 pauses. Returns None: it is not told. Raises: DeviceError."""
        await self.keep_written(SAFE_A, (self.fallback_ma // 1000,), WRITE_REGISTER)
        await self.keep_written(WAIT_S, (self.fallback_ms // 1000,), WRITE_REGISTER)
        await self.write(LIMIT_A, (limit_ma // 1000,), WRITE_REGISTER)
        await self.write(ALIVE, (1,), WRITE_REGISTER)
        return None
