"""go-e Charger (HOME+, HOMEfix, Gemini), firmware from 55.6. Modbus TCP, unit 1, switched on in its app.

Source: go-e, "go-eCharger-API-v2", modbus-en.md; function 16 alone writes, 32-bit numbers with the high word first.
Trust: maker's document. Firmware 60.3 turned the bytes of its numbers round: its voltages are not credible then. The
document has the power (120) in 0.01 kW, users have read 0.01 W: it counts in the unit in which it is near to voltage
times current, and is missing when it is in neither. The current is written to 299, which forgets it at a restart,
never to 300, which wears; 337 (1 forbids, 0 leaves it to the charger) is written only when it changes. Nothing is
known of a fall-back: without an agent the last order stands.
Option fallback_ma (6000 or 0): where it is left.
"""

from __future__ import annotations

from hal import quantities as q
from hal.modbus import pdu
from hal.modbus.charger import ModbusCharger
from hal.modbus.points import U16, U32, Point

_POWER = -1
STATES = {1: q.EV_A, 2: q.EV_C, 3: q.EV_B, 4: q.EV_B}
FORBIDDEN, LEFT = 1, 0
LIMIT_A, FORCE = 299, 337
PHASES = (
    (q.VOLTAGE_L1_MV, q.CURRENT_L1_MA), (q.VOLTAGE_L2_MV, q.CURRENT_L2_MA), (q.VOLTAGE_L3_MV, q.CURRENT_L3_MA),
)  # fmt: skip
NEAR_W = 300  # beside a quarter: currents are told in tenths of an ampere


class GoE(ModbusCharger):
    """Limits the current of the station; 0 forbids charging."""

    model = "go-e"
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    table = pdu.READ_INPUT
    largest = Point(211, U16, q.LIMIT_MA, num=1000, table=pdu.READ_HOLDING)  # A, by its owner
    points = (
        Point(100, U16, q.EV_STATE, names=STATES),
        Point(107, U16, q.FAULT),
        Point(108, U32, q.VOLTAGE_L1_MV, num=1000),  # V
        Point(110, U32, q.VOLTAGE_L2_MV, num=1000),
        Point(112, U32, q.VOLTAGE_L3_MV, num=1000),
        Point(114, U32, q.CURRENT_L1_MA, num=100),  # 0.1 A
        Point(116, U32, q.CURRENT_L2_MA, num=100),
        Point(118, U32, q.CURRENT_L3_MA, num=100),
        Point(120, U32, _POWER),
        Point(128, U32, q.ENERGY_IMPORT_WH, num=100),  # 0.1 kWh
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; a power that is none is absent. Raises: DeviceError."""
        numbers = await super().read()
        told = numbers.pop(_POWER)
        apparent_w = sum([numbers[voltage] * numbers[current] for voltage, current in PHASES]) // 1000000
        power_w = told * 10
        if abs(told // 100 - apparent_w) < abs(power_w - apparent_w):
            power_w = told // 100
        if abs(power_w - apparent_w) <= NEAR_W + apparent_w // 4:
            numbers[q.POWER_W] = power_w
        return numbers

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Write and read back; 0 forbids charging. Returns the limit kept. Raises: DeviceError."""
        if limit_ma:
            await self.write_checked(LIMIT_A, (limit_ma // 1000,))
        await self.keep_written(FORCE, (LEFT if limit_ma else FORBIDDEN,))
        return limit_ma

    async def kept(self) -> int:
        """Return the order that stands in the product, whoever gave it. Raises: DeviceError."""
        (force,) = await self.registers(FORCE, 1, pdu.READ_HOLDING)
        (limit_a,) = await self.registers(LIMIT_A, 1, pdu.READ_HOLDING)
        return 0 if force == FORBIDDEN else limit_a * 1000
