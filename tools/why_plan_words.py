"""The sentences of `siteward why` about a plan: what is planned for the hours to come, at which prices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tools.why_parts import Told, labelled

# By a plan's action, 3 x taking + giving: agent/sources/storage.py.
BATTERY = {
    0: "rest", 1: "give what is drawn", 2: "discharge", 3: "take what the sun leaves", 4: "keep the meter at 0 W",
    6: "charge",
}  # fmt: skip
HEAT = {0: "rest", 6: "heat"}


def plan_lines(plan: Told) -> Iterator[str]:
    """Yield a plan of the source that tells it, a line for each span of time; times are those of this machine."""
    if not plan["slots"]:
        yield labelled("plan", f"'{plan['source']}' has none yet: it needs the time, and what is stored now")
        return
    yield labelled("plan", f"by '{plan['source']}'; prices of a kWh drawn and fed in, what is stored before and after")
    for slot in plan["slots"]:
        yield labelled("", _slot(slot, plan["in"]))


def _slot(slot: Told, unit: str) -> str:
    words = HEAT if unit == "mC" else BATTERY
    action = words.get(slot["action"], f"action {slot['action']}")
    prices = f"{slot['price']}, {slot['export_price']}"
    return (
        f"{_clock(slot['from_s'])} to {_clock(slot['until_s'])}  {action:24}  {prices:16}  "
        f"{_level(slot['before'], unit)} -> {_level(slot['after'], unit)}"
    )


def _clock(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s).astimezone():%H:%M}"


def _level(level: int, unit: str) -> str:
    return f"{level / 1000:.1f} °C" if unit == "mC" else f"{level / 1000:.2f} kWh"
