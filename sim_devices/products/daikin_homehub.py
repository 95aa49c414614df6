"""Daikin Altherma 3 behind a HomeHub EKRHH in mode 3; unit 1, functions 3, 4, 6 and 16.

Source: gerione/daikin-ha-ekrhh-modbus (printed numbers; one less on the wire): holding 56 smart grid (0 free, 1 forced
off, 2 recommended on, 3 forced on); input 43 hot water, 44 outside, 50 room in 0.01 °C, 51 power in 0.01 kW. 8000 hex
is taken as not available. Not modelled: set-points, power limits (57, 58), faults, Altherma 4.
"""

from __future__ import annotations

from typing import Any

from sim_devices.house import House
from sim_devices.physics.heating import SG_FORCED, SG_LOCK, SG_NORMAL, SG_RECOMMENDED
from sim_devices.products.pump import Pump
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import s16, u16

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
MODES = (SG_NORMAL, SG_LOCK, SG_RECOMMENDED, SG_FORCED)


class DaikinHomehub(Pump):
    """Asks the house's heat pump for SG-Ready states."""

    model = "daikin-homehub"

    def __init__(self, house: House, unit: int, options: Any) -> None:
        super().__init__(house, unit, options)
        self.smart_grid = 0
        settings = Bank([Cell(55, 1, lambda: u16(self.smart_grid), self._set, lambda words: words[0] < len(MODES))])
        told = Bank([
            Cell(42, 1, lambda: s16(house.tank.water_c * 100)),
            Cell(43, 1, lambda: s16(house.outside_c * 100)),
            Cell(49, 1, lambda: s16(house.building.air_c * 100)),
            Cell(50, 1, lambda: u16(self.pump.power_w / 10)),
        ])  # fmt: skip
        self.reading = {(unit, READ_HOLDING): settings, (unit, READ_INPUT): told}
        self.writing = {(unit, code): settings for code in (WRITE_ONE, WRITE_MANY)}

    def _set(self, words: list[int]) -> None:
        self.smart_grid = words[0]
        self.ask(MODES[self.smart_grid])
