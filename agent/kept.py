"""What survives a reboot: counters, limits, claims, the budgets of what wears out and the starts of the last hour.

Scopes stand by their ids: their order in the configuration may change. A limit whose times are not known on the civil
clock is in force at once, for all that was left when it was kept: earlier and longer than asked is safe, later and
shorter is not. A claim with an unknown time is dropped, the undefined is never permission; a default control has no
end and stays; an owner's word lasts for what was left of it. How long the power was off is not counted, and what
passed since it was last kept neither, an hour at most: a limit ends and a start is forgotten later, never earlier. A
device that was stopped has been started by the reboot, into its default mode.
"""

from __future__ import annotations

from agent import cbor, record
from agent.claims import ASIDE, CHANGE, SETPOINT, TARGET, Claim
from agent.limits import ALL_PHASES, HOLD, RELEASE, WATT, Limit, settle
from agent.orders import OWNER_PRIMACY
from agent.protection import HOUR_MS
from agent.schedule import write_civil
from hal import capabilities
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.state import State
    from agent.unit import Unit

_VERSION = const(3)
_WITH_DELAYS = const(4)
_WITH_PRICES = const(5)
_WITH_WORDS = const(6)
_WITH_WINDOWS = const(16)  # around any of them
_WITH_NUMBERS = const(17)  # likewise
_KEPT_ITEMS_MAX = const(65535)  # each is a byte at least, and no more are ever in one frame of the journal
_NEVER = const(-1)
_CLAIM_FIELDS = const(14)  # and what was left of an owner's word
_BATTERIES_AT = const(4)  # bit of a claim's mode from which on stands what alone may meet a target
# What a control of version 1 has in the fields that came with version 2.
_LIMIT_OF_1 = [WATT, ALL_PHASES, 0, True, RELEASE, 0]
_CLAIM_OF_1 = [SETPOINT, 0, True, False, 0, None, 0]
# What a budget of version 2 has in those of version 3.
_BUDGET_OF_2: list[Any] = [False, []]


def dump(state: State) -> bytes:
    """Return what must survive a reboot."""
    limits = [_kept_limit(state, limit) for limit in state.limits]
    claims = [_kept_claim(state, claim) for claim in state.claims]
    counters = [[key_id, state.counters[key_id]] for key_id in sorted(state.counters)]
    budgets = [_kept_budget(state, unit) for unit in state.units if _is_spent(unit)]
    kept = [_VERSION, counters, state.created, limits, claims, budgets]
    priced = state.prices is not None and (state.priced[0][1] or state.priced[1][1])
    said = state.away or state.comforts or state.departures
    if state.delays_s or priced or said:
        kept[0] = _WITH_DELAYS
        kept.append([[name, state.delays_s[name]] for name in sorted(state.delays_s)])
    if priced or said:
        kept[0] = _WITH_PRICES
        kept.append(state.priced)
    if said:
        kept[0] = _WITH_WORDS
        words = [[[name] + list(found[name]) for name in sorted(found)] for found in (state.comforts, state.departures)]
        kept.append([state.away] + words)
    if state.reserving is not None and state.reserving.windows:
        kept = [_WITH_WINDOWS, state.reserving.kept(state), kept]
    if state.kept:
        kept = [_WITH_NUMBERS, [[name, state.kept[name]] for name in sorted(state.kept)], kept]
    return cbor.encode(kept)


def _is_spent(unit: Unit) -> bool:
    guard = unit.guard
    return bool(guard.writes or guard.started or (guard.starts_per_h and _is_stopped(unit)))


def _is_stopped(unit: Unit) -> bool:
    """Tell whether the device's default mode would start it."""
    return not unit.guard.running and unit.runs(None)


def _kept_budget(state: State, unit: Unit) -> list[Any]:
    guard = unit.guard
    ages_s = [(state.now_ms - at_ms) // 1000 for at_ms in guard.started if state.now_ms - at_ms < HOUR_MS]
    return [unit.id, guard.writes, guard.tokens, _is_stopped(unit), ages_s]


def _kept_limit(state: State, limit: Limit) -> list[Any]:
    left_ms = limit.until_ms - state.now_ms if limit.until_ms else _NEVER
    if limit.on_expiry == HOLD and limit.until_ms:
        left_ms = max(left_ms, 1)
    return [
        state.name_of(limit.scope), limit.direction, limit.value, limit.source, left_ms, limit.until_civil_ms,
        limit.command, limit.quantity, limit.phases, limit.from_civil_ms, limit.has_begun(),
        limit.on_expiry, limit.ends_as,
    ]  # fmt: skip


def _kept_claim(state: State, claim: Claim) -> list[Any]:
    due, ends_as = claim.due, claim.ends_as
    if state.reserving is not None and claim in state.reserving.waiting:
        due, ends_as = True, 0 if ends_as == record.SUPERSEDED else ends_as  # put off anew, or its turn has come
    return [
        state.name_of(claim.scope), claim.value, claim.primacy, claim.created, claim.source, claim.until_civil_ms,
        claim.command, claim.mode | claim.batteries << _BATTERIES_AT, claim.from_civil_ms, due,
        claim.until_ms == 0, claim.ramp_ms, claim.base, ends_as,
    ] + ([max(1, claim.until_ms - state.now_ms)] if claim.takes else [])  # fmt: skip


def load(state: State, blob: bytes, civil_ms: int) -> None:
    """Take back what an earlier epoch left, and say what ended meanwhile; `civil_ms` is 0 unless synchronised.

    Raises: CborError, ValueError when the blob is none of ours; the state is half loaded then and good for nothing.
    """
    if not blob:
        return
    fields = cbor.decode(blob, items_max=_KEPT_ITEMS_MAX)
    try:
        _load_fields(state, fields, civil_ms)
    except (TypeError, AttributeError, LookupError):
        raise ValueError("kept state", blob[:16])


def _load_words(state: State, away: Any, comforts: Any, departures: Any, civil_ms: int) -> None:
    """Take back what an owner said; a departure that has passed is none any more."""
    if type(away) is not bytes:
        raise ValueError("no command")
    state.away = away
    for name, lowest, highest in comforts:
        if type(name) is not str or any(bound is not None and type(bound) is not int for bound in (lowest, highest)):
            raise ValueError("no comfort band")
        state.comforts[name] = (lowest, highest)
    for name, at_ms, energy_wh in departures:
        if type(name) is not str or type(at_ms) is not int or type(energy_wh) is not int:
            raise ValueError("no departure")
        if at_ms > civil_ms:
            state.departures[name] = (at_ms, energy_wh)


def _load_windows(state: State, rows: Any, civil_ms: int) -> None:
    if state.reserving is not None:
        state.reserving.load(state, rows, civil_ms)
        return
    for row in rows:  # nobody may reserve any more
        state.note([record.EVENT, 0, row[4], record.CANCELLED])


def _load_numbers(state: State, rows: Any) -> None:
    for name, numbers in rows:
        if type(name) is not str or type(numbers) is not list or any(type(number) is not int for number in numbers):
            raise ValueError("no numbers of a source")
        state.kept[name] = numbers


def _load_fields(state: State, fields: Any, civil_ms: int) -> None:
    if type(fields) is list and len(fields) == 3 and fields[0] == _WITH_NUMBERS:
        _load_numbers(state, fields[1])
        fields = fields[2]
    if type(fields) is list and len(fields) == 3 and fields[0] == _WITH_WINDOWS:
        _load_windows(state, fields[1], civil_ms)
        fields = fields[2]
    if type(fields) is list and len(fields) == 9 and fields[0] == _WITH_WORDS:
        away, comforts, departures = fields.pop()
        _load_words(state, away, comforts, departures, civil_ms)
        fields[0] = _WITH_PRICES
    if type(fields) is list and len(fields) == 8 and fields[0] == _WITH_PRICES:
        state.priced = _prices_of(fields.pop())
        fields[0] = _WITH_DELAYS
    if type(fields) is list and len(fields) == 7 and fields[0] == _WITH_DELAYS:
        for name, delay_s in fields.pop():
            if type(name) is not str or type(delay_s) is not int or delay_s < 0:
                raise ValueError("no delay")
            state.delays_s[name] = delay_s
        fields[0] = _VERSION
    if type(fields) is list and len(fields) == 5 and fields[0] == 1:
        fields[3:] = [[kept + _LIMIT_OF_1 for kept in fields[3]], [kept + _CLAIM_OF_1 for kept in fields[4]], []]
    elif type(fields) is not list or len(fields) != 6 or fields[0] not in (2, _VERSION):
        raise ValueError("another format")
    elif fields[0] == 2:
        fields[5] = [kept + _BUDGET_OF_2 for kept in fields[5]]
    for key_id, counter in fields[1]:
        if type(key_id) is not bytes or type(counter) is not int:
            raise ValueError("no counter")
        state.counters[key_id] = counter
    state.created = fields[2]
    for kept in fields[3]:
        _load_limit(state, kept, civil_ms)
    for kept in fields[4]:
        _load_claim(state, kept, civil_ms)
    for device, writes, tokens, stopped, ages_s in fields[5]:
        unit = state.unit_named(device)
        if unit is not None:
            unit.guard.writes, unit.guard.tokens = writes, tokens
            _load_starts(unit, stopped, ages_s)
    settle(state.limits)


def _prices_of(kept: Any) -> list[list[Any]]:
    """Return both rows of the table of prices; agent/prices.py, which few boards have, says what is in them."""
    for first, packed in kept:
        if type(first) is not int or first < 0 or type(packed) is not bytes:
            raise ValueError("no prices")
    return [kept[0], kept[1]]


def _load_starts(unit: Unit, stopped: bool, ages_s: list[Any]) -> None:
    guard, started = unit.guard, [-age_s * 1000 for age_s in ages_s if age_s >= 0]
    if stopped and guard.running and unit.contract.kind != capabilities.PHASE_SWITCH:
        started.append(0)
    guard.started = started[-guard.starts_per_h :] if guard.starts_per_h else []


def forget_others(state: State, names: list[str]) -> None:
    """End what was kept of authorities that the site no longer knows: nobody could end it any more."""
    for limit in [each for each in state.limits if each.source not in names]:
        state.end_limit(limit, record.CANCELLED, 0)
    for claim in [each for each in state.claims if each.source not in names]:
        state.end_claim(claim, record.CANCELLED, 0)
    if state.reserving is not None:
        state.reserving.forget_others(state, names)
    for name in [name for name in state.kept if name not in names]:
        del state.kept[name]


def _load_limit(state: State, kept: list[Any], civil_ms: int) -> None:
    name, direction, most, source, left_ms, until_civil_ms, command = kept[:7]
    quantity, phases, from_civil_ms, begun, on_expiry, ends_as = kept[7:]
    scope = state.scope_named(name)
    if civil_ms and until_civil_ms:
        left_ms = min(left_ms, until_civil_ms - civil_ms)
        if on_expiry == HOLD:
            left_ms = max(left_ms, 1)
    if scope is None or left_ms == 0 or left_ms < _NEVER or (left_ms < 0 and until_civil_ms):
        state.note([record.EVENT, 0, command, ends_as or (record.COMPLETED if begun else record.LAPSED)])
        return
    limit = Limit(scope, direction, most, source, max(left_ms, 0), command, quantity, phases)
    limit.on_expiry, limit.ends_as = on_expiry, ends_as
    limit.until_civil_ms, limit.from_civil_ms = until_civil_ms, from_civil_ms
    limit.early = not begun
    if civil_ms:
        _let_wait(limit, civil_ms)
    state.limits.append(limit)


def _let_wait(limit: Limit, ahead_ms: int) -> None:
    """Give a limit that is in force early its own time, now that it is known; if past, it begins in the next tick."""
    if limit.early and limit.from_civil_ms:
        limit.from_ms, limit.due, limit.early = limit.from_civil_ms - ahead_ms, False, False


def _load_claim(state: State, kept: list[Any], civil_ms: int) -> None:
    name, wanted, primacy, created, source, until_civil_ms, command = kept[:7]
    mode, from_civil_ms, due, endless, ramp_ms, base, ends_as = kept[7:14]
    batteries, mode = mode >> _BATTERIES_AT, mode & (1 << _BATTERIES_AT) - 1
    scope = state.scope_named(name)
    if scope is not None and mode != ASIDE and (scope < 0) is not (mode in (TARGET, CHANGE)):
        scope = None  # another thing has its name now
    known = bool(civil_ms) and (endless or until_civil_ms > civil_ms) and (due or from_civil_ms > 0)
    left_ms = 0 if endless else until_civil_ms - civil_ms
    if len(kept) > _CLAIM_FIELDS and not (civil_ms and until_civil_ms):
        known, left_ms = True, kept[_CLAIM_FIELDS]
    if scope is None or not (known or (endless and due)):
        state.note([record.EVENT, 0, command, ends_as or record.LAPSED])
        return
    claim = Claim(scope, wanted, primacy, created, source, left_ms, command, mode)
    claim.until_civil_ms, claim.from_civil_ms = until_civil_ms, from_civil_ms
    claim.ramp_ms, claim.base, claim.ends_as = (0 if due else ramp_ms), base, ends_as
    claim.owners, claim.batteries = primacy == OWNER_PRIMACY, batteries
    if mode >= ASIDE:
        claim.takes = state.within(scope)
    if not due and from_civil_ms > civil_ms:
        claim.from_ms, claim.due = from_civil_ms - civil_ms, False
    state.claims.append(claim)


def follow_civil(state: State, first: bool) -> None:
    """Write down anew when controls begin and end on a synchronised clock that was set; monotonic times are in force.

    `first`: it was not synchronised so far in this epoch. A limit kept from an earlier epoch then gets its known times.
    """
    ahead_ms = state.civil_ms - state.now_ms
    for limit in state.limits:
        if first and limit.until_civil_ms and limit.until_ms:
            limit.until_ms = max(1, min(limit.until_ms, limit.until_civil_ms - ahead_ms))  # 0 would never end
        if first:
            _let_wait(limit, ahead_ms)
        write_civil(limit, ahead_ms)
    for claim in state.claims:
        if first and claim.takes and claim.until_civil_ms:
            claim.until_ms = max(1, min(claim.until_ms, claim.until_civil_ms - ahead_ms))
        write_civil(claim, ahead_ms)
    if state.reserving is not None:
        state.reserving.follow_civil(state, ahead_ms, first)
    if state.limits or state.claims:
        settle(state.limits)
        state.must_persist = True
