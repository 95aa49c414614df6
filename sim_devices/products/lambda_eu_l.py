"""Lambda EU-L heat pump; unit 1, functions 3 and 16.

Source: GuidoJeuken-6512/lambda_heat_pumps: 2 outside 0.1 °C, 102 surplus of the house, 1000 error, 1004 and 1005 flow
and return 0.01 °C, 1012 electrical power W, 1020 electrical energy Wh (32 bits, least significant word first from
firmware 1.1.3), 3002 buffer 0.1 °C. The surplus is kept and moves nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.products.pump import Pump
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import low_first, s16, s32, to_s16, u16

READ_HOLDING, WRITE_MANY = 3, 16


@dataclass
class Options:
    """Whether its firmware is 1.1.3 or later, and what it had drawn before."""

    low_first: bool = True
    before_wh: float = 3_000_000.0


class LambdaEuL(Pump):
    """Tells what the house's heat pump does."""

    model = "lambda-eu-l"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.opts = options
        self.surplus_w = 0
        bank = Bank([
            Cell(2, 1, lambda: s16(house.outside_c * 10)),
            Cell(102, 1, lambda: s16(self.surplus_w), self._set_surplus),
            Cell(1000, 1, u16(0)),
            Cell(1004, 1, lambda: s16((house.tank.water_c + 2) * 100)),
            Cell(1005, 1, lambda: s16((house.tank.water_c - 3) * 100)),
            Cell(1012, 1, lambda: s16(self.pump.power_w)),
            Cell(1020, 2, self._energy),
            Cell(3002, 1, lambda: s16(house.tank.water_c * 10)),
        ])  # fmt: skip
        self.reading[unit, READ_HOLDING] = bank
        self.writing[unit, WRITE_MANY] = bank

    def _energy(self) -> bytes:
        told = s32(self.opts.before_wh + self.pump.energy_wh)
        return low_first(told) if self.opts.low_first else told

    def _set_surplus(self, words: list[int]) -> None:
        self.surplus_w = to_s16(words)
