"""Everything that the pure core reads, as plain items and back: a copy that goes on exactly as the original would.

Nothing is listed here: every attribute of every object below the state is taken, also one that is added tomorrow, and
one object that stands in two places stands in two places again. A class that is not named here, and so cannot be made
again, ends in SnapshotError. What an older recording does not know keeps what the constructor gives it.

An object is `[class, attribute...]` in the order of its class's names in the layout, `[REF, n]` when it was the n-th
before; a list is `[LIST, item...]`, a tuple `[TUPLE, item...]`, a dict `[DICT, key, item, ...]` by rising keys.
"""

from __future__ import annotations

from agent.circuits import Circuit
from agent.claims import Claim
from agent.delay import RandomDelay
from agent.interval import Interval
from agent.limits import Limit
from agent.phases import Changeover
from agent.protection import Guard
from agent.state import State
from agent.step import Outcome
from agent.unit import Contract, Unit
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent.curtail import Curtailing
    from agent.owner import Owner
    from agent.prices import Prices
    from agent.reserve import Reservation, Reserving

    Fields = dict[str, Any]
    Layout = list[tuple[str, list[str]]]

_LIST = const(0)
_TUPLE = const(1)
_DICT = const(2)
_REF = const(3)
_CLASS = const(4)  # the layout's first class; the others follow
_DEPTH_MAX = const(6)  # agent.cbor holds eight, and two stand around a state


class SnapshotError(Exception):
    """Args: what cannot be copied, or made again."""


def _made_unit(known: Fields) -> Unit:
    keys = ("id", "power_max_w", "default", "fallback", "priority")
    row = {key: known[key] for key in keys}
    row["phases"] = sum([1 << phase for phase in known["phases"]])
    return Unit(known["index"], row, known["contract"])


def _made_contract(known: Fields) -> Contract:
    bounds = (known["minimum"], known["maximum"], known["step"])
    return Contract(known["kind"], known["control"], bounds, known["off"], known["persistent"], known["stale_ms"])


def _made_guard(_known: Fields) -> Guard:
    return Guard({}, 0)  # every attribute is set afterwards


def _made_state(known: Fields) -> State:
    return State(
        known["site"], known["units"], known["agent_id"], known["epoch"], known["reading_s"], known["lease_ms"],
        known["circuits"][1:],
    )  # fmt: skip


def _made_curtailing(_known: Fields) -> Curtailing:
    from agent.curtail import Curtailing  # a board without an inverter has no such module

    return Curtailing()


def _made_prices(known: Fields) -> Prices:
    from agent.prices import Prices  # a board that nobody tells prices has no such module

    return Prices(known["names"])


def _made_owner(known: Fields) -> Owner:
    from agent.owner import Owner  # nor one whose owner says nothing this one

    return Owner(known["name"], known["power_max_w"], known["away"], known["boosts"])


def _made_reserving(known: Fields) -> Reserving:
    from agent.reserve import Reserving  # a board where nobody may reserve has no such module

    return Reserving(known["allowed"])


def _made_reservation(known: Fields) -> Reservation:
    from agent.reserve import Reservation

    keys = ("scope", "direction", "power_w", "source", "command")
    return Reservation(*[known[key] for key in keys])


def _with(made: Callable[..., Any], *names: str) -> Callable[[Fields], Any]:
    return lambda known: made(*[known[name] for name in names])


_MAKERS: dict[str, Callable[[Fields], Any]] = {
    "Circuit": lambda known: Circuit(known, known["meter"], known["scope"]),
    "Curtailing": _made_curtailing,
    "Changeover": _with(Changeover, "switch", "charger"),
    "Guard": _made_guard,
    "Contract": _made_contract,
    "RandomDelay": _with(RandomDelay, "max_s", "free"),
    "Prices": _made_prices,
    "Unit": _made_unit,
    "Interval": _with(Interval, "device", "began_s", "fuse_ma"),
    "Outcome": _with(Outcome, "device", "setpoint", "outcome", "evidence", "kept", "source"),
    "Limit": _with(Limit, "scope", "direction", "value", "source", "until_ms", "command", "quantity", "phases"),
    "Reserving": _made_reserving,
    "Reservation": _made_reservation,
    "Claim": _with(Claim, "scope", "value", "primacy", "created", "source", "until_ms", "command", "mode"),
    "Owner": _made_owner,
    "State": _made_state,
}


def pack(state: State) -> list[Any]:
    """Return [layout, state] as plain items, the same for equal states on every runtime. Raises: SnapshotError."""
    packer = _Packer()
    packed = packer.item(state, _DEPTH_MAX)
    return [packer.layout, packed]


def unpack(packed: list[Any]) -> State:
    """Return a new state that goes on as the packed one would. Raises: SnapshotError."""
    try:
        made = _Maker(packed[0]).item(packed[1])
    except (KeyError, IndexError, TypeError, AttributeError) as fault:
        raise SnapshotError("not a state", fault)
    if type(made) is not State:
        raise SnapshotError("not a state", type(made))
    return made


class _Packer:
    """Walks down from the state; `layout` grows with each class that is met first."""

    def __init__(self) -> None:
        self.layout: Layout = []
        self._numbers: dict[str, int] = {}  # class -> its place in the layout
        self._seen: dict[int, int] = {}  # identity of an object -> its number

    def item(self, thing: Any, depth_left: int) -> Any:
        if thing is None or type(thing) in (int, bool, str, bytes):
            return thing
        if not depth_left:
            raise SnapshotError("too deep", type(thing))
        if type(thing) is list or type(thing) is tuple:
            packed = [_LIST if type(thing) is list else _TUPLE]
            packed += [self.item(each, depth_left - 1) for each in thing]
            return packed
        if type(thing) is dict:
            return self._dict(thing, depth_left - 1)
        return self._object(thing, depth_left - 1)

    def _dict(self, pairs: dict[Any, Any], depth_left: int) -> list[Any]:
        packed: list[Any] = [_DICT]
        for key in sorted(pairs):
            packed.append(self.item(key, 0))
            packed.append(self.item(pairs[key], depth_left))
        return packed

    def _object(self, thing: Any, depth_left: int) -> list[Any]:
        name = type(thing).__name__
        if name not in _MAKERS:
            raise SnapshotError("no such class in a snapshot", name)
        if id(thing) in self._seen:
            return [_REF, self._seen[id(thing)]]
        self._seen[id(thing)] = len(self._seen)
        if name not in self._numbers:
            self._numbers[name] = len(self.layout)
            self.layout.append((name, sorted(thing.__dict__)))
        number = self._numbers[name]
        packed: list[Any] = [_CLASS + number]
        packed += [self.item(getattr(thing, key), depth_left) for key in self.layout[number][1]]
        return packed


class _Maker:
    """Makes objects in the order in which they were met."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._made: list[Any] = []

    def item(self, packed: Any) -> Any:
        if type(packed) is not list:
            return packed
        kind = packed[0]
        if kind == _LIST:
            return [self.item(each) for each in packed[1:]]
        if kind == _TUPLE:
            return tuple([self.item(each) for each in packed[1:]])
        if kind == _DICT:
            return {packed[at]: self.item(packed[at + 1]) for at in range(1, len(packed), 2)}
        if kind == _REF:
            return self._made[packed[1]]
        return self._object(self._layout[kind - _CLASS], packed)

    def _object(self, drawn_up: Any, packed: list[Any]) -> Any:
        name, keys = drawn_up
        if name not in _MAKERS:
            raise SnapshotError("no such class in a snapshot", name)
        number = len(self._made)
        self._made.append(None)
        known = {key: self.item(packed[at + 1]) for at, key in enumerate(keys)}
        made = _MAKERS[name](known)
        for key in keys:
            setattr(made, key, known[key])
        self._made[number] = made
        return made
