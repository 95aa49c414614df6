"""Phoenix Contact's charging controllers with Ethernet: EM-CP-PP-ETH (unit 180) and EV-CC-AC1-M3-...-ETH (unit 255).

Source: openWB's and OpenEMS' registers and those of evcc: input 100 the pilot as a letter, coil 400 charging allowed,
the current at holding 300 (EM) or 528 (EV), in whole amperes or, with wallbe's firmware, in tenths.
Input registers from 108 on (a meter that may hang on it) are refused here, as without one. No fall-back.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.products import charger
from sim_devices.products.charger import Charger
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16

READ_COILS, READ_HOLDING, READ_INPUT, WRITE_COIL, WRITE_ONE, WRITE_MANY = 1, 3, 4, 5, 6, 16


@dataclass
class Options(charger.Options):
    """Whether its firmware counts tenths of amperes."""

    tenths: bool = False


class _PhoenixEth(Charger):
    bus_kind = "tcp"
    options = Options
    limit_at = 0

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.per_a = 10 if options.tenths else 1
        coils = Bank([Cell(400, 1, lambda: u16(self.released), self._allow)])
        orders = Bank([Cell(self.limit_at, 1, lambda: u16(self.ordered_a * self.per_a), self._set, self._is_current)])
        told = Bank([Cell(100, 1, lambda: u16(ord(self.point.state[0]))), Cell(101, 1, u16(32))])
        self.reading = {(unit, READ_INPUT): told, (unit, READ_HOLDING): orders, (unit, READ_COILS): coils}
        self.writing = {(unit, WRITE_COIL): coils, (unit, WRITE_ONE): orders, (unit, WRITE_MANY): orders}

    def _allow(self, words: list[int]) -> None:
        self.release(bool(words[0]))

    def _set(self, words: list[int]) -> None:
        self.order(words[0] / self.per_a)

    def _is_current(self, words: list[int]) -> bool:
        return 6 * self.per_a <= words[0] <= 80 * self.per_a


class PhoenixEmCpPpEth(_PhoenixEth):
    """The controller for wallboxes of many names."""

    model = "phoenix-em-cp-pp-eth"
    limit_at = 300


class PhoenixEvEth(_PhoenixEth):
    """The controller of the EV-CC-AC1 series and of wallbe."""

    model = "phoenix-ev-eth"
    limit_at = 528
