"""The sentences of `siteward why` about a device, made of what agent/why.py tells."""

from __future__ import annotations

import time
from collections.abc import Iterator

from agent.claims import ASIDE, CEILING
from boards.cpython.words import METERS, amount, reason, span
from tools.why_parts import (
    ROLES,
    Told,
    by,
    claim_line,
    failsafe,
    heard,
    labelled,
    limit_line,
    meter_of,
    most,
    place,
    reserved_line,
    target_line,
    wanted_of,
    when,
)

OUTCOMES = ("done", "refused by the product", "failed", "sent to its default mode")
_VERBS = {CEILING: "asks for no more", ASIDE: "has opted out"}
EVIDENCE = ("no proof", "acknowledged", "read back", "metered")


def headline(told: Told, site: Told) -> str:
    """Return the one sentence about a device."""
    if not told["control"]:
        return f"{told['device']}: {heard(told['inputs'][0], name=False)}; it measures and has nothing to set"
    return f"{told['device']}: {amount(told['control'], told['setpoint'])}, because {_because(told, site)}"


def device_lines(told: Told, site: Told) -> Iterator[str]:
    """Yield everything else about a device."""
    if told["control"]:
        yield labelled("wished", _wished(told, site))
        if told["comfort"] != [None, None]:
            yield labelled("comfort", _comfort(told))
        if told.get("departure"):
            at_ms, energy_wh = told["departure"]
            when_needed = time.strftime("%Y-%m-%d %H:%M", time.localtime(at_ms / 1000))
            yield labelled("departure", f"{energy_wh / 1000:g} kWh until {when_needed}, as the owner said")
        if told["failsafe"]:
            yield labelled("failsafe", failsafe(told["failsafe"], told["failsafe_circuit"]))
        if told["rise"]:
            yield labelled("rises", _rise(told["rise"]))
        for line in _protection(told["protection"]):
            yield labelled("protection", line)
        if told["next_ms"] is not None:
            yield labelled("next change", f"in {span(told['next_ms'])}, if not sooner: {_next(told['next'])}")
        if told["foreign"]:
            yield labelled("contested", _foreign(told))
        for limit in told["limits"]:
            line = limit_line(limit, site, told["device"])
            yield labelled("limit", line + ("  <- binds" if limit["binds"] else ""))
        for claim in told["claims"]:
            yield labelled("claim", claim_line(claim, told["control"], site))
        for claim in told["targets"]:
            yield labelled("target", target_line(claim, claim["scope"], site))
        for window in told.get("reserved", []):
            yield labelled("reserved", reserved_line(window, site, told["device"]))
    for each in told["inputs"]:
        yield labelled("input", heard(each))
    if told["control"]:
        yield labelled("granted", f"for another {span(told['lease_ms'])}, unless renewed")
        yield labelled("last write", _written(told))
        for right in told["may_change"]:
            yield labelled("may change", _right(right))
        yield labelled("", _opting_out(told))


def _because(told: Told, site: Told) -> str:
    binding, source = [limit for limit in told["limits"] if limit["binds"]], told["source"]
    if told["rise"] and told["rise"]["left_ms"] is not None:
        return f"it was held down and may rise in {span(told['rise']['left_ms'])}, if the room lasts"
    if binding:
        return " and ".join(_binds(limit, told, site) for limit in binding)
    for claim in told["claims"]:
        if claim["wins"] and source == "claim " + claim["authority"]:
            verb = _VERBS.get(claim["mode"], "asks for it")
            return f"{by(claim['authority'], site)} {verb}{when(claim)}"
    for claim in told["targets"]:
        if source == "claim " + claim["authority"]:
            return f"{wanted_of(claim, claim['scope'])}: {by(claim['authority'], site)} asks for it{when(claim)}"
    if source in METERS:
        return reason(source, meter_of(told["failsafe_circuit"] or ""))
    guard = told["protection"]
    left = f" for another {span(guard['left_ms'])}" if source == guard["delays"] and guard["left_ms"] else ""
    return reason(source) + left


def _binds(limit: Told, told: Told, site: Told) -> str:
    scope = limit["scope"]
    if limit["source"] == "fuse":
        phase = told["source"].rpartition(" ")[2]
        where = f" of {place(scope)}" if scope else ""
        return f"the fuse of {phase}{where} ({limit['ma'] / 1000:g} A) carries no more"
    if "authority" not in limit:
        return reason(limit["source"]) + (f" than {limit['w']} W" if "w" in limit else "")
    what = "this device" if scope == told["device"] else place(scope)
    if scope and scope not in told["circuits"]:
        what = "this device"
    return f"{by(limit['authority'], site)} limits {what} to {most(limit)}{when(limit)}"


def _wished(told: Told, site: Told) -> str:
    who, wish = told["wish_source"], amount(told["control"], told["wish"])
    if who == "default":
        return f"{wish}, by default"
    if who.startswith("claim "):
        return f"{wish}, by {by(who.partition(' ')[2], site)}"
    return f"{wish}, because {reason(who)}"


def _comfort(told: Told) -> str:
    lowest, highest = [None if each is None else amount(told["control"], each) for each in told["comfort"]]
    span_of = f"from {lowest or 'any'} to {highest or 'any'}"
    return f"{span_of}; only the owner may ask for something else"


def _rise(rise: Told) -> str:
    if rise["left_ms"] is None:
        return f"{span(rise['wait_ms'])} after there is room"
    return f"in {span(rise['left_ms'])}, if the room lasts"


def _protection(guard: Told) -> Iterator[str]:
    if guard["delays"]:
        until = "" if guard["left_ms"] is None else f", for another {span(guard['left_ms'])}"
        yield reason(guard["delays"]) + until
    elif guard["bound_ms"]:
        yield f"it may {'stop' if guard['running'] else 'start'} in {span(guard['bound_ms'])} at the earliest"
    if guard["starts_left"] is not None:
        yield f"{guard['starts_left']} more starts in this hour"
    if guard["short_runs"]:
        yield f"{guard['short_runs']} x a limit or a failsafe stopped it before it had run for long enough"
    if guard["ramp_w_s"]:
        yield f"its power changes by at most {guard['ramp_w_s']} W a second"
    if "soc_pm" in guard:
        yield _charge(guard)
    if "writes" in guard:
        yield (
            f"{guard['writes']} writes so far; it may change {guard['writes_left']} x now, "
            f"{guard['writes_per_day']} x a day"
        )


def _charge(guard: Told) -> str:
    bounds = f"kept from {guard['soc_min_pm'] / 10:g} % to {guard['soc_max_pm'] / 10:g} %"
    if guard["soc_pm"] is None:
        return f"its charge is not known; {bounds}"
    state = ", so it gives nothing" if guard["empty"] else ", so it takes nothing" if guard["full"] else ""
    return f"charged to {guard['soc_pm'] / 10:g} %, {bounds}{state}"


def _next(what: str) -> str:
    if what == "rise":
        return "it rises if the room lasts"
    if what.startswith("protection"):
        return "its protection lets it change"
    words = what.split(" ")
    return f"the {words[0]} of '{' '.join(words[1:-1])}' {words[-1]}"


def _foreign(told: Told) -> str:
    foreign = told["foreign"]
    kept = "" if foreign["kept"] is None else f" to {amount(told['control'], foreign['kept'])}"
    since = f"since {span(foreign['age_ms'])} ago" if foreign["now"] else f"last {span(foreign['age_ms'])} ago, not now"
    return f"another controller sets it{kept}, {since}; {foreign['times']} x since the agent started"


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
    if any(claim["mode"] == ASIDE for claim in told["claims"]):
        return "You have opted out: `siteward owner opt-in` ends that."
    if any(claim["mode"] == CEILING and claim["wins"] for claim in told["claims"]):
        return "Your own opt-out would go before every set-point; above the ceiling claim one, too."
    if told["source"] == "default" or told["source"].startswith("claim "):
        return "Your own opt-out would take effect at once, as far as limits and protection allow."
    return "Your own opt-out would go before every claim, but it lifts no limit and no protection."
