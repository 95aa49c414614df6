"""Webasto (Ampure) Unite and Vestel EVC04: charging station. Modbus TCP, unit 255; gaps between registers are refused.

Source: registers as OpenEMS (webasto.unite), evcc (vestel) and the Home Assistant integration have them: input
registers to read, holding registers to set, big-endian. Trust: independent programs that agree, no maker's paper. Its
energy is in tenths of a kilowatt-hour, where the Next tells watt-hours. The order (5004, A) reads back. The safe
current (2000, at least 6 A) replaces the order after so many seconds (2002) in which nobody wrote 1 to the life bit
(6000), and outlasts a power cut; both are set where they differ from 6 A and 20 s. Reading keeps nothing alive.
"""

from __future__ import annotations

from drivers.chargers.webasto_next import LIMIT_A, WebastoNext
from hal import quantities as q
from hal.errors import NotObeyed
from hal.modbus import pdu
from hal.modbus.points import U16, U32, Point

_CHARGING, _CABLE = -2, -3
CAR = 2  # cable states from here on: a car is plugged
MOVED = (q.EV_STATE, q.ENERGY_IMPORT_WH)


class WebastoUnite(WebastoNext):
    """Limits the current of the station; 0 pauses."""

    model = "webasto-unite"
    table = pdu.READ_INPUT
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    points = tuple([point for point in WebastoNext.points if point.quantity > 0 and point.quantity not in MOVED]) + (
        Point(1001, U16, _CHARGING),
        Point(1004, U16, _CABLE),
        Point(1014, U16, q.VOLTAGE_L1_MV, num=1000),  # V
        Point(1016, U16, q.VOLTAGE_L2_MV, num=1000),
        Point(1018, U16, q.VOLTAGE_L3_MV, num=1000),
        Point(1036, U32, q.ENERGY_IMPORT_WH, num=100),  # 0.1 kWh
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        charging, cable = numbers.pop(_CHARGING), numbers.pop(_CABLE)
        numbers[q.EV_STATE] = q.EV_A if cable < CAR else q.EV_C if charging == 1 else q.EV_B
        return numbers

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Arm the fall-back, write, feed it and read back; 0 pauses. Returns the limit kept. Raises: DeviceError."""
        await super().set_limit_ma(limit_ma)
        kept_ma = await self.kept()
        if kept_ma != limit_ma:
            raise NotObeyed(LIMIT_A, limit_ma, kept_ma)
        return kept_ma

    async def kept(self) -> int:
        """Return the order that stands in the product. Raises: DeviceError."""
        (limit_a,) = await self.registers(LIMIT_A, 1, pdu.READ_HOLDING)
        return limit_a * 1000
