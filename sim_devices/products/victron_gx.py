"""Victron GX with a Multi in an ESS: unit 100 is the system, `vebus_unit` the inverter.

Source: dbus_modbustcp attributes.csv; "ESS mode 2 and 3". In mode 3 the set-point counts for 10 s, as users measured;
in the others a written set-point is overwritten at once. Three-phase systems take one of each phase. Not modelled: mode
2 with its grid set-point, charge and feed-in switches, BatteryLife, DVCC, AC limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.products.hybrid import HybridProduct, Options
from sim_devices.wire.bank import Cell
from sim_devices.wire.words import s16, to_s16, u16

HUB4_MODE, EXTERNAL = 2902, 3
SETPOINTS = (37, 40, 41)


@dataclass
class VictronOptions(Options):
    """Where the inverter answers, how many phases it has, how long a set-point counts."""

    vebus_unit: int = 227
    vebus_phases: int = 1
    timeout_s: float = 10.0


class VictronGx(HybridProduct):
    """Obeys AC set-points in mode 3."""

    model = "victron-gx"
    bus_kind = "tcp"
    options = VictronOptions
    lasting = (HUB4_MODE,)

    def __init__(self, house: House, unit: int, options: VictronOptions) -> None:
        super().__init__(house, unit, options)
        battery, hybrid = self.hybrid.battery, self.hybrid
        self.opts = options
        self.mount(
            [
                Cell(840, 1, lambda: u16(520)),
                Cell(842, 1, lambda: s16(battery.power_w)),
                Cell(843, 1, lambda: u16(battery.soc * 100)),
                Cell(850, 1, lambda: u16(hybrid.pv_w)),
                self.kept(HUB4_MODE, [2], lambda words: words[0] in (1, 2, 3)),
            ]
        )
        self.mount([self.kept(address, [0]) for address in SETPOINTS[: options.vebus_phases]], unit=options.vebus_unit)

    @property
    def units(self) -> list[int]:
        """The system and its inverter."""
        return [self.unit, self.opts.vebus_unit]

    def obey(self, address: int) -> None:
        """Take a set-point in mode 3; in the other modes the GX writes its own."""
        setpoints = SETPOINTS[: self.opts.vebus_phases]
        if self.word[HUB4_MODE] != [EXTERNAL]:
            self.word |= {each: [0] for each in setpoints}
            self.left_s = 0.0
            self.order(None)
            return
        if address != HUB4_MODE:
            self.left_s = self.opts.timeout_s
        self.order(sum(to_s16(self.word[each]) for each in setpoints))

    def trip_watchdog(self) -> None:
        """Forget the set-point now: pass through."""
        self.left_s = 0.0
        self.word |= {each: [0] for each in SETPOINTS[: self.opts.vebus_phases]}
        self.order(0)
