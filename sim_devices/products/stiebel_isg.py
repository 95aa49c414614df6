"""Stiebel Eltron Internet Service Gateway with a WPM controller behind it; unit 1, functions 3, 4 and 6.

Source: Stiebel Eltron, "ISG Modbus" manual, objects by way of python-stiebel-eltron: holding 4000 SG-Ready on, 4001
input 1, 4002 input 2; input 5000 state in force (1 to 4), 5001 controller, 506 outside, 517 buffer, 521 hot water in
0.1 °C; 8000 hex is not available. Inputs 0,1 lock, 0,0 normal, 1,0 recommended, 1,1 forced (evcc's reading of the
manual). Not modelled: heating circuits, energy, faults; the seconds that the state in force takes to follow.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.physics.heating import SG_FORCED, SG_LOCK, SG_NORMAL, SG_RECOMMENDED
from sim_devices.products.pump import Pump
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import s16, u16

READ_HOLDING, READ_INPUT, WRITE_ONE = 3, 4, 6
MODES = {(0, 1): SG_LOCK, (0, 0): SG_NORMAL, (1, 0): SG_RECOMMENDED, (1, 1): SG_FORCED}
NOT_AVAILABLE = u16(0x8000)


@dataclass
class Options:
    """Which controller it is (391 WPM 3i, 103 LWZ), and whether its owner switched SG-Ready on."""

    controller: int = 391
    sg_ready: bool = True


class StiebelIsg(Pump):
    """Asks the house's heat pump for SG-Ready states."""

    model = "stiebel-isg"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.inputs = [0, 0]
        settings = Bank([
            Cell(4000, 1, u16(options.sg_ready)),
            Cell(4001, 1, lambda: u16(self.inputs[0]), self._set_first, _is_bit),
            Cell(4002, 1, lambda: u16(self.inputs[1]), self._set_second, _is_bit),
        ])  # fmt: skip
        told = Bank([
            Cell(506, 1, lambda: s16(house.outside_c * 10)),
            Cell(517, 1, lambda: s16(house.tank.water_c * 10)),
            Cell(521, 1, NOT_AVAILABLE),
            Cell(5000, 1, lambda: u16(self.pump.sg_in_force)),
            Cell(5001, 1, u16(options.controller)),
        ])  # fmt: skip
        self.reading = {(unit, READ_HOLDING): settings, (unit, READ_INPUT): told}
        self.writing[unit, WRITE_ONE] = settings

    def _set_first(self, words: list[int]) -> None:
        self.inputs[0] = words[0]
        self._ask()

    def _set_second(self, words: list[int]) -> None:
        self.inputs[1] = words[0]
        self._ask()

    def _ask(self) -> None:
        self.ask(MODES[self.inputs[0], self.inputs[1]])


def _is_bit(words: list[int]) -> bool:
    return words[0] in (0, 1)
