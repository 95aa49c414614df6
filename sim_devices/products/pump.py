"""What the simulated heat-pump gateways have in common: the house's pump, and the state that they ask it for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim_devices.house import House
from sim_devices.physics.heating import SG_FORCED, SG_LOCK, SG_NORMAL, SG_RECOMMENDED
from sim_devices.products.product import Product

CONTACTS = {
    SG_LOCK: (True, False), SG_NORMAL: (False, False), SG_RECOMMENDED: (False, True), SG_FORCED: (True, True),
}  # fmt: skip


@dataclass
class Options:
    """Nothing to set."""


class Pump(Product):
    """Base of gateways to the house's heat pump."""

    bus_kind = "tcp"
    options: type[Any] = Options

    def __init__(self, house: House, unit: int, options: Any) -> None:
        super().__init__(house, unit, options)
        if house.heat_pump is None:
            raise ValueError(f"{self.model} needs a [heat_pump]")
        self.pump = house.heat_pump
        self.passed: list[int] = []  # every state it was asked for, in order

    def ask(self, mode: int) -> None:
        """Ask the pump for a state."""
        self.pump.contacts = CONTACTS[mode]
        self.passed.append(mode)

    def state(self) -> dict[str, object]:
        """Every state it was asked for."""
        return {"passed": list(self.passed), "in_force": self.pump.sg_in_force}
