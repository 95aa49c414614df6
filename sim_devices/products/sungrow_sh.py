"""Sungrow SH, hybrid inverter with battery.

Source: mkaiser's YAML and sungrow_modbus, after Sungrow's protocol V1.1.16; addresses less 1, low word first. Forced
mode holds until somebody ends it. A stop command in forced mode holds the battery. Not modelled: VPP and external mode,
export limits, reserve, backup.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.hybrid import HybridProduct, Options
from sim_devices.wire.bank import Cell
from sim_devices.wire.words import low_first, u16, u32

FORCED, CHARGE, DISCHARGE, STOP = 2, 0xAA, 0xBB, 0xCC
CHARGING, DISCHARGING = 2, 4


class SungrowSh(HybridProduct):
    """Obeys EMS mode, command and power."""

    model = "sungrow-sh"
    bus_kind = "tcp"

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        battery, hybrid, circuit = self.hybrid.battery, self.hybrid, self.circuit
        tens_w = round(battery.power_w_max / 10)
        self.mount(
            [
                self.kept(13049, [0], lambda words: words[0] in (0, 2, 3, 4)),
                self.kept(13050, [STOP], lambda words: words[0] in (CHARGE, DISCHARGE, STOP)),
                self.kept(13051, [0], lambda words: words[0] <= battery.power_w_max),
                self.kept(33046, [tens_w]),
                self.kept(33047, [tens_w]),
            ],
            [
                Cell(5016, 2, lambda: low_first(u32(hybrid.pv_w))),
                *self.voltages(5018, 1, lambda volts: u16(volts * 10)),
                Cell(5241, 1, lambda: u16(circuit.frequency_hz * 100)),
                Cell(13000, 1, lambda: u16(self._flow())),
                Cell(13021, 1, lambda: u16(abs(battery.power_w))),
                Cell(13022, 1, lambda: u16(battery.soc * 1000)),
            ],
        )

    def _flow(self) -> int:
        power_w = self.hybrid.battery.power_w
        return CHARGING if power_w > 0 else DISCHARGING if power_w < 0 else 0

    def obey(self, address: int) -> None:  # noqa: ARG002  (what counts is all that was written)
        """Take the order that the three registers make together."""
        if self.word[13049] != [FORCED]:
            self.order(None)
            return
        power_w = self.word[13051][0]
        self.order({CHARGE: power_w, DISCHARGE: -power_w, STOP: 0}[self.word[13050][0]])
