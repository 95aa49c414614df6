"""Marstek Venus E of the first two versions, and of the third.

Source: ViperRNMC/marstek_venus_modbus, registers. Single registers only. Its last order stands until control by RS485
is switched off, whereupon it begins its own mode anew. Not modelled: work modes, schedules, cut-offs, backup, resets.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.hybrid import WRITE_MANY, HybridProduct, Options
from sim_devices.wire.bank import Cell
from sim_devices.wire.words import s16, s32, u16, u32

ON, OFF = 0x55AA, 0x55BB
STOP, CHARGE, DISCHARGE = 0, 1, 2
WATTS_MAX, WATTS_STEP = 2500, 50


class MarstekVenus(HybridProduct):
    """Obeys the command while control by RS485 is on."""

    model = "marstek-venus"
    bus_kind = "rtu"

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        watts = lambda words: words[0] <= WATTS_MAX and words[0] % WATTS_STEP == 0  # noqa: E731  (said twice below)
        self.mount(
            [
                *self._told(),
                self.kept(42000, [OFF], lambda words: words[0] in (ON, OFF)),
                self.kept(42010, [STOP], lambda words: words[0] <= DISCHARGE),
                self.kept(42020, [0], watts),
                self.kept(42021, [0], watts),
            ]
        )
        del self.writing[unit, WRITE_MANY]

    def _told(self) -> list[Cell]:
        battery, circuit = self.hybrid.battery, self.circuit
        return [
            Cell(32104, 1, lambda: u16(battery.soc * 100)),
            Cell(32200, 1, lambda: u16(circuit.voltage_v[0] * 10)),
            Cell(32202, 2, lambda: s32(-battery.power_w)),
            Cell(32204, 1, lambda: u16(circuit.frequency_hz * 100)),
            Cell(33000, 2, lambda: u32(battery.charged_wh / 10)),
            Cell(33002, 2, lambda: u32(battery.discharged_wh / 10)),
        ]

    def obey(self, address: int) -> None:  # noqa: ARG002  (what counts is all that was written)
        """Take the order; without control by RS485 there is none."""
        if self.word[42000] != [ON]:
            self.order(None)
            return
        charge_w, discharge_w = self.word[42020][0], self.word[42021][0]
        self.order({STOP: 0, CHARGE: charge_w, DISCHARGE: -discharge_w}[self.word[42010][0]])


class MarstekVenusV3(MarstekVenus):
    """Tells what it measures elsewhere."""

    model = "marstek-venus-v3"

    def _told(self) -> list[Cell]:
        battery, circuit = self.hybrid.battery, self.circuit
        return [
            Cell(30006, 1, lambda: s16(-battery.power_w)),
            Cell(32204, 1, lambda: u16(circuit.frequency_hz * 10)),
            Cell(33000, 2, lambda: u32(battery.charged_wh / 10)),
            Cell(33002, 2, lambda: u32(battery.discharged_wh / 10)),
            Cell(34002, 1, lambda: u16(battery.soc * 1000)),
        ]
