"""What the simulated meters have in common: a place in the wiring."""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.products.product import Product


@dataclass
class Options:
    """Where it sits: "grid", "charger", "heat-pump", "inverter", "base" or the id of a switched load."""

    measures: str = "grid"


@dataclass
class PhaseOptions(Options):
    """A meter of one phase, and which one it hangs on, from 1."""

    phase: int = 1


class CircuitMeter(Product):
    """Measures one circuit and has nothing to set."""

    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit)
        if options.measures not in house.circuits:
            raise ValueError(f"no circuit {options.measures!r}; there are {', '.join(sorted(house.circuits))}")
        self.circuit = house.circuits[options.measures]


class PhaseMeter(CircuitMeter):
    """Measures one phase of a circuit; `at` counts phases from 0."""

    options = PhaseOptions

    def __init__(self, house: House, unit: int, options: PhaseOptions) -> None:
        super().__init__(house, unit, options)
        if options.phase not in (1, 2, 3):
            raise ValueError(f"phase {options.phase}: expected 1, 2 or 3")
        self.at = options.phase - 1

    def current_a(self) -> float:
        """Return the magnitude of the phase's current."""
        return self.circuit.current_a(self.at)

    def power_w(self) -> float:
        """Return the phase's power; positive is consumed."""
        return self.circuit.flow.w[self.at]
