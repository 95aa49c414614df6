"""Fair shares: devices of one priority that want more than there is get as much as one another, in W.

Max-min: the highest level is looked for at which all of them fit, each at most at what it wants; who hangs on what is
then full stays there, and the others go on. A device that cannot run at the level alone (6 A on three phases) stops;
what that leaves goes to whoever can run with it, in the order in which they are served. Nobody takes turns: a
contactor wears.
"""

from __future__ import annotations

from agent.circuits import UNKNOWN_W
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.unit import Unit

_ROUNDS_MAX = const(4)  # circuits that fill up one after the other before the rest is served in order
_LEVEL_W = const(8)  # levels are looked for so exactly


def share(group: list[Unit], most_w: list[int]) -> None:
    """Give each unit of a group its share; `most_w` is what each wants and may have by itself."""
    shares = [UNKNOWN_W] * len(group)
    if not _fit(group, most_w):
        shares = [0] * len(group)
        open_at = list(range(len(group)))
        for _ in range(_ROUNDS_MAX):
            open_at = _rise_together(group, most_w, shares, open_at)
            if not open_at:
                break
        for at in range(len(group)):
            _rise_alone(group, most_w, shares, at)
    for at, unit in enumerate(group):
        unit.share_w = shares[at]


def _drawn_at(unit: Unit, most_w: int, level_w: int) -> int:
    """Return what a unit draws at a level: its set-points are steps, and below its minimum it stops."""
    power_w = min(most_w, level_w)
    return most_w if power_w == most_w else max(0, unit.power_of(unit.setpoint_for(power_w)))


def _fit(group: list[Unit], powers_w: list[int]) -> bool:
    """Tell whether all units may draw this at once."""
    for at, unit in enumerate(group):
        for circuit in unit.chain:
            circuit.take(unit, powers_w[at], powers_w[at])
    held = True
    for at, unit in enumerate(group):
        if powers_w[at] > 0 and not _has_room(unit):
            held = False
    for at, unit in enumerate(group):
        for circuit in unit.chain:
            circuit.take(unit, powers_w[at], powers_w[at], -1)
    return held


def _has_room(unit: Unit) -> bool:
    for circuit in unit.chain:
        if circuit.left_w < 0:
            return False
        for phase in unit.phases:
            if circuit.left_ma[phase] < 0:
                return False
    return True


def _rise_together(group: list[Unit], most_w: list[int], shares: list[int], open_at: list[int]) -> list[int]:
    """Raise the open ones to the highest level at which all fit; return who can still rise."""
    low_w, high_w = 0, max([most_w[at] for at in open_at])
    while high_w - low_w > _LEVEL_W:
        level_w = (low_w + high_w + 1) // 2
        if _fit(group, _at_level(group, most_w, shares, open_at, level_w)):
            low_w = level_w
        else:
            high_w = level_w
    raised = _at_level(group, most_w, shares, open_at, low_w)
    for at in open_at:
        shares[at] = raised[at]
    return [at for at in open_at if raised[at] < most_w[at] and _can_rise(group, most_w, shares, at)]


def _at_level(group: list[Unit], most_w: list[int], shares: list[int], open_at: list[int], level_w: int) -> list[int]:
    powers_w = list(shares)
    for at in open_at:
        powers_w[at] = max(shares[at], _drawn_at(group[at], most_w[at], level_w))
    return powers_w


def _can_rise(group: list[Unit], most_w: list[int], shares: list[int], at: int) -> bool:
    """Tell whether one unit alone could have a step more."""
    more_w = _step_above(group[at], most_w[at], shares[at])
    return more_w > shares[at] and _fit(group, shares[:at] + [more_w] + shares[at + 1 :])


def _step_above(unit: Unit, most_w: int, share_w: int) -> int:
    step_w = max(unit.power_of(unit.contract.step), 1)
    least_w = max(0, unit.power_of(unit.least_running()))
    return min(most_w, max(share_w + step_w, least_w))


def _rise_alone(group: list[Unit], most_w: list[int], shares: list[int], at: int) -> None:
    """Start a unit that the level stopped, where what is left lets it run."""
    if shares[at] == 0 and most_w[at] > 0:
        least_w = min(most_w[at], _step_above(group[at], most_w[at], 0))
        if _fit(group, shares[:at] + [least_w] + shares[at + 1 :]):
            shares[at] = least_w
