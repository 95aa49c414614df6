"""ABL eMH1, a charge point on RS-485 with Modbus ASCII; unit 1, functions 3 and 16, answers begin with '>'.

Source: registers as evcc (abl) and jrv/esphome-abl-emh1 have them: each is read with the count that belongs to it.
0x04 state, 0x05 enable (A1A1) and disable (E0E0), 0x0F five words with the limit in the fourth, 0x14 sets it, in 0.1 %
of duty (IEC 61851-1), 1000 none; 0x2E five words, the last three currents L3, L2, L1 in 0.1 A, 1000 while not
charging. After a minute without a request it sleeps, and the next request is lost (how long it takes to fall asleep is
a guess). Not modelled: serial number, broadcasts, what it does when its bus is silent (its state F4 hints at
something).
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.charger import Charger, Options
from sim_devices.wire.bank import ILLEGAL_ADDRESS, Bank, Cell, Refused, Silent
from sim_devices.wire.words import u16

READ_HOLDING, WRITE_MANY = 3, 16
STATES = {"A": 0xA1, "B1": 0xB1, "B2": 0xB2, "C1": 0xC2, "C2": 0xC2, "F": 0xF2}
NONE = 1000
A_PER_COUNT = 0.06
ENABLE, DISABLE = 0xA1A1, 0xE0E0
ASLEEP_S = 60.0


class WholeBank(Bank):
    """A map whose cells are read whole and one at a time: an address is a command rather than a place."""

    def __init__(self, cells: list[Cell]) -> None:
        super().__init__(cells)
        self._sizes = {cell.address: cell.size for cell in cells}

    def read(self, address: int, count: int) -> bytes:
        """Return one cell. Raises: Refused."""
        if self._sizes.get(address) != count:
            raise Refused(ILLEGAL_ADDRESS)
        return super().read(address, count)


class AblEmh1(Charger):
    """Turns a duty cycle into the limit of the house's charge point."""

    model = "abl-emh1"
    bus_kind = "ascii"

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.unasked_s = 0.0
        bank = WholeBank(self._cells())
        self.reading[unit, READ_HOLDING] = bank
        self.writing[unit, WRITE_MANY] = bank

    @property
    def duty(self) -> int:
        """Duty cycle that it offers at most, in 0.1 %."""
        return round(self.ordered_a / A_PER_COUNT) if self.ordered_a else NONE

    def asked(self) -> None:
        """Wake up."""
        was_asleep, self.unasked_s = self.unasked_s >= ASLEEP_S, 0.0
        if was_asleep:
            raise Silent

    def step(self, dt_s: float) -> None:
        """Fall asleep."""
        super().step(dt_s)
        self.unasked_s += dt_s

    def _cells(self) -> list[Cell]:
        return [
            Cell(0x01, 2, u16(0x0123) + u16(0x0020)),
            Cell(0x04, 1, lambda: u16(self._state())),
            Cell(0x05, 1, u16(0), self._switch, lambda words: words[0] in (ENABLE, DISABLE)),
            Cell(0x0F, 5, lambda: u16(0) * 3 + u16(self.duty) + u16(0)),
            Cell(0x14, 1, u16(0), self._set, lambda words: 100 <= words[0] <= NONE),
            Cell(0x2E, 5, lambda: u16(self._state()) + u16(self.duty) + self._currents()),
        ]

    def _state(self) -> int:
        return STATES[self.point.state] if self.released else 0xE0

    def _currents(self) -> bytes:
        if self.point.state != "C2":
            return u16(NONE) * 3
        return b"".join([u16(self.circuit.current_a(phase) * 10) for phase in (2, 1, 0)])

    def _switch(self, words: list[int]) -> None:
        self.release(words[0] == ENABLE)

    def _set(self, words: list[int]) -> None:
        self.order(0.0 if words[0] == NONE else words[0] * A_PER_COUNT)
