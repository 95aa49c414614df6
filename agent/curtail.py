"""Inverters that only feed in: no more than the limits on them and on their circuits let out, closed on the meters.

They come after the batteries, which take in first what would be too much. A limit on feeding in binds at once, also
before there is enough sun to pass it; more is let out again once there was room for as long as a held load waits to
rise. Where no meter can be trusted all that an inverter feeds in counts as let out. Those of one circuit are served in
the order of the configuration, the last of them is held down last. Nothing here draws: an import limit is none of its
concern.
"""

from __future__ import annotations

from agent.cover import lowest
from agent.unit import ABSURD_FACTOR
from hal import quantities as q
from hal.capabilities import INVERTER
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.image import Image
    from agent.state import State
    from agent.unit import Unit

_BAND_W = const(300)  # a limit is kept while it is this much stronger than needed
_MARGIN_W = const(100)
_STANDBY_W = const(100)  # what it may draw at night


class Curtailing:
    """What a state holds where there is an inverter; it remembers nothing of its own."""

    def decide(self, state: State, image: Image, now_ms: int) -> None:
        """Decide for every inverter what it may feed in; without anything that binds, what was decided stands."""
        for unit in state.units:
            if unit.contract.kind == INVERTER:
                _look(unit, image, now_ms)
                _limit(state, unit, now_ms)
                _account(unit, now_ms)


def _look(unit: Unit, image: Image, now_ms: int) -> None:
    """Take what it says that it feeds in; one that is silent or not credible feeds in all that it may."""
    sample = image.fresh(unit.index, now_ms, unit.contract.stale_ms)
    power_w = None if sample is None else sample.values.get(q.POWER_W)
    least_w = unit.contract.minimum
    unit.drawn_known = power_w is not None and ABSURD_FACTOR * least_w <= power_w <= _STANDBY_W
    unit.drawn_w = least_w if unit.setpoint is None else unit.setpoint
    if power_w is not None and unit.drawn_known:
        unit.drawn_w = min(power_w, 0)


def _limit(state: State, unit: Unit, now_ms: int) -> None:
    wanted_w = unit.contract.minimum if unit.next is None else unit.next
    floor_w, source = lowest(state, unit)
    needed_w = wanted_w
    if floor_w > wanted_w:
        needed_w = unit.between(min(floor_w + _MARGIN_W, 0), 0, wanted_w)
    held_w = unit.setpoint
    if unit.held and held_w is not None and needed_w < held_w:
        enough = floor_w > wanted_w and held_w <= needed_w + _BAND_W
        if enough or now_ms - unit.risen_ms < unit.rise_ms:
            if enough:
                unit.risen_ms = now_ms
            unit.decide(held_w, unit.source)
            return
    unit.risen_ms, unit.held = now_ms, needed_w > wanted_w
    if unit.held:
        unit.decide(needed_w, source)


def _account(unit: Unit, now_ms: int) -> None:
    """Let the next inverter count with what this one is to feed in while it may be on its way there.

    Where nobody measures, always.
    """
    least_w = unit.contract.minimum if unit.next is None else unit.next
    if unit.next != unit.setpoint:
        unit.covered_ms = now_ms
    on_its_way = now_ms - unit.covered_ms < unit.contract.response_ms
    for circuit in unit.chain:
        if circuit.shown_w is None:
            circuit.moved_w += least_w
        elif on_its_way:
            circuit.moved_w += least_w - unit.drawn_w
