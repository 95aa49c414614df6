"""The bodies of commands: made of named arguments, checked, and given the agent's own seconds when they are signed.

A limit says `value_w`, or `value_ma` for each of `phases`. A claim says one of four things, and with it its mode:
`set_point` or `ceiling` of a `device` in its control quantity's unit, `target_w` or `change_w` of a `scope` ("" is the
connection, else a circuit) at its meter. A reservation says `power_w` of a scope. `duration_s` 0 is a default
control. `start_in_s` counts from now.
Source: docs/format.md, "Session, command, receipt". A body that waits here keeps its start in civil seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools import wire
from tools.errors import UsageError

QUANTITY, PHASES, START_S, ON_EXPIRY, MODE, RANDOM_START_S, RANDOM_END_S, RAMP_S, BATTERIES = range(1, 10)
DURATION_S_MAX = 2592000
RANDOM_S_MAX = 3600
RAMP_S_MAX = 3600
DELAY_S_MAX = 1800
PRICE_MAX = 8000000
SLOTS_S = (900, 1800, 3600)
QUARTERS_MAX = 200
VALUE_MAX = 1 << 40
CONTROLS_MAX = 64  # in a set; a command's size bounds it earlier
MODES = {"set_point": 0, "ceiling": 1, "target_w": 2, "change_w": 3}
ON_EXPIRIES = ("release", "hold")
DURATION = 3  # place of the duration in a limit's body; in a claim's it is one before
FIXED = 4  # fields before the options

Body = list[Any]


def limit(
    now_s: int,
    *,
    value_w: int | None = None,
    value_ma: int | None = None,
    duration_s: int,
    scope: str = "",
    direction: int = 0,
    phases: int = 7,
    start_in_s: int = 0,
    on_expiry: str = "release",
    random_start_s: int = 0,
    random_end_s: int = 0,
) -> Body:
    """Return a limit's body; `now_s` is the civil second. Raises: UsageError."""
    quantity, given = _one("a limit", {"value_w": value_w, "value_ma": value_ma})
    in_ma = quantity == "value_ma"
    _whole(quantity, given, 0, VALUE_MAX)
    _whole("direction", direction, 0, 0 if in_ma else 1)
    _whole("phases", phases, 1 if in_ma else 7, 7)
    if on_expiry not in ON_EXPIRIES:
        raise UsageError(f"on_expiry = {on_expiry!r}: expected one of {', '.join(ON_EXPIRIES)}")
    options = {QUANTITY: int(in_ma), PHASES: phases if phases != 7 else 0, ON_EXPIRY: ON_EXPIRIES.index(on_expiry)}
    options |= _timing(now_s, start_in_s, random_start_s, random_end_s)
    return _body([_text("scope", scope), direction, given, _duration(duration_s)], options)


def claim(
    now_s: int,
    *,
    device: str | None = None,
    set_point: int | None = None,
    ceiling: int | None = None,
    scope: str | None = None,
    target_w: int | None = None,
    change_w: int | None = None,
    duration_s: int,
    primacy: int = 100,
    start_in_s: int = 0,
    random_start_s: int = 0,
    random_end_s: int = 0,
    ramp_s: int = 0,
    batteries: int = 0,
) -> Body:
    """Return a claim's body; `now_s` is the civil second. Raises: UsageError."""
    asked = {"set_point": set_point, "ceiling": ceiling, "target_w": target_w, "change_w": change_w}
    name, given = _one("a claim", asked)
    _whole(name, given, -VALUE_MAX, VALUE_MAX)
    of_device = MODES[name] < MODES["target_w"]
    if of_device is (device is None) or (of_device and scope is not None):
        raise UsageError(f"{name} is asked of {'a device' if of_device else 'a scope: a circuit, or the site'}")
    _whole("primacy", primacy, 0, 255)
    _whole("ramp_s", ramp_s, 0, 0 if name == "ceiling" else RAMP_S_MAX)
    _whole("batteries", batteries, 0, 3 if name == "target_w" else 0)
    options = {MODE: MODES[name], RAMP_S: ramp_s, BATTERIES: batteries}
    options |= _timing(now_s, start_in_s, random_start_s, random_end_s)
    where = _text("device", device) if of_device else _text("scope", scope or "")
    return _body([where, given, _duration(duration_s), primacy], options)


def reservation(
    now_s: int, *, power_w: int, duration_s: int, scope: str = "", direction: int = 1, start_in_s: int = 0
) -> Body:
    """Return the body of a window; `direction` 1 is less drawn, 0 more. Raises: UsageError."""
    _whole("power_w", power_w, 1, VALUE_MAX)
    _whole("direction", direction, 0, 1)
    _whole("duration_s", duration_s, 1, DURATION_S_MAX)
    return _body([_text("scope", scope), direction, power_w, duration_s], _timing(now_s, start_in_s, 0, 0))


def delay(*, device: str, max_s: int) -> Body:
    """Return the body that sets the longest random delay of a charge point. Raises: UsageError."""
    _whole("max_s", max_s, 0, DELAY_S_MAX)
    return [_text("device", device), max_s]


def prices(*, from_s: int, slot_s: int, prices: Any, direction: int = 0) -> Body:
    """Return the body of prices from a Unix second on, a null where one is not known. Raises: UsageError."""
    _whole("direction", direction, 0, 1)
    if slot_s not in SLOTS_S or type(slot_s) is not int:
        raise UsageError(f"slot_s = {slot_s!r:.80}: expected one of {', '.join(map(str, SLOTS_S))}")
    _whole("from_s", from_s, 0, VALUE_MAX)
    most = QUARTERS_MAX * SLOTS_S[0] // slot_s
    if from_s % slot_s or type(prices) is not list or not 0 < len(prices) <= most:
        raise UsageError(f"expected a list of 1 to {most} prices, from a multiple of slot_s on")
    for price in prices:
        if price is not None:
            _whole("a price", price, -PRICE_MAX, PRICE_MAX)
    return [direction, from_s, slot_s, prices]


def cancel(command: str, random_end_s: int = 0) -> Body:
    """Return the body that ends a command's controls. Raises: UsageError."""
    _whole("random_end_s", random_end_s, 0, RANDOM_S_MAX)
    return _body([bytes.fromhex(command)], {RANDOM_END_S: random_end_s})


def whole_set(now_s: int, controls: Any) -> Body:
    """Return the body of a set: each control an object as for `limit` or `claim`, with `cmd`. Raises: UsageError."""
    if type(controls) is not list or len(controls) > CONTROLS_MAX:
        raise UsageError(f"controls: expected a list of at most {CONTROLS_MAX}")
    made: list[Body] = []
    for number, control in enumerate(controls, 1):
        if type(control) is not dict or control.get("cmd") not in _MAKERS:
            raise UsageError(f"control {number}: expected an object with cmd, one of {', '.join(_MAKERS)}")
        kind, maker = _MAKERS[control["cmd"]]
        try:
            made.append([kind, maker(now_s, **{key: control[key] for key in control if key != "cmd"})])
        except (UsageError, TypeError) as error:
            raise UsageError(f"control {number}: {error}") from error
    return [made]


_MAKERS: dict[str, tuple[int, Callable[..., Body]]] = {
    "limit": (wire.LIMIT, limit), "claim": (wire.CLAIM, claim), "reserve": (wire.RESERVE, reservation),
}  # fmt: skip


def kinds_in(kind: int, body: Body) -> set[int]:
    """Return which kinds of control a command brings."""
    return {each[0] for each in body[0]} if kind == wire.SET else {kind}


def for_agent(kind: int, body: Body, now_s: int, agent_now_s: int) -> Body | None:
    """Return a kept body with its start in the agent's seconds; None when its time is over already.

    What should have begun by now begins at once and has the rest of its duration.
    """
    if kind == wire.SET:
        placed = [[each[0], for_agent(each[0], each[1], now_s, agent_now_s)] for each in body[0]]
        return [[each for each in placed if each[1] is not None]]
    if kind in (wire.CANCEL, wire.DELAY) or len(body) <= FIXED or START_S not in body[FIXED]:
        return body
    fields, options = body[:FIXED], dict(body[FIXED])
    ahead_s = options.pop(START_S) - now_s
    if ahead_s > 0:
        return [*fields, options | {START_S: agent_now_s + ahead_s}]
    at = DURATION - 1 if kind == wire.CLAIM else DURATION
    if fields[at]:
        fields[at] += ahead_s
        if fields[at] <= 0:
            return None
    return _body(fields, options)


def _body(fields: Body, options: dict[int, int]) -> Body:
    said = {key: option for key, option in options.items() if option}
    return [*fields, said] if said else fields


def _timing(now_s: int, start_in_s: int, random_start_s: int, random_end_s: int) -> dict[int, int]:
    _whole("start_in_s", start_in_s, 0, DURATION_S_MAX - 1)
    _whole("random_start_s", random_start_s, -RANDOM_S_MAX, RANDOM_S_MAX)
    _whole("random_end_s", random_end_s, -RANDOM_S_MAX, RANDOM_S_MAX)
    start_s = now_s + start_in_s if start_in_s else 0
    return {START_S: start_s, RANDOM_START_S: random_start_s, RANDOM_END_S: random_end_s}


def _one(what: str, given: dict[str, int | None]) -> tuple[str, int]:
    said = [(name, number) for name, number in given.items() if number is not None]
    if len(said) != 1:
        raise UsageError(f"{what} says one of {', '.join(given)}; here {len(said)} are given")
    return said[0]


def _duration(duration_s: int) -> int:
    _whole("duration_s", duration_s, 0, DURATION_S_MAX)
    return duration_s


def _text(name: str, given: Any) -> str:
    if type(given) is not str or len(given) > 16:
        raise UsageError(f"{name} = {given!r:.80}: expected an id of at most 16 characters")
    return given


def _whole(name: str, given: Any, lowest: int, highest: int) -> None:
    if type(given) is not int or not lowest <= given <= highest:
        span = f"{lowest}" if lowest == highest else f"a whole number from {lowest} to {highest}"
        raise UsageError(f"{name} = {given!r:.80}: expected {span}")
