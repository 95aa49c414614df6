"""NIBE S series heat pump; unit 1, functions 3, 4, 6 and 16.

Source: yozik04/nibe, s1156_s1256 and smos40 (printed numbers; less 30001 or 40001 on the wire): 30002 outside, 30009
hot water top in 0.1 °C, 31912 SG-Ready state (10 normal, 20 high, 30 low price, 40 free), 32306 power in 0.01 kW,
33824 energy in 0.1 kWh; 43033 SG-Ready by API, 46009 state asked for (0 to 3). 32 bits: least significant word first,
after evcc. Which number asks for which state is evcc's for 0, 1 and 3, and by elimination for 2. Not modelled: AUX
functions, the power limit, menus; what it does without SG-Ready by API is to ignore the state.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.physics.heating import SG_FORCED, SG_LOCK, SG_NORMAL, SG_RECOMMENDED
from sim_devices.products.pump import Pump
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import low_first, s16, u16, u32

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
ASKED = (SG_LOCK, SG_NORMAL, SG_RECOMMENDED, SG_FORCED)
TOLD = {SG_NORMAL: 10, SG_LOCK: 20, SG_RECOMMENDED: 30, SG_FORCED: 40}


@dataclass
class Options:
    """Whether its owner lets SG-Ready come by API."""

    by_api: bool = True


class NibeS(Pump):
    """Asks the house's heat pump for SG-Ready states."""

    model = "nibe-s"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.by_api, self.wanted = options.by_api, 1
        settings = Bank([
            Cell(3032, 1, lambda: u16(self.by_api)),
            Cell(6008, 1, lambda: u16(self.wanted), self._want, lambda words: words[0] < len(ASKED)),
        ])  # fmt: skip
        told = Bank([
            Cell(1, 1, lambda: s16(house.outside_c * 10)),
            Cell(8, 1, lambda: s16(house.tank.water_c * 10)),
            Cell(1911, 1, lambda: u16(TOLD[self.pump.sg_in_force])),
            Cell(2305, 2, lambda: low_first(u32(self.pump.power_w / 10))),
            Cell(3823, 2, lambda: low_first(u32(self.pump.energy_wh / 100))),
        ])  # fmt: skip
        self.reading = {(unit, READ_HOLDING): settings, (unit, READ_INPUT): told}
        self.writing = {(unit, code): settings for code in (WRITE_ONE, WRITE_MANY)}

    def _want(self, words: list[int]) -> None:
        self.wanted = words[0]
        if self.by_api:
            self.ask(ASKED[self.wanted])
