"""Waveshare Modbus RTU Relay, 8 channels: contacts on RS-485.

Source: Waveshare wiki, "Modbus RTU Relay" (function 1 reads coils 0-7, function 5 switches one, function 15 several).
Not modelled: the vendor's toggle (0x5500), flash commands, address 0x00FF for all, inputs, address and baud registers.
All contacts open on a restart; nothing happens when the controller is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sim_devices.house import House
from sim_devices.products.product import Product
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16

READ_COILS, WRITE_COIL, WRITE_COILS = 1, 5, 15
SG_READY = ("sg-ready-1", "sg-ready-2")


@dataclass
class Options:
    """What hangs on each channel, by number from "0": "sg-ready-1", "sg-ready-2" or the id of a [[load]]."""

    channels: dict[str, str] = field(default_factory=dict)


class WaveshareRelay8(Product):
    """Drives SG-Ready inputs of the heat pump or switched loads."""

    model = "waveshare-relay-8"
    bus_kind = "rtu"
    options = Options
    channels = 8

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit)
        self.closed = [False] * self.channels
        self._wired = {int(channel): self._wire(what) for channel, what in options.channels.items()}
        if not set(self._wired) <= set(range(self.channels)):
            raise ValueError(f"channels are 0..{self.channels - 1}")
        bank = Bank([self._channel(i) for i in range(self.channels)])
        self.reading[unit, READ_COILS] = bank
        self.writing = {(unit, WRITE_COIL): bank, (unit, WRITE_COILS): bank}

    def restart(self) -> None:
        """Lose what is volatile: all contacts open."""
        self.open_all()

    def open_all(self) -> None:
        """Open all contacts."""
        for i in range(self.channels):
            self._switch(i, False)

    def state(self) -> dict[str, object]:
        """All contacts."""
        return {"closed": list(self.closed)}

    def _channel(self, i: int) -> Cell:
        return Cell(i, 1, lambda: u16(self.closed[i]), lambda words: self._switch(i, bool(words[0])))

    def _switch(self, i: int, closed: bool) -> None:
        self.closed[i] = closed
        if i in self._wired:
            self._wired[i](closed)

    def _wire(self, what: str) -> Callable[[bool], None]:
        if what in SG_READY and self.house.heat_pump:
            return self._sg_input(SG_READY.index(what))
        if what in self.house.loads:
            return lambda closed: setattr(self.house.loads[what], "on", closed)
        raise ValueError(f"{what!r} is neither an SG-Ready input of a [heat_pump] nor a [[load]]")

    def _sg_input(self, which: int) -> Callable[[bool], None]:
        def switch(closed: bool) -> None:
            assert self.house.heat_pump is not None
            first, second = self.house.heat_pump.contacts
            self.house.heat_pump.contacts = (closed, second) if which == 0 else (first, closed)

        return switch
