"""What the walks came to: money, what is left in the stores, and what was not delivered."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from tools.cost.home import ROOM_MC
from tools.cost.prices import Price
from tools.cost.walk import Mark

MISSING_EUR_KWH = 0.60  # what the car did not get at home it charges on the road
HYSTERESIS_C = 0.3


@dataclass(frozen=True)
class Outcome:
    """EUR for the days that count; `left_eur` is by how much less than the bound's own the days after them can cost."""

    cost_eur: float
    left_eur: float
    taken_kwh: float
    fed_kwh: float
    car_missing_kwh: float
    cold_kh: float  # kelvin hours below what the room's thermostat lets happen by itself

    @property
    def pays_eur(self) -> float:
        """What it comes to."""
        return self.cost_eur - self.left_eur + self.car_missing_kwh * MISSING_EUR_KWH


@dataclass(frozen=True)
class Compared:
    """One run of days with some devices."""

    span: str
    devices: tuple[str, ...]
    uncontrolled: Outcome
    battery_rests: Outcome | None
    agent: Outcome
    bound_eur: float

    @property
    def over_pct(self) -> float:
        """By how much the agent's days cost more than the bound."""
        return over(self.agent.pays_eur, self.bound_eur)

    @property
    def reached_pct(self) -> float:
        """Which share of what could be saved the agent saved."""
        return reached(self.uncontrolled.pays_eur, self.agent.pays_eur, self.bound_eur)

    def as_json(self) -> dict[str, Any]:
        """Return everything for a machine."""
        return {**asdict(self), "over_pct": round(self.over_pct, 2), "reached_pct": round(self.reached_pct, 2)}


def over(agent_eur: float, bound_eur: float) -> float:
    """Return per cent of the bound's magnitude: near 0 EUR it says little."""
    return (agent_eur - bound_eur) / max(abs(bound_eur), 0.01) * 100


def reached(uncontrolled_eur: float, agent_eur: float, bound_eur: float) -> float:
    """Return the share of the possible saving in per cent."""
    return (uncontrolled_eur - agent_eur) / max(uncontrolled_eur - bound_eur, 0.01) * 100


def outcome(marks: list[Mark], prices: list[Price], left_eur: float, car_kwh: float) -> Outcome:
    """Return what some days came to; the car should have had `car_kwh`."""
    cost = taken = fed = 0.0
    for (before, after), price in zip(pairwise(marks), prices, strict=True):
        taken_kwh, fed_kwh = (after.import_wh - before.import_wh) / 1000, (after.export_wh - before.export_wh) / 1000
        taken, fed = taken + taken_kwh, fed + fed_kwh
        cost += taken_kwh * price.taken - fed_kwh * price.fed
    had_kwh = (marks[-1].car_wh - marks[0].car_wh) / 1000
    cold_k = sum(max(ROOM_MC / 1000 - HYSTERESIS_C - mark.air_c, 0.0) for mark in marks)
    return Outcome(cost, left_eur, taken, fed, max(car_kwh - had_kwh, 0.0), cold_k / 4)
