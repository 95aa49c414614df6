"""Heidelberg (Amperfied) Energy Control, a charge point up to 16 A on RS-485.

Source: Amperfied, "EC ModBus register table" of 2021-02-22: function 4 for 4-18 and 100-101, functions 3, 6 and 16 for
257-262. After the watchdog (257, ms, 15000 as delivered) without any traffic, reads included, the failsafe current
(262) applies. Power is in VA. Not modelled: stand-by (258 is kept and changes nothing), the contact for
locking, derating.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.products import charger
from sim_devices.products.charger import Charger
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16, u32

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
STATES = {"A": 2, "B1": 4, "B2": 5, "C1": 6, "C2": 7, "F": 10}


@dataclass
class Options(charger.Options):
    """As delivered."""

    safe_a: float = 0.0
    wait_s: float = 15.0
    station_a_max: float = 16.0


class HeidelbergEnergyControl(Charger):
    """Turns tenths of an ampere into the limit of the house's charge point."""

    model = "heidelberg-energy-control"
    bus_kind = "rtu"
    hears_reads = True
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.standby = 0
        settings = Bank(self._settings(), gaps=[range(260, 261)])
        self.reading = {(unit, READ_INPUT): Bank(self._measured()), (unit, READ_HOLDING): settings}
        self.writing = {(unit, WRITE_ONE): settings, (unit, WRITE_MANY): settings}

    def _measured(self) -> list[Cell]:
        c = self.circuit
        words: dict[int, Callable[[], float]] = {
            4: lambda: 0x0108,
            5: lambda: STATES[self.point.state],
            6: lambda: c.current_a(0) * 10, 7: lambda: c.current_a(1) * 10, 8: lambda: c.current_a(2) * 10,
            9: lambda: 280,
            10: lambda: c.voltage_v[0], 11: lambda: c.voltage_v[1], 12: lambda: c.voltage_v[2],
            13: lambda: 1,
            14: lambda: sum(c.apparent_va(i) for i in range(3)),
            100: lambda: self.opts.station_a_max, 101: lambda: 6,
        }  # fmt: skip
        cells = [Cell(address, 1, _word(tell)) for address, tell in words.items()]
        return [*cells, Cell(15, 2, lambda: u32(c.import_wh)), Cell(17, 2, lambda: u32(c.import_wh))]

    def _settings(self) -> list[Cell]:
        return [
            Cell(257, 1, lambda: u16(self.wait_s * 1000), self._set_wait),
            Cell(258, 1, lambda: u16(self.standby), self._set_standby, lambda words: words[0] in (0, 4)),
            Cell(259, 1, lambda: u16(self.released), self._unlock, lambda words: words[0] <= 1),
            Cell(261, 1, lambda: u16(self.ordered_a * 10), self._set_order, _is_current),
            Cell(262, 1, lambda: u16(self.safe_a * 10), self._set_safe, _is_current),
        ]

    def _set_wait(self, words: list[int]) -> None:
        self.wait_s = words[0] / 1000
        self.apply()

    def _set_standby(self, words: list[int]) -> None:
        self.standby = words[0]

    def _unlock(self, words: list[int]) -> None:
        self.release(bool(words[0]))

    def _set_order(self, words: list[int]) -> None:
        self.order(words[0] / 10)

    def _set_safe(self, words: list[int]) -> None:
        self.safe_a = words[0] / 10


def _word(tell: Callable[[], float]) -> Callable[[], bytes]:
    return lambda: u16(tell())


def _is_current(words: list[int]) -> bool:
    return words[0] == 0 or 60 <= words[0] <= 160
