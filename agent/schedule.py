"""When controls begin and end: their time, their source's newer word, and a draw where chance was asked for.

A draw is made from the command's hash and the agent's name: uniform, the same each time it is looked at, and anybody
who knows both can check it. Source: IEEE 2030.5-2018 10.10.4.3 (randomizeStart, randomizeDuration: the draw keeps
the bound's sign), as cited in the design notes.
"""

from __future__ import annotations

import hashlib

from agent import record
from agent.claims import CHANGE, SETPOINT, Claim, slot, winner
from agent.limits import HOLD, Limit, settle
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.state import State

    Control = Limit | Claim

AT_START = const(0)
AT_END = const(1)
RANDOM_S_MAX = const(3600)


def drawn_s(bound_s: int, command: bytes, agent_id: bytes, which: int) -> int:
    """Return a whole number between 0 and `bound_s`, which may be negative, both included."""
    if not bound_s:
        return 0
    noise = int.from_bytes(hashlib.sha256(command + agent_id + bytes((which,))).digest()[:6], "big")
    drawn = noise % (abs(bound_s) + 1)
    return drawn if bound_s > 0 else -drawn


def plan(control: Control, now_ms: int, from_ms: int, duration_ms: int, ahead_ms: int) -> None:
    """Give a control its time; `duration_ms` 0 never ends, `ahead_ms` 0: the civil clock is not synchronised."""
    control.from_ms = max(from_ms, now_ms)
    control.due = control.from_ms <= now_ms
    control.until_ms = control.from_ms + duration_ms if duration_ms else 0
    write_civil(control, ahead_ms)


def write_civil(control: Control, ahead_ms: int) -> None:
    """Write down when a control begins and ends on the civil clock."""
    control.from_civil_ms = control.from_ms + ahead_ms if ahead_ms and not control.due else 0
    control.until_civil_ms = control.until_ms + ahead_ms if ahead_ms and control.until_ms else 0


def pass_time(state: State, now_ms: int) -> None:
    """End what is over and begin what is due."""
    while _end_one_limit(state, now_ms) or _end_one_claim(state, now_ms):
        pass
    while _begin_one_limit(state, now_ms):
        pass
    for claim in state.claims:
        if not claim.due and claim.from_ms <= now_ms:
            claim.due = state.must_persist = True


def _end_one_limit(state: State, now_ms: int) -> bool:
    for limit in state.limits:
        if limit.until_ms and limit.until_ms <= now_ms and limit.on_expiry != HOLD:
            state.end_limit(limit, limit.ends_as or record.COMPLETED, now_ms)
            return True
    return False


def _end_one_claim(state: State, now_ms: int) -> bool:
    for claim in state.claims:
        if claim.until_ms and claim.until_ms <= now_ms:
            ended = record.COMPLETED if claim.started else record.LAPSED
            state.end_claim(claim, claim.ends_as or ended, now_ms)
            return True
    return False


def _begin_one_limit(state: State, now_ms: int) -> bool:
    for limit in state.limits:
        if not limit.due and limit.from_ms <= now_ms:
            limit.due = state.must_persist = True
            state.note([record.EVENT, now_ms, limit.command, record.STARTED])
            supersede(state, limit, now_ms)
            return True
    return False


def supersede(state: State, limit: Limit, now_ms: int) -> None:
    """End what a limit that is now due takes the place of."""
    for other in list(state.limits):
        if limit.replaces(other):
            state.end_limit(other, record.SUPERSEDED, now_ms)
    settle(state.limits)


def cancel(state: State, control: Control, random_s: int, now_ms: int) -> None:
    """End a control now, or at a moment drawn from the next `random_s` seconds; what waits ends at once."""
    later_s = drawn_s(random_s, control.command, state.agent_id, AT_END) if control.due else 0
    control.ends_as = record.CANCELLED
    if later_s and (not control.until_ms or control.until_ms > now_ms + later_s * 1000):
        control.until_ms = now_ms + later_s * 1000
        write_civil(control, state.ahead_ms())
        state.must_persist = True
    elif not later_s:
        _end(state, control, record.CANCELLED, now_ms)


def _end(state: State, control: Control, status: int, now_ms: int) -> None:
    if isinstance(control, Limit):
        state.end_limit(control, status, now_ms)
    else:
        state.end_claim(control, status, now_ms)


def follow_claims(state: State, now_ms: int) -> None:
    """Say which claim started and which lost its place."""
    at = 0
    while at < len(state.claims):
        claim = state.claims[at]
        at += 1
        if not claim.due:
            continue
        first = winner(state.claims, claim.scope, slot(claim.mode))
        if claim is first:
            if not claim.started and _may_start(state, claim):
                claim.started, claim.started_ms = True, now_ms
                state.note([record.EVENT, now_ms, claim.command, record.STARTED])
        elif claim.started:
            claim.started = False
            if claim.until_ms:
                state.end_claim(claim, record.SUPERSEDED, now_ms)
                at -= 1


def _may_start(state: State, claim: Claim) -> bool:
    """Freeze what a ramp begins at or a change counts from; a change waits until that is known."""
    if claim.base is None:
        if claim.mode == SETPOINT:
            claim.base = state.units[claim.scope].setpoint if claim.ramp_ms else None
        elif claim.mode == CHANGE or claim.ramp_ms:
            claim.base = state.circuit_of(claim.scope).baseline_w()
            state.must_persist = claim.base is not None or state.must_persist
    return claim.mode != CHANGE or claim.base is not None
