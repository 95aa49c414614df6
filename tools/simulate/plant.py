"""The house of a simulation: physics and products, and what is wrong with them.

It moves in whole seconds and only when somebody asks, changes or looks: second by second while something moves or is
wrong, in one step of up to STEP_S_MAX while nothing does.

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
from sim_devices.products.product import Product
from sim_devices.wire.faults import Fault
from tools.simulate.premises import CHARGER, LOAD, PUMP, SG_READY, Premises

FOLDER = "."  # nothing is ever written there
STEP_S_MAX = 10
RESTLESS_S = 12  # the slowest answer to an order that shows no power before: 5 s of pilot, 2 s and 4 s of a car
RESTLESS_W = 50.0  # what a part may change in one step without being watched more closely


class Plant:
    """Truth and products; `faulty` says what cannot be relied on."""

    def __init__(self, made: Premises) -> None:
        config = parse(copy.deepcopy(made.home), Path(FOLDER))
        self.meter = config.house.circuits["meter"] = Circuit()
        self.home = Home.furnished(config)
        self.house = config.house
        self.made = made
        self._timed = [each for each in self._products() if type(each).due_s is not Product.due_s]
        self._grid_faults = self.home.devices["grid"].faults
        self._other_faults = [device.faults for name, device in self.home.devices.items() if name != "grid"]
        self._hung: dict[str, list[str]] = {}  # circuit -> devices; what is built in stays as it is
        self._movable_loads = made.having(LOAD)
        self._has_charger = bool(made.having(CHARGER))
        self._has_pump = bool(made.having(PUMP, SG_READY))
        self._circuits = list(self.house.circuits.values())
        self.second = 0
        self._said: tuple[str, int, int] | None = None  # how the meter's word differs, until which second
        self._restless_until = RESTLESS_S
        self._settings: tuple[object, ...] = ()
        self._drawn_w: list[float] = []
        self.home.config.home.step_s = float(STEP_S_MAX)
        self.home.advance(0.001)

    def _products(self) -> list[Product]:
        return [device.product for device in self.home.devices.values()]

    def pass_to(self, now_ms: int) -> None:
        """Let the seconds pass that lie between the last one and `now_ms`."""
        left_s = now_ms // 1000 - self.second
        while left_s > 0:
            step_s = 1 if self._is_restless() else self._calm_s(left_s)
            self._pass(step_s)
            left_s -= step_s

    def is_current(self, now_ms: int) -> bool:
        """Tell whether the house stands where it was asked last, within this second."""
        return now_ms // 1000 - self.second <= 1

    def stir(self) -> None:
        """Look closely for a while: something was changed."""
        self._restless_until = self.second + RESTLESS_S

    def _is_restless(self) -> bool:
        settings = self._ordered()
        if settings != self._settings:
            self._settings = settings
            self.stir()
        return self.second < self._restless_until or self._faulty()

    def _calm_s(self, left_s: int) -> int:
        """Return a step that ends before any product's own timer does: what a timer does holds for its whole step."""
        step_s = min(left_s, STEP_S_MAX)
        for product in self._timed:
            before_s = product.due_s() - 1
            if before_s < step_s:
                step_s = max(int(before_s), 1)
        return step_s

    def _ordered(self) -> tuple[object, ...]:
        """Return what products have the parts do."""
        house = self.house
        point, pump, hybrid = house.charge_point, house.heat_pump, house.inverter
        found: list[object] = [load.on for load in house.loads.values()]
        if point:
            found += (point.limit_a, point.phases)
        if pump:
            found += (pump.limit_w, pump.hard, pump.contacts)
        if hybrid:
            found += (hybrid.battery_w_least, hybrid.battery_w_most, hybrid.grid_charging, hybrid.connected)
        return tuple(found)

    def _faulty(self) -> bool:
        return not (self.meter_true and self.devices_obey)

    def _pass(self, step_s: int) -> None:
        self.second += step_s
        self.home.advance(step_s)
        drawn_w = [circuit.flow.total_w for circuit in self._circuits]
        for now_w, before_w in zip(drawn_w, self._drawn_w or drawn_w, strict=True):
            if not -RESTLESS_W <= now_w - before_w <= RESTLESS_W:
                self.stir()
                break
        self._drawn_w = drawn_w
        connection = self.house.grid.connection
        flow = connection.flow
        if self._said is not None and self._said[2] <= self.second:
            self._said = None
        if self._said is not None and self._said[0] == "scaled":
            flow = _scaled(flow, self._said[1] / 100)
        self.meter.step(flow, connection.voltage_v, connection.frequency_hz, step_s)

    def set_base(self, phases_w: Triple) -> None:
        """Change what nobody controls."""
        total_w = sum(phases_w)
        self.stir()
        base = self.house.base
        base.constant_w = total_w
        first_w, second_w, third_w = phases_w
        base.shares = (first_w / total_w, second_w / total_w, third_w / total_w) if total_w else (0.0, 0.0, 0.0)

    def set_sun(self, power_w: int) -> None:
        """Change what the modules could give."""
        self.stir()
        if self.house.pv:
            self.house.pv.constant_w = float(power_w)

    def move_car(self, word: str, soc: float) -> None:
        """Let the car come or go."""
        self.stir()
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
        self.stir()
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
        return self._said is None and not self._grid_faults.any

    @property
    def devices_obey(self) -> bool:
        """Tell whether nothing but the grid meter is at fault."""
        return True not in [faults.any for faults in self._other_faults]

    def grid_w(self) -> float:
        """Return what the connection carries."""
        return self.house.grid.connection.flow.total_w

    def hung_w(self, circuit: str) -> Triple:
        """Return by phase what the devices on a circuit draw."""
        found = [0.0, 0.0, 0.0]
        hung = self._hung.get(circuit)
        if hung is None:
            hung = [row["id"] for row in self.made.site["device"] if row.get("circuit") == circuit]
            self._hung[circuit] = hung
        for name in hung:
            if self.made.kinds[name] == CHARGER and self.house.charge_point:
                _gather(found, self.house.charge_point.flow.w)
            elif self.made.kinds[name] == LOAD:
                _gather(found, self.house.loads[name].flow.w)
        return found[0], found[1], found[2]

    def movable_w(self) -> Triple:
        """Return by phase what the agent could take off the connection."""
        house = self.house
        found = [0.0, 0.0, 0.0]
        if house.charge_point and self._has_charger:
            _gather(found, house.charge_point.flow.w)
        pump = house.heat_pump
        if pump and self._has_pump and pump.sg_in_force == pump.sg_state:  # an old lock is ignored
            third = max(pump.power_w - pump.standby_w, 0.0) / 3
            _gather(found, (third, third, third))
        for name in self._movable_loads:
            _gather(found, house.loads[name].flow.w)
        if house.inverter and house.inverter.battery.power_w > 0:
            third = house.inverter.battery.power_w / 3
            _gather(found, (third, third, third))
        return found[0], found[1], found[2]


def _gather(found: list[float], more: Triple) -> None:
    found[0] += more[0]
    found[1] += more[1]
    found[2] += more[2]


def _scaled(flow: Flow, factor: float) -> Flow:
    w, var = flow.w, flow.var
    return Flow((w[0] * factor, w[1] * factor, w[2] * factor), (var[0] * factor, var[1] * factor, var[2] * factor))
