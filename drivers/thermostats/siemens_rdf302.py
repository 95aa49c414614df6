"""Siemens RDF302: room thermostat, flush-mounted. RTU, 19200 8E1, unit 1 as delivered (P81).

Source: Siemens, "RDF302 Basic documentation" CE1P3079 / A6V, Modbus objects; addresses are one less than printed (as
Wiren Board's template has them), temperatures in 0.02 °C, FFFF hex is out of service. Trust: two editions of the
maker's manual; that one is taken off, by one other program, so it is opened only when a temperature stands where it is
written to. The set-point is the one for comfort (0103); it counts while the room is in comfort (0101 = 1), every other
mode is the owner's and is left alone. Default mode puts back what the owner set as comfort (P08). Whether registers
wear is not documented; nothing is known of a fall-back: without an agent the last set-point stands.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import PERSISTENT
from hal.capabilities.thermostat import Thermostat
from hal.errors import FrameError, NotObeyed, WrongDevice
from hal.modbus import pdu
from hal.modbus.device import ModbusDevice
from hal.modbus.points import U16, Point, WordType

TEMPERATURE = WordType("H", 1, absent=0xFFFF)
MODE = 100
COMFORT = 1
OWNERS = Point(7, TEMPERATURE, q.TEMP_TARGET_MC, num=20, table=pdu.READ_HOLDING)  # 0.02 °C, P08
TARGET = Point(102, TEMPERATURE, q.TEMP_TARGET_MC, num=20, table=pdu.READ_HOLDING)
_HEATING = -1


class SiemensRdf302(ModbusDevice, Thermostat):
    """Moves the comfort set-point of a room."""

    model = "siemens-rdf302"
    table = pdu.READ_INPUT
    write_cost = PERSISTENT
    credible = (((q.TEMP_ROOM_MC,), 1000, 50000),)
    points = (
        Point(1002, TEMPERATURE, q.TEMP_ROOM_MC, num=20),
        Point(1003, TEMPERATURE, q.TEMP_TARGET_MC, num=20),  # in force
        Point(1004, U16, _HEATING),  # %
    )

    async def open(self) -> None:
        """Read once, and see that a temperature stands where it is written to. Raises: WrongDevice, DeviceError."""
        await super().open()
        try:
            await self._temperature(TARGET)
        except FrameError as fault:
            raise WrongDevice(self.model, fault.args) from fault

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer; ON while it calls for heat. Raises: DeviceError."""
        numbers = await super().read()
        numbers[q.ON] = 1 if numbers.pop(_HEATING) else 0
        return numbers

    async def set_target_mc(self, target_mc: int) -> int:
        """Write where it differs and read back. Returns the target kept.

        Raises: NotObeyed, also while the owner has the room in another mode than comfort; other DeviceErrors.
        """
        await self._comfort()
        await self.keep_written(TARGET.address, TARGET.words(target_mc), pdu.WRITE_REGISTER)
        return target_mc

    async def kept(self) -> int:
        """Return the comfort set-point. Raises: NotObeyed in another mode, FrameError when it is none, DeviceError."""
        await self._comfort()
        return await self._temperature(TARGET)

    async def default_mode(self) -> int:
        """Put the owner's comfort temperature back. Raises: DeviceError."""
        owners_mc = await self._temperature(OWNERS)
        await self.keep_written(TARGET.address, TARGET.words(owners_mc), pdu.WRITE_REGISTER)
        return owners_mc

    async def _comfort(self) -> None:
        mode = await self.registers(MODE, 1, pdu.READ_HOLDING)
        if mode != (COMFORT,):
            raise NotObeyed(MODE, (COMFORT,), mode)

    async def _temperature(self, point: Point) -> int:
        temperature_mc = await self.number(point)
        if temperature_mc is None or temperature_mc < self.minimum:
            raise FrameError("no room temperature", (point.address, temperature_mc))
        return temperature_mc
