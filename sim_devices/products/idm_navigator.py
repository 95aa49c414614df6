"""iDM heat pump with Navigator 2.0; unit 1, functions 3 and 4 read the same, 16 writes.

Source: kodebach/hacs-idm-heatpump: float32, least significant word first: 74 surplus kW, 1000 outside, 1008 buffer,
1012 and 1014 hot water in °C, 4122 electrical power kW; a sensor that is not there is no number. The surplus moves
nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sim_devices.house import House
from sim_devices.products.pump import Pump
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import f32, low_first, nan, to_f32

READ_HOLDING, READ_INPUT, WRITE_MANY = 3, 4, 16


class IdmNavigator(Pump):
    """Tells what the house's heat pump does."""

    model = "idm-navigator"

    def __init__(self, house: House, unit: int, options: Any) -> None:
        super().__init__(house, unit, options)
        self.surplus_kw = 0.0
        told: dict[int, Callable[[], float]] = {
            1000: lambda: house.outside_c, 1008: lambda: house.tank.water_c, 1012: lambda: house.tank.water_c,
            4122: lambda: self.pump.power_w / 1000,
        }  # fmt: skip
        bank = Bank([
            Cell(74, 2, lambda: low_first(f32(self.surplus_kw)), self._set_surplus),
            Cell(1014, 2, nan(2)),
            *[Cell(address, 2, partial(_float, tell)) for address, tell in told.items()],
        ])  # fmt: skip
        self.reading = {(unit, code): bank for code in (READ_HOLDING, READ_INPUT)}
        self.writing[unit, WRITE_MANY] = bank

    def _set_surplus(self, words: list[int]) -> None:
        self.surplus_kw = to_f32([words[1], words[0]])


def _float(tell: Callable[[], float]) -> bytes:
    return low_first(f32(tell()))
