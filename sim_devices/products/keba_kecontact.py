"""KEBA KeContact P30 or P40, a charge point on Modbus TCP; unit 255, function 3 reads, function 6 writes.

Source: KEBA, "KeContact P30 Modbus TCP Programmers Guide" V1.02: chapter 3 (one 32-bit number a read, most significant
word first) and 4 (writes are 16 bits). 1100 is taken as the pilot's current, 0 while disabled or without a car (openWB
reads it so). After the failsafe time-out (1602, written at 5018) the failsafe current (1600, written at 5016: guide
1.07) counts until the next order. A P30 keeps what it was told apart from being enabled (5014); a P40 takes 0 mA at
5004, which it also tells. Not modelled: RFID, session energy limit, unlocking, phase switching, 1046 other than 1000.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sim_devices.house import House
from sim_devices.products import charger
from sim_devices.products.charger import Charger
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16, u32

READ_HOLDING, WRITE_ONE = 3, 6
STATES = {"A": 1, "B1": 5, "B2": 2, "C1": 3, "C2": 3, "F": 4}
P40_FROM = 4000000
TENTHS_FROM = 10201  # firmware of a P40 that tells tenths of watt-hours


@dataclass
class Options(charger.Options):
    """Product (`code`) and firmware as 1016 and 1018 tell them: 3xxxxx is a P30, 4xxxxxx a P40."""

    code: int = 314161
    firmware: int = 10202
    safe_a: float = 0.0


class KebaKecontact(Charger):
    """Turns mA into the limit of the house's charge point."""

    model = "keba-kecontact"
    bus_kind = "tcp"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.is_p40 = options.code >= P40_FROM
        self.wh_parts = 1 if self.is_p40 and options.firmware < TENTHS_FROM else 10
        told = self._readings(options)
        cells = [Cell(address, 2, partial(_number, tell)) for address, tell in told.items()]
        orders = self._orders()
        self.reading[unit, READ_HOLDING] = Bank(cells + orders[:1] if self.is_p40 else cells, words_max=2)
        self.writing[unit, WRITE_ONE] = Bank(orders)

    def _readings(self, options: Options) -> dict[int, Callable[[], float]]:
        c = self.circuit
        return {
            1000: lambda: STATES[self.point.state],
            1004: lambda: 7 if self.point.car else 1,
            1006: lambda: 0,
            1008: lambda: c.current_a(0) * 1000, 1010: lambda: c.current_a(1) * 1000,
            1012: lambda: c.current_a(2) * 1000,
            1014: lambda: 17619300, 1016: lambda: options.code, 1018: lambda: options.firmware,
            1020: lambda: c.flow.total_w * 1000,
            1036: lambda: c.import_wh * self.wh_parts,
            1040: lambda: c.voltage_v[0], 1042: lambda: c.voltage_v[1], 1044: lambda: c.voltage_v[2],
            1046: lambda: 1000,
            1100: lambda: self.applied_a * 1000 if self.point.car else 0,
            1110: lambda: options.station_a_max * 1000,
            1600: lambda: self.safe_a * 1000,
            1602: lambda: self.wait_s,
        }  # fmt: skip

    def _orders(self) -> list[Cell]:
        orders = [
            Cell(5004, 1, lambda: u16(self.ordered_a * 1000), self._set_ma, self._is_current),
            Cell(5016, 1, lambda: u16(self.safe_a * 1000), self._set_safe, self._is_safe),
            Cell(5018, 1, lambda: u16(self.wait_s), self._set_wait, lambda words: words[0] <= 600),
        ]
        if not self.is_p40:
            orders.append(Cell(5014, 1, lambda: u16(self.released), self._enable, lambda words: words[0] <= 1))
        return orders

    def _is_current(self, words: list[int]) -> bool:
        return 6000 <= words[0] <= 63000 or (self.is_p40 and words[0] == 0)

    def _is_safe(self, words: list[int]) -> bool:
        return words[0] == 0 or 6000 <= words[0] <= 32000

    def _set_safe(self, words: list[int]) -> None:
        self.safe_a = words[0] / 1000

    def _set_ma(self, words: list[int]) -> None:
        self.order(words[0] / 1000)

    def _enable(self, words: list[int]) -> None:
        self.release(bool(words[0]))

    def _set_wait(self, words: list[int]) -> None:
        self.wait_s = words[0]
        self.apply()


def _number(tell: Callable[[], float]) -> bytes:
    return u32(round(tell()))
