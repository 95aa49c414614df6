"""A hybrid inverter: PV and a battery on its DC side, the house on its AC side.

Left alone it does what such products do: it watches a meter at the grid connection and moves the
battery so that the meter reads zero. An order from outside narrows the window in which it may do
so; a window that lies wholly on one side of zero forces charging or discharging.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, inf

from sim_devices.physics.battery import Battery
from sim_devices.physics.flow import ALL_PHASES, Flow, spread


@dataclass
class Hybrid:
    """Inverter with its battery. `battery_w_least..most` is the window, positive charges."""

    rated_w: float = 6000.0
    efficiency: float = 0.97  # DC to AC and back, each way
    follow_s: float = 2.0  # time constant of its regulation on the grid meter
    ramp_w_per_s: float = 1000.0
    battery: Battery = field(default_factory=Battery)

    connected: bool = True
    battery_w_least: float = -inf
    battery_w_most: float = inf
    grid_charging: bool = False  # may the battery be charged with more than the PV gives
    soc_floor: float = 0.0
    output_w_max: float = inf  # curtailment on the AC side

    pv_w: float = 0.0  # what the PV really gives, after curtailment
    output_w: float = 0.0  # AC, positive feeds the house
    pv_wh: float = 0.0
    output_wh: float = 0.0

    @property
    def flow(self) -> Flow:
        """What the inverter draws from the house: negative when it feeds."""
        return spread(-self.output_w, ALL_PHASES)

    def step(self, pv_available_w: float, grid_w: float, dt_s: float) -> None:
        """Run for `dt_s`; `grid_w` is what its meter read last, positive imports."""
        battery_w = self._regulate(pv_available_w, grid_w, dt_s) if self.connected else 0.0
        self.battery.step(battery_w, dt_s)
        self.pv_w = self._pv_within_output(pv_available_w, battery_w) if self.connected else 0.0
        dc_w = self.pv_w - battery_w
        self.output_w = dc_w * self.efficiency if dc_w >= 0 else dc_w / self.efficiency
        self.pv_wh += self.pv_w * dt_s / 3600
        self.output_wh += max(self.output_w, 0.0) * dt_s / 3600

    def _regulate(self, pv_w: float, grid_w: float, dt_s: float) -> float:
        wanted_w = self.battery.power_w - grid_w * (1 - exp(-dt_s / self.follow_s))
        if self.battery_w_least > self.battery_w_most:
            wanted_w = 0.0  # a contradictory window: no maker says what happens, so it holds
        else:
            wanted_w = min(max(wanted_w, self.battery_w_least), self.battery_w_most)
        if not self.grid_charging:
            wanted_w = min(wanted_w, pv_w)
        ramp_w = self.ramp_w_per_s * dt_s
        wanted_w = min(max(wanted_w, self.battery.power_w - ramp_w), self.battery.power_w + ramp_w)
        return self._within_products(wanted_w, pv_w, dt_s)

    def _within_products(self, wanted_w: float, pv_w: float, dt_s: float) -> float:
        """Keep the battery inside what cells and AC side bear: discharge yields before PV does."""
        least, most = self.battery.bounds_w(self.soc_floor, dt_s)
        output_w = min(self.rated_w, self.output_w_max)
        least = max(least, min(pv_w - output_w / self.efficiency, 0.0))
        most = min(most, pv_w + self.rated_w * self.efficiency)
        return min(max(wanted_w, least), most)

    def _pv_within_output(self, pv_w: float, battery_w: float) -> float:
        output_w = min(self.rated_w, self.output_w_max)
        return max(min(pv_w, output_w / self.efficiency + battery_w), 0.0)
