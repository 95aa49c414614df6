"""The whole agent without I/O: `step(state, now_ms, image, inbox) -> (grants, records)`.

Same state, image and inbox give the same grants and records on every runtime. Order matters: what came in is
taken first, then what ended is taken away, then what is known is looked at, then it is decided.
"""

from __future__ import annotations

from agent import allocate, command, record, schedule
from agent.command import Message
from agent.context import context_of
from agent.failsafe import is_absurd
from agent.kept import follow_civil
from agent.orders import whole
from agent.protection import HOUR_MS
from agent.state import REFUSALS_PER_MINUTE
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from agent.image import Image
    from agent.record import Record
    from agent.state import State
    from agent.unit import Contract, Unit

    Grant = tuple[int, int | None, str]
    Item: TypeAlias = "Message | Outcome | Attached | Notice | Thinning"


_QUARTER_S = const(900)


class Outcome:
    """What became of one write; `kept` is None where nothing could be read back."""

    def __init__(
        self, device: int, setpoint: int | None, outcome: int, evidence: int, kept: int | None, source: str
    ) -> None:
        self.device = device
        self.setpoint = setpoint
        self.outcome = outcome
        self.evidence = evidence
        self.kept = kept
        self.source = source


class Attached:
    """A device was opened and told its bounds."""

    def __init__(self, device: int, contract: Contract) -> None:
        self.device = device
        self.contract = contract


class Notice:
    """A device's state as its worker found it: WRONG_DEVICE."""

    def __init__(self, device: int, state: int) -> None:
        self.device = device
        self.state = state


class Thinning:
    """The journal is nearly full of what nobody has confirmed (`on`), or no longer."""

    def __init__(self, on: bool) -> None:
        self.on = on


def step(state: State, now_ms: int, image: Image, inbox: list[Item]) -> tuple[list[Grant], list[Record]]:
    """Return (device, set-point or None for default mode, source) per controllable device, and the facts."""
    assert now_ms >= state.now_ms
    _keep_what_is_left(state, now_ms)
    state.now_ms = now_ms
    for fact in state.records:  # what had ended while the power was off is said now
        fact[1] = now_ms
    _watch_clock(state, image, now_ms)
    for item in inbox:
        _take(state, item, now_ms)
    _count_refusals(state, now_ms)
    schedule.pass_time(state, now_ms)
    _observe(state, image, now_ms)
    _close_intervals(state, now_ms)
    schedule.follow_claims(state, now_ms)
    allocate.decide(state, image, now_ms)
    _grant_all(state, now_ms)
    facts, state.records = state.records, []
    return state.grants, facts


def _keep_what_is_left(state: State, now_ms: int) -> None:
    """Once an hour keep how long limits, windows and an owner's words still last: a boot without a clock goes on so."""
    if now_ms // HOUR_MS != state.now_ms // HOUR_MS:
        left = any(limit.until_ms for limit in state.limits) or any(claim.takes for claim in state.claims)
        left = left or (state.reserving is not None and len(state.reserving.windows) > 0)
        state.must_persist = state.must_persist or left


def _grant_all(state: State, now_ms: int) -> None:
    """Renew the list of grants in its place: a board's heap is small."""
    at, grants = 0, state.grants
    for unit in state.units:
        if unit.contract.control:
            _grant(state, unit, now_ms)
            if at == len(grants):
                grants.append(unit.granted)
            grants[at] = unit.granted
            at += 1


def _grant(state: State, unit: Unit, now_ms: int) -> None:
    """Grant what was decided, and say what is new: what binds, and what protection delays and until when."""
    if unit.next_source != unit.source:
        state.note([record.BINDING, now_ms, unit.index, unit.next, unit.next_source])
        if unit.next_source.startswith("protection"):
            state.note(_delay(unit, now_ms))
    ran = unit.guard.running
    unit.grant(now_ms)
    if unit.guard.starts_per_h and unit.guard.running is not ran:
        state.must_persist = True  # a start is counted before the device is moved


def _delay(unit: Unit, now_ms: int) -> Record:
    guard = unit.guard
    wait_ms = guard.at_ms - now_ms if guard.at_ms > now_ms else None
    return [record.DELAY, now_ms, unit.index, unit.next, guard.source, wait_ms, guard.starts_left(now_ms), guard.writes]


def _watch_clock(state: State, image: Image, now_ms: int) -> None:
    """Say when the civil clock became known or was set by more than its own error bound and a second."""
    was_ms, state.civil_ms = state.civil_ms, image.civil_ms
    expected_ms = was_ms + now_ms - state.clock_seen_ms if was_ms else 0
    state.clock_seen_ms = now_ms
    jumped = abs(image.civil_ms - expected_ms) > image.civil_error_ms + 1000
    if image.civil_quality == q.CLOCK_SYNCHRONISED and (jumped or not state.civil_seen):
        follow_civil(state, not state.civil_seen)
        state.civil_seen = True
    if image.civil_ms and (jumped or image.civil_quality != state.civil_quality):
        state.note([record.CLOCK, now_ms, image.civil_ms, image.civil_quality, image.civil_error_ms])
    state.civil_quality = image.civil_quality


def _take(state: State, item: Item, now_ms: int) -> None:
    if type(item) is Outcome:
        unit = state.units[item.device]
        unit.written, unit.written_ms = item, now_ms
        state.note(
            [record.WRITE, now_ms, item.device, item.setpoint, item.outcome, item.evidence, item.kept, item.source]
        )
        if unit.contract.persistent:
            unit.guard.worn()
            state.must_persist = True
    elif type(item) is Attached:
        state.units[item.device].contract = item.contract
    elif type(item) is Notice:
        state.note([record.DEVICE_STATE, now_ms, item.device, item.state])
    elif type(item) is Thinning:
        _thin(state, item.on, now_ms)
    else:
        assert type(item) is Message
        _answer(state, item, now_ms)


def _thin(state: State, on: bool, now_ms: int) -> None:
    """Make readings rarer, or as often as is configured; the open span goes on to the next of its new ends."""
    state.thinned = on
    state.note([record.GAP, now_ms, record.THINNED if on else record.NO_LONGER_THINNED, 0, None])
    began_s = state.intervals[0].began_s if state.intervals else 0
    span_s = _span_s(state)
    state.next_reading_s = max(began_s // span_s + 1, (now_ms // 1000 + span_s - 1) // span_s) * span_s


def _span_s(state: State) -> int:
    """Return what a reading covers: `reading_s`, in whole quarter hours while thinned."""
    return (state.reading_s + _QUARTER_S - 1) // _QUARTER_S * _QUARTER_S if state.thinned else state.reading_s


def _answer(state: State, message: Message, now_ms: int) -> None:
    """Admit or refuse, and keep the answer before what it leads to; a flood of refusals is counted, not listed."""
    place = len(state.records)
    reason = command.admit(state, message, now_ms)
    if reason == record.ACCEPTED:
        state.must_persist = True
    elif not _may_list_refusal(state):
        del state.records[place:]  # what a refusal was going to add
        return
    key_id = message.authority.key_id if message.authority is not None else None
    counter = message.fields[4] if len(message.fields) == 8 and whole(message.fields[4], 0, 1 << 53) else None
    state.records.insert(place, [record.DECISION, now_ms, message.digest, key_id, counter, reason])


def _may_list_refusal(state: State) -> bool:
    state.refusals += 1
    return state.refusals <= REFUSALS_PER_MINUTE


def _count_refusals(state: State, now_ms: int) -> None:
    """Once a minute say how many refusals were not listed."""
    if now_ms - state.refusals_from_ms < 60000:
        return
    if state.refusals > REFUSALS_PER_MINUTE:
        state.note([record.REFUSED_MANY, now_ms, state.refusals - REFUSALS_PER_MINUTE])
    state.refusals, state.refusals_from_ms = 0, now_ms


def _observe(state: State, image: Image, now_ms: int) -> None:
    """Follow who answers and who has fallen silent."""
    for unit in state.units:
        sample = image.fresh(unit.index, now_ms, unit.contract.stale_ms)
        state.intervals[unit.index].take(
            None if sample is not None and is_absurd(state.site.fuse_ma, sample) else sample
        )
        here = sample is not None
        if state.present[unit.index] is not here:
            if here or state.present[unit.index] is not None:
                state.note([record.DEVICE_STATE, now_ms, unit.index, record.ATTACHED if here else record.LOST])
            state.present[unit.index] = here


def _close_intervals(state: State, now_ms: int) -> None:
    now_s = now_ms // 1000
    if now_s < state.next_reading_s:
        return
    span_s = _span_s(state)
    state.next_reading_s = (now_s // span_s + 1) * span_s
    for unit in state.units:
        reading, jumped = state.intervals[unit.index].close(now_s, context_of(state, unit))
        if jumped:
            state.note([record.GAP, now_ms, record.METER_EXCHANGED, 0, unit.index])
        state.note(reading)
