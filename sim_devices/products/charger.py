"""What the simulated chargers have in common: an order, a fall-back, and the charge point of the house that obeys.

When nobody was heard for `wait_s` the order is lost and the safe current stands in its place until the next one.
Whether a product keeps its order in mind meanwhile is documented nowhere; here none does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from sim_devices.house import House
from sim_devices.physics.charging import CURRENT_A_MIN
from sim_devices.products.product import Product


@dataclass
class Options:
    """What the installer set: what it does without orders, and after `wait_s` of silence (0: it waits for ever)."""

    order_a: float = 16.0
    safe_a: float = 6.0
    wait_s: float = 0.0
    station_a_max: float = 32.0


class Charger(Product):
    """Base of charge points with one connector."""

    options = Options
    hears_reads = False  # whether a read is a sign of life, too
    hears_writes = True

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit)
        if house.charge_point is None:
            raise ValueError(f"{self.model} needs a [charge_point]")
        self.point = house.charge_point
        self.circuit = house.circuits["charger"]
        self.opts = options
        self.ordered_a, self.released = options.order_a, True
        self.safe_a, self.wait_s, self.silent_s = options.safe_a, options.wait_s, 0.0
        self.point.limit_a = self.applied_a

    @property
    def applied_a(self) -> float:
        """Current that it allows, 0 below 6 A."""
        allowed_a = min(self.ordered_a, self.opts.station_a_max) if self.released else 0.0
        return allowed_a if allowed_a >= CURRENT_A_MIN else 0.0

    def apply(self) -> None:
        """Let the charge point know; a write was a sign of life."""
        if self.hears_writes:
            self.silent_s = 0.0
        self.point.limit_a = self.applied_a

    def order(self, current_a: float) -> None:
        """Take an order."""
        self.ordered_a = current_a
        self.apply()

    def release(self, allowed: bool) -> None:
        """Allow or forbid charging."""
        self.released = allowed
        self.apply()

    def asked(self) -> None:
        """Count a request as a sign of life where the product does."""
        if self.hears_reads:
            self.silent_s = 0.0

    def step(self, dt_s: float) -> None:
        """Count the silence."""
        self.silent_s += dt_s
        if self.wait_s and self.silent_s >= self.wait_s:
            self.fall()

    def due_s(self) -> float:
        """Until it falls back."""
        return max(self.wait_s - self.silent_s, 0.0) if self.wait_s else inf

    def fall(self) -> None:
        """Fall back; the clock of the silence goes on."""
        silent_s = self.silent_s
        self.order(self.safe_a)
        self.silent_s = silent_s

    def restart(self) -> None:
        """Forget the order; what the installer set stays."""
        self.ordered_a, self.released = self.opts.order_a, True
        self.apply()

    def trip_watchdog(self) -> None:
        """Act as after a long silence. Raises: ValueError when it waits for ever."""
        if not self.wait_s:
            raise ValueError(f"{self.model} has no watchdog armed")
        self.fall()

    def state(self) -> dict[str, object]:
        """Order, what is applied, and the fall-back."""
        return {
            "ordered_a": self.ordered_a, "released": self.released, "applied_a": self.applied_a,
            "safe_a": self.safe_a, "wait_s": self.wait_s,
        }  # fmt: skip
