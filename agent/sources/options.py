"""The own keys of a source that lives in the tick, checked against what the site has.

A source lists (name, allowed) and keeps each default as its attribute. `allowed` is a range, a tuple of values, or one
of the three below.
"""

from __future__ import annotations

from hal.compat import const
from hal.options import expected, fits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.state import State

SCOPE = const(1)  # "" for the connection, or the id of a circuit
DEVICE = const(2)  # the id of a device
DEVICES = const(3)  # a list of ids, at least one


def choose(source: object, state: State, given: dict[str, Any]) -> None:
    """Set each option that is given as an attribute of `source`. Raises: ValueError(key, got, expected)."""
    known: tuple[tuple[str, Any], ...] = getattr(source, "options_known", ())
    for name in sorted(given):
        if name not in [row[0] for row in known]:
            raise ValueError(name, given[name], "one of " + ", ".join([row[0] for row in known]))
    for name, allowed in known:
        if name in given:
            _check(name, given[name], allowed, state)
            setattr(source, name, given[name])


def _check(name: str, chosen: Any, allowed: Any, state: State) -> None:
    if allowed == SCOPE:
        scope = state.scope_named(chosen) if type(chosen) is str else None
        right, wanted = scope is not None and scope < 0, '"" or the id of a [[circuit]]'
    elif allowed == DEVICE:
        right, wanted = _is_device(chosen, state), "the id of a [[device]]"
    elif allowed == DEVICES:
        right = type(chosen) is list and len(chosen) > 0 and all(_is_device(each, state) for each in chosen)
        wanted = "a list of ids of [[device]]s"
    else:
        right, wanted = fits(chosen, allowed), expected(allowed)
    if not right:
        raise ValueError(name, chosen, wanted)


def _is_device(name: Any, state: State) -> bool:
    return type(name) is str and state.unit_named(name) is not None
