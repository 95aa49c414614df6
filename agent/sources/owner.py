"""Lets the owner speak in words: a source that says nothing by itself and names what being away and a boost mean here.

Source: docs/owner.md; the words are agent/owner.py's.
"""

from __future__ import annotations

from agent.owner import Owner
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.sources.desk import Desk
    from agent.state import State

_DEVICES_MAX = const(7)  # of the eight places that are kept for owners' claims: one is left to opt out


class Words:
    """Puts the owner into the state, at the start."""

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        state, me = desk.loop.state, desk.authority
        for key in sorted(options):
            if key not in ("away", "boost"):
                raise ValueError(key, options[key], "away or boost")
        if state.owner is not None:
            raise ValueError("kind", "owner", "one source of this kind")
        tables = [_setpoints(state, key, options.get(key, {})) for key in ("away", "boost")]
        state.owner = Owner(me.name, me.power_max_w, tables[0], tables[1])
        state.owner.settle(state)


def _setpoints(state: State, key: str, given: Any) -> dict[str, int]:
    """Return the set-points by device of one table, as far as the product's bounds are known at the start."""
    if type(given) is not dict or len(given) > _DEVICES_MAX:
        raise ValueError(key, given, "a table of at most %d devices and their set-points" % _DEVICES_MAX)
    for name in sorted(given):
        unit, setpoint = state.unit_named(name), given[name]
        if unit is None or not unit.contract.control:
            raise ValueError(key, name, "the id of a [[device]] with something to set")
        known = unit.contract.maximum > unit.contract.minimum
        if type(setpoint) is not int or (known and not unit.allows(setpoint)):
            raise ValueError("%s %s" % (key, name), setpoint, "a set-point that it can hold")
    return given
