"""Heatmiser Edge room thermostat on RS-485; its relay opens the heating valve of the house.

Source: njh/node-heatmiser-modbus and sftgunner/heatmiseredge-integration, after the vendor's protocol V1.8 (one
less than printed is the address on the wire). Function 3, at most 10 registers a read; writes by 6 and 16. A hold is
written as time (37, hours << 8 | minutes) first, then temperature (33); it ends by itself. Not modelled: the
weekly programme (one constant temperature stands for it), the clock, factory reset.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from sim_devices.house import House
from sim_devices.products.product import Product
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16

READ_HOLDING, WRITE_ONE, WRITE_MANY = 3, 6, 16
REGISTERS_MAX = 10
OVERRIDE, SCHEDULE, HOLD, ADVANCE, AWAY, FROST = range(6)
HYSTERESIS_C = 0.3


@dataclass
class Options:
    """What the owner set."""

    schedule_c: float = 20.0
    frost_c: float = 12.0


class HeatmiserEdge(Product):
    """Compares the room with the set-point in force and switches its relay."""

    model = "heatmiser-edge"
    bus_kind = "rtu"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit)
        self.opts = options
        self.on, self.mode, self.relay = True, SCHEDULE, False
        self.hold_c, self.advance_c, self.frost_c = options.schedule_c, options.schedule_c, options.frost_c
        self.hold_for_s = self.hold_left_s = 0.0
        self.locked = 0
        bank = Bank(self._cells(), words_max=REGISTERS_MAX, gaps=[range(50)])
        self.reading[unit, READ_HOLDING] = bank
        self.writing = {(unit, WRITE_ONE): bank, (unit, WRITE_MANY): bank}
        self.step(0)

    @property
    def target_c(self) -> float:
        """Set-point in force."""
        if not self.on or self.mode in (AWAY, FROST):
            return self.frost_c
        return {SCHEDULE: self.opts.schedule_c, ADVANCE: self.advance_c}.get(self.mode, self.hold_c)

    def step(self, dt_s: float) -> None:
        """Let a hold run out and switch the relay."""
        if self.mode == HOLD:
            self.hold_left_s -= dt_s
            if self.hold_left_s <= 0:
                self.mode = SCHEDULE
        room_c = self.house.building.air_c
        if room_c < self.target_c - HYSTERESIS_C:
            self.relay = True
        elif room_c > self.target_c + HYSTERESIS_C:
            self.relay = False
        self.house.building.valve = self.relay

    def due_s(self) -> float:
        """Until the hold ends."""
        return self.hold_left_s if self.mode == HOLD else inf

    def restart(self) -> None:
        """Come back with its settings but without a running hold."""
        if self.mode in (OVERRIDE, HOLD, ADVANCE):
            self.mode = SCHEDULE

    def state(self) -> dict[str, object]:
        """Mode and set-point in force."""
        return {"mode": self.mode, "target_c": self.target_c, "relay": self.relay}

    def _set_hold(self, words: list[int]) -> None:
        self.hold_c = words[0] / 10
        self.hold_left_s = self.hold_for_s
        self.mode = HOLD if self.hold_for_s > 0 else OVERRIDE

    def _set_on(self, words: list[int]) -> None:
        self.on = bool(words[0])

    def _set_mode(self, words: list[int]) -> None:
        self.mode = words[0]
        self.hold_left_s = self.hold_for_s

    def _set_advance(self, words: list[int]) -> None:
        self.advance_c = words[0] / 10

    def _set_frost(self, words: list[int]) -> None:
        self.frost_c = words[0] / 10

    def _set_hold_time(self, words: list[int]) -> None:
        self.hold_for_s = (words[0] >> 8) * 3600.0 + (words[0] & 0xFF) * 60.0

    def _set_lock(self, words: list[int]) -> None:
        self.locked = words[0]

    def _hold_time(self) -> bytes:
        minutes = int(self.hold_left_s if self.mode == HOLD else self.hold_for_s) // 60
        return u16((minutes // 60) << 8 | minutes % 60)

    def _cells(self) -> list[Cell]:
        return [
            Cell(0, 1, u16(18)),
            Cell(1, 1, lambda: u16(self.relay)),
            Cell(2, 1, lambda: u16(self.house.building.air_c * 10)),
            Cell(6, 1, lambda: u16(self.target_c * 10)),
            Cell(7, 1, lambda: u16(self.on)),
            Cell(8, 1, lambda: u16(self.mode)),
            Cell(31, 1, lambda: u16(self.on), self._set_on, lambda words: words[0] in (0, 1)),
            Cell(32, 1, lambda: u16(self.mode), self._set_mode, lambda words: words[0] <= FROST),
            Cell(33, 1, lambda: u16(self.hold_c * 10), self._set_hold, lambda words: 50 <= words[0] <= 350),
            Cell(34, 1, lambda: u16(self.advance_c * 10), self._set_advance, lambda words: 50 <= words[0] <= 350),
            Cell(36, 1, lambda: u16(self.frost_c * 10), self._set_frost, lambda words: 70 <= words[0] <= 170),
            Cell(37, 1, self._hold_time, self._set_hold_time, lambda words: words[0] & 0xFF < 60),
            Cell(41, 1, lambda: u16(self.locked), self._set_lock, lambda words: words[0] in (0, 1)),
        ]
