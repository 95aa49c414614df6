"""Prices that somebody may say, for whatever plans with them: says nothing itself.

Source: agent/prices.py; docs/sources.md, "prices".
"""

from __future__ import annotations

from agent.prices import Prices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.sources.desk import Desk


class PriceTable:
    """Opens the site's table of prices to those who are named."""

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        rest, state = dict(options), desk.loop.state
        names = rest.pop("from", None)
        if type(names) is not list or not names or any(type(each) is not str for each in names):
            raise ValueError("from", names, "a list of names of [[authority]]s and [[source]]s, at least one")
        for name in sorted(rest):
            raise ValueError(name, rest[name], "one of from")
        if state.prices is not None:
            raise ValueError("kind", "prices", "one source of this kind")
        state.prices = Prices(names)
