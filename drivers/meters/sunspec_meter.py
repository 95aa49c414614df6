"""Any meter that shows SunSpec's models 201 to 204 (integers) or 211 to 214 (floats): one to three phases.

Source: SunSpec Alliance, model definitions 201, 203, 213; the others of each family lie alike. Trust: maker's own
definitions; whether imported power is positive is left to the product. Meters behind a Fronius answer as unit 200 or
240 and count import as positive, those behind a SolarEdge count export: option positive ("import" or "export").
The first meter of the map is read. A register of energy that stands at 0 is not implemented, says SunSpec.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.errors import WrongDevice
from hal.modbus.points import Point
from hal.modbus.sunspec import ACC32, FLOAT32, INT16, SunSpecDevice

_POWERS = (q.POWER_W, q.POWER_L1_W, q.POWER_L2_W, q.POWER_L3_W)
_INTEGERS = (
    Point(3, INT16, q.CURRENT_L1_MA, num=1000, scale_at=6),  # A
    Point(4, INT16, q.CURRENT_L2_MA, num=1000, scale_at=6),
    Point(5, INT16, q.CURRENT_L3_MA, num=1000, scale_at=6),
    Point(8, INT16, q.VOLTAGE_L1_MV, num=1000, scale_at=15),  # V
    Point(9, INT16, q.VOLTAGE_L2_MV, num=1000, scale_at=15),
    Point(10, INT16, q.VOLTAGE_L3_MV, num=1000, scale_at=15),
    Point(16, INT16, q.FREQUENCY_MHZ, num=1000, scale_at=17),  # Hz
    Point(18, INT16, q.POWER_W, scale_at=22),  # W
    Point(19, INT16, q.POWER_L1_W, scale_at=22),
    Point(20, INT16, q.POWER_L2_W, scale_at=22),
    Point(21, INT16, q.POWER_L3_W, scale_at=22),
    Point(38, ACC32, q.ENERGY_EXPORT_WH, scale_at=54),  # Wh
    Point(46, ACC32, q.ENERGY_IMPORT_WH, scale_at=54),
)
_FLOATS = (
    Point(4, FLOAT32, q.CURRENT_L1_MA, num=1000),  # A
    Point(6, FLOAT32, q.CURRENT_L2_MA, num=1000),
    Point(8, FLOAT32, q.CURRENT_L3_MA, num=1000),
    Point(12, FLOAT32, q.VOLTAGE_L1_MV, num=1000),  # V
    Point(14, FLOAT32, q.VOLTAGE_L2_MV, num=1000),
    Point(16, FLOAT32, q.VOLTAGE_L3_MV, num=1000),
    Point(26, FLOAT32, q.FREQUENCY_MHZ, num=1000),  # Hz
    Point(28, FLOAT32, q.POWER_W),  # W
    Point(30, FLOAT32, q.POWER_L1_W),
    Point(32, FLOAT32, q.POWER_L2_W),
    Point(34, FLOAT32, q.POWER_L3_W),
    Point(60, FLOAT32, q.ENERGY_EXPORT_WH),  # Wh
    Point(68, FLOAT32, q.ENERGY_IMPORT_WH),
)


class SunSpecMeter(SunSpecDevice, Meter):
    """Reads phases, total power and both energy registers; has nothing to set."""

    model = "sunspec-meter"
    options_known = (("positive", ("import", "export")),)
    positive = "import"
    gap_max = 24
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV), 50000, 300000),)
    models = {  # noqa: RUF012  (a table: never changed)
        201: _INTEGERS, 202: _INTEGERS, 203: _INTEGERS, 204: _INTEGERS,
        211: _FLOATS, 212: _FLOATS, 213: _FLOATS, 214: _FLOATS,
    }  # fmt: skip

    async def discover(self) -> dict[int, tuple[int, int]]:
        """Return the models with one meter among them, the one of the lowest number. Raises: DeviceError."""
        found = await super().discover()
        meters = sorted([model for model in found if model in self.models])
        if not meters:
            raise WrongDevice(self.model, "no model of a meter")
        for model in meters[1:]:
            found.pop(model)
        return found

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        if self.positive == "export":
            for quantity in _POWERS:
                if quantity in numbers:
                    numbers[quantity] = -numbers[quantity]
        return numbers
