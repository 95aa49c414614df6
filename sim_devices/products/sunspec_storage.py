"""A battery inverter of no maker in particular that shows SunSpec's storage controls.

Source: SunSpec model definitions 103, 124, 802. It takes the rates as a Fronius does; what a battery bank measures is
beside them, its power as a magnitude, since the definition gives its sign no meaning.
"""

from __future__ import annotations

from sim_devices.products import fronius_points as points
from sim_devices.products.fronius_gen24 import FroniusGen24
from sim_devices.products.sunspec_layout import Reads


class SunSpecStorage(FroniusGen24):
    """The same controls behind another name, with a model of the bank."""

    model = "sunspec-storage"
    chain = (1, 103, 121, 124, 802)

    def _reads(self, model: int) -> Reads:
        battery = self.hybrid.battery
        if model == 1:
            return {**points.COMMON, "Mn": "Nobody", "Md": "Any", "SN": self.opts.serial, "DA": self.unit}
        if model == 802:
            return {"W": lambda: abs(battery.power_w), "W_SF": 0, "SoC": lambda: battery.soc * 1000, "SoC_SF": -1}
        return super()._reads(model)
