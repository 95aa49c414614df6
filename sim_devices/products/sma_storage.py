"""SMA battery inverter: Sunny Island and its kin.

Source: SMA's profile registers as OpenEMS and openWB have them. A set-point counts while the switch is active and
somebody rewrites it; after `timeout_s` without that the product is in its own mode. With `tells` false the two
registers read as "not available", as on some firmware. Not modelled: grid guard, curtailment, the other control
profile.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.products.hybrid import HybridProduct, Options
from sim_devices.wire.bank import Cell
from sim_devices.wire.words import u32

ACTIVE, INACTIVE = [0, 802], [0, 803]


@dataclass
class SmaOptions(Options):
    """What owner and firmware have it do."""

    timeout_s: float = 60.0
    tells: bool = True


class SmaStorage(HybridProduct):
    """Obeys a set-point for a while; what it discharges is positive there."""

    model = "sma-storage"
    bus_kind = "tcp"
    options = SmaOptions

    def __init__(self, house: House, unit: int, options: SmaOptions) -> None:
        super().__init__(house, unit, options)
        battery, circuit = self.hybrid.battery, self.circuit
        self.timeout_s = options.timeout_s
        orders = [self.kept(40149, [0, 0]), self.kept(40151, INACTIVE, lambda words: words in (ACTIVE, INACTIVE))]
        if not options.tells:
            nothing = (b"\x80\0\0\0", b"\xff\xff\xff\xff")
            orders = [
                Cell(cell.address, 2, read, cell.accept, cell.allow) for cell, read in zip(orders, nothing, strict=True)
            ]
        self.mount(
            [
                *self.voltages(30783, 2, lambda volts: u32(volts * 100)),
                Cell(30803, 2, lambda: u32(circuit.frequency_hz * 100)),
                Cell(30845, 2, lambda: u32(battery.soc * 100)),
                Cell(31393, 2, lambda: u32(max(battery.power_w, 0.0))),
                Cell(31395, 2, lambda: u32(max(-battery.power_w, 0.0))),
                *orders,
            ]
        )

    def obey(self, address: int) -> None:  # noqa: ARG002  (what counts is all that was written)
        """Take the set-point."""
        self.left_s = self.timeout_s
        high, low = self.word[40149]
        discharge_w = ((high << 16 | low) ^ 0x80000000) - 0x80000000
        self.order(-discharge_w if self.word[40151] == ACTIVE else None)

    def trip_watchdog(self) -> None:
        """Go back to its own mode now."""
        self.left_s = 0.0
        self.word[40151] = list(INACTIVE)
        self.order(None)
