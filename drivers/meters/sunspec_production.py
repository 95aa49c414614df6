"""Any inverter that shows SunSpec's models 101 to 103, 111 to 113 or 701, read only: what it feeds in.

Source: SunSpec Alliance, model definitions 103, 113, 701, 713 and 802; 101 and 102 lie as 103, 111 and 112 as 113.
Trust: maker's own definitions. What is fed in is positive there, so its sign is turned; its energy counts as export.
Model 701 may tell the mean of its phases alone (LNV): that is nobody's voltage here, but makes a product credible. An
inverter that may be limited has a driver of its own: `sunspec-inverter`.
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import Meter
from hal.errors import WrongDevice
from hal.modbus.points import Point
from hal.modbus.sunspec import ACC32, ACC64, FLOAT32, INT16, UINT16, UINT32, SunSpecDevice

FEEDS = -1  # W
_MEAN_MV = -2
_INTEGERS = (
    Point(3, UINT16, q.CURRENT_L1_MA, num=1000, scale_at=6),  # A
    Point(4, UINT16, q.CURRENT_L2_MA, num=1000, scale_at=6),
    Point(5, UINT16, q.CURRENT_L3_MA, num=1000, scale_at=6),
    Point(10, UINT16, q.VOLTAGE_L1_MV, num=1000, scale_at=13),  # V
    Point(11, UINT16, q.VOLTAGE_L2_MV, num=1000, scale_at=13),
    Point(12, UINT16, q.VOLTAGE_L3_MV, num=1000, scale_at=13),
    Point(14, INT16, FEEDS, scale_at=15),
    Point(16, UINT16, q.FREQUENCY_MHZ, num=1000, scale_at=17),  # Hz
    Point(24, ACC32, q.ENERGY_EXPORT_WH, scale_at=26),  # Wh
)
_FLOATS = (
    Point(4, FLOAT32, q.CURRENT_L1_MA, num=1000),  # A
    Point(6, FLOAT32, q.CURRENT_L2_MA, num=1000),
    Point(8, FLOAT32, q.CURRENT_L3_MA, num=1000),
    Point(16, FLOAT32, q.VOLTAGE_L1_MV, num=1000),  # V
    Point(18, FLOAT32, q.VOLTAGE_L2_MV, num=1000),
    Point(20, FLOAT32, q.VOLTAGE_L3_MV, num=1000),
    Point(22, FLOAT32, FEEDS),
    Point(24, FLOAT32, q.FREQUENCY_MHZ, num=1000),  # Hz
    Point(32, FLOAT32, q.ENERGY_EXPORT_WH),  # Wh
)
_IEEE_1547 = (
    Point(10, INT16, FEEDS, scale_at=116),
    Point(16, UINT16, _MEAN_MV, num=1000, scale_at=114),  # V
    Point(17, UINT32, q.FREQUENCY_MHZ, num=1000, scale_at=115),  # Hz
    Point(19, ACC64, q.ENERGY_EXPORT_WH, scale_at=120),  # Wh
    Point(23, ACC64, q.ENERGY_IMPORT_WH, scale_at=120),
    Point(45, INT16, q.CURRENT_L1_MA, num=1000, scale_at=113),  # A
    Point(47, UINT16, q.VOLTAGE_L1_MV, num=1000, scale_at=114),  # V
    Point(68, INT16, q.CURRENT_L2_MA, num=1000, scale_at=113),
    Point(70, UINT16, q.VOLTAGE_L2_MV, num=1000, scale_at=114),
    Point(91, INT16, q.CURRENT_L3_MA, num=1000, scale_at=113),
    Point(93, UINT16, q.VOLTAGE_L3_MV, num=1000, scale_at=114),
)


class SunSpecProduction(SunSpecDevice, Meter):
    """Reads phases, power, energy, and the charge where there is a battery; has nothing to set."""

    model = "sunspec-production"
    gap_max = 32
    credible = (((q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV, _MEAN_MV), 50000, 500000),)
    models = {  # noqa: RUF012  (a table: never changed)
        101: _INTEGERS, 102: _INTEGERS, 103: _INTEGERS, 111: _FLOATS, 112: _FLOATS, 113: _FLOATS, 701: _IEEE_1547,
        713: (Point(4, UINT16, q.SOC_PM, num=10, scale_at=8),),  # %
        802: (Point(11, UINT16, q.SOC_PM, num=10, scale_at=56),),
    }  # fmt: skip

    async def discover(self) -> dict[int, tuple[int, int]]:
        """Return the models with one inverter and one battery among them. Raises: DeviceError."""
        found = await super().discover()
        inverters = sorted([model for model in found if model in self.models and model < 713])
        if not inverters:
            raise WrongDevice(self.model, "no model of an inverter")
        for model in inverters[:-1]:  # the newest of them knows best
            found.pop(model)
        if 713 in found and 802 in found:
            found.pop(802)
        return found

    async def read(self) -> dict[int, int]:
        """Return quantity -> integer. Raises: DeviceError."""
        numbers = await super().read()
        numbers.pop(_MEAN_MV, None)
        if FEEDS in numbers:
            numbers[q.POWER_W] = -numbers.pop(FEEDS)
        return numbers
