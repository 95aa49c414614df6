"""The house of a simulation: physics and products in steps of a second, and what is wrong with them.

The grid meter sits on a circuit of its own that repeats the connection, so that it can say something else than the
truth; the rules judge the connection itself.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from sim_devices.config import parse
from sim_devices.home import Home
from sim_devices.physics.flow import Circuit, Flow, Triple
from sim_devices.wire.faults import Fault
from tools.simulate.premises import CHARGER, LOAD, PUMP, SG_READY, Premises

FOLDER = "."  # nothing is ever written there


class Plant:
    """Truth and products; `faulty` says what cannot be relied on."""

    def __init__(self, made: Premises) -> None:
        config = parse(copy.deepcopy(made.home), Path(FOLDER))
        self.meter = config.house.circuits["meter"] = Circuit()
        self.home = Home.furnished(config)
        self.house = config.house
        self.made = made
        self.second = 0
        self._said: tuple[str, int, int] | None = None  # how the meter's word differs, until which second
        self.home.advance(0.001)

    def pass_second(self) -> None:
        """Let one second pass."""
        self.second += 1
        self.home.advance(1.0)
        connection = self.house.grid.connection
        flow = connection.flow
        if self._said is not None and self._said[2] <= self.second:
            self._said = None
        if self._said is not None and self._said[0] == "scaled":
            flow = _scaled(flow, self._said[1] / 100)
        self.meter.step(flow, connection.voltage_v, connection.frequency_hz, 1.0)

    def set_base(self, phases_w: Triple) -> None:
        """Change what nobody controls."""
        total_w = sum(phases_w)
        base = self.house.base
        base.constant_w = total_w
        base.shares = tuple(w / total_w for w in phases_w) if total_w else (0.0, 0.0, 0.0)  # type: ignore[assignment]

    def set_sun(self, power_w: int) -> None:
        """Change what the modules could give."""
        if self.house.pv:
            self.house.pv.constant_w = float(power_w)

    def move_car(self, word: str, soc: float) -> None:
        """Let the car come or go."""
        point, car = self.house.charge_point, self.house.car
        if point is None or car is None:
            return
        if word == "arrive":
            car.soc = soc
            point.plug(car)
        else:
            point.unplug()

    def begin_fault(self, device: str, kind: str, options: dict[str, Any]) -> None:
        """Begin a fault of a product."""
        self.home.devices[device].begin(Fault(kind, **options))

    def bend_meter(self, how: str, seconds: int, per_cent: int) -> None:
        """Let the grid meter say something else, or be another one."""
        if how == "exchanged":
            self.meter.import_wh = self.meter.export_wh = 0.0
        else:
            self._said = (how, per_cent, self.second + seconds)

    def heal(self) -> None:
        """End every fault."""
        self._said = None
        for device in self.home.devices.values():
            device.faults.clear()

    @property
    def meter_true(self) -> bool:
        """Tell whether the grid meter answers and says the truth."""
        return self._said is None and not self.home.devices["grid"].faults.names()

    @property
    def devices_obey(self) -> bool:
        """Tell whether nothing but the grid meter is at fault."""
        return not any(device.faults.names() for name, device in self.home.devices.items() if name != "grid")

    def grid_w(self) -> float:
        """Return what the connection carries."""
        return self.house.grid.connection.flow.total_w

    def movable_w(self) -> Triple:
        """Return by phase what the agent could take off the connection."""
        house = self.house
        found = [0.0, 0.0, 0.0]
        if house.charge_point and self.made.having(CHARGER):
            _gather(found, house.charge_point.flow.w)
        if house.heat_pump and self.made.having(PUMP, SG_READY):
            third = max(house.heat_pump.power_w - house.heat_pump.standby_w, 0.0) / 3
            _gather(found, (third, third, third))
        for name in self.made.having(LOAD):
            _gather(found, house.loads[name].flow.w)
        if house.inverter and house.inverter.battery.power_w > 0:
            third = house.inverter.battery.power_w / 3
            _gather(found, (third, third, third))
        return found[0], found[1], found[2]


def _gather(found: list[float], more: Triple) -> None:
    for phase in range(3):
        found[phase] += more[phase]


def _scaled(flow: Flow, factor: float) -> Flow:
    w, var = flow.w, flow.var
    return Flow((w[0] * factor, w[1] * factor, w[2] * factor), (var[0] * factor, var[1] * factor, var[2] * factor))
