"""Lambda EU-L (also Zewotherm): air source heat pump, its first one. Modbus TCP, unit 1.

Source: registers as GuidoJeuken-6512/lambda_heat_pumps and evcc (lambda-zewotherm) have them; function 3. Trust: two
independent programs, no maker's paper. It is only read: what it takes by Modbus (102) is a surplus of the house, whose
sign depends on a menu of the device, and neither a limit nor a mode.
Option low_first (1 or 0): 32-bit numbers have the low word first from firmware 1.1.3 on, before it the high word.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.modbus import low_first as low
from hal.modbus.device import ModbusDevice
from hal.modbus.points import S16, S32, U16, Point

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.modbus.plan import Block

_FLOW, _RETURN = -1, -2
ENERGY_AT = 1020


class LambdaEuL(ModbusDevice, Meter):
    """Reads what the pump draws and its temperatures; has nothing to set here."""

    model = "lambda-eu-l"
    options_known = (("low_first", (1, 0)),)
    low_first = 1
    credible = (((_FLOW, _RETURN), 1000, 95000),)  # all zeros come from a dead unit
    points = (
        Point(2, S16, q.TEMP_OUTSIDE_MC, num=100),  # 0.1 °C
        Point(1000, U16, q.FAULT),
        Point(1004, S16, _FLOW, num=10),  # 0.01 °C
        Point(1005, S16, _RETURN, num=10),
        Point(1012, S16, q.POWER_W),  # W into the inverter
        Point(3002, S16, q.TEMP_TANK_MC, num=100, optional=True),  # 0.1 °C, buffer at the top
    )

    def _own_blocks(self) -> list[Block]:
        kind = low.S32 if self.low_first else S32
        return self.blocks_of(type(self).points + (Point(ENERGY_AT, kind, q.ENERGY_IMPORT_WH),))  # Wh

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        numbers.pop(_FLOW, None)
        numbers.pop(_RETURN, None)
        return numbers
