"""The local plan: which sources the agent is given, and the prices that somebody tells it each day at 13:00."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from agent.limits import EXPORT, IMPORT
from tools.cost.home import BATTERY, CAR, CAR_W, DEPARTURE, HEAT, OWNER, ROOM_MC, ROOM_MC_MAX, Parts
from tools.cost.prices import Price, price_at, told
from tools.cost.sessions import ENERGY_WH
from tools.cost.walk import Span, unix_ms
from tools.simulate.events import Event

PRICES = 7  # kind of command
HOUR_S = 3600
TOLD_H = 13  # the day-ahead auction's results are public by then
FIRST_MS = 60_000
PRICED = {"price": 30000, "offset_min": 60}  # where no price is told: 0.30 EUR/kWh
EFFICIENCY_PM = round(Parts.battery.efficiency * Parts.inverter.efficiency * 1000)
POWER_MAX_W = 12000
HYSTERESIS_MC = 300  # of the thermostat: as deep as it lets the room fall by itself
# As an installer would guess them: air and some of the walls, and the pump while the room's valve is open.
ROOM = {"capacity_wh_k": 2000, "loss_w_k": 120, "power_w": 1500, "cop_pm": 3000}


def sources(devices: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the tables of configuration for a home with these devices."""
    rows: list[dict[str, Any]] = [_row("prices", "prices", **{"from": [OWNER]})]
    if BATTERY in devices:
        rows.append(_row("store", "battery-plan", device=BATTERY, capacity_wh=int(Parts.battery.capacity_wh),
                         charge_pm=EFFICIENCY_PM, discharge_pm=EFFICIENCY_PM, export_price=5000,
                         charge_w=5000, discharge_w=5000, **PRICED))  # fmt: skip
    if CAR in devices:
        rows.append(_row("car", "tariff", device=CAR, setpoint=16000, power_w=CAR_W, energy_wh=ENERGY_WH,
                         departure=DEPARTURE, windows=["00:00-06:00 28000"], **PRICED))  # fmt: skip
    if HEAT in devices:
        rows.append(_row("warmth", "heat-plan", device="room", store="room", outside=HEAT, export_price=5000,
                         temp_min_mc=ROOM_MC - HYSTERESIS_MC, temp_max_mc=ROOM_MC_MAX, **ROOM, **PRICED))  # fmt: skip
    return rows


def _row(name: str, kind: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "power_max_w": POWER_MAX_W, **options}


def tellings(span: Span) -> list[Event]:
    """Return the commands with prices: today's at once, from then on each day tomorrow's."""
    events = _telling(FIRST_MS, span.start, 24 - span.start.hour)
    midnight = span.start.replace(hour=0)
    for day in range(span.days_before + span.days + 1):
        at = midnight + timedelta(days=day, hours=TOLD_H)
        at_ms = round((at - span.start) / timedelta(milliseconds=1))
        if at_ms > FIRST_MS:
            events += _telling(at_ms, midnight + timedelta(days=day + 1), 24)
    return events


def _telling(at_ms: int, first: datetime, hours: int) -> list[Event]:
    prices = [price_at(first + timedelta(hours=hour)) for hour in range(hours)]
    return [
        Event(0, at_ms, "command", (OWNER, PRICES, _body(direction, first, prices), ""))
        for direction in (IMPORT, EXPORT)
    ]


def _body(direction: int, first: datetime, prices: list[Price]) -> list[Any]:
    said = [told(price.taken if direction == IMPORT else price.fed) for price in prices]
    return [direction, unix_ms(first) // 1000, HOUR_S, said]
