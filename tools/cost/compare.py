"""Runs of days that follow each other, spread over 2024, and what each comes to in all three ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tools.cost.bound import Case, least
from tools.cost.home import BATTERY, CAR, DEVICES
from tools.cost.plan import sources, tellings
from tools.cost.prices import QUARTER, prices_of
from tools.cost.report import Compared, Outcome, outcome
from tools.cost.sessions import ENERGY_WH, sessions
from tools.cost.walk import Mark, Span, uncontrolled, with_agent

DAYS_BEFORE, DAYS, DAYS_AFTER = 2, 2, 2  # to learn, that count, by which is judged what is left in the stores
STARTS = {
    "winter": datetime(2024, 1, 14, 12, tzinfo=UTC),
    "spring": datetime(2024, 5, 10, 12, tzinfo=UTC),
    "summer": datetime(2024, 8, 21, 12, tzinfo=UTC),
    "autumn": datetime(2024, 10, 10, 12, tzinfo=UTC),
}
KINDS: tuple[tuple[str, ...], ...] = (*((name,) for name in DEVICES), DEVICES)


def span_of(name: str, days_before: int = DAYS_BEFORE, days: int = DAYS, later: int = 0) -> Span:
    """Return a run of days by its name, or one so many days later in the year. Raises: NoSeries."""
    start = STARTS[name] + timedelta(days=later)
    return Span(name, start, days_before, days, tuple(sessions(start, days_before + days)))


def plugged(span: Span) -> list[bool]:
    """Tell for each quarter hour whether the car is at home."""
    moments = [span.start + at * QUARTER for at in range(span.quarters)]
    return [any(stay.arrives <= moment < stay.leaves for stay in span.coming) for moment in moments]


def compare(span: Span, devices: tuple[str, ...]) -> tuple[Compared, list[Mark]]:
    """Return what it came to, and the agent's marks. Raises: NoSeries, NoSolver, Unsolved."""
    marks = with_agent(span, devices, sources(devices), tellings(span))[span.first :]
    start, days = span.start + timedelta(days=span.days_before), span.days + DAYS_AFTER
    counted = Span(span.name, start, 0, days, tuple(sessions(start, days)))
    alone = uncontrolled(counted, devices, marks[0])
    case = Case(devices, marks[0], alone, prices_of(counted.start, counted.quarters), plugged(counted))
    quarters = len(marks) - 1
    found = least(case)
    after_eur = sum(found.paid_eur[quarters:])

    def came_to(lived: list[Mark]) -> Outcome:
        """The days after are planned from the end of these, with everything known, as the bound's own are."""
        rest = Case(devices, lived[-1], alone[quarters:], case.prices[quarters:], case.plugged[quarters:])
        left_eur = after_eur - least(rest).bound_eur
        return outcome(lived, case.prices[:quarters], left_eur, ENERGY_WH * span.days / 1000 if CAR in devices else 0.0)

    rests = None
    if BATTERY in devices:
        rests = came_to(uncontrolled(counted, devices, marks[0], battery_rests=True)[: quarters + 1])
    bound_eur = found.bound_eur - after_eur
    return Compared(span.name, devices, came_to(alone[: quarters + 1]), rests, came_to(marks), bound_eur), marks
