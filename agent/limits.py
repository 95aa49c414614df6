"""What must never be passed, combined by intersection: the most restrictive wins and is named.

Source: docs/architecture.md, "Limits and claims"; the semantics follow IEEE 2030.5 DERControl site limits
and EEBUS LPC. A limit never ends by being undefined: only by its time, a cancellation, or a stricter one.
"""

from __future__ import annotations

from hal.compat import const

IMPORT = const(0)
EXPORT = const(1)
SITE = const(-1)  # scope; a device is its index
LIMITS_MAX = const(32)


class Limit:
    """`value_w` at most, in one direction, for the site or one device; `until_ms` 0 never ends."""

    def __init__(
        self, scope: int, direction: int, value_w: int, source: str, until_ms: int, command: bytes = b""
    ) -> None:
        self.scope = scope
        self.direction = direction
        self.value_w = value_w
        self.source = source
        self.until_ms = until_ms
        self.command = command
        self.until_civil_ms = 0  # the same end on the civil clock, 0 while that was unknown

    def replaces(self, other: Limit) -> bool:
        """Tell whether this is a newer word of the same source on the same matter."""
        return self.scope == other.scope and self.direction == other.direction and self.source == other.source


def tightest(limits: list[Limit], scope: int, direction: int) -> Limit | None:
    """Return the limit that binds, None where there is none. At equal values the one that stays longest."""
    found: Limit | None = None
    for limit in limits:
        if limit.scope == scope and limit.direction == direction and (found is None or _is_tighter(limit, found)):
            found = limit
    return found


def _is_tighter(limit: Limit, other: Limit) -> bool:
    if limit.value_w != other.value_w:
        return limit.value_w < other.value_w
    return other.until_ms != 0 and (limit.until_ms == 0 or limit.until_ms > other.until_ms)
