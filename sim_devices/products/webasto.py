"""Webasto Next and Unite (Vestel EVC04), charge points on Modbus TCP; unit 255.

Source: registers as OpenEMS (evcs.webasto.next, evcs.webasto.unite) and evcc (webasto-next, vestel) have them; 32 bits
with the most significant word first, registers that nobody names are refused. After the failsafe time (2002, s)
without a 1 at 6000 the failsafe current (2000, 6-32 A) replaces the order (5004, A). The Unite reads input registers
and tells its order and its energy in 0.1 kWh, the Next reads holding registers, tells no order, and energy in Wh. Not
modelled: RFID, sessions, phases of a Next; a Next's power limit (5000) and start and stop (5006).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sim_devices.house import House
from sim_devices.products.charger import Charger, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16, u32

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
Numbers = dict[int, Callable[[], float]]


class _Webasto(Charger):
    bus_kind = "tcp"
    hears_writes = False  # but for the life bit
    tells = READ_HOLDING
    wh_per_count = 1

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.alive = 0
        settings = [
            Cell(2000, 1, lambda: u16(self.safe_a), self._set_safe, lambda words: 6 <= words[0] <= 32),
            Cell(2002, 1, lambda: u16(self.wait_s), self._set_wait, lambda words: 6 <= words[0] <= 300),
            Cell(6000, 1, lambda: u16(self.alive), self._live, lambda words: words[0] <= 1),
        ]
        settings += self.more_settings()
        order = Cell(
            5004, 1, lambda: u16(self.ordered_a), self._set_order, lambda words: words[0] in (0, *range(6, 33))
        )
        told = [Cell(address, 1, partial(_word, tell)) for address, tell in self.words().items()]
        told += [Cell(address, 2, partial(_double, tell)) for address, tell in self._doubles().items()]
        if self.tells == READ_HOLDING:
            self.reading[unit, READ_HOLDING] = Bank(told + settings)
        else:
            self.reading = {(unit, READ_INPUT): Bank(told), (unit, READ_HOLDING): Bank([*settings, order])}
        self.writing = {(unit, code): Bank([*settings, order]) for code in (WRITE_ONE, WRITE_MANY)}

    def more_settings(self) -> list[Cell]:
        """Holding registers that one of the two has beside the others."""
        return []

    def words(self) -> Numbers:
        """Registers of one word."""
        c = self.circuit
        return {
            1002: lambda: 1, 1004: lambda: 3 if self.point.car else 0, 1006: lambda: 0,
            1008: lambda: c.current_a(0) * 1000, 1010: lambda: c.current_a(1) * 1000,
            1012: lambda: c.current_a(2) * 1000,
            1100: lambda: self.opts.station_a_max, 1102: lambda: 6, 1104: lambda: self.opts.station_a_max,
            1106: lambda: 32,
        }  # fmt: skip

    def _doubles(self) -> Numbers:
        c = self.circuit
        return {
            1020: lambda: c.flow.total_w, 1024: lambda: c.flow.w[0], 1028: lambda: c.flow.w[1],
            1032: lambda: c.flow.w[2], 1036: lambda: c.import_wh / self.wh_per_count,
        }  # fmt: skip

    def _set_order(self, words: list[int]) -> None:
        self.order(words[0])

    def _set_safe(self, words: list[int]) -> None:
        self.safe_a = words[0]

    def _set_wait(self, words: list[int]) -> None:
        self.wait_s = words[0]

    def _live(self, words: list[int]) -> None:
        if words[0]:
            self.silent_s = 0.0


class WebastoNext(_Webasto):
    """The one whose order nobody can read."""

    model = "webasto-next"

    def words(self) -> Numbers:
        """Registers of one word, with its own states of the point."""
        states = {"A": 0, "B1": 4, "B2": 1, "C1": 4, "C2": 3, "F": 7}
        return super().words() | {1000: lambda: states[self.point.state], 1001: lambda: self.point.state == "C2"}


class WebastoUnite(_Webasto):
    """The one by Vestel."""

    model = "webasto-unite"
    tells = READ_INPUT
    wh_per_count = 100

    def words(self) -> Numbers:
        """Registers of one word, with the states of OCPP and voltages."""
        states = {"A": 0, "B1": 3, "B2": 1, "C1": 3, "C2": 2, "F": 8}
        volts: Numbers = {1014 + 2 * i: partial(self._volt, i) for i in range(3)}
        own: Numbers = {
            404: lambda: 1, 1000: lambda: states[self.point.state], 1001: lambda: self.point.state == "C2"
        }  # fmt: skip
        return super().words() | own | volts

    def more_settings(self) -> list[Cell]:
        """Phases: 0 is one, 1 is three."""
        return [Cell(405, 1, lambda: u16(self.point.phases_set == 3), self._set_phases, lambda words: words[0] <= 1)]

    def _set_phases(self, words: list[int]) -> None:
        self.point.use_phases(3 if words[0] else 1)

    def _volt(self, phase: int) -> float:
        return self.circuit.voltage_v[phase]


def _word(tell: Callable[[], float]) -> bytes:
    return u16(tell())


def _double(tell: Callable[[], float]) -> bytes:
    return u32(round(tell()))
