"""A home that lives through some days, quarter hour by quarter hour: with nobody who controls it, or with the agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sim_devices import series
from sim_devices.house import House
from tools.cost.home import CAR, arrival_soc, premises
from tools.cost.prices import QUARTER
from tools.cost.sessions import Session
from tools.simulate.events import Event
from tools.simulate.plant import Plant
from tools.simulate.signer import Keys
from tools.simulate.world import World

QUARTER_MS = int(QUARTER.total_seconds() * 1000)
SEED = 1


@dataclass(frozen=True)
class Span:
    """Days that follow each other: the first ones are only lived through, so that the agent has seen some."""

    name: str
    start: datetime
    days_before: int
    days: int
    coming: tuple[Session, ...]

    @property
    def quarters(self) -> int:
        """How many quarter hours there are, with those before."""
        return (self.days_before + self.days) * 96

    @property
    def first(self) -> int:
        """The first quarter hour that counts."""
        return self.days_before * 96


@dataclass(frozen=True)
class Mark:
    """What stands on the registers of the house, and how full its stores are, at one moment."""

    at: datetime
    import_wh: float
    export_wh: float
    base_wh: float
    pv_wh: float
    car_wh: float
    pump_wh: float
    stored_wh: float
    tank_c: float
    air_c: float
    walls_c: float
    outside_c: float


def _mark(house: House) -> Mark:
    grid, hybrid = house.grid.connection, house.inverter
    assert hybrid is not None
    return Mark(
        house.at,
        grid.import_wh,
        grid.export_wh,
        house.circuits["base"].import_wh,
        hybrid.pv_wh,
        house.car.energy_wh if house.car else 0.0,
        house.heat_pump.energy_wh if house.heat_pump else 0.0,
        hybrid.battery.stored_wh,
        house.tank.water_c,
        house.building.air_c,
        house.building.walls_c,
        house.weather.outside_c(house.at),
    )


def uncontrolled(
    span: Span, devices: tuple[str, ...], start: Mark | None = None, battery_rests: bool = False
) -> list[Mark]:
    """Return the marks of a home that is left alone: the battery follows the meter by itself, or rests.

    Its stores begin as full as they are at `start`.
    """
    plant = Plant(premises(devices, span.start, Keys(SEED, real=False), None))
    house, hybrid = plant.house, plant.house.inverter
    assert hybrid is not None
    if start is not None:
        hybrid.battery.soc = start.stored_wh / hybrid.battery.capacity_wh
        house.tank.water_c = start.tank_c
        house.building.air_c, house.building.walls_c = start.air_c, start.walls_c
    if battery_rests:
        hybrid.battery_w_least = hybrid.battery_w_most = 0.0
    events = _comings(span) if CAR in devices else []
    marks = [_mark(house)]
    for quarter in range(span.quarters):
        while events and events[0].at_ms <= quarter * QUARTER_MS:
            plant.move_car(*events.pop(0).args)
        plant.pass_to((quarter + 1) * QUARTER_MS)
        marks.append(_mark(house))
    return marks


def with_agent(
    span: Span, devices: tuple[str, ...], sources: list[dict[str, Any]], told: list[Event],
    look: Callable[[World], None] | None = None,
) -> list[Mark]:  # fmt: skip
    """Return the marks of a home with the agent; `told` is what it is sent, `look` sees the world each quarter."""
    keys = Keys(SEED, real=False)
    events = sorted([*told, *(_comings(span) if CAR in devices else [])], key=lambda event: event.at_ms)
    world = World(premises(devices, span.start, keys, sources), events, keys, [])
    world.civil.offset_ms = unix_ms(span.start)
    marks = []
    try:
        for quarter in range(span.quarters + 1):
            world.run_until(max(quarter * QUARTER_MS, 1))
            world.plant.pass_to(world.now_ms)
            marks.append(_mark(world.plant.house))
            if look is not None:
                look(world)
    finally:
        if world.life is not None:
            world.life.cut()
    return marks


def _comings(span: Span) -> list[Event]:
    """Return when the car comes and goes, as a simulation has it."""
    found: list[Event] = []
    for session in span.coming:
        for moment, args in ((session.arrives, ("arrive", arrival_soc())), (session.leaves, ("leave", 0.0))):
            at_ms = round((moment - span.start) / timedelta(milliseconds=1))
            if at_ms >= 0:
                found.append(Event(len(found), at_ms, "car", args))
    return found


def unix_ms(local: datetime) -> int:
    """Return the Unix time of a local standard time."""
    return round((local.replace(tzinfo=UTC) - series.LOCAL).timestamp() * 1000)
