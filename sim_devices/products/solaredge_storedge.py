"""SolarEdge inverter with StorEdge battery.

Source: WillCodeForCats/solaredge-modbus-multi, storage control block; floats and double words with the low word first.
In remote control a command counts for the seconds of its time-out, then the default mode does; modes other than
charging from sun and grid, discharging, off and own consumption are taken and regulate by themselves. A limit of 0 W
counts as the most that there is, as owners found (springfall2008/batpred, issue 181). One client at a time.
Not modelled: the SunSpec part of the map, site limits, backup reserve.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.hybrid import HybridProduct, Options
from sim_devices.wire.bank import Cell
from sim_devices.wire.words import f32, low_first, to_f32

REMOTE = 4
OFF, PV_AND_GRID, DISCHARGE = 0, 3, 4
OWN_CONSUMPTION = 7


class SolarEdgeStorEdge(HybridProduct):
    """Obeys remote commands for as long as their time-out."""

    model = "solaredge-storedge"
    bus_kind = "tcp"
    clients_max = 1
    lasting = (0xE004, 0xE00A)

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        battery = self.hybrid.battery
        self.mount(
            [
                self.kept(0xE004, [1], lambda words: words[0] <= REMOTE),
                self.kept(0xE00A, [OWN_CONSUMPTION]),
                self.kept(0xE00B, [3600, 0]),
                self.kept(0xE00D, [OWN_CONSUMPTION], lambda words: words[0] in (0, 1, 2, 3, 4, 5, 7)),
                self.kept(0xE00E, [0, 0]),
                self.kept(0xE010, [0, 0]),
                Cell(0xE174, 2, lambda: low_first(f32(battery.power_w))),
                Cell(0xE182, 2, lambda: low_first(f32(99.0))),
                Cell(0xE184, 2, lambda: low_first(f32(battery.soc * 100))),
            ]
        )

    def obey(self, address: int) -> None:
        """Take a command, and begin its time anew when it was written."""
        if address in (0xE00B, 0xE00D):
            low, high = self.word[0xE00B]
            self.left_s = float(high << 16 | low)
        command = self.word[0xE00D][0]
        if self.word[0xE004] != [REMOTE] or self.left_s <= 0 or command not in (OFF, PV_AND_GRID, DISCHARGE):
            self.order(None)
        elif command == OFF:
            self.order(0)
        else:
            low, high = self.word[0xE00E if command == PV_AND_GRID else 0xE010]
            power_w = to_f32([high, low]) or self.hybrid.battery.power_w_max
            self.order(power_w if command == PV_AND_GRID else -power_w)

    def trip_watchdog(self) -> None:
        """Let the command end now."""
        self.left_s = 0.0
        self.word[0xE00D] = list(self.word[0xE00A])
        self.order(None)
