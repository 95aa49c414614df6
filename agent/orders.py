"""What a command asks for: its body, checked against role, ceiling, devices and places, and taken into the state.

Source: docs/format.md, `body`. A whole set is checked before anything of it is taken: it comes in as a whole or not
at all.
"""

from __future__ import annotations

from agent import record, schedule
from agent.claims import CEILING, CHANGE, CHARGES, CLAIMS_MAX, GIVES_POWER, SETPOINT, TARGET, Claim, places
from agent.limits import ALL_PHASES, EXPORT, HOLD, IMPORT, LIMITS_MAX, MILLIAMP, RELEASE, WATT, Limit
from hal.capabilities import INVERTER
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from agent.command import Authority, Message
    from agent.reserve import Reservation
    from agent.state import State
    from agent.unit import Unit

    Control: TypeAlias = "Limit | Claim | Reservation"

_LIMIT = const(1)
_CLAIM = const(2)
_CANCEL = const(3)
_SET = const(4)
_DELAY = const(5)
_RESERVE = const(6)
_PRICES = const(7)
_WORD = const(8)
DELAY_S_MAX = const(1800)  # SI 2021/1467, regulation 11
DURATION_S_MAX = const(2592000)  # 30 days
_RAMP_S_MAX = const(3600)
VALUE_MAX = const(1 << 40)
_OWNERS_CLAIMS = const(8)  # places that only the owner may take
_SITES_CLAIMS = const(1)  # one of them: opting out of everything is always possible
_GRIDS_LIMITS = const(8)  # places that only the grid operator may take
OWNER_PRIMACY = const(0)  # IEEE 2030.5 primacy 0 is the in-home energy management system's

# Options of a body, each absent where it is as usual.
_QUANTITY = const(1)
_PHASES = const(2)
START_S = const(3)
_ON_EXPIRY = const(4)
_MODE = const(5)
_RANDOM_START_S = const(6)
_RANDOM_END_S = const(7)
_RAMP_S = const(8)
_BATTERIES = const(9)
_RANDOM = const(3600)
_BOUNDS = {
    _QUANTITY: (WATT, MILLIAMP), _PHASES: (1, ALL_PHASES), START_S: (0, 1 << 40), _ON_EXPIRY: (RELEASE, HOLD),
    _MODE: (SETPOINT, CHANGE), _RANDOM_START_S: (-_RANDOM, _RANDOM), _RANDOM_END_S: (-_RANDOM, _RANDOM),
    _RAMP_S: (0, _RAMP_S_MAX), _BATTERIES: (0, CHARGES | GIVES_POWER),
}  # fmt: skip
_OF_LIMIT = (_QUANTITY, _PHASES, START_S, _ON_EXPIRY, _RANDOM_START_S, _RANDOM_END_S)
_OF_CLAIM = (START_S, _MODE, _RANDOM_START_S, _RANDOM_END_S, _RAMP_S, _BATTERIES)
_OF_CANCEL = (_RANDOM_END_S,)


class Refused(Exception):
    """Args: the reason."""


def whole(number: object, lowest: int, highest: int) -> bool:
    """Tell whether `number` is an integer (no boolean) within bounds."""
    return type(number) is int and lowest <= number <= highest


def may_limit(authority: Authority) -> bool:
    """Tell whether its role may say what must never be passed."""
    return authority.role == "grid" or authority.role == "owner" or authority.role == "utility"


def may_claim(authority: Authority) -> bool:
    """Tell whether its role may say what it wants."""
    return authority.role == "aggregator" or authority.role == "owner" or authority.role == "utility"


def take(state: State, message: Message, kind: int, body: list[Any]) -> int:
    """Take a command's body into the state; return ACCEPTED, or why not, with nothing changed."""
    authority = message.authority
    assert authority is not None
    try:
        if kind == _CANCEL:
            return _cancel(state, authority, body)
        if kind == _SET:
            return _replace(state, authority, body, message.digest)
        if kind == _DELAY:
            return _set_delay(state, authority, body)
        if kind == _WORD and state.owner is not None:
            return state.owner.take(state, authority, body, message.digest)
        if kind == _PRICES and state.prices is not None:
            return state.prices.take(state, authority, body)
        control = alone(state, authority, kind, body, message.digest)
        _make_room(state, authority, [control], False)
    except Refused as refused:
        if len(refused.args) > 1:
            state.note([record.NOT_BEFORE, state.now_ms, message.digest, refused.args[1]])
        reason: int = refused.args[0]
        return reason
    _enter(state, control)
    return record.ACCEPTED


def need(held: bool, reason: int) -> None:
    """Raises: Refused with this reason, unless it held."""
    if not held:
        raise Refused(reason)


def options_of(body: list[Any], fixed: int, known: tuple[int, ...]) -> dict[int, int]:
    """Return the options behind `fixed` fields. Raises: Refused."""
    need(len(body) == fixed or (len(body) == fixed + 1 and type(body[fixed]) is dict), record.MALFORMED)
    options: dict[int, int] = body[fixed] if len(body) > fixed else {}
    for key in options:
        need(key in known and whole(options[key], _BOUNDS[key][0], _BOUNDS[key][1]), record.MALFORMED)
    return options


def alone(state: State, authority: Authority, kind: int, body: Any, digest: bytes) -> Control:
    """Return the control of a command that is no set: there must be a time when it could be served. Raises: Refused."""
    control = made(state, authority, kind, body, digest)
    if state.reserving is not None and kind == _CLAIM:
        state.reserving.check(state, control)
    return control


def made(state: State, authority: Authority, kind: int, body: Any, digest: bytes) -> Control:
    """Return one control of a command, which is not in the state yet. Raises: Refused."""
    need(kind in (_LIMIT, _CLAIM) or (kind == _RESERVE and state.reserving is not None), record.UNSUPPORTED)
    need(type(body) is list and len(body) >= 4 and type(body[0]) is str, record.MALFORMED)
    if kind == _LIMIT:
        return _limit(state, authority, body, digest)
    if state.reserving is not None and kind == _RESERVE:
        return state.reserving.made(state, authority, body, digest)
    return _claim(state, authority, body, digest)


def _limit(state: State, authority: Authority, body: list[Any], digest: bytes) -> Limit:
    options = options_of(body, 4, _OF_LIMIT)
    name, direction, most, duration_s = body[:4]
    need(whole(direction, IMPORT, EXPORT) and whole(most, 0, VALUE_MAX), record.MALFORMED)
    need(whole(duration_s, 0, DURATION_S_MAX), record.MALFORMED)
    need(may_limit(authority), record.ROLE_FORBIDS)
    quantity, phases = options.get(_QUANTITY, WATT), options.get(_PHASES, ALL_PHASES)
    need(quantity == MILLIAMP or phases == ALL_PHASES, record.UNSUPPORTED)  # W are those of the scope as a whole
    need(quantity == WATT or direction == IMPORT, record.UNSUPPORTED)
    need(quantity == MILLIAMP or most <= authority.power_max_w, record.OVER_CEILING)
    scope = state.scope_named(name)
    need(scope is not None and (scope < 0 or _keeps(state.units[scope], direction)), record.UNKNOWN_DEVICE)
    assert scope is not None
    limit = Limit(scope, direction, most, authority.name, 0, digest, quantity, phases)
    limit.on_expiry = options.get(_ON_EXPIRY, RELEASE)
    give_time(state, limit, options, duration_s)
    return limit


def _keeps(unit: Unit, direction: int) -> bool:
    """Tell whether a limit on a unit can be met by moving its set-point."""
    return direction == EXPORT if unit.contract.kind == INVERTER else unit.takes_power()


def _claim(state: State, authority: Authority, body: list[Any], digest: bytes) -> Claim:
    options = options_of(body, 4, _OF_CLAIM)
    name, wanted, duration_s, primacy = body[:4]
    need(whole(wanted, -VALUE_MAX, VALUE_MAX) and whole(primacy, 0, 255), record.MALFORMED)
    need(whole(duration_s, 0, DURATION_S_MAX), record.MALFORMED)
    need(may_claim(authority), record.ROLE_FORBIDS)
    need(authority.role == "owner" or primacy > OWNER_PRIMACY, record.ROLE_FORBIDS)
    mode, scope = options.get(_MODE, SETPOINT), state.scope_named(name)
    need(scope is not None, record.UNKNOWN_DEVICE)
    assert scope is not None
    if mode >= TARGET:
        need(scope < 0 and state.circuit_of(scope).metered(), record.UNSUPPORTED)
        need(abs(wanted) <= authority.power_max_w, record.OVER_CEILING)
    else:
        _check_device(state, authority, scope, wanted)
    claim = Claim(scope, wanted, primacy, 0, authority.name, 0, digest, mode)
    claim.ramp_ms = options.get(_RAMP_S, 0) * 1000
    claim.drawn = options.get(_RANDOM_START_S, 0) != 0
    claim.owners = authority.role == "owner"
    claim.batteries = options.get(_BATTERIES, 0)
    need(not claim.ramp_ms or mode != CEILING, record.UNSUPPORTED)
    need(not claim.batteries or mode == TARGET, record.UNSUPPORTED)
    give_time(state, claim, options, duration_s)
    return claim


def _check_device(state: State, authority: Authority, scope: int, wanted: int) -> None:
    need(scope >= 0 and state.units[scope].contract.control != 0, record.UNKNOWN_DEVICE)
    unit = state.units[scope]
    need(unit.allows(wanted), record.OUT_OF_RANGE)
    need(not unit.takes_power() or abs(unit.power_of(wanted)) <= authority.power_max_w, record.OVER_CEILING)


def give_time(state: State, control: Control, options: dict[int, int], duration_s: int) -> None:
    """Give a control its time; chance moves its start, and its end besides. Raises: Refused."""
    start_s = options.get(START_S, 0)
    from_ms = start_s * 1000 if start_s else state.now_ms
    need(from_ms - state.now_ms <= DURATION_S_MAX * 1000, record.MALFORMED)
    from_ms += 1000 * schedule.drawn_s(
        options.get(_RANDOM_START_S, 0), control.command, state.agent_id, schedule.AT_START
    )
    longer_s = schedule.drawn_s(options.get(_RANDOM_END_S, 0), control.command, state.agent_id, schedule.AT_END)
    duration_ms = max(1, duration_s + longer_s) * 1000 if duration_s else 0
    if duration_ms and start_s and from_ms < state.now_ms:  # begun already: the rest of it
        duration_ms -= state.now_ms - from_ms
        need(duration_ms > 0, record.EXPIRED)
    schedule.plan(control, state.now_ms, from_ms, duration_ms, state.ahead_ms())


def _make_room(state: State, authority: Authority, controls: list[Control], whole_set: bool) -> None:
    """Refuse what there is no place for; what it takes the place of leaves one."""
    limits = len(state.limits)
    for limit in state.limits:
        gone = [each for each in controls if isinstance(each, Limit) and each.replaces(limit)]
        limits -= bool(gone) or (whole_set and limit.source == authority.name)
    claims = places([each for each in state.claims if not whole_set or each.source != authority.name])
    new_limits = len([each for each in controls if isinstance(each, Limit)])
    new_claims = len([each for each in controls if isinstance(each, Claim)])
    limits_max = LIMITS_MAX - (0 if authority.role in ("grid", "utility") else _GRIDS_LIMITS)
    claims_max = CLAIMS_MAX - (_SITES_CLAIMS if authority.role == "owner" else _OWNERS_CLAIMS)
    need(not new_limits or limits + new_limits <= limits_max, record.QUEUE_FULL)
    need(not new_claims or claims + new_claims <= claims_max, record.QUEUE_FULL)
    if state.reserving is not None:
        state.reserving.make_room(authority, controls, whole_set)


def _enter(state: State, control: Control) -> None:
    if isinstance(control, Limit):
        state.limits.append(control)
        schedule.supersede(state, control, state.now_ms)
    elif state.reserving is not None and not isinstance(control, Claim):
        state.reserving.windows.append(control)
    else:
        assert isinstance(control, Claim)
        state.created += 1
        control.created = state.created
        state.claims.append(control)


def _replace(state: State, authority: Authority, body: list[Any], digest: bytes) -> int:
    """Put a whole set in the place of everything that its source has said so far."""
    need(len(body) == 1 and type(body[0]) is list and len(body[0]) <= LIMITS_MAX + CLAIMS_MAX, record.MALFORMED)
    controls: list[Control] = []
    for each in body[0]:
        need(type(each) is list and len(each) == 2 and whole(each[0], 0, 255), record.MALFORMED)
        controls.append(made(state, authority, each[0], each[1], digest))
    need(may_limit(authority) or may_claim(authority), record.ROLE_FORBIDS)
    _make_room(state, authority, controls, True)
    for limit in [each for each in state.limits if each.source == authority.name]:
        state.end_limit(limit, record.SUPERSEDED, state.now_ms)
    for claim in [each for each in state.claims if each.source == authority.name]:
        for control in controls:
            if isinstance(control, Claim):
                control.goes_on(claim)
        state.end_claim(claim, record.SUPERSEDED, state.now_ms)
    if state.reserving is not None:
        state.reserving.end_all(state, authority.name, None, record.SUPERSEDED)
    for control in controls:
        _enter(state, control)
    return record.ACCEPTED


def _set_delay(state: State, authority: Authority, body: list[Any]) -> int:
    """Set how long a charge point waits at most before it does what it is asked to."""
    need(len(body) == 2 and type(body[0]) is str and whole(body[1], 0, DELAY_S_MAX), record.MALFORMED)
    need(may_claim(authority), record.ROLE_FORBIDS)
    unit = state.unit_named(body[0])
    need(unit is not None and unit.delay is not None, record.UNKNOWN_DEVICE)
    state.delays_s[body[0]] = body[1]
    return record.ACCEPTED


def _cancel(state: State, authority: Authority, body: list[Any]) -> int:
    """End every control of a command, its sender's own."""
    options = options_of(body, 1, _OF_CANCEL)
    need(type(body[0]) is bytes, record.MALFORMED)
    random_s = options.get(_RANDOM_END_S, 0)
    need(random_s >= 0, record.MALFORMED)
    found: list[Limit | Claim] = [each for each in state.limits if _is_own(each, authority, body[0])]
    found += [each for each in state.claims if _is_own(each, authority, body[0])]
    windows = state.reserving is not None and state.reserving.end_all(state, authority.name, body[0], record.CANCELLED)
    need(windows or len(found) > 0, record.NOTHING_TO_CANCEL)
    for control in found:
        schedule.cancel(state, control, random_s, state.now_ms)
    return record.ACCEPTED


def _is_own(control: Limit | Claim, authority: Authority, command: bytes) -> bool:
    return control.command == command and control.source == authority.name
