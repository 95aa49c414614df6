"""What a payload asks for, as a wish: a limit or a claim on the site, a circuit or a device, for a span of time.

A wish is checked here against what the site is and what its source may do, one by one: the core takes a whole set or
nothing of it, and one bad event must not take the others along. Source: OpenADR 3.1.0 enumerations,
`event-interval-payloads` (meaning and range of each payload) and `units`; sign: consumption is positive, as here.

ALERT_GRID_EMERGENCY and ALERT_BLACK_START ask to use as little as possible: a source of a grid operator or utility
limits the import to nothing, any other caps each device that can be moved. The other alerts are words for people.
SIMPLE levels mean what was agreed outside the standard: what may still be drawn, where the site says how much that is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.claims import CEILING, CHANGE, SETPOINT, TARGET
from agent.command import Authority
from agent.limits import EXPORT, IMPORT
from agent.orders import may_claim, may_limit
from agent.state import State
from boards.cpython.steps import CLAIM, LIMIT, Matter
from boards.cpython.strict_json import Malformed, as_number, scaled
from hal import capabilities

CHARGE = 4  # beside the modes of a claim: a state of charge in per mille, which becomes a set-point with the time
MINIMISE = ("ALERT_GRID_EMERGENCY", "ALERT_BLACK_START")
LEVELS = 3
UNSTATED_W = 1000000  # what a circuit has that states no limit of its own
SERIES = ("PRICE", "EXPORT_PRICE", "GHG")
_WATTS = {"KW": 1000}


class Unserved(Exception):
    """Args: why something that is well said is not done, in words."""


@dataclass(frozen=True)
class Wish:
    """One thing wanted of one scope; `end_ms` None has no end."""

    matter: Matter
    mode: int  # of a claim
    amount: int  # W, a set-point in the device's unit, or with CHARGE per mille
    start_ms: int
    end_ms: int | None
    priority: int  # 0 goes first
    event: str


class Places:
    """What the site is to a source: its scopes, and what the source's role and ceiling let it ask for."""

    def __init__(
        self, state: State, authority: Authority, targets: dict[str, str], shares: list[int] | None = None
    ) -> None:
        """`targets` maps a target of the VTN to the id of a circuit or device, "" for the site.

        `shares` is what may be drawn at the SIMPLE levels 1, 2 and 3, in percent; None: that was not agreed.
        """
        self.state = state
        self.authority = authority
        self._targets = targets
        self._shares = shares

    def scopes(self, targets: frozenset[str]) -> list[int]:
        """Return what an event is about: without targets the site. Raises: Unserved."""
        if not targets:
            return [self._scope("")]
        names = sorted({self._targets[each] for each in targets if each in self._targets})
        if not names:
            raise Unserved("none of its targets is one of this site")
        return [self._scope(name) for name in names]

    def _scope(self, name: str) -> int:
        scope = self.state.scope_named(name)
        if scope is None:
            raise Unserved(f"there is no {name!r} here")
        return scope

    def limit(self, scope: int, direction: int, most_w: int) -> tuple[Matter, int, int]:
        """Return matter, mode and amount of a limit. Raises: Unserved, Malformed."""
        if not may_limit(self.authority):
            raise Unserved(f"a source of role {self.authority.role} sets no limits")
        if scope >= 0 and not self.state.units[scope].takes_power():
            raise Unserved(f"{self.state.units[scope].id} cannot be limited in W")
        if not 0 <= most_w <= self.authority.power_max_w:  # nonsense, which takes the place of no limit
            raise Malformed(f"a limit of {most_w} W: not from 0 to the source's {self.authority.power_max_w} W")
        return (LIMIT, scope, direction), 0, most_w

    def dispatch(self, scope: int, power_w: int) -> tuple[Matter, int, int]:
        """Return what brings a scope to a power. Raises: Unserved."""
        self._check_power(power_w)
        if scope < 0:
            return self._target(scope, TARGET, power_w)
        unit = self.state.units[scope]
        if not unit.contract.control or not unit.takes_power():
            raise Unserved(f"{unit.id} takes no power")
        return (CLAIM, scope, SETPOINT), SETPOINT, unit.setpoint_for(power_w)

    def change(self, scope: int, power_w: int) -> tuple[Matter, int, int]:
        """Return what moves a circuit against what it drew before. Raises: Unserved."""
        self._check_power(power_w)
        if scope >= 0:
            raise Unserved("a relative set-point is for the site or a circuit")
        return self._target(scope, CHANGE, power_w)

    def charge(self, scope: int, charge_pm: int) -> tuple[Matter, int, int]:
        """Return what brings a battery to a state of charge. Raises: Unserved."""
        self._check_claim()
        if scope < 0 or self.state.units[scope].contract.kind != capabilities.BATTERY:
            raise Unserved("a state of charge is for a battery")
        if not 0 <= charge_pm <= 1000:
            raise Unserved("a state of charge is from 0 to 1 (PERCENT)")
        return (CLAIM, scope, SETPOINT), CHARGE, charge_pm

    def minimise(self, scope: int) -> list[tuple[Matter, int, int]]:
        """Return what lets a scope use as little as it can. Raises: Unserved."""
        return self._reduced(scope, 0)

    def simple(self, scope: int, level: int) -> list[tuple[Matter, int, int]]:
        """Return what lets a scope use no more than its share at a level; 0 asks for nothing. Raises: Unserved."""
        if self._shares is None:
            raise Unserved("'SIMPLE': this payload is not served")
        return self._reduced(scope, self._shares[level - 1]) if level else []

    def _reduced(self, scope: int, percent: int) -> list[tuple[Matter, int, int]]:
        """Return what holds a scope to a share of what it may draw."""
        if may_limit(self.authority) and self.authority.role != "owner":
            most_w = self._most_w(scope) * percent // 100 if percent else 0
            return [self.limit(scope, IMPORT, min(most_w, self.authority.power_max_w))]
        self._check_claim()
        found = [
            ((CLAIM, unit.index, CEILING), CEILING, unit.setpoint_for(unit.power_of(None) * percent // 100))
            for unit in self.state.units
            if unit.takes_power() and unit.contract.control and self._is_within(unit.index, scope)
        ]
        if not found:
            raise Unserved("nothing there can be moved")
        return found

    def _most_w(self, scope: int) -> int:
        if scope >= 0:
            return self.state.units[scope].power_of(None)
        most_w = self.state.circuit_of(scope).import_limit_w
        if most_w >= UNSTATED_W:
            raise Unserved(f"{self.state.name_of(scope)} has no import_limit_w to take a share of")
        return most_w

    def _is_within(self, index: int, scope: int) -> bool:
        if scope >= 0:
            return index == scope
        return self.state.circuit_of(scope) in self.state.units[index].chain

    def _target(self, scope: int, mode: int, power_w: int) -> tuple[Matter, int, int]:
        if not self.state.circuit_of(scope).metered():
            raise Unserved(f"{self.state.name_of(scope) or 'the site'} has no meter to follow")
        return (CLAIM, scope, TARGET), mode, power_w

    def _check_power(self, power_w: int) -> None:
        self._check_claim()
        if abs(power_w) > self.authority.power_max_w:
            raise Unserved(f"{power_w} W: more than the source's {self.authority.power_max_w} W")

    def _check_claim(self) -> None:
        if not may_claim(self.authority):
            raise Unserved(f"a source of role {self.authority.role} only limits")


def asked(places: Places, scope: int, kind: str, entry: object, unit: str | None) -> list[tuple[Matter, int, int]]:
    """Return matter, mode and amount of all that one value of a payload asks of a scope; nothing where it asks nothing.

    Raises: Malformed, Unserved.
    """
    if kind in MINIMISE:
        return places.minimise(scope)
    if kind in SERIES or kind.startswith("ALERT_"):
        return []
    if kind == "SIMPLE":
        return places.simple(scope, _level(entry))
    if kind not in _ASKS:
        raise Unserved(f"{kind!a}: this payload is not served")
    return [_ASKS[kind](places, scope, kind, entry, unit)]


def _level(entry: object) -> int:
    level = as_number("SIMPLE", entry)
    if level not in range(LEVELS + 1):
        raise Malformed(f"SIMPLE: {level}: expected 0, 1, 2 or {LEVELS}")
    return int(level)


def _watts(kind: str, entry: object, unit: str | None) -> int:
    if unit not in _WATTS:
        raise Malformed(f"{kind}: units {unit!a}: expected KW")
    return scaled(kind, entry, _WATTS[unit])


def _limited(direction: int) -> Callable[[Places, int, str, object, str | None], tuple[Matter, int, int]]:
    def ask(places: Places, scope: int, kind: str, entry: object, unit: str | None) -> tuple[Matter, int, int]:
        return places.limit(scope, direction, _watts(kind, entry, unit))

    return ask


def _dispatched(places: Places, scope: int, kind: str, entry: object, unit: str | None) -> tuple[Matter, int, int]:
    return places.dispatch(scope, _watts(kind, entry, unit))


def _changed(places: Places, scope: int, kind: str, entry: object, unit: str | None) -> tuple[Matter, int, int]:
    return places.change(scope, _watts(kind, entry, unit))


def _charged(places: Places, scope: int, kind: str, entry: object, unit: str | None) -> tuple[Matter, int, int]:
    if unit != "PERCENT":
        raise Malformed(f"{kind}: units {unit!a}: expected PERCENT")
    return places.charge(scope, scaled(kind, entry, 1000))


_ASKS = {
    "IMPORT_CAPACITY_LIMIT": _limited(IMPORT),
    "EXPORT_CAPACITY_LIMIT": _limited(EXPORT),
    "DISPATCH_SETPOINT": _dispatched,
    "DISPATCH_SETPOINT_RELATIVE": _changed,
    "CHARGE_STATE_SETPOINT": _charged,
}
