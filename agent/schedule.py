"""When controls begin and end: their time, their source's newer word, and a draw where chance was asked for.

A draw is made from the command's hash and the agent's name: uniform, the same each time it is looked at, and anybody
who knows both can check it. Source: IEEE 2030.5-2018 10.10.4.3 (randomizeStart, randomizeDuration: the draw keeps
the bound's sign), as cited in the design notes.
"""

from __future__ import annotations

import hashlib

from agent import record
from agent.claims import ASIDE, CHANGE, Claim, is_out, slot, winner
from agent.limits import HOLD, RELEASE, Limit, holds, settle
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.reserve import Reservation
    from agent.state import State

    Control = Limit | Claim

AT_START = const(0)
AT_END = const(1)


def drawn_s(bound_s: int, command: bytes, agent_id: bytes, which: int) -> int:
    """Return a whole number between 0 and `bound_s`, which may be negative, both included."""
    if not bound_s:
        return 0
    noise = int.from_bytes(hashlib.sha256(command + agent_id + bytes((which,))).digest()[:6], "big")
    drawn = noise % (abs(bound_s) + 1)
    return drawn if bound_s > 0 else -drawn


def plan(control: Control | Reservation, now_ms: int, from_ms: int, duration_ms: int, ahead_ms: int) -> None:
    """Give a control its time; `duration_ms` 0 never ends, `ahead_ms` 0: the civil clock is not synchronised."""
    control.from_ms = max(from_ms, now_ms)
    control.due = control.from_ms <= now_ms
    control.until_ms = control.from_ms + duration_ms if duration_ms else 0
    write_civil(control, ahead_ms)


def write_civil(control: Control | Reservation, ahead_ms: int) -> None:
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
    if state.reserving is not None:
        state.reserving.pass_time(state, now_ms)


def _end_one_limit(state: State, now_ms: int) -> bool:
    for limit in state.limits:
        if limit.until_ms and limit.until_ms <= now_ms and not holds(state.limits, limit):
            ended = record.COMPLETED if limit.due else record.LAPSED
            state.end_limit(limit, limit.ends_as or ended, now_ms)
            return True
    return False


def _end_one_claim(state: State, now_ms: int) -> bool:
    for claim in state.claims:
        if claim.until_ms and claim.until_ms <= now_ms:
            ended = record.COMPLETED if claim.started or claim.out else record.LAPSED
            state.end_claim(claim, claim.ends_as or ended, now_ms)
            return True
    return False


def _begin_one_limit(state: State, now_ms: int) -> bool:
    first: Limit | None = None
    for limit in state.limits:
        if not limit.due and limit.from_ms <= now_ms and (first is None or limit.from_ms < first.from_ms):
            first = limit
    if first is None:
        return False
    first.due = state.must_persist = True
    state.note([record.EVENT, now_ms, first.command, record.STARTED])
    supersede(state, first, now_ms)
    return True


def supersede(state: State, limit: Limit, now_ms: int) -> None:
    """End what a new limit takes the place of, and find out which are in force."""
    for other in list(state.limits):
        if limit.replaces(other):
            state.end_limit(other, record.SUPERSEDED, now_ms)
    settle(state.limits)


def cancel(state: State, control: Control, random_s: int, now_ms: int) -> None:
    """End a control now, or at a moment drawn from the next `random_s` seconds; what is not in force ends at once."""
    until_ms = now_ms + 1000 * drawn_s(random_s, control.command, state.agent_id, AT_END)
    if isinstance(control, Limit):
        if until_ms == now_ms or not control.live:
            state.end_limit(control, record.CANCELLED, now_ms)
            return
        stays = not control.until_ms or control.on_expiry == HOLD
        control.on_expiry = RELEASE
    else:
        if until_ms == now_ms or not control.started:
            state.end_claim(control, record.CANCELLED, now_ms)
            return
        stays = not control.until_ms
    control.ends_as = record.CANCELLED
    if stays or control.until_ms > until_ms:
        control.until_ms = until_ms
        write_civil(control, state.ahead_ms())
    state.must_persist = True


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
            if not claim.started and _may_start(state, claim, now_ms):
                state.note([record.EVENT, now_ms, claim.command, record.IN if claim.out else record.STARTED])
                claim.started, claim.out = True, False
        elif claim.started:
            claim.started = False
            claim.out = claim.mode < ASIDE and is_out(state.claims, claim, first)
            if claim.out:
                state.note([record.EVENT, now_ms, claim.command, record.OUT])
            elif claim.until_ms and claim.mode < ASIDE:  # an owner's earlier word is in force again afterwards
                state.end_claim(claim, record.SUPERSEDED, now_ms)
                at -= 1
        else:
            claim.started_ms, claim.origin = 0, None  # should it start again, its ramp begins anew


def _may_start(state: State, claim: Claim, now_ms: int) -> bool:
    """Freeze what a ramp begins at and a change counts from; a change waits until that is known.

    A change after a change counts from the same: what the meter showed before the first of them.
    """
    before = None if claim.scope >= 0 else state.circuit_of(claim.scope).aim  # it was tracked until now
    if claim.mode == CHANGE and claim.base is None:
        if before is not None and before.mode == CHANGE:
            claim.base = before.base
        else:
            claim.base = state.circuit_of(claim.scope).baseline_w()
        if claim.base is None:
            return False
        state.must_persist = True
    if claim.started_ms:
        return True  # it goes on where an equal one was
    claim.started_ms = now_ms
    if claim.ramp_ms and claim.scope >= 0:
        claim.origin = state.units[claim.scope].setpoint
    elif claim.ramp_ms:
        claim.origin = state.circuit_of(claim.scope).baseline_w() if before is None else before.value_at(now_ms)
    return True
