"""Sentences about one limit, claim, target or input, shared by the site's and the devices' pages of `siteward why`."""

from __future__ import annotations

import time
from typing import Any

from agent.claims import ASIDE, CEILING, CHANGE, TARGET
from agent.limits import EXPORT
from agent.told import HELD, SUSPENDED
from boards.cpython.words import amount, reason, span
from tools.console import printable

ROLES = {"grid": "the grid operator", "aggregator": "the aggregator", "owner": "the owner", "utility": "the utility"}
BY_BATTERIES = ("", ", by batteries that charge", ", by batteries that discharge", ", by batteries alone")
CAUSES = {1: "meter never seen", 2: "meter stale", 3: "meter absurd"}

DAY_MS = 86400000

Told = dict[str, Any]


def labelled(label: str, text: str) -> str:
    """Return one line of a page."""
    return printable(f"  {label:12}{text}")


def by(name: str, site: Told) -> str:
    """Return an authority with its role, as far as its key is still known."""
    roles = [each["role"] for each in site["authorities"] if each["authority"] == name]
    return f"{ROLES[roles[0]]} '{name}'" if roles and roles[0] in ROLES else f"'{name}'"


def place(circuit: str) -> str:
    """Return a circuit; "" is the connection."""
    return f"circuit '{circuit}'" if circuit else "the site"


def meter_of(circuit: str) -> str:
    """Return the meter that guards a circuit."""
    return f"the meter of circuit '{circuit}'" if circuit else "the site meter"


def failsafe(cause: int, circuit: str) -> str:
    """Return why there is no headroom on a circuit."""
    return reason(CAUSES[cause], meter_of(circuit)) if cause in CAUSES else f"cause {cause}"


def when(told: Told) -> str:
    """Return when a limit or claim begins and ends."""
    left_ms, starts_ms = told["left_ms"], told.get("starts_ms")
    if starts_ms is not None:
        ends = "stays until it is taken back" if left_ms is None else f"ends in {span(left_ms)}"
        return f", begins in {span(starts_ms)} and {ends}"
    if left_ms is not None:
        return f" for another {span(left_ms)}"
    return " until it is taken back" if told.get("default") else ""


def most(limit: Told) -> str:
    """Return what a limit allows."""
    if "ma" in limit:
        return f"{limit['ma'] / 1000:g} A on " + phases(limit["phases"])
    return f"{limit['w']} W" + (" of export" if limit.get("direction") == EXPORT else "")


def phases(numbers: list[int]) -> str:
    """Return phases as they stand on the fuse box."""
    return " ".join(f"L{number}" for number in numbers)


def limit_line(limit: Told, site: Told, device: str = "") -> str:
    """Return a limit with who says so, for how long, and what it is at present."""
    scope = limit["scope"]
    if limit["source"] == "fuse":
        return f"fuse of {most(limit)}" + (f" of {place(scope)}" if scope else "")
    if limit["source"] == "imbalance":
        return f"{limit['ma'] / 1000:g} A more than another phase, imbalance of {place(scope)}"
    if "authority" not in limit:
        return f"{most(limit)}, {limit['source']}"
    where = "this device" if device and scope == device else place(scope)
    states = {SUSPENDED: ", rests while they say otherwise", HELD: ", its time is over and it stays"}
    state = states.get(limit.get("state", ""), "")
    return f"{most(limit)} for {where}, by {by(limit['authority'], site)}{when(limit)}{state}"


def claim_line(claim: Told, control: int, site: Told) -> str:
    """Return a claim on a device with who asks, for how long, and whether it is its turn."""
    wanted = "opted out" if claim["mode"] == ASIDE else amount(control, claim["setpoint"])
    if claim["mode"] == CEILING:
        wanted = f"no more than this: {wanted}"
    if claim["ramp_left_ms"]:
        wanted += f" in {span(claim['ramp_left_ms'])}, {amount(control, claim['now'])} at present"
    behind = "" if claim["wins"] or claim["starts_ms"] is not None else ", waits behind"
    behind = ", put off: reserved for another programme" if claim.get("put_off") else behind
    return f"{wanted}, primacy {claim['primacy']}, by {by(claim['authority'], site)}{when(claim)}{behind}"


def reserved_line(window: Told, site: Told, device: str = "") -> str:
    """Return for whom something is reserved, until when, and what was sold; no other programme is served there."""
    where = "this device" if device and window["scope"] == device else place(window["scope"])
    starts_ms = window["starts_ms"]
    begins = "" if starts_ms is None else f"{_moment('from', starts_ms, site)} "
    sold = f"{window['power_w']} W {'less' if window['direction'] == EXPORT else 'more'}"
    return f"{where}, for {by(window['authority'], site)} {begins}{_moment('until', window['left_ms'], site)}: {sold}"


def _moment(word: str, ahead_ms: int, site: Told) -> str:
    """Return a moment as a time of day, or how far ahead it is while the date is not known or further off."""
    if not site["civil_ms"] or ahead_ms >= DAY_MS:
        return f"{word} {span(ahead_ms)} from now"
    return f"{word} {time.strftime('%H:%M', time.localtime((site['civil_ms'] + ahead_ms) / 1000))}"


def target_line(claim: Told, circuit: str, site: Told) -> str:
    """Return what a circuit is to carry, with who asks, for how long, and from what it counts."""
    behind = "" if claim["wins"] or claim["starts_ms"] is not None else ", waits behind"
    behind = ", put off: reserved for another programme" if claim.get("put_off") else behind
    return (
        f"{wanted_of(claim, circuit)}, primacy {claim['primacy']}, by {by(claim['authority'], site)}"
        f"{when(claim)}{behind}"
    )


def wanted_of(claim: Told, circuit: str) -> str:
    """Return what a target wants a circuit to carry."""
    if claim["mode"] == ASIDE:
        return f"{place(circuit)} is opted out"
    if claim["mode"] == TARGET:
        said = f"{place(circuit)} shall {flow(claim['w'])}{BY_BATTERIES[claim.get('batteries', 0)]}"
    elif claim["mode"] == CHANGE and claim["base_w"] is None:
        said = f"{place(circuit)} shall draw {change(claim['w'])} than before, once a minute was measured"
    else:
        said = f"{place(circuit)} shall {flow(claim['base_w'] + claim['w'])}, {change(claim['w'])} than before"
    if claim["ramp_left_ms"]:
        said += f", in {span(claim['ramp_left_ms'])}; {flow(claim['now'])} at present"
    return said


def flow(power_w: int) -> str:
    """Return a power at a meter."""
    return f"draw {power_w} W" if power_w >= 0 else f"feed in {-power_w} W"


def change(power_w: int) -> str:
    """Return a difference."""
    return f"{power_w} W more" if power_w >= 0 else f"{-power_w} W less"


def heard(told: Told, name: bool = True) -> str:
    """Say how old an input is; an old power is never said without its age."""
    who = f"{told['device']} " if name else ""
    if told["age_ms"] is None:
        return f"{who}has never answered"
    trusted = ("" if told["fresh"] else "too old: ") + f"trusted for {span(told['stale_ms'])}"
    power = "" if told["power_w"] is None else f"{told['power_w']} W, "
    return f"{who}{power}{span(told['age_ms'])} ago ({trusted})"
