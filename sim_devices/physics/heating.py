"""A house that loses heat, a water tank, and a heat pump with a variable-speed compressor between them.

The room is two masses (air, walls) behind two resistances, the tank is one. The pump heats the tank, the
tank heats the room through a valve. Compressor rest and running times are ours to choose: makers do not
print them; the defaults are the usual 5 min off and 10 min on. SG-Ready contacts after the BWP label:
1:0 lock, 0:0 normal, 0:1 recommended, 1:1 forced; the lock is lifted by the pump itself after 2 h.
Not modelled: defrost, flow temperatures, a separate hot-water circuit, humidity, sun through windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

SUBSTEP_S = 60.0
SG_LOCK, SG_NORMAL, SG_RECOMMENDED, SG_FORCED = 1, 2, 3, 4
SG_LOCK_S_MAX = 7200.0
KELVIN = 273.15


@dataclass
class Building:
    """Air and walls; `valve` lets the tank's heat in. Powers in W, resistances as W/K, capacities as Wh/K."""

    air_c: float = 20.0
    walls_c: float = 19.0
    air_wh_per_k: float = 1500.0
    walls_wh_per_k: float = 12000.0
    air_to_outside_w_per_k: float = 60.0
    air_to_walls_w_per_k: float = 600.0
    walls_to_outside_w_per_k: float = 70.0
    emitter_w_per_k: float = 250.0
    people_and_devices_w: float = 300.0

    valve: bool = True

    def heat_wanted_w(self, tank_c: float) -> float:
        """Return what flows from the tank through the emitters now."""
        return max(tank_c - self.air_c, 0.0) * self.emitter_w_per_k if self.valve else 0.0

    def step(self, heat_w: float, outside_c: float, dt_s: float) -> None:
        """Warm by `heat_w`, lose to the outside."""
        hours = dt_s / 3600
        to_walls_w = (self.air_c - self.walls_c) * self.air_to_walls_w_per_k
        lost_w = (self.air_c - outside_c) * self.air_to_outside_w_per_k
        self.air_c += (heat_w + self.people_and_devices_w - to_walls_w - lost_w) * hours / self.air_wh_per_k
        self.walls_c += (
            (to_walls_w - (self.walls_c - outside_c) * self.walls_to_outside_w_per_k) * hours / (self.walls_wh_per_k)
        )


@dataclass
class Tank:
    """A mixed buffer. 1.163 Wh warm a litre of water by 1 K."""

    litres: float = 300.0
    water_c: float = 38.0
    loss_w_per_k: float = 2.0
    given_wh: float = 0.0
    taken_wh: float = 0.0
    lost_wh: float = 0.0

    @property
    def wh_per_k(self) -> float:
        """Heat capacity."""
        return self.litres * 1.163

    def step(self, given_w: float, taken_w: float, around_c: float, dt_s: float) -> None:
        """Take in and give out heat."""
        hours = dt_s / 3600
        lost_w = (self.water_c - around_c) * self.loss_w_per_k
        self.given_wh += given_w * hours
        self.taken_wh += taken_w * hours
        self.lost_wh += lost_w * hours
        self.water_c += (given_w - taken_w - lost_w) * hours / self.wh_per_k


@dataclass
class HeatPump:
    """Variable-speed air-to-water pump. `limit_w` caps electrical input; `hard` lets a limit stop it."""

    power_w_min: float = 500.0  # below it the compressor cannot run
    power_w_max: float = 3000.0
    standby_w: float = 15.0
    rod_w: float = 2000.0  # resistive heater that a forced start may use
    target_c: float = 38.0  # of the tank
    below_k: float = 3.0
    above_k: float = 2.0
    lag_s: float = 15.0
    on_s_min: float = 600.0
    off_s_min: float = 300.0
    carnot_share: float = 0.45

    limit_w: float = 1e9
    hard: bool = False
    contacts: tuple[bool, bool] = (False, False)
    running: bool = False
    starts: int = 0
    compressor_w: float = 0.0
    rod_on: bool = False
    heat_w: float = 0.0
    energy_wh: float = 0.0
    heat_wh: float = 0.0
    _held_s: float = 1e9  # since the compressor last started or stopped
    _locked_s: float = 0.0

    @property
    def sg_state(self) -> int:
        """SG-Ready state that the contacts ask for."""
        return {
            (True, False): SG_LOCK,
            (False, False): SG_NORMAL,
            (False, True): SG_RECOMMENDED,
            (True, True): SG_FORCED,
        }[self.contacts]

    @property
    def sg_in_force(self) -> int:
        """SG-Ready state it obeys: a lock of more than 2 h is ignored."""
        if self.sg_state == SG_LOCK and self._locked_s > SG_LOCK_S_MAX:
            return SG_NORMAL
        return self.sg_state

    @property
    def power_w(self) -> float:
        """Electrical input."""
        return self.standby_w + self.compressor_w + (self.rod_w if self.rod_on else 0.0)

    @property
    def target_in_force_c(self) -> float:
        """Tank temperature aimed at, raised by SG-Ready."""
        return self.target_c + {SG_RECOMMENDED: 5.0, SG_FORCED: 8.0}.get(self.sg_in_force, 0.0)

    def cop(self, tank_c: float, outside_c: float) -> float:
        """Return heat per electricity: a share of Carnot, between 1 and 7."""
        lift_k = max(tank_c + 5 - outside_c, 5.0)
        return min(max(self.carnot_share * (tank_c + 5 + KELVIN) / lift_k, 1.0), 7.0)

    def step(self, tank_c: float, outside_c: float, dt_s: float) -> None:
        """Decide, follow with lag, heat."""
        self._held_s += dt_s
        self._locked_s = self._locked_s + dt_s if self.sg_state == SG_LOCK else 0.0
        self._decide(tank_c)
        aim_w = self._wanted_w(tank_c) if self.running else 0.0
        self.compressor_w += (aim_w - self.compressor_w) * (1 - exp(-dt_s / self.lag_s))
        if self.compressor_w < 1.0:
            self.compressor_w = 0.0
        room_for_rod = self.limit_w >= self.standby_w + self.compressor_w + self.rod_w
        self.rod_on = self.sg_in_force == SG_FORCED and tank_c < self.target_in_force_c and room_for_rod
        self.heat_w = self.compressor_w * self.cop(tank_c, outside_c) + (self.rod_w if self.rod_on else 0.0)
        self.energy_wh += self.power_w * dt_s / 3600
        self.heat_wh += self.heat_w * dt_s / 3600

    def _decide(self, tank_c: float) -> None:
        if self.running:
            satisfied = tank_c > self.target_in_force_c + self.above_k and self._held_s >= self.on_s_min
            if self._forbidden() or satisfied:
                self._turn(False)
            return
        eager = self.sg_in_force in (SG_RECOMMENDED, SG_FORCED) and tank_c < self.target_in_force_c
        cold = tank_c < self.target_in_force_c - self.below_k
        if (cold or eager) and not self._forbidden() and self._held_s >= self.off_s_min:
            self._turn(True)

    def _turn(self, on: bool) -> None:
        self.running, self._held_s = on, 0.0
        self.starts += int(on)

    def _forbidden(self) -> bool:
        too_little = self.hard and self.limit_w < self.power_w_min + self.standby_w
        return self.sg_in_force == SG_LOCK or too_little

    def _wanted_w(self, tank_c: float) -> float:
        """Speed up with the distance to the target; a soft limit slows down to the slowest speed at most."""
        short_k = self.target_in_force_c + self.above_k - tank_c
        share = min(max(short_k / (self.below_k + self.above_k), 0.0), 1.0)
        wanted_w = self.power_w_min + share * (self.power_w_max - self.power_w_min)
        return max(min(wanted_w, self.limit_w - self.standby_w), self.power_w_min)


def heat(pump: HeatPump, tank: Tank, building: Building, outside_c: float, dt_s: float) -> None:
    """Step the three together, in slices short enough for the tank."""
    left_s = dt_s
    while left_s > 0:
        slice_s = min(left_s, SUBSTEP_S)
        pump.step(tank.water_c, outside_c, slice_s)
        taken_w = building.heat_wanted_w(tank.water_c)
        tank.step(pump.heat_w, taken_w, building.air_c, slice_s)
        building.step(taken_w, outside_c, slice_s)
        left_s -= slice_s
