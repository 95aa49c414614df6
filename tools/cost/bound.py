"""What a run of days costs at least, with prices, sun, loads, weather and the car's comings known beforehand.

A mixed-integer program with the devices' own figures and losses; the stores begin as somebody left them. Where the
simulated device is less able than the program, the program is a lower bound still: a battery charges at full power up
to its end, a car and a heat pump at any power below their most within a quarter of an hour, and the pump may choose
its tank's temperature. The room is held to what its thermostat holds it to. What the agent cannot do the program
cannot either: throw sun away, sell the car's energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from tools.cost.home import BATTERY, CAR, CAR_W, HEAT, ROOM_MC, ROOM_MC_MAX, TANK_K, Parts
from tools.cost.prices import Price
from tools.cost.program import Program
from tools.cost.sessions import ENERGY_WH
from tools.cost.thermal import AIR_TO_WATER, STATES, coefficients
from tools.cost.walk import Mark

HOURS = 0.25
HYSTERESIS_C = 0.3  # of the thermostat
TANK_C_MIN, TANK_C_MAX = (Parts.pump.target_c + above * (TANK_K + 0.5) for above in (-1, 1))  # it may overshoot a bit
COP_MAX = 7.0  # of the simulated pump, whatever the temperatures
MARGIN_K = 0.01  # of what a quarter hour is told by its ends
MARGIN_HOT_K = 0.1  # of the weather alone in a quarter hour, against that of a house in steps of seconds


@dataclass(frozen=True)
class Case:
    """What is the same whoever steers: registers and weather at all ends of quarter hours, prices between them.

    `start` holds how full the stores are at first; `plugged` tells whether the car is at home.
    """

    devices: tuple[str, ...]
    start: Mark
    marks: list[Mark]
    prices: list[Price]
    plugged: list[bool]

    def used_kwh(self, quarter: int, register: str) -> float:
        """Return by how much a register rose in a quarter hour."""
        before, after = self.marks[quarter], self.marks[quarter + 1]
        return (float(getattr(after, register)) - float(getattr(before, register))) / 1000

    def outside_c(self, quarter: int) -> float:
        """Return the mean temperature outside."""
        return (self.marks[quarter].outside_c + self.marks[quarter + 1].outside_c) / 2


@dataclass(frozen=True)
class Least:
    """`bound_eur`: nobody pays less; `paid_eur`: what each quarter hour costs in a plan that comes next to it."""

    bound_eur: float
    paid_eur: list[float]


def least(case: Case) -> Least:
    """Return the bound. Raises: NoSolver, Unsolved."""
    program = Program()
    loads: list[dict[int, float]] = [{} for _ in case.prices]
    if CAR in case.devices:
        _charge(program, case, loads)
    if HEAT in case.devices:
        _warm(program, case, loads)
    moved = _store(program, case) if BATTERY in case.devices else [(-1, -1)] * len(case.prices)
    shown = [_meter(program, case, quarter, loads[quarter], moved[quarter]) for quarter in range(len(case.prices))]
    solved = program.solve()
    paid = [
        solved.found[taken] * price.taken - solved.found[fed] * price.fed
        for (taken, fed), price in zip(shown, case.prices, strict=True)
    ]
    return Least(solved.bound, paid)


def _meter(
    program: Program, case: Case, quarter: int, loads: dict[int, float], moved: tuple[int, int]
) -> tuple[int, int]:
    """Let the meter show the home's sum, kWh: what is taken costs, what is fed in brings."""
    price = case.prices[quarter]
    taken, fed = program.variable(0, inf, price.taken), program.variable(0, inf, -price.fed)
    inverter = Parts.inverter
    out = program.variable(0, inverter.rated_w / 1000 * HOURS / inverter.efficiency)
    into = program.variable(0, inverter.rated_w / 1000 * HOURS)
    direct = {out: 1.0, into: -1.0}
    if moved[0] >= 0:
        direct.update({moved[0]: 1.0, moved[1]: -1.0})
    program.equal(direct, case.used_kwh(quarter, "pv_wh"))
    _one_of(program, out, into)
    balance = {taken: 1.0, fed: -1.0, out: inverter.efficiency, into: -1 / inverter.efficiency}
    balance.update({number: -share for number, share in loads.items()})
    program.equal(balance, case.used_kwh(quarter, "base_wh"))
    return taken, fed


def _one_of(program: Program, first: int, second: int) -> None:
    """Forbid that two flows cancel each other, which would burn energy while feeding in costs money."""
    most = 3.0
    which = program.variable(0, 1, whole=True)
    program.at_most({first: 1.0, which: -most}, 0.0)
    program.at_most({second: 1.0, which: most}, most)


def _store(program: Program, case: Case) -> list[tuple[int, int]]:
    """Add the battery; return what is charged and discharged in each quarter hour, kWh at its terminals."""
    battery = Parts.battery
    most = battery.power_w_max / 1000 * HOURS
    capacity = battery.capacity_wh / 1000
    found = []
    held = program.variable(*(case.start.stored_wh / 1000,) * 2)
    for _ in case.prices:
        into, out = program.variable(0, most), program.variable(0, most)
        _one_of(program, into, out)
        after = program.variable(battery.soc_min * capacity, capacity)
        program.equal({after: 1.0, held: -1.0, into: -battery.efficiency, out: 1 / battery.efficiency}, 0.0)
        held = after
        found.append((into, out))
    return found


def _charge(program: Program, case: Case, loads: list[dict[int, float]]) -> None:
    """Let the car have what it needs in each of its stays."""
    stay: dict[int, float] = {}
    for quarter, plugged in enumerate(case.plugged):
        if plugged:
            number = program.variable(0, CAR_W / 1000 * HOURS)
            stay[number] = loads[quarter][number] = 1.0
        elif stay:
            program.row(ENERGY_WH / 1000, stay, inf)
            stay = {}


def _warm(program: Program, case: Case, loads: list[dict[int, float]]) -> None:
    """Add tank, air and walls, and the pump that heats them."""
    states = [program.variable(*(getattr(case.start, name),) * 2) for name in STATES]
    for quarter in range(len(case.prices)):
        after = [program.variable(*each) for each in _bounds(case, quarter)]
        heat = _pump(program, case, quarter, states[0], after[0], loads[quarter])
        flow = program.variable(0, inf)
        mean = {states[0]: -0.5, after[0]: -0.5, states[1]: 0.5, after[1]: 0.5}
        program.at_most({flow: 1000 / AIR_TO_WATER, **mean}, MARGIN_K)
        for part, state in zip(coefficients(), after, strict=True):
            terms = {state: 1.0, flow: -part.flow * 1000, heat: -part.heat * 1000}
            for number, share in zip(states, part.before, strict=True):
                terms[number] = -share
            program.equal(terms, part.outside * case.outside_c(quarter) + part.gains)
        states = after


def _bounds(case: Case, quarter: int) -> list[tuple[float, float]]:
    """Return what tank, air and walls may be at a quarter hour's end: the air as warm as the weather makes it."""
    start, first, alone = case.start, case.marks[0], case.marks[quarter + 1]
    warmer_k = max(start.air_c - first.air_c, 0.0) + max(start.walls_c - first.walls_c, 0.0)
    cold_c = min(ROOM_MC / 1000 - HYSTERESIS_C, start.air_c)
    hot_c = max(ROOM_MC_MAX / 1000 + HYSTERESIS_C, alone.air_c) + warmer_k + MARGIN_HOT_K
    return [(min(TANK_C_MIN, start.tank_c), max(TANK_C_MAX, start.tank_c)), (cold_c, hot_c), (0.0, 60.0)]


def _pump(program: Program, case: Case, quarter: int, before: int, after: int, loads: dict[int, float]) -> int:
    """Add the pump's electricity; return its heat as a variable in kW.

    Electricity is heat times what a kW of heat needs at the tank's temperature: a product, held from below by the two
    planes of McCormick's envelope on a straight line below the curve of that need, from above by the warmest tank's.
    """
    pump = Parts.pump
    outside_c = case.outside_c(quarter)
    cold, warm = (1 / pump.cop(tank_c, outside_c) for tank_c in (TANK_C_MIN, TANK_C_MAX))
    most = pump.power_w_max / 1000
    power, heat = program.variable(0, most), program.variable(0, most / cold)
    idle = program.variable(1, 1)
    loads.update({power: HOURS, idle: pump.standby_w / 1000 * HOURS})
    program.at_most({heat: cold, power: -1.0}, 0.0)
    program.at_most({power: 1.0, heat: -warm}, 0.0)  # nor is any burnt for nothing
    if 1 / cold < COP_MAX:
        rise = (warm - cold) / (TANK_C_MAX - TANK_C_MIN) * most / cold
        mean = {before: rise / 2, after: rise / 2}
        program.at_most({heat: warm, power: -1.0, **mean}, rise * TANK_C_MAX)
    return heat
