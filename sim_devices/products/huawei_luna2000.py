"""Huawei SUN2000 with LUNA2000.

Source: wlcrs/huawei-solar-lib, registers. A forced charge or discharge counts for the minutes of its period, from the
moment of its command; charging from the grid needs its own leave. One client at a time. Not modelled: working modes,
tariffs, capacity control, the installer's login, its slowness.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.hybrid import HybridProduct, Options
from sim_devices.wire.bank import Cell
from sim_devices.wire.words import s32, u16, u32

STOP, CHARGE, DISCHARGE = 0, 1, 2


class HuaweiLuna2000(HybridProduct):
    """Obeys forced charging and discharging for a while."""

    model = "huawei-luna2000"
    bus_kind = "tcp"
    clients_max = 1

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        battery, hybrid = self.hybrid.battery, self.hybrid
        self.mount(
            [
                Cell(32064, 2, lambda: s32(hybrid.pv_w)),
                *self.voltages(32069, 1, lambda volts: u16(volts * 10)),
                Cell(37046, 2, u32(battery.power_w_max)),
                Cell(37048, 2, u32(battery.power_w_max)),
                Cell(37760, 1, lambda: u16(battery.soc * 1000)),
                Cell(37765, 2, lambda: s32(battery.power_w)),
                self.kept(47083, [0]),
                self.kept(47087, [0], lambda words: words[0] <= 1),
                self.kept(47100, [STOP], lambda words: words[0] <= DISCHARGE),
                self.kept(47246, [0], lambda words: words[0] <= 1),
                self.kept(47247, [0, 0]),
                self.kept(47249, [0, 0]),
            ]
        )

    def obey(self, address: int) -> None:
        """Begin, change or end a forced charge or discharge."""
        if address == 47100:
            self.left_s = self.word[47083][0] * 60.0 if self.word[47100] != [STOP] else 0.0
        way = self.word[47100][0]
        if way == STOP:
            self.order(None)
            return
        high, low = self.word[47247 if way == CHARGE else 47249]
        power_w = high << 16 | low
        self.order(power_w if way == CHARGE else -power_w, grid=self.word[47087] == [1])

    def trip_watchdog(self) -> None:
        """End the period now."""
        self.left_s = 0.0
        self.word[47100] = [STOP]
        self.order(None)
