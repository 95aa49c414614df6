"""When the grid meter says nothing that can be trusted there is no headroom: what then, and since when.

Entered at once, left by itself when the meter has been good for a while, each said once. A stale meter is "no
headroom", never "no limit".
"""

from __future__ import annotations

from agent import record
from agent.image import phase_current_ma
from agent.limits import IMPORT, tightest
from agent.unit import ABSURD_FACTOR, NOMINAL_MV
from hal import capabilities
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.image import Image, Sample
    from agent.state import State
    from agent.unit import Unit

_METER_GOOD_MS = const(5000)  # a meter that flaps is not believed before this

CAUSES = {
    record.METER_NEVER_SEEN: "meter never seen",
    record.METER_STALE: "meter stale",
    record.METER_ABSURD: "meter absurd",
}


def site_meter(state: State, image: Image, now_ms: int) -> tuple[dict[int, int] | None, int]:
    """Return the grid meter's values, or None and the cause why they give no headroom; note what changed."""
    site_values, cause = _read(state, image, now_ms)
    if cause:
        state.meter_bad_ms = now_ms
    elif state.failsafe > record.METER_NEVER_SEEN and _answered_ms(state, image) - state.meter_bad_ms < _METER_GOOD_MS:
        cause = state.failsafe  # a silence that just began is no good time
    if cause != state.failsafe:
        if state.failsafe:
            state.note([record.FAILSAFE, now_ms, None, state.failsafe, False])
        else:
            for unit in state.powered:
                unit.kept = unit.setpoint if unit.held else None
        if cause:
            state.note([record.FAILSAFE, now_ms, None, cause, True])
        state.failsafe = cause
    return None if cause else site_values, cause


def _answered_ms(state: State, image: Image) -> int:
    sample = None if state.site.meter is None else image.samples[state.site.meter]
    return -1 if sample is None else sample.at_ms


def _read(state: State, image: Image, now_ms: int) -> tuple[dict[int, int] | None, int]:
    meter = state.site.meter
    if meter is None or image.samples[meter] is None:
        return None, record.METER_NEVER_SEEN
    sample = image.fresh(meter, now_ms, state.site.meter_stale_ms)
    if sample is None:
        return None, record.METER_STALE
    if sample.values.get(q.POWER_W) is None or is_absurd(state, sample):
        return None, record.METER_ABSURD
    return sample.values, 0


def is_absurd(state: State, sample: Sample) -> bool:
    """Tell whether a device says more than the connection could ever carry: that is no reading."""
    site_values, highest_ma = sample.values, ABSURD_FACTOR * state.site.fuse_ma
    if abs(site_values.get(q.POWER_W, 0)) > 3 * highest_ma * NOMINAL_MV // 1000000:
        return True
    for phase in (0, 1, 2):
        current = phase_current_ma(site_values, phase)
        if current is not None and abs(current) > highest_ma:
            return True
    return False


def without_headroom(state: State, unit: Unit, wish: int | None, cause: int, now_ms: int) -> tuple[int, str]:
    """Return the fallback, or less where less is wished, was held, or a limit on the unit asks for less."""
    unit.held, unit.risen_ms = True, now_ms
    setpoint = unit.lowest() if unit.fallback is None else unit.fit(unit.fallback)
    battery = unit.contract.kind == capabilities.BATTERY
    if wish is not None and not battery and unit.power_of(wish) < unit.power_of(setpoint):
        setpoint = wish
    if unit.kept is not None and not battery and unit.power_of(unit.kept) < unit.power_of(setpoint):
        setpoint = unit.kept
    limit = tightest(state.limits, unit.index, IMPORT)
    if limit is not None and limit.value_w < unit.power_of(setpoint):
        return unit.setpoint_for(limit.value_w), "limit " + limit.source
    return setpoint, CAUSES[cause]
