"""KEBA KeContact P30 (c-series from 3.10.16, x-series from 1.11) and P40: charging station. Modbus TCP, unit 255.

Source: KEBA, "KeContact P30 Modbus TCP Programmers Guide" V1.02, chapters 3 and 4; one 32-bit number a read, function
6 writes. Trust: the guide for the set-point, OpenEMS, evcc and openWB agree; failsafe current (5016) and time-out
(5018) by the notes of guide 1.07 and Tinkerforge's WARP charger, which offers this table itself. On a P30 set DIP
switch DSW1.3; nothing else may speak UDP to it.
Option fallback_ma (0 or 6000): the failsafe current, written where 1600 tells another one, and not made to outlast a
restart (5020). The time-out is armed: any write starts it anew, reading does not. A P30 is paused by disabling it
(5014), a P40 by 0 mA. 1100 tells what the pilot offers, 0 while disabled or without a car; a thinner cable or heat
lowers it, too, so a lower number there is nobody's order. A P40 before firmware 1.2.1 tells its energy in Wh, every
other product in 0.1 Wh.
"""

from __future__ import annotations

from hal import quantities as q
from hal.errors import NotObeyed, OutOfRange
from hal.modbus.charger import ModbusCharger
from hal.modbus.pdu import WRITE_REGISTER
from hal.modbus.points import U32, Point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.modbus.plan import Block

_STATE, _CABLE, _NUMBER = -1, -2, -3
STATES = {2: q.EV_B, 3: q.EV_C, 4: q.EV_F, 5: q.EV_B, 1: q.EV_B}  # of a plugged car; 0: starting up
OFFERING = (0, 2, 3)  # states in which an enabled pilot offers something; 0 is a dead unit's, too
CAR = 4  # bit of the cable state
STATE = Point(1000, U32, _STATE)
PRODUCT = Point(1016, U32, _NUMBER)
FIRMWARE = Point(1018, U32, _NUMBER)  # P40: 10201 is 1.2.1
P40_FROM, TENTHS_FROM = 4000000, 10201
ENERGY = Point(1036, U32, q.ENERGY_IMPORT_WH, den=10)  # 0.1 Wh
IN_FORCE = Point(1100, U32, q.LIMIT_MA)
SAFE_MA, WAIT_S = Point(1600, U32, q.LIMIT_MA), Point(1602, U32, _NUMBER)
SET_MA, ENABLE, SET_SAFE_MA, SET_WAIT_S = 5004, 5014, 5016, 5018


class KebaKecontact(ModbusCharger):
    """Limits the current of the station; 0 pauses."""

    model = "keba-kecontact"
    fallback_ma = 0
    step = 100
    fallback_ms = 60000
    refresh_ms = 25000
    poll_ms = 5000  # it resets connections that ask faster
    stale_ms = 20000
    registers_max = 2
    largest = Point(1110, U32, q.LIMIT_MA)
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    points = (
        STATE,
        Point(1004, U32, _CABLE),
        Point(1008, U32, q.CURRENT_L1_MA),  # mA
        Point(1010, U32, q.CURRENT_L2_MA),
        Point(1012, U32, q.CURRENT_L3_MA),
        Point(1020, U32, q.POWER_W, den=1000),  # mW
        Point(1040, U32, q.VOLTAGE_L1_MV, num=1000),  # V
        Point(1042, U32, q.VOLTAGE_L2_MV, num=1000),
        Point(1044, U32, q.VOLTAGE_L3_MV, num=1000),
        IN_FORCE,
    )
    _is_p40 = False
    _energy = ENERGY
    _wrote_ma: int | None = None  # by us, since it was opened

    def _own_blocks(self) -> list[Block]:
        return self.blocks_of(type(self).points + (self._energy,))

    async def open(self) -> None:
        """Find out which product it is, and read once. Raises: WrongDevice, other DeviceErrors."""
        self._is_p40 = (await self.number(PRODUCT) or 0) >= P40_FROM
        if self._is_p40 and (await self.number(FIRMWARE) or 0) < TENTHS_FROM:
            self._energy = Point(ENERGY.address, U32, q.ENERGY_IMPORT_WH)
        await super().open()
        self._wrote_ma = None

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        state, cable = numbers.pop(_STATE), numbers.pop(_CABLE)
        pilot = STATES.get(state) if cable & CAR else q.EV_A
        if pilot is not None:
            numbers[q.EV_STATE] = pilot
        return numbers

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Arm the failsafe, write, and return what the pilot offers, which cable or heat may hold lower. 0 pauses.

        Raises: NotObeyed while more than that is still offered, or nothing at all; other DeviceErrors.
        """
        await self._hold(SAFE_MA, SET_SAFE_MA, self.fallback_ma)
        await self._hold(WAIT_S, SET_WAIT_S, self.fallback_ms // 1000)
        if limit_ma or self._is_p40:
            await self.write(SET_MA, (limit_ma,), WRITE_REGISTER)
        if not self._is_p40:
            await self.write(ENABLE, (1 if limit_ma else 0,), WRITE_REGISTER)
        self._wrote_ma = limit_ma
        in_force_ma = await self.number(IN_FORCE)
        offers = limit_ma and not in_force_ma and await self.number(STATE) in OFFERING
        if in_force_ma is None or in_force_ma > limit_ma or offers:
            raise NotObeyed(IN_FORCE.address, limit_ma, in_force_ma)
        return in_force_ma

    async def _hold(self, told: Point, register: int, number: int) -> None:
        """Write where the product tells something else. Raises: NotObeyed when it still does, other DeviceErrors."""
        if await self.number(told) != number:
            await self.write(register, (number,), WRITE_REGISTER)
            kept = await self.number(told)
            if kept != number:
                raise NotObeyed(register, number, kept)

    async def kept(self) -> int:
        """Return what the pilot offers. Raises: OutOfRange when it is less than we ordered, other DeviceErrors."""
        in_force_ma = await self.number(IN_FORCE)
        if in_force_ma is None or self._wrote_ma is None or in_force_ma < self._wrote_ma:
            raise OutOfRange(self.control, in_force_ma, self.minimum, self.maximum, self.step)
        return in_force_ma
