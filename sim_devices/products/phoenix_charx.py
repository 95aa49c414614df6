"""Phoenix Contact CHARX SEC, a charge point controller with one point; unit 1, functions 3 and 4 read the same.

Source: Phoenix Contact, "CHARX control modular" user manual, Modbus registers: global ones below 1000, point 1 from
1000 on; 32 and 64 bits with the most significant word first. Any request is a sign of life to the watchdog (1307, s,
65535: off), which falls back to 1306 (A). Taken as 6 to 80 A, or 0, what 1306 takes. Not modelled: further points,
groups, RFID, ISO 15118, energy of a session other than all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sim_devices.house import House
from sim_devices.products.charger import Charger, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import s32, text, u16, u32, u64

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
STATES = {"A": "A1", "B1": "B1", "B2": "B2", "C1": "C1", "C2": "C2", "F": "F0"}
OFF = 65535
POINT = 1000


class PhoenixCharx(Charger):
    """Turns whole amperes and a release into the limit of the house's charge point."""

    model = "phoenix-charx"
    bus_kind = "tcp"
    hears_reads = True

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        bank = Bank([*self._station(), *self._measured(), *self._orders()])
        self.reading = {(unit, code): bank for code in (READ_HOLDING, READ_INPUT)}
        self.writing = {(unit, code): bank for code in (WRITE_ONE, WRITE_MANY)}

    def _station(self) -> list[Cell]:
        return [
            Cell(100, 10, text("CHARX SEC-3100", 10)),
            Cell(110, 4, text("1.7.0", 4)),
            Cell(114, 1, u16(1)),
        ]

    def _measured(self) -> list[Cell]:
        c = self.circuit
        signed: dict[int, Callable[[], float]] = {
            232: lambda: c.voltage_v[0], 234: lambda: c.voltage_v[1], 236: lambda: c.voltage_v[2],
            238: lambda: c.current_a(0), 240: lambda: c.current_a(1), 242: lambda: c.current_a(2),
            244: lambda: c.flow.total_w, 246: lambda: sum(c.flow.var), 248: lambda: sum(map(c.apparent_va, (0, 1, 2))),
        }  # fmt: skip
        return [
            *[Cell(POINT + address, 2, partial(_thousandths, tell)) for address, tell in signed.items()],
            Cell(POINT + 250, 4, lambda: u64(c.import_wh)),
            Cell(POINT + 287, 2, u32(0)),
            Cell(POINT + 289, 4, lambda: u64(c.import_wh)),
            Cell(POINT + 293, 2, u32(0)),
            Cell(POINT + 299, 1, lambda: text(STATES[self.point.state], 1)),
        ]

    def _orders(self) -> list[Cell]:
        return [
            Cell(POINT + 300, 1, lambda: u16(self.released), self._release, lambda words: words[0] <= 1),
            Cell(POINT + 301, 1, lambda: u16(self.ordered_a), self._set_a, lambda words: 6 <= words[0] <= 80),
            Cell(POINT + 304, 1, u16(1)),
            Cell(
                POINT + 306, 1, lambda: u16(self.safe_a), self._set_safe, lambda words: words[0] in (0, *range(6, 81))
            ),
            Cell(POINT + 307, 1, lambda: u16(self.wait_s or OFF), self._set_wait),
        ]

    def _release(self, words: list[int]) -> None:
        self.release(bool(words[0]))

    def _set_a(self, words: list[int]) -> None:
        self.order(words[0])

    def _set_safe(self, words: list[int]) -> None:
        self.safe_a = words[0]

    def _set_wait(self, words: list[int]) -> None:
        self.wait_s = 0.0 if words[0] == OFF else words[0]


def _thousandths(tell: Callable[[], float]) -> bytes:
    return s32(tell() * 1000)
