"""Fair shares: devices of one priority that want more than there is get as much as one another, in W.

First each starts at its least, in order, as far as that goes (6 A on three phases): nobody stops who can be throttled,
and nobody takes turns, a contactor wears. Then max-min: they rise together to the highest level at which all fit, each
at most to what it wants; who hangs on what is then full stays there, and the others go on. A device that does not take
what it has keeps that and needs no more.
"""

from __future__ import annotations

from agent.circuits import UNKNOWN_W
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.unit import Unit

_LEVEL_W = const(8)  # levels are looked for so exactly


def share(group: list[Unit], most_w: list[int]) -> None:
    """Give each unit of a group its share; `most_w` is what each wants and may have by itself, 0 no share."""
    open_at = []
    for at, unit in enumerate(group):
        unit.share_w, unit.share_source = UNKNOWN_W, ""
        if most_w[at]:
            open_at.append(at)
        else:
            _keep(unit, 1)
    if not _fit(group, open_at, most_w):
        _divide(group, most_w, open_at)
    for at, unit in enumerate(group):
        if not most_w[at]:
            _keep(unit, -1)


def _divide(group: list[Unit], most_w: list[int], open_at: list[int]) -> None:
    shares, wanting = list(most_w), []
    for at in open_at:
        unit = group[at]
        if unit.idles:
            unit.share_source, unit.share_w = unit.source, unit.had_w()
            _keep(unit, 1)
        else:
            wanting.append(at)
            shares[at] = min(most_w[at], unit.power_of(unit.lowest()))
            _put(unit, shares[at], 1)
    rising = [at for at in wanting if _start(group[at], most_w, shares, at)]
    for at in rising:
        _put(group[at], shares[at], -1)
    _raise(group, most_w, shares, rising)
    for at in open_at:
        if group[at].idles:
            _keep(group[at], -1)
        else:
            _put(group[at], shares[at], -1)
            if shares[at] < most_w[at]:
                group[at].share_w = shares[at]


def _start(unit: Unit, most_w: list[int], shares: list[int], at: int) -> bool:
    """Put a stopped unit at its least, where that has room; tell whether it runs and may rise from there."""
    least_w = min(most_w[at], unit.power_of(unit.least_running()))
    if shares[at] < least_w:
        _put(unit, least_w, 1)
        unit.share_source = _binding(unit)
        if unit.share_source:
            _put(unit, least_w, -1)
            return False
        shares[at] = least_w
    return True


def _put(unit: Unit, power_w: int, times: int) -> None:
    for circuit in unit.chain:
        circuit.try_on(unit, power_w, times)


def _keep(unit: Unit, times: int) -> None:
    for circuit in unit.chain:
        circuit.take(unit, 0, unit.had_w(), UNKNOWN_W, times)


def _binding(unit: Unit) -> str:
    """Return what has no room left for a unit, "" when there is room."""
    for circuit in unit.chain:
        if circuit.room_w(unit) < 0:
            return circuit.binding
    return ""


def _fit(group: list[Unit], open_at: list[int], powers_w: list[int], name: bool = False) -> bool:
    """Tell whether the open ones may draw this at once; `name`: say of each that may not what binds it."""
    for at in open_at:
        _put(group[at], powers_w[at], 1)
    held = True
    for at in open_at:
        binding = _binding(group[at]) if held or name else ""
        if binding:
            held = False
        if name:
            group[at].share_source = binding
    for at in open_at:
        _put(group[at], powers_w[at], -1)
    return held


def _raise(group: list[Unit], most_w: list[int], shares: list[int], open_at: list[int]) -> None:
    """Raise the open ones together until each has what it wants or hangs on what is full; they stand there then."""
    tried, level_w = list(shares), 0
    while open_at:
        low_w, high_w = level_w, max([most_w[at] for at in open_at])
        full = not _fit_at(group, most_w, shares, open_at, high_w, tried)
        while full and high_w - low_w > _LEVEL_W:
            half_w = (low_w + high_w + 1) // 2
            if _fit_at(group, most_w, shares, open_at, half_w, tried):
                low_w = half_w
            else:
                high_w = half_w
        level_w = low_w if full else high_w
        _at_level(group, most_w, shares, open_at, high_w, tried)
        _fit(group, open_at, tried, True)
        _at_level(group, most_w, shares, open_at, level_w, tried)
        open_at = _close(group, most_w, shares, open_at, tried)


def _fit_at(
    group: list[Unit], most_w: list[int], shares: list[int], open_at: list[int], level_w: int, tried: list[int]
) -> bool:
    _at_level(group, most_w, shares, open_at, level_w, tried)
    return _fit(group, open_at, tried)


def _at_level(
    group: list[Unit], most_w: list[int], shares: list[int], open_at: list[int], level_w: int, tried: list[int]
) -> None:
    """Note what each open one draws at a level: its set-points are steps, and below its minimum it stops."""
    for at in open_at:
        unit, power_w = group[at], most_w[at]
        if level_w < power_w:
            power_w = max(0, unit.power_of(unit.setpoint_for(level_w)))
        tried[at] = max(shares[at], power_w)


def _close(
    group: list[Unit], most_w: list[int], shares: list[int], open_at: list[int], given_w: list[int]
) -> list[int]:
    """Leave those where they are that have what they want or no room for more; return who goes on."""
    rising = []
    for at in open_at:
        shares[at] = given_w[at]
        if shares[at] < most_w[at] and not group[at].share_source:
            rising.append(at)
    if len(rising) == len(open_at):
        rising = []
    for at in open_at:
        if at not in rising:
            _put(group[at], shares[at], 1)
    return rising
