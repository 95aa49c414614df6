"""Luxtronik 2.1 heat-pump controller with the Smart-Home-Interface (Alpha Innotec, Novelan and others).

Source: definitions of Bouni/python-luxtronik and evcc's luxtronik template; unit 1, functions 3, 4, 6, 16. Limit
of electrical input: holding 10040 mode (0 none, 1 soft, 2 hard), 10041 limit in 0.1 kW (default 300 = 30 kW).
What soft and hard do is not printed there; here soft slows the compressor down to its slowest speed at most,
hard also stops it, at once. Input 10301 is taken as 0.1 kW (evcc's comment says 0.01). Whether
a restart forgets the limit is unknown: here it does. No fall-back when the controller is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim_devices.house import House
from sim_devices.physics.heating import HeatPump
from sim_devices.products.product import Product
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import s16, to_s16, u16, u32

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
NONE, SOFT, HARD = 0, 1, 2
LIMIT_DEFAULT = 300  # 0.1 kW
UNLIMITED_W = 1e9
SETPOINT_MODE, OFFSET_MODE = 1, 2


@dataclass
class Options:
    """What the installer set."""

    heating_target_c: float = 38.0


class LuxtronikShi(Product):
    """Limits and reads the house's heat pump."""

    model = "luxtronik-shi"
    bus_kind = "tcp"
    options = Options

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit)
        if house.heat_pump is None:
            raise ValueError("luxtronik-shi needs a [heat_pump]")
        self.pump: HeatPump = house.heat_pump
        self.opts = options
        self.holding: dict[int, int] = {}
        self.reading = {(unit, READ_HOLDING): Bank(self._settings()), (unit, READ_INPUT): Bank(self._measured())}
        self.writing = {(unit, code): self.reading[unit, READ_HOLDING] for code in (WRITE_ONE, WRITE_MANY)}
        self.restart()

    def restart(self) -> None:
        """Back to no limit and the installer's target."""
        self.holding = {
            10000: 0, 10001: round(self.opts.heating_target_c * 10), 10002: 0,
            10005: 0, 10006: 480, 10007: 0,
            10040: NONE, 10041: LIMIT_DEFAULT,
        }  # fmt: skip
        self._apply()

    def state(self) -> dict[str, object]:
        """The limit as written."""
        return {"limit_mode": self.holding[10040], "limit_w": self.holding[10041] * 100}

    def _apply(self) -> None:
        mode, limit = self.holding[10040], self.holding[10041]
        self.pump.limit_w = limit * 100.0 if mode != NONE else UNLIMITED_W
        self.pump.hard = mode == HARD
        self.pump.target_c = self._target_c()

    def _target_c(self) -> float:
        if self.holding[10000] == SETPOINT_MODE:
            return self.holding[10001] / 10
        if self.holding[10000] == OFFSET_MODE:
            return self.opts.heating_target_c + self.holding[10002] / 10
        return self.opts.heating_target_c

    def _setting(self, address: int, least: int, most: int) -> Cell:
        def accept(words: list[int]) -> None:
            self.holding[address] = to_s16(words)
            self._apply()

        return Cell(
            address, 1, lambda: s16(self.holding[address]), accept, lambda words: least <= to_s16(words) <= most
        )

    def _settings(self) -> list[Cell]:
        return [
            self._setting(10000, 0, 3),  # heating: 0 none, 1 set-point, 2 offset, 3 level
            self._setting(10001, 150, 750),  # 0.1 C
            self._setting(10002, -200, 200),  # 0.1 K
            self._setting(10005, 0, 3),  # hot water, same meaning; has no effect in this model
            self._setting(10006, 300, 750),
            self._setting(10007, -200, 200),
            self._setting(10040, NONE, HARD),
            self._setting(10041, 0, 300),  # 0.1 kW
        ]

    def _measured(self) -> list[Cell]:
        house, pump = self.house, self.pump
        readings: dict[int, Callable[[], bytes]] = {
            10002: lambda: u16(0 if pump.running else 5),  # 0 heating, 5 no demand
            10100: lambda: s16((house.tank.water_c - 3) * 10),
            10101: lambda: s16(pump.target_in_force_c * 10),
            10105: lambda: s16((house.tank.water_c + 2) * 10),
            10108: lambda: s16(house.outside_c * 10),
            10120: lambda: s16(house.tank.water_c * 10),
            10121: lambda: s16(self.holding[10006]),
            10300: lambda: u16(pump.heat_w / 100),
            10301: lambda: u16(pump.power_w / 100),
            10302: lambda: u16(pump.power_w_min / 100),
        }
        return [
            *[Cell(address, 1, told) for address, told in readings.items()],
            Cell(10310, 2, lambda: u32(pump.energy_wh / 100)),
            Cell(10320, 2, lambda: u32(pump.heat_wh / 100)),
        ]
