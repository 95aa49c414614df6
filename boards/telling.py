"""One line of JSON a fact, for whoever watches the agent work; readings and housekeeping stay in the journal."""

from __future__ import annotations

import json

from agent import record
from agent.cose import key_id_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.record import Record
    from agent.state import State

# One text each and not a tuple of words: a board then has them in flash, and a word is made when it is told.
REASONS = (
    "accepted|malformed|unknown key|bad signature|wrong addressee|wrong epoch|replayed|expired|role forbids|"
    "over ceiling|unknown device|out of range|queue full|too large|unsupported|nothing to cancel|reserved"
)
OUTCOMES = "applied|rejected|failed|defaulted"
STATES = "lost|attached|foreign controller|wrong device|control regained"
STATUSES = {2: "started", 3: "completed", 4: "opted out", 5: "opted in", 6: "cancelled", 7: "superseded", 16: "expired"}
CAUSES = "|meter never seen|meter stale|meter absurd|device silent|shutdown"


def line(fact: Record, state: State) -> str | None:
    """Return the fact as JSON, None for what is not told."""
    told = _told(fact, state)
    if told is None:
        return None
    told["at_ms"] = fact[1]
    return json.dumps(told)


def reason(number: int) -> str:
    """Return a reason of agent.record in words."""
    return _word(REASONS, number)


def link(connected: bool) -> str:
    """Return as JSON that the uplink came or went."""
    return json.dumps({"fact": "uplink", "connected": connected})


def silence(silent: bool) -> str:
    """Return as JSON that pages go up and nobody confirms them, or that somebody does again."""
    return json.dumps({"fact": "upstream", "confirms": not silent})


def _told(fact: Any, state: State) -> dict[str, Any] | None:
    kind = fact[0]
    if kind == record.DECISION:
        return {"fact": "decision", "command": fact[2].hex(), "reason": _word(REASONS, fact[5])}
    if kind == record.WRITE:
        return {
            "fact": "write", "device": state.units[fact[2]].id, "setpoint": fact[3],
            "outcome": _word(OUTCOMES, fact[4]), "kept": fact[6], "source": fact[7],
        }  # fmt: skip
    if kind == record.BINDING:
        return {"fact": "binding", "device": state.units[fact[2]].id, "granted": fact[3], "source": fact[4]}
    if kind == record.EVENT:
        return {"fact": "event", "command": fact[2].hex(), "status": STATUSES[fact[3]]}
    if kind == record.DEVICE_STATE:
        return {"fact": "device", "device": state.units[fact[2]].id, "state": _word(STATES, fact[3])}
    if kind == record.FAILSAFE:
        meter = "" if fact[2] is None else state.units[fact[2]].id
        return {"fact": "failsafe", "meter": meter, "cause": _word(CAUSES, fact[3]), "entered": fact[4]}
    if kind == record.KEY_CHANGE:
        return {"fact": "key", "key": key_id_of(fact[3]).hex(), "begins": fact[2] == record.KEY_BEGINS}
    if kind == record.DELAY:
        return {
            "fact": "delay", "device": state.units[fact[2]].id, "source": fact[4], "wait_ms": fact[5],
            "starts_left": fact[6],
        }  # fmt: skip
    return None


def _word(words: str, number: int) -> str:
    return words.split("|")[number]
