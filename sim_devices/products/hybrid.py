"""What simulated batteries have in common: the house's hybrid inverter, and an order that somebody gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf

from sim_devices.house import House
from sim_devices.physics.inverter import Hybrid
from sim_devices.products.product import Product
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16


@dataclass
class Options:
    """Nothing to choose."""


class HybridProduct(Product):
    """A product that is the house's hybrid inverter. `word` keeps what is written by address."""

    options = Options
    lasting: tuple[int, ...] = ()  # addresses of what outlives a restart

    def __init__(self, house: House, unit: int, options: Options) -> None:  # noqa: ARG002  (each product has its own)
        super().__init__(house, unit)
        if house.inverter is None:
            raise ValueError(f"{self.model} needs an [inverter]")
        self.hybrid: Hybrid = house.inverter
        self.circuit = house.circuits["inverter"]
        self.word: dict[int, list[int]] = {}
        self.first: dict[int, list[int]] = {}  # what stands there after a restart
        self.left_s = 0.0  # until an order ends by itself, 0: it does not

    def order(self, power_w: float | None, grid: bool = True) -> None:
        """Keep the battery at a power, positive charges; None: it regulates by itself."""
        hybrid = self.hybrid
        hybrid.battery_w_most = inf if power_w is None else power_w
        hybrid.battery_w_least = -inf if power_w is None else power_w
        hybrid.grid_charging = grid and power_w is not None

    def voltages(self, address: int, apart: int, encode: Callable[[float], bytes]) -> list[Cell]:
        """Return a cell for the voltage of each phase, so many registers apart; `encode` takes volts."""
        return [Cell(address + at * apart, apart, partial(self._voltage, at, encode)) for at in range(3)]

    def _voltage(self, at: int, encode: Callable[[float], bytes]) -> bytes:
        return encode(self.circuit.voltage_v[at])

    def kept(self, address: int, first: list[int], allow: Callable[[list[int]], bool] | None = None) -> Cell:
        """Return a cell that keeps what is written and lets the product obey."""
        self.first[address] = self.word[address] = list(first)

        def accept(words: list[int]) -> None:
            self.word[address] = list(words)
            self.obey(address)

        return Cell(address, len(first), lambda: b"".join(map(u16, self.word[address])), accept, allow)

    def obey(self, address: int) -> None:
        """Act upon what was written to `address`."""

    def step(self, dt_s: float) -> None:
        """Count down to the end of an order that ends by itself."""
        if self.left_s > 0:
            self.left_s -= dt_s
            if self.left_s <= 0:
                self.trip_watchdog()

    def due_s(self) -> float:
        """Until the order ends."""
        return self.left_s if self.left_s > 0 else super().due_s()

    def restart(self) -> None:
        """Lose orders; what the product keeps in flash stays."""
        for address, words in self.first.items():
            if address not in self.lasting:
                self.word[address] = list(words)
        self.left_s = 0.0
        self.order(None)

    def mount(self, cells: list[Cell], inputs: list[Cell] | None = None, unit: int | None = None) -> None:
        """Put holding registers, and input registers where there are some, behind a unit address."""
        unit = self.unit if unit is None else unit
        bank = Bank(cells)
        self.reading[unit, READ_HOLDING] = bank
        self.writing |= {(unit, WRITE_ONE): bank, (unit, WRITE_MANY): bank}
        if inputs is not None:
            self.reading[unit, READ_INPUT] = Bank(inputs)

    def state(self) -> dict[str, object]:
        """What was written."""
        return {"written": {str(address): words for address, words in self.word.items()}}
