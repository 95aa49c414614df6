"""What an agent tells in JSON, as sentences for people; boards do not carry these words.

`sentence` takes any line of boards/telling.py, one that a board printed as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hal import quantities as q

CONTROLS = {q.LIMIT_MA: "limit_ma", q.SETPOINT_W: "setpoint_w", q.LIMIT_W: "limit_w", q.MODE: "mode",
    q.TEMP_TARGET_MC: "temp_target_mc", q.ON: "on", q.PHASES: "phases"}  # fmt: skip
MODES = {q.SG_LOCK: "locked", q.SG_NORMAL: "normal", q.SG_RECOMMENDED: "recommended on", q.SG_FORCED: "forced on"}
UNITS_MS = ((172_800_000, 86_400_000, "days"), (7_200_000, 3_600_000, "h"), (120_000, 60_000, "min"), (0, 1000, "s"))

REASONS = {
    "": "nothing was decided yet",
    "default": "nobody asks for anything else",
    "connection": "the connection carries no more",
    "nameplate": "its nameplate allows no more",
    "imbalance": "its phases would carry too much more than the others",
    "comfort": "the comfort band goes no further",
    "protection rest": "it has to rest before it starts again",
    "protection phases": "it is moved between one phase and three, and stands still meanwhile",
    "protection random": "it waits for a time that was drawn, so that a street does not start at once",
    "protection run": "it has just started and has to run for a while",
    "protection starts": "it has started as often as it may in an hour",
    "protection longest stop": "it has stood still for as long as it may",
    "protection charge": "its charge is at its bound",
    "protection ramp": "its power may only change step by step",
    "protection wear": "every write wears it, and its budget of writes is used up",
    "lease ended": "nobody renewed its grant",
    "shutdown": "the agent ends",
}
METERS = {
    "meter never seen": "{} has not answered yet, so there is no headroom",
    "meter stale": "{} is silent, so there is no headroom",
    "meter absurd": "{} cannot be believed, so there is no headroom",
}
EVENTS = {
    "started": "has started",
    "completed": "is completed",
    "expired": "ended before it could start",
    "opted out": "waits: the owner opted out",
    "opted in": "goes on: the owner opted in again",
}
STATES = {
    "lost": "{} has fallen silent",
    "attached": "{} answers",
    "foreign controller": "{}: somebody else sets it too",
    "wrong device": "{}: another product answers at its address",
    "control regained": "{}: nobody else has set it for a minute",
}


def amount(control: int, setpoint: int | None) -> str:
    """Return a set-point in its unit; None is the product's own default mode."""
    if setpoint is None:
        return "in its own default mode"
    if control == q.LIMIT_MA:
        return f"{setpoint / 1000:g} A" if setpoint else "paused"
    if control == q.SETPOINT_W:
        verb = "charging" if setpoint > 0 else "discharging" if setpoint else "held"
        return f"{verb} at {abs(setpoint)} W"
    if control == q.LIMIT_W and setpoint < 0:
        return f"feeding in at most {-setpoint} W"
    if control == q.LIMIT_W:
        return f"at most {setpoint} W" if setpoint else "stopped"
    if control == q.MODE:
        return MODES.get(setpoint, f"mode {setpoint}")
    if control == q.TEMP_TARGET_MC:
        return f"{setpoint / 1000:g} °C"
    return "on" if setpoint else "off"


def span(ms: int) -> str:
    """Return a duration, coarser the longer it is."""
    _, unit_ms, name = next(each for each in UNITS_MS if ms >= each[0])
    return f"{ms / 1000:.1f} s" if ms < 10_000 else f"{(ms + unit_ms // 2) // unit_ms} {name}"


def reason(source: str, meter: str = "the meter above it") -> str:
    """Return why a set-point is what it is, as far as its source alone tells."""
    kind, _, name = source.partition(" ")
    if source in METERS:
        return METERS[source].format(meter)
    if kind == "limit":
        return f"a limit of '{name}' allows no more"
    if kind == "claim":
        return f"'{name}' asks for it"
    if kind == "circuit":
        return f"circuit '{name}' carries no more"
    if kind == "fuse":
        circuit, _, phase = name.rpartition(" ")
        return f"the fuse of {phase}{circuit and f' of circuit {circuit!r}'} carries no more"
    return REASONS.get(source, source)


def sentence(told: dict[str, Any], control_of: Callable[[str], int]) -> str:
    """Return one told fact as a sentence; `control_of` gives the quantity that a device's set-points are in."""
    kind = told.get("fact")
    if kind == "binding":
        granted = amount(control_of(told["device"]), told["granted"])
        return f"{told['device']}: {granted}, because {reason(told['source'])}."
    if kind == "write":
        return _write(told, amount(control_of(told["device"]), told["setpoint"]))
    if kind == "device":
        state = str(told["state"])
        return STATES.get(state, "{}: " + state).format(told["device"]) + "."
    if kind == "decision":
        refused = told["reason"] != "accepted"
        return f"Command {_short(told)} was " + (f"refused: {told['reason']}." if refused else "accepted.")
    if kind == "event":
        return f"Command {_short(told)} {EVENTS.get(told['status'], 'was ' + told['status'])}."
    if kind == "failsafe":
        return _failsafe(told["cause"], told["entered"], told.get("meter", ""))
    if kind == "delay":
        return _delay(told)
    if kind == "key":
        return f"Key {told['key']} {'signs from now on' if told['begins'] else 'has ended: it signs no more'}."
    if kind == "uplink":
        return "The way upstream is open." if told["connected"] else "The way upstream is closed; everything is kept."
    if kind == "upstream":
        if told["confirms"]:
            return "Upstream confirms again what it gets."
        return "Nobody confirms what goes upstream; everything is kept."
    if kind == "ready":
        return f"The agent of {told['site']} runs: {told['agent']}, epoch {told['epoch']}."
    if kind == "dropped":
        return f"{told['lines']} lines were not read in time and are left out here; the journal has everything."
    return str(told)


def _short(told: dict[str, Any]) -> str:
    return str(told["command"])[:8]


def _write(told: dict[str, Any], wanted: str) -> str:
    device, outcome = told["device"], told["outcome"]
    if outcome == "rejected":
        return f"{device} refused this: {wanted}."
    if outcome == "failed":
        return f"{device} could not be told: {wanted}."
    proof = "acknowledged" if told["kept"] is None else "read back"
    return f"{device} obeys: {wanted}, {proof}."


def _delay(told: dict[str, Any]) -> str:
    wait_ms, left = told["wait_ms"], told["starts_left"]
    until = "until that has changed" if wait_ms is None else f"for another {span(wait_ms)}"
    starts = "" if left is None else f"; {left} {'start is' if left == 1 else 'starts are'} left in this hour"
    return f"{told['device']} waits {until}: {reason(told['source'])}{starts}."


def _failsafe(cause: str, entered: bool, meter: str) -> str:
    if cause == "shutdown":
        return "The agent ends; every device was told to go to its default mode."
    which, whose = (f"the meter '{meter}'", " on its circuit") if meter else ("the site meter", "")
    if entered:
        said = reason(cause, which)
        return f"{said[:1].upper()}{said[1:]}: devices{whose} go to their fallback."
    return f"There is headroom again{whose and f' behind {which}'}: '{cause}' is over."
