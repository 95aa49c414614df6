"""Phoenix Contact CHARX SEC-3xxx: AC charging controller, one of its charging points. Modbus TCP, unit 1.

Source: Phoenix Contact, "CHARX control modular" user manual, Modbus registers, by way of aiophoenixcontactcharx 1.0.0;
big-endian, point n has its registers at n * 1000. Trust: facts of the maker's manual, agreeing with evcc.
Option point: the charging point, from 1. Option fallback_ma (6000 or 0): the current that its watchdog falls back to
after a minute in which nobody asked or wrote anything; it is armed (306, 307) where it differs. Whether 306 takes 0 is
not documented: a product that refuses it refuses the order, too. Where OCPP releases the point, 300 cannot be written:
a pause is then not obeyed, and said so (evcc, pull request 23178). Reading keeps the watchdog quiet, so the point
falls back when the agent is dead and not when it only lost its right to an order.
"""

from __future__ import annotations

from hal import quantities as q
from hal.modbus.charger import ModbusCharger
from hal.modbus.points import S64, Point, WordType, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.modbus.plan import Block

S32 = WordType("i", 2, absent=0xFFFFFFFF)  # -1: unknown
PILOT_STATES = {
    "A1": q.EV_A, "A2": q.EV_A, "B1": q.EV_B, "B2": q.EV_B, "C1": q.EV_C, "C2": q.EV_C, "D1": q.EV_D, "D2": q.EV_D,
    "E0": q.EV_E, "F0": q.EV_F,
}  # fmt: skip
RELEASE, LIMIT_A, SAFE_A, WATCHDOG_S = 300, 301, 306, 307


class PhoenixCharx(ModbusCharger):
    """Limits the current of one charging point; 0 takes its release away."""

    model = "phoenix-charx"
    options_known = (("point", range(1, 49)),) + ModbusCharger.options_known
    point = 1
    fallback_ms = 60000
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    points = (
        Point(232, S32, q.VOLTAGE_L1_MV),  # mV
        Point(234, S32, q.VOLTAGE_L2_MV),
        Point(236, S32, q.VOLTAGE_L3_MV),
        Point(238, S32, q.CURRENT_L1_MA),  # mA
        Point(240, S32, q.CURRENT_L2_MA),
        Point(242, S32, q.CURRENT_L3_MA),
        Point(244, S32, q.POWER_W, den=1000),  # mW
        Point(250, S64, q.ENERGY_IMPORT_WH),  # Wh
        Point(299, text(1), q.EV_STATE, names=PILOT_STATES),
    )

    def _own_blocks(self) -> list[Block]:
        return self.blocks_of(tuple([point.moved(self._at(0)) for point in type(self).points]))

    def _at(self, offset: int) -> int:
        return self.point * 1000 + offset

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Arm the watchdog, write and read back; 0 pauses. Returns the limit kept. Raises: DeviceError."""
        await self.keep_written(self._at(SAFE_A), (self.fallback_ma // 1000,))
        await self.keep_written(self._at(WATCHDOG_S), (self.fallback_ms // 1000,))
        if limit_ma:
            await self.write_checked(self._at(LIMIT_A), (limit_ma // 1000,))
        await self.write_checked(self._at(RELEASE), (1 if limit_ma else 0,))
        return limit_ma

    async def kept(self) -> int:
        """Return the order that stands in the product, 0 without a release. Raises: DeviceError."""
        released, limit_a = await self.registers(self._at(RELEASE), 2)
        return limit_a * 1000 if released else 0
