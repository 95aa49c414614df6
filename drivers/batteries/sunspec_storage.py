"""Any battery that is told by SunSpec's storage controls (model 124), whoever made it.

Source: SunSpec Alliance, model definitions 103, 113, 124, 802. Trust: maker's own definitions; that a negative rate
forces the other way is how Fronius means it, and no other maker's document says so: an order that is not kept is
refused by reading it back, and one that is kept may still not be followed. Look at the battery's power once.
The battery's power is that of model 802 where there is one; which way it flows is told by ChaSt alone, for the
definition gives its sign no meaning. Without either it is missing.
"""

from __future__ import annotations

from drivers.batteries.fronius_gen24 import FroniusGen24
from hal import quantities as q
from hal.modbus.points import Point
from hal.modbus.sunspec import INT16, UINT16

_MAGNITUDE, _STATUS = -8, -9
_SIGNS = {3: -1, 4: 1, 1: 0, 2: 0, 5: 0, 6: 0}  # ChaSt: discharging, charging, off, empty, full, holding
_FRONIUS = FroniusGen24.models


class SunSpecStorage(FroniusGen24):
    """Charges or discharges with so many watts, or holds."""

    model = "sunspec-storage"
    maker = ""
    models = {  # noqa: RUF012  (a table: never changed)
        103: _FRONIUS[103],
        113: _FRONIUS[113],
        124: _FRONIUS[124] + (Point(11, UINT16, _STATUS),),
        802: (Point(47, INT16, _MAGNITUDE, scale_at=63),),  # W
    }

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        power_w, sign = numbers.pop(_MAGNITUDE, None), _SIGNS.get(numbers.pop(_STATUS, 0))
        if power_w is not None and sign is not None:
            numbers[q.POWER_W] = abs(power_w) * sign
        return numbers
