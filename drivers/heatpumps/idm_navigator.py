"""iDM heat pumps with Navigator 2.0 or 10. Modbus TCP, unit 1.

Source: registers as kodebach/hacs-idm-heatpump, Xerolux/idm-heatpump-hass and evcc (idm) have them; function 3, floats
with the low word first. Trust: independent programs that agree, no maker's paper; on which of 1012 and 1014 is the
upper sensor they do not, so neither is told. It is only read: a surplus (74) is neither a limit nor a mode, what the
power limit (4108) does has nobody tried (kodebach/hacs-idm-heatpump, issue 173; openWB takes it for a pump without a
limit), and what else can be written wears out.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.modbus.device import ModbusDevice
from hal.modbus.low_first import F32
from hal.modbus.points import Point

_WATER_A, _WATER_B = -1, -2


class IdmNavigator(ModbusDevice, Meter):
    """Reads what the pump draws and its temperatures; has nothing to set here."""

    model = "idm-navigator"
    credible = (((q.TEMP_TANK_MC, _WATER_A, _WATER_B), 1000, 95000),)  # swapped words and all zeros are outside
    points = (
        Point(1000, F32, q.TEMP_OUTSIDE_MC, num=1000),  # °C
        Point(1008, F32, q.TEMP_TANK_MC, num=1000),
        Point(1012, F32, _WATER_A, num=1000),
        Point(1014, F32, _WATER_B, num=1000),
        Point(4122, F32, q.POWER_W, num=1000, optional=True),  # kW
    )

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        numbers.pop(_WATER_A, None)
        numbers.pop(_WATER_B, None)
        return numbers
