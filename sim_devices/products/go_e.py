"""go-e Charger, a charge point on Modbus TCP; unit 1, functions 3, 4 and 16, nothing else.

Source: go-e, "go-eCharger-API-v2", modbus-en.md: both tables read with both functions, 32 bits with the most
significant word first; 299 current in A until the next restart, 300 the one that is kept, 200 and 337 allow and force.
Option power_unit_w: 10 as the document has it, 0.01 as users read it. No fall-back.
Not modelled: energy limit, phase switching, access, cards, cloud.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sim_devices.house import House
from sim_devices.products import charger
from sim_devices.products.charger import Charger
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import text, u16, u32

READ_HOLDING, READ_INPUT, WRITE_MANY = 3, 4, 16
STATES = {"A": 1, "B1": 3, "B2": 3, "C1": 4, "C2": 2, "F": 0}
NEUTRAL, FORCED_OFF, FORCED_ON = 0, 1, 2


@dataclass
class Options(charger.Options):
    """In how many watts it counts its power."""

    power_unit_w: float = 10.0


class GoE(Charger):
    """Turns whole amperes into the limit of the house's charge point."""

    model = "go-e"
    bus_kind = "tcp"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.power_unit_w = options.power_unit_w
        self.force = NEUTRAL
        self.writes_that_wear = 0
        bank = Bank([*self._measured(), *self._orders()])
        self.reading = {(unit, code): bank for code in (READ_HOLDING, READ_INPUT)}
        self.writing[unit, WRITE_MANY] = bank

    def _measured(self) -> list[Cell]:
        c = self.circuit
        doubles: dict[int, Callable[[], float]] = {
            108: lambda: c.voltage_v[0], 110: lambda: c.voltage_v[1], 112: lambda: c.voltage_v[2],
            114: lambda: c.current_a(0) * 10, 116: lambda: c.current_a(1) * 10, 118: lambda: c.current_a(2) * 10,
            120: lambda: c.flow.total_w / self.power_unit_w,
            128: lambda: c.import_wh / 100,
            146: lambda: c.flow.w[0] / 100, 148: lambda: c.flow.w[1] / 100, 150: lambda: c.flow.w[2] / 100,
        }  # fmt: skip
        return [
            Cell(100, 1, lambda: u16(STATES[self.point.state])),
            Cell(105, 2, text("59.4", 2)),
            Cell(107, 1, u16(0)),
            Cell(101, 1, lambda: u16(32 if self.point.car else 0)),
            *[Cell(address, 2, partial(_double, tell)) for address, tell in doubles.items()],
        ]

    def _orders(self) -> list[Cell]:
        return [
            Cell(200, 1, lambda: u16(self.released)),
            Cell(211, 1, lambda: u16(self.opts.station_a_max)),
            Cell(299, 1, lambda: u16(self.ordered_a), self._set_a, _is_current),
            Cell(300, 1, lambda: u16(self.opts.order_a), self._keep_a, _is_current),
            Cell(337, 1, lambda: u16(self.force), self._set_force, lambda words: words[0] <= FORCED_ON),
        ]

    def restart(self) -> None:
        """Back to the current that is kept."""
        super().restart()
        self._set_force([self.force])

    def _set_a(self, words: list[int]) -> None:
        self.order(words[0])

    def _keep_a(self, words: list[int]) -> None:
        self.writes_that_wear += 1
        self.opts.order_a = words[0]
        self.order(words[0])

    def _set_force(self, words: list[int]) -> None:
        self.force = words[0]
        self.release(self.force != FORCED_OFF)


def _double(tell: Callable[[], float]) -> bytes:
    return u32(round(tell()))


def _is_current(words: list[int]) -> bool:
    return 6 <= words[0] <= 32
