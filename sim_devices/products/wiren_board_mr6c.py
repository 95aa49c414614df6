"""Wiren Board WB-MR6C, six relays on RS-485.

Source: Wiren Board, wiki "Relay Module Modbus Management": coils 0-5 (functions 1, 5, 15), holding 8 the time-out of
safe mode in seconds (functions 3, 6), 0 as delivered. Any request counts as an exchange; after the time-out all relays
open. Not modelled: inputs and what they switch, restoring after a power cut (6), counters, temperature; here a restart
opens all.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.waveshare_relay import Options, WaveshareRelay8
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16

READ_HOLDING, WRITE_ONE = 3, 6
SAFE_S_AT = 8


class WirenBoardMr6c(WaveshareRelay8):
    """Drives SG-Ready inputs of the heat pump or switched loads, and lets go of them when nobody speaks."""

    model = "wiren-board-mr6c"
    channels = 6

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        self.safe_s = self.silent_s = 0.0
        settings = Bank([Cell(SAFE_S_AT, 1, lambda: u16(self.safe_s), self._set_safe)])
        self.reading[unit, READ_HOLDING] = settings
        self.writing[unit, WRITE_ONE] = settings

    def asked(self) -> None:
        """Any request is an exchange."""
        self.silent_s = 0.0

    def step(self, dt_s: float) -> None:
        """Open everything after the time-out."""
        self.silent_s += dt_s
        if self.safe_s and self.silent_s >= self.safe_s:
            self.open_all()

    def due_s(self) -> float:
        """Until safe mode."""
        return max(self.safe_s - self.silent_s, 0.0) if self.safe_s and any(self.closed) else super().due_s()

    def trip_watchdog(self) -> None:
        """Act as after the time-out."""
        self.open_all()

    def _set_safe(self, words: list[int]) -> None:
        self.safe_s = words[0]
