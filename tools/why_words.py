"""The sentences of `siteward why`, made of what agent/why.py tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.limits import EXPORT
from boards.cpython.words import REASONS, amount, reason, span
from hal import quantities as q
from tools.console import printable

ROLES = {"grid": "the grid operator", "aggregator": "the aggregator", "owner": "the owner"}
CAUSES = {1: "meter never seen", 2: "meter stale", 3: "meter absurd"}
CLOCKS = {q.CLOCK_UNKNOWN: "unknown", q.CLOCK_INFORMATIVE: "informative, its error is not known",
    q.CLOCK_SYNCHRONISED: "synchronised", q.CLOCK_RELATIVE: "relative"}  # fmt: skip
OUTCOMES = ("done", "refused by the product", "failed", "sent to its default mode")
EVIDENCE = ("no proof", "acknowledged", "read back", "metered")
NOT_TAKEN = (("overflow", "messages that came too fast"), ("dropped_oversize", "messages that were too large"),
    ("refused_receipts", "receipts that prove nothing"))  # fmt: skip

Told = dict[str, Any]


def site_lines(site: Told) -> Iterator[str]:
    """Yield what holds for the connection as a whole."""
    for direction, verb in ((0, "import"), (EXPORT, "export")):
        binding = [limit for limit in site["limits"] if limit["binds"] and limit["direction"] == direction]
        most = _limit(binding[0], site) if binding else f"{site[verb + '_limit_w']} W, what the connection carries"
        yield _labelled(verb, f"at most {most}")
    yield _labelled("fuse", f"{site['fuse_ma'] / 1000:g} A per phase")
    yield _labelled("site meter", _heard(site["meter"]) if site["meter"] else "there is none: no headroom")
    if site["failsafe"]:
        yield _labelled("failsafe", _failsafe(site["failsafe"]))
    known = site["clock_quality"] == q.CLOCK_SYNCHRONISED
    yield _labelled("clock", CLOCKS[site["clock_quality"]] + (f" to {site['clock_error_ms']} ms" if known else ""))
    yield _labelled("journal", f"{site['next_seq'] - 1} records so far, {site['waiting']} not confirmed from upstream")
    upstream = "connected" if site["connected"] else "away; what was agreed runs on and everything is kept"
    yield _labelled("upstream", upstream if site["uplink"] else "none is configured")
    if site["trouble"]:
        yield _labelled("", f"the last attempt: {site['trouble']}")
    for counter, what in NOT_TAKEN:
        if site[counter]:
            yield _labelled("not taken", f"{site[counter]} {what} since it started")
    yield _labelled("agent", f"{site['agent']}, epoch {site['epoch']}")


def headline(told: Told, site: Told) -> str:
    """Return the one sentence about a device."""
    if not told["control"]:
        return f"{told['device']}: {_heard(told['inputs'][0], name=False)}; it measures and has nothing to set"
    return f"{told['device']}: {amount(told['control'], told['setpoint'])}, because {_because(told, site)}"


def device_lines(told: Told, site: Told) -> Iterator[str]:
    """Yield everything else about a device."""
    if told["control"]:
        yield _labelled("wished", _wished(told, site))
        if told["failsafe"]:
            yield _labelled("failsafe", _failsafe(told["failsafe"]))
        if told["rise"]:
            yield _labelled("rises", _rise(told["rise"]))
        for limit in told["limits"]:
            yield _labelled("limit", _limit(limit, site) + ("  <- binds" if limit["binds"] else ""))
        for claim in told["claims"]:
            yield _labelled("claim", _claim(claim, told, site))
    for heard in told["inputs"]:
        yield _labelled("input", _heard(heard))
    if told["control"]:
        yield _labelled("granted", f"for another {span(told['lease_ms'])}, unless renewed")
        yield _labelled("last write", _written(told))
        for right in told["may_change"]:
            yield _labelled("may change", _right(right))
        yield _labelled("", _opting_out(told))


def _labelled(label: str, text: str) -> str:
    return printable(f"  {label:12}{text}")


def _by(name: str, site: Told) -> str:
    """Return an authority with its role, as far as its key is still known."""
    roles = [each["role"] for each in site["authorities"] if each["authority"] == name]
    return f"{ROLES[roles[0]]} '{name}'" if roles and roles[0] in ROLES else f"'{name}'"


def _failsafe(cause: int) -> str:
    return REASONS[CAUSES[cause]] if cause in CAUSES else f"cause {cause}"


def _left(left_ms: int | None) -> str:
    return "" if left_ms is None else f" for another {span(left_ms)}"


def _because(told: Told, site: Told) -> str:
    binding, source = [limit for limit in told["limits"] if limit["binds"]], told["source"]
    if told["rise"] and told["rise"]["left_ms"] is not None:
        return f"it was held down and may rise in {span(told['rise']['left_ms'])}, if the room lasts"
    if binding:
        return " and ".join(_binds(limit, told, site) for limit in binding)
    claims = [claim for claim in told["claims"] if claim["wins"] and source == "claim " + claim["authority"]]
    if claims:
        return f"{_by(claims[0]['authority'], site)} asks for it{_left(claims[0]['left_ms'])}"
    return reason(source)


def _binds(limit: Told, told: Told, site: Told) -> str:
    if "authority" not in limit:
        fuse = f"the fuse of {told['source'][5:]} ({limit.get('ma', 0) / 1000:g} A) carries no more"
        return fuse if limit["source"] == "fuse" else f"{reason(limit['source'])} than {limit['w']} W"
    what = "the site" if not limit["scope"] else "this device"
    export = " of export" if limit["direction"] == EXPORT else ""
    return f"{_by(limit['authority'], site)} limits {what} to {limit['w']} W{export}{_left(limit['left_ms'])}"


def _limit(limit: Told, site: Told) -> str:
    if limit["source"] == "fuse":
        return f"fuse of {limit['ma'] / 1000:g} A on " + " ".join(f"L{phase}" for phase in limit["phases"])
    export = " of export" if limit.get("direction") == EXPORT else ""
    if "authority" not in limit:
        return f"{limit['w']} W{export}, {limit['source']}"
    scope = "the site" if not limit["scope"] else "this device"
    return f"{limit['w']} W{export} for {scope}, by {_by(limit['authority'], site)}{_left(limit['left_ms'])}"


def _claim(claim: Told, told: Told, site: Told) -> str:
    place = "" if claim["wins"] else ", waits behind"
    wanted = amount(told["control"], claim["setpoint"])
    return f"{wanted}, primacy {claim['primacy']}, by {_by(claim['authority'], site)}{_left(claim['left_ms'])}{place}"


def _wished(told: Told, site: Told) -> str:
    who = told["wish_source"]
    by = "by default" if who == "default" else f"by {_by(who.partition(' ')[2], site)}"
    return f"{amount(told['control'], told['wish'])}, {by}"


def _rise(rise: Told) -> str:
    if rise["left_ms"] is None:
        return f"{span(rise['wait_ms'])} after there is room"
    return f"in {span(rise['left_ms'])}, if the room lasts"


def _heard(heard: Told, name: bool = True) -> str:
    """Say how old an input is; an old power is never said without its age."""
    who = f"{heard['device']} " if name else ""
    if heard["age_ms"] is None:
        return f"{who}has never answered"
    trusted = ("" if heard["fresh"] else "too old: ") + f"trusted for {span(heard['stale_ms'])}"
    power = "" if heard["power_w"] is None else f"{heard['power_w']} W, "
    return f"{who}{power}{span(heard['age_ms'])} ago ({trusted})"


def _written(told: Told) -> str:
    written = told["write"]
    if written is None:
        return "none yet"
    wanted = amount(told["control"], written["setpoint"])
    return f"{wanted}: {OUTCOMES[written['outcome']]}, {EVIDENCE[written['evidence']]}, {span(written['age_ms'])} ago"


def _right(right: Told) -> str:
    who = f"{ROLES.get(right['role'], right['role'])} '{right['authority']}'"
    if not right["claims"]:
        return f"{who}: by limits only" if right["limits"] else f"{who}: not this device"
    wins = "would take its place now" if right["wins"] else "would wait behind the claim in force"
    return f"{who}: by claims{' and limits' if right['limits'] else ''} up to {right['power_max_w']} W; a claim {wins}"


def _opting_out(told: Told) -> str:
    if not any(right["role"] == "owner" for right in told["may_change"]):
        return "No key of an owner is configured, so nobody can opt out."
    if told["source"] == "default" or told["source"].startswith("claim "):
        return "Your own opt-out would take effect at once, as far as the limits allow."
    return "Your own opt-out would go before every claim, but it lifts no limit."
