"""What must never be passed, combined by intersection: the most restrictive wins and is named.

A limit is in force from its start to its end. One without an end is its source's default on that matter: it rests
while another word of the same source is in force, and is back when that has ended. What has no default ends as it
says: it is released, or it holds until its source says something else.

Source: docs/architecture.md, "Limits and claims"; the semantics follow IEEE 2030.5 DERControl and DefaultDERControl
site limits and EEBUS LPC. A limit never ends by being undefined: only by its time, a cancellation, or a newer word.
"""

from __future__ import annotations

from hal.compat import const

IMPORT = const(0)
EXPORT = const(1)
WATT = const(0)  # of the scope as a whole
MILLIAMP = const(1)  # in each of some phases
RELEASE = const(0)  # what happens at the end of its time
HOLD = const(1)
ALL_PHASES = const(7)
SITE = const(-1)  # scope; a device is its index, the n-th circuit below the connection -1 - n
LIMITS_MAX = const(32)


class Limit:
    """`value` W or mA at most, in one direction, for the site, a circuit or a device; `until_ms` 0 never ends."""

    def __init__(
        self, scope: int, direction: int, most: int, source: str, until_ms: int, command: bytes = b"",
        quantity: int = WATT, phases: int = ALL_PHASES,
    ) -> None:  # fmt: skip
        self.scope = scope
        self.direction = direction
        self.value = most
        self.source = source
        self.name = "limit " + source
        self.until_ms = until_ms
        self.command = command
        self.quantity = quantity
        self.phases = phases  # bit mask of those that a current limit is for
        self.from_ms = 0
        self.from_civil_ms = 0  # the same on the civil clock, 0 while that was unknown
        self.until_civil_ms = 0
        self.ends_as = 0  # what is said at its end; 0: what its time says
        self.on_expiry = RELEASE
        self.due = True  # its time has come; False: it waits for it
        self.early = False  # due although its time may be to come: a reboot lost it
        self.live = True  # due, and no other word of its source goes before it

    def same_matter(self, other: Limit) -> bool:
        """Tell whether both are words of one source on one matter."""
        return (
            self.source == other.source
            and self.scope == other.scope
            and self.direction == other.direction
            and self.quantity == other.quantity
            and self.phases == other.phases
        )

    def replaces(self, other: Limit) -> bool:
        """Tell whether this takes the place of `other`, once it is due; a default takes only that of a default."""
        if self is other or not self.due or not other.has_begun():
            return False
        return bool(self.until_ms) is bool(other.until_ms) and self.same_matter(other)

    def has_begun(self) -> bool:
        """Tell whether its own time has come; one that is in force early only adds to others."""
        return self.due and not self.early

    def concerns(self, scope: int, direction: int, quantity: int) -> bool:
        """Tell whether this is about a quantity in one direction of one scope."""
        return self.scope == scope and self.direction == direction and self.quantity == quantity

    def is_tighter(self, other: Limit) -> bool:
        """Tell whether this binds before `other`."""
        if self.value != other.value:
            return self.value < other.value
        return other.until_ms != 0 and (self.until_ms == 0 or self.until_ms > other.until_ms)


def settle(limits: list[Limit]) -> None:
    """Find out which limits are in force: called whenever one comes, begins or goes."""
    for limit in limits:
        limit.live = limit.due and not (limit.until_ms == 0 and _is_suspended(limits, limit))


def _is_suspended(limits: list[Limit], default: Limit) -> bool:
    return any(limit.has_begun() and limit.until_ms and limit.same_matter(default) for limit in limits)


def holds(limits: list[Limit], limit: Limit) -> bool:
    """Tell whether a limit stays when its time is over: it shall, and its source has no default on the matter."""
    return limit.on_expiry == HOLD and not any(
        other.has_begun() and not other.until_ms and other.same_matter(limit) for other in limits
    )


def tightest(limits: list[Limit], scope: int, direction: int) -> Limit | None:
    """Return the power limit in force that binds, None where there is none; of equals the one that stays longest."""
    found: Limit | None = None
    for limit in limits:
        if limit.live and limit.concerns(scope, direction, WATT) and (found is None or limit.is_tighter(found)):
            found = limit
    return found


def tightest_ma(limits: list[Limit], scope: int, direction: int, phase: int) -> Limit | None:
    """Return the current limit in force that binds in a phase (0..2), None where there is none."""
    found: Limit | None = None
    for limit in limits:
        here = limit.live and limit.phases >> phase & 1 and limit.concerns(scope, direction, MILLIAMP)
        if here and (found is None or limit.is_tighter(found)):
            found = limit
    return found
