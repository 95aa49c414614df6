"""A house: its parts, wired to one grid connection, stepped together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import cos, pi

from sim_devices import series, temperatures
from sim_devices.physics.charging import Car, ChargePoint
from sim_devices.physics.flow import ALL_PHASES, STILL, Circuit, Flow, Triple, add, spread
from sim_devices.physics.grid import Grid
from sim_devices.physics.heating import Building, HeatPump, Tank, heat
from sim_devices.physics.inverter import Hybrid

HEAT_PUMP_POWER_FACTOR = 0.95


@dataclass
class BaseLoad:
    """Everything nobody controls: a recorded home, or a constant."""

    column: int = 7
    scale: float = 0.6
    shares: Triple = (0.5, 0.3, 0.2)
    constant_w: float | None = None
    power_factor: float = 0.97
    _spread: tuple[tuple[float, Triple, float], Flow] | None = field(default=None, init=False)  # the last one

    def flow(self, at: datetime) -> Flow:
        """Return what it draws."""
        power_w = series.base_load_w(self.column, at) * self.scale if self.constant_w is None else self.constant_w
        asked = power_w, self.shares, self.power_factor
        if self._spread is None or self._spread[0] != asked:
            self._spread = asked, spread(*asked)
        return self._spread[1]


@dataclass
class Pv:
    """Modules on the roof: a recorded yield, or a constant, at the inverter's DC side."""

    kwp: float = 4.0
    constant_w: float | None = None

    def available_w(self, at: datetime) -> float:
        """Return the DC power it could give."""
        return series.pv_w_per_kwp(at) * self.kwp if self.constant_w is None else self.constant_w


@dataclass
class Weather:
    """Outside temperature: a constant, a recording, or a plain sine over year (coldest mid-January) and day (15:00)."""

    constant_c: float | None = None
    recorded: bool = False
    mean_c: float = 10.0
    year_k: float = 8.0
    day_k: float = 3.0

    def outside_c(self, at: datetime) -> float:
        """Return the temperature outside."""
        if self.constant_c is not None:
            return self.constant_c
        if self.recorded:
            return temperatures.outside_c(at)
        second = series.seconds_of_year(at)
        year = cos(2 * pi * (second / 86400 - 15) / 365)
        day = cos(2 * pi * (second % 86400 / 3600 - 15) / 24)
        return self.mean_c - self.year_k * year + self.day_k * day


@dataclass
class SwitchedLoad:
    """A resistive load behind a contact."""

    id: str
    power_w: float = 2000.0
    phase: int = 1
    on: bool = False

    def __post_init__(self) -> None:
        if self.phase not in (1, 2, 3):
            raise ValueError(f"phase {self.phase} is none of 1, 2, 3")

    @property
    def flow(self) -> Flow:
        """What it draws."""
        shares = (float(self.phase == 1), float(self.phase == 2), float(self.phase == 3))
        return spread(self.power_w, shares) if self.on else STILL


@dataclass
class Travel:
    """When the car is away each day, local hours such as "07:30"; it uses `used_wh` on the road."""

    leave: str
    arrive: str
    used_wh: float = 9000.0

    def __post_init__(self) -> None:
        self._leave_s, self._arrive_s = _second_of_day(self.leave), _second_of_day(self.arrive)

    def away(self, at: datetime) -> bool:
        """Tell whether the car is on the road at a time of the day."""
        second = at.hour * 3600 + at.minute * 60 + at.second
        if self._leave_s <= self._arrive_s:
            return self._leave_s <= second < self._arrive_s
        return second >= self._leave_s or second < self._arrive_s


def _second_of_day(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 3600 + int(minutes) * 60


@dataclass
class House:
    """All parts; what a home has not is None. Circuits are the places where meters sit."""

    start: datetime = datetime(2022, 1, 18, 17, 0, tzinfo=UTC)
    grid: Grid = field(default_factory=Grid)
    base: BaseLoad = field(default_factory=BaseLoad)
    weather: Weather = field(default_factory=Weather)
    pv: Pv | None = None
    inverter: Hybrid | None = None
    charge_point: ChargePoint | None = None
    car: Car | None = None
    travel: Travel | None = None
    heat_pump: HeatPump | None = None
    tank: Tank = field(default_factory=Tank)
    building: Building = field(default_factory=Building)
    loads: dict[str, SwitchedLoad] = field(default_factory=dict)

    elapsed_s: float = field(default=0.0, init=False)
    circuits: dict[str, Circuit] = field(default_factory=dict, init=False)
    _was_away: bool | None = field(default=None, init=False)
    _stepped_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.circuits = {"grid": self.grid.connection, "base": Circuit()}
        parts = {"charger": self.charge_point, "heat-pump": self.heat_pump, "inverter": self.inverter}
        self.circuits.update({name: Circuit() for name, part in parts.items() if part is not None})
        self.circuits.update({name: Circuit() for name in self.loads})
        self._stepped_at = self.start
        if self.charge_point and self.car and not self.travel:
            self.charge_point.plug(self.car)

    @property
    def at(self) -> datetime:
        """The clock of the house, local standard time."""
        return self.start + timedelta(seconds=self.elapsed_s)

    @property
    def outside_c(self) -> float:
        """The temperature outside in the last step."""
        return self.weather.outside_c(self._stepped_at)

    def step(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass."""
        at = self._stepped_at = self.at
        voltage_v = self.grid.connection.voltage_v
        if self.travel:
            self._travel(at)
        flows = {"base": self.base.flow(at)}
        for name, load in self.loads.items():
            flows[name] = load.flow
        if self.charge_point:
            self.charge_point.step(voltage_v, dt_s)
            flows["charger"] = self.charge_point.flow
        if self.heat_pump:
            heat(self.heat_pump, self.tank, self.building, self.outside_c, dt_s)
            flows["heat-pump"] = spread(self.heat_pump.power_w, ALL_PHASES, HEAT_PUMP_POWER_FACTOR)
        if self.inverter:
            pv_w = self.pv.available_w(at) if self.pv else 0.0
            self.inverter.step(pv_w, self.grid.connection.flow.total_w, dt_s)
            flows["inverter"] = self.inverter.flow
        for name, flow in flows.items():
            self.circuits[name].step(flow, voltage_v, self.grid.frequency_hz, dt_s)
        self.grid.step(add(flows.values()), dt_s)
        self.elapsed_s += dt_s

    def _travel(self, at: datetime) -> None:
        if not (self.travel and self.car and self.charge_point):
            return
        away = self.travel.away(at)
        if away != self._was_away:
            if away:
                self.charge_point.unplug()
            else:
                if self._was_away:
                    self.car.drive(self.travel.used_wh)
                self.charge_point.plug(self.car)
        self._was_away = away
