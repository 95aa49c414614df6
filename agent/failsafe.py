"""When a circuit's meter says nothing that can be trusted there is no headroom: what then, and since when.

Entered at once, left by itself when the meter has been good for a while, each said once. A stale meter is "no
headroom", never "no limit".
"""

from __future__ import annotations

from agent import record
from agent.circuits import NOMINAL_MV, UNKNOWN_W, lower_to_limits
from agent.image import phase_current_ma
from agent.unit import ABSURD_FACTOR
from hal import capabilities
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.circuits import Circuit
    from agent.image import Image, Sample
    from agent.state import State
    from agent.unit import Unit

_METER_GOOD_MS = const(5000)  # a meter that flaps is not believed before this

CAUSES = {
    record.METER_NEVER_SEEN: "meter never seen",
    record.METER_STALE: "meter stale",
    record.METER_ABSURD: "meter absurd",
}


def look(state: State, image: Image, now_ms: int) -> None:
    """Find out for each circuit what its meter says, and note what changed."""
    for circuit in state.circuits:
        values, cause = _believed(state, image, circuit, now_ms) if circuit.metered() else (None, 0)
        circuit.open(state, None if cause else values)
        circuit.remember(now_ms)


def _believed(state: State, image: Image, circuit: Circuit, now_ms: int) -> tuple[dict[int, int] | None, int]:
    """Return a meter's values and 0, or the cause why it gives no headroom."""
    values, cause = _read(image, circuit, now_ms)
    held = circuit.failsafe
    if cause:
        circuit.meter_bad_ms = now_ms
    elif held > record.METER_NEVER_SEEN and _answered_ms(image, circuit) - circuit.meter_bad_ms < _METER_GOOD_MS:
        cause = held  # a silence that just began is no good time
    if cause != held:
        scope = None if circuit is state.site else circuit.meter
        if held:
            state.note([record.FAILSAFE, now_ms, scope, held, False])
        else:
            _keep(state, circuit)
        if cause:
            state.note([record.FAILSAFE, now_ms, scope, cause, True])
        circuit.failsafe = cause
    return values, cause


def _keep(state: State, circuit: Circuit) -> None:
    """Remember what limits had held the devices down to."""
    for unit in state.powered:
        if circuit in unit.chain:
            unit.kept = unit.setpoint if unit.held else None


def _answered_ms(image: Image, circuit: Circuit) -> int:
    sample = None if circuit.meter is None else image.samples[circuit.meter]
    return -1 if sample is None else sample.at_ms


def _read(image: Image, circuit: Circuit, now_ms: int) -> tuple[dict[int, int] | None, int]:
    meter = circuit.meter
    if meter is None or image.samples[meter] is None:
        return None, record.METER_NEVER_SEEN
    sample = image.fresh(meter, now_ms, circuit.meter_stale_ms)
    if sample is None:
        return None, record.METER_STALE
    if sample.values.get(q.POWER_W) is None or is_absurd(circuit.fuse_ma, sample):
        return None, record.METER_ABSURD
    return sample.values, 0


def is_absurd(fuse_ma: int, sample: Sample) -> bool:
    """Tell whether a device says more than what feeds it could ever carry: that is no reading."""
    site_values, highest_ma = sample.values, ABSURD_FACTOR * fuse_ma
    if abs(site_values.get(q.POWER_W, 0)) > 3 * highest_ma * NOMINAL_MV // 1000000:
        return True
    for phase in (0, 1, 2):
        current = phase_current_ma(site_values, phase)
        if current is not None and abs(current) > highest_ma:
            return True
    return False


def cause_of(unit: Unit) -> int:
    """Return why a unit has no headroom, 0 when it may have some: its circuit's cause, or one above."""
    for circuit in unit.chain:
        if circuit.failsafe:
            return circuit.failsafe
    return 0


def without_headroom(state: State, unit: Unit, cause: int, now_ms: int) -> None:
    """Decide the fallback, or less where less is wished, was held, or a limit on the unit asks for less.

    Other than a wish this delays no stop.
    """
    unit.held, unit.risen_ms = True, now_ms
    setpoint = unit.lowest() if unit.fallback is None else unit.fit(unit.fallback)
    if unit.contract.kind != capabilities.BATTERY:
        for less in (unit.next, unit.kept):
            if less is not None and unit.power_of(less) < unit.power_of(setpoint):
                setpoint = less
    source = CAUSES[cause]
    unit.cap_w = UNKNOWN_W
    lower_to_limits(state, unit)
    if unit.cap_w < unit.power_of(setpoint):
        setpoint, source = unit.setpoint_for(unit.cap_w), unit.cap_name
    unit.decide(setpoint, source)
