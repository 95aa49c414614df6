"""The sentences of `siteward why` about the connection, its circuits, and the agent itself."""

from __future__ import annotations

from collections.abc import Iterator

from agent.limits import EXPORT
from boards.cpython.words import span
from hal import quantities as q
from tools.why_parts import Told, failsafe, flow, heard, labelled, limit_line, reserved_line, target_line

CLOCKS = {q.CLOCK_UNKNOWN: "unknown", q.CLOCK_INFORMATIVE: "informative, its error is not known",
    q.CLOCK_SYNCHRONISED: "synchronised", q.CLOCK_RELATIVE: "relative"}  # fmt: skip
NOT_TAKEN = (("overflow", "messages that came too fast"), ("dropped_oversize", "messages that were too large"),
    ("refused_receipts", "receipts that prove nothing"))  # fmt: skip
WAITED_MS = 3600000  # what waits for less needs no word
UNLIMITED_W = 1000000  # what a circuit has that states no limit of its own


def site_lines(site: Told) -> Iterator[str]:
    """Yield what holds for the connection, for each circuit, and for the agent as a whole."""
    yield from _circuit_lines(site, site)
    for circuit in site["circuits"]:
        behind = f", behind '{circuit['parent']}'" if circuit["parent"] else ""
        yield labelled("circuit", f"{circuit['circuit']}{behind}")
        yield from _circuit_lines(circuit, site)
    yield from _agent_lines(site)


def _circuit_lines(circuit: Told, site: Told) -> Iterator[str]:
    name = circuit["circuit"]
    for direction, verb in ((0, "import"), (EXPORT, "export")):
        own_w = circuit[verb + "_limit_w"]
        binding = [limit for limit in circuit["limits"] if limit["binds"] and "w" in limit]
        binding = [limit for limit in binding if limit["direction"] == direction]
        if binding:
            yield labelled(verb, f"at most {limit_line(binding[0], site)}")
        elif own_w < UNLIMITED_W or not name:
            yield labelled(verb, f"at most {own_w} W, what {'the circuit' if name else 'the connection'} carries")
    yield labelled("fuse", f"{circuit['fuse_ma'] / 1000:g} A per phase")
    if circuit["imbalance_ma"]:
        yield labelled("", f"one phase at most {circuit['imbalance_ma'] / 1000:g} A above another")
    yield labelled("meter" if name else "site meter", _meter(circuit))
    if circuit["failsafe"]:
        yield labelled("failsafe", failsafe(circuit["failsafe"], name))
    if circuit["room_w"] is not None:
        yield labelled("still free", _room(circuit))
    for limit in circuit["limits"]:
        if not limit["binds"] or "ma" in limit:
            yield labelled("limit", limit_line(limit, site) + ("  <- binds" if limit["binds"] else ""))
    for claim in circuit["targets"]:
        yield labelled("target", target_line(claim, name, site))
    for window in circuit.get("reserved", []):
        yield labelled("reserved", reserved_line(window, site))
    if circuit["targets"] and circuit["shown_w"] is not None:
        before = "" if circuit["baseline_w"] is None else f", mean of the last minutes {circuit['baseline_w']} W"
        yield labelled("", f"at present: {flow(circuit['shown_w'])}{before}")


def _meter(circuit: Told) -> str:
    if circuit["meter"] is not None:
        return heard(circuit["meter"])
    return "there is none: no headroom" if circuit["metered"] else "there is none: what its devices may draw is counted"


def _room(circuit: Told) -> str:
    amps = [f"{room_ma / 1000:.1f} A on L{phase}" for phase, room_ma in enumerate(circuit["room_ma"], 1)]
    return f"{circuit['room_w']} W, " + ", ".join(amps)


def _agent_lines(site: Told) -> Iterator[str]:
    known = site["clock_quality"] == q.CLOCK_SYNCHRONISED
    yield labelled("clock", CLOCKS[site["clock_quality"]] + (f" to {site['clock_error_ms']} ms" if known else ""))
    yield labelled("journal", f"{site['next_seq'] - 1} records so far, {site['waiting']} not confirmed from upstream")
    yield from _waiting_lines(site)
    upstream = "connected" if site["connected"] else "away; what was agreed runs on and everything is kept"
    yield labelled("upstream", upstream if site["uplink"] else "none is configured")
    if site["silent"]:
        yield labelled("", "nobody there confirms what it gets")
    if site["trouble"]:
        yield labelled("", f"the last attempt: {site['trouble']}")
    for counter, what in NOT_TAKEN:
        if site[counter]:
            yield labelled("not taken", f"{site[counter]} {what} since it started")
    yield labelled("agent", f"{site['agent']}, epoch {site['epoch']}")


def _waiting_lines(site: Told) -> Iterator[str]:
    """Yield since when records wait, and what was given up for them."""
    epoch, since_s, since_civil_s = site["waiting_since"] or (0, 0, 0)
    waited_ms = 0
    if epoch == site["epoch"]:
        waited_ms = site["now_ms"] - since_s * 1000
    elif since_civil_s and site["civil_ms"]:
        waited_ms = site["civil_ms"] - since_civil_s * 1000
    if waited_ms >= WAITED_MS:
        yield labelled("", f"the oldest of them has waited for {span(waited_ms)}")
    if site["thinned"]:
        yield labelled("", f"nearly full ({site['kept_bytes']} bytes): readings for whole quarter hours only")
    if site["lost"]:
        yield labelled("", f"{site['lost']} records had to make room before anybody had confirmed them")
