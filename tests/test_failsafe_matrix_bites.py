"""The failsafe matrix catches what it is there for: broken variants of the core fail in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from agent import actuator, allocate, failsafe, protection, record, schedule, state, step, target
from agent.actuator import Actuator
from agent.circuits import Circuit
from agent.image import Sample
from agent.interval import Interval
from agent.loop import Loop
from agent.unit import Unit
from hal import quantities as q
from tests.shared import matrix
from tests.shared.matrix import cells
from tests.shared.matrix_core import play
from tests.shared.matrix_plays import plays
from tests.shared.matrix_site import faults

Break = Callable[[pytest.MonkeyPatch], None]


def believe_old_meter(patch):
    """A stale meter's last value is used for ever."""
    patch.setattr(Circuit, "meter_stale_ms", property(lambda self: 1 << 40, lambda self, ms: None), raising=False)


def never_leave(patch):
    """No time is long enough to trust the meter again."""
    patch.setattr(failsafe, "_answered_ms", lambda *_: -(1 << 40))


def leave_at_once(patch):
    """The first answer of a flapping meter ends the failsafe."""
    patch.setattr(failsafe, "_answered_ms", lambda *_: 1 << 40)


def say_nothing(patch):
    """The failsafe is not written down."""
    note = state.State.note
    patch.setattr(state.State, "note", lambda self, fact: fact[0] == record.FAILSAFE or note(self, fact))


def grant_the_wish(patch):
    """Without a meter everybody gets what he wants, as far as the bare limit goes."""
    patch.setattr(allocate, "without_headroom", lambda *_: None)


def raise_to_fallback(patch):
    """Losing the meter raises what a limit had stopped."""
    patch.setattr(Unit, "kept", property(lambda self: None, lambda self, kept: None), raising=False)


def believe_anything(patch):
    """A megawatt is a reading."""
    patch.setattr(failsafe, "is_absurd", lambda *_: False)


def write_down_anything(patch):
    """A megawatt is in the record."""
    patch.setattr(step, "is_absurd", lambda *_: False)


def forget_silent_draw(patch):
    """A silent device is taken to draw nothing, as if that were known."""
    look = Unit.look

    def wrong(self, sample, now_ms):
        look(self, sample, now_ms)
        self.drawn_known = True

    patch.setattr(Unit, "look", wrong)


def follow_the_clock(patch):
    """A clock that is set moves the ends of limits."""
    follow = step.follow_civil
    patch.setattr(step, "follow_civil", lambda state, first: follow(state, True))


def keep_lease(patch):
    """A lease never ends."""
    grant = Actuator.grant
    patch.setattr(Actuator, "grant", lambda self, given, _until_ms: grant(self, given, 1 << 40))


def give_up(patch):
    """A write that failed is not tried again."""
    patch.setattr(actuator, "_RETRY_MS_MIN", 1 << 30)


def hide_failure(patch):
    """What a product refused is not said."""
    failed = Actuator._failed

    def wrong(self, *told):
        report, self.report = self.report, lambda outcome: None
        failed(self, *told)
        self.report = report

    patch.setattr(Actuator, "_failed", wrong)


def end_with_the_link(patch):
    """What upstream asked for ends when upstream is gone."""
    turn = Loop._step

    def wrong(self):
        if not self.uplink.connected:
            del self.state.limits[:]
        return turn(self)

    patch.setattr(Loop, "_step", wrong)


def fall_together(patch):
    """A circuit's meter that fails stops the whole site."""
    patch.setattr(state.State, "_chain", lambda self, place: self.circuits[1:] + self.circuits[:1])


def suspect_a_missing_phase(patch):
    """A meter that leaves a current out gives no headroom."""
    absurd = failsafe.is_absurd
    patch.setattr(failsafe, "is_absurd", lambda fuse_ma, sample: (
        q.CURRENT_L2_MA not in sample.values or absurd(fuse_ma, sample)))  # fmt: skip


def believe_any_charge(patch):
    """What a battery says of its charge is taken for the nearest that can be."""
    look = Unit.look

    def wrong(self, sample, now_ms):
        if sample is not None and q.SOC_PM in sample.values:
            charge_pm = min(max(sample.values[q.SOC_PM], 0), 1000)
            sample = Sample(sample.at_ms, {**sample.values, q.SOC_PM: charge_pm})
        look(self, sample, now_ms)

    patch.setattr(Unit, "look", wrong)


def write_down_any_charge(patch):
    """A charge of 500 % is in the record."""
    close = Interval.close

    def wrong(self, now_s, context):
        last = self._last.get(q.SOC_PM)
        reading, fell = close(self, now_s, context)
        if reading[5] and last is not None:
            reading[5][q.SOC_PM] = last
        return reading, fell

    patch.setattr(Interval, "close", wrong)


def half_full(patch):
    """A charge that nobody knows is taken for a half."""
    bounds = protection.charge_bounds

    def wrong(unit):
        unit.soc_pm = 500 if unit.soc_pm is None else unit.soc_pm
        return bounds(unit)

    for place in (protection, target):
        patch.setattr(place, "charge_bounds", wrong)


def start_again(patch):
    """A target is said to start each time that it can be tracked again."""
    follow = schedule.follow_claims

    def wrong(state, now_ms):
        for claim in state.claims:
            claim.started = claim.started and state.site.shown_w is not None
        follow(state, now_ms)

    patch.setattr(schedule, "follow_claims", wrong)


def forget_the_target(patch):
    """A target ends when the meter is lost."""
    failsafe_look = allocate.look

    def wrong(state, image, now_ms):
        failsafe_look(state, image, now_ms)
        if state.site.failsafe:
            del state.claims[:]

    patch.setattr(allocate, "look", wrong)


def never_regain(patch):
    """Control that was lost is never said to be regained."""
    patch.setattr(actuator, "_REGAINED_MS", 1 << 40)


def write_without_pause(patch):
    """Another controller is overwritten at every look."""
    patch.setattr(actuator, "_CONTEST_MS_MAX", 1000)


def suspect_the_mute(patch):
    """Who does not say what it holds is taken for another controller's."""
    judge = Actuator._judge
    patch.setattr(Actuator, "_judge", lambda self, now_ms, found, ours, known: judge(self, now_ms, found, ours, True))


def write_when_mute(patch):
    """Who cannot be asked is told again."""
    judge = Actuator._judge

    def wrong(self, now_ms, found, ours, known):
        judge(self, now_ms, found, ours, known)
        self._applied = self._applied and ours

    patch.setattr(Actuator, "_judge", wrong)


def look_away(patch):
    """Nobody looks at what products hold."""

    async def wrong(self, now_ms):
        return

    patch.setattr(Actuator, "look", wrong)


def lose_the_target(patch):
    """A target ends when the way upstream is gone."""
    turn = Loop._step

    def wrong(self):
        if not self.uplink.connected:
            del self.state.claims[:]
        return turn(self)

    patch.setattr(Loop, "_step", wrong)


CORE: list[tuple[Break, str]] = [
    (believe_old_meter, "meter power"),
    (never_leave, "meter power"),
    (leave_at_once, "meter power"),
    (say_nothing, "meter power"),
    (grant_the_wish, "meter power"),
    (raise_to_fallback, "meter power"),
    (believe_anything, "meter currents"),
    (write_down_anything, "meter currents"),
    (forget_silent_draw, "switch"),
    (suspect_a_missing_phase, "one phase's current"),
    (fall_together, "circuit meter"),
    (never_leave, "circuit meter"),
    (believe_any_charge, matrix.CHARGE),
    (write_down_any_charge, matrix.CHARGE),
    (half_full, matrix.CHARGE),
    (start_again, "meter power"),
    (forget_the_target, "meter power"),
    (follow_the_clock, "clock"),
]
WHOLE: list[tuple[Break, str]] = [
    (keep_lease, "lease"),
    (give_up, "write path"),
    (hide_failure, "write path"),
    (end_with_the_link, "uplink"),
    (lose_the_target, "uplink"),
    (never_regain, "read-back"),
    (write_without_pause, "read-back"),
    (suspect_the_mute, "read-back"),
    (write_when_mute, "read-back"),
    (look_away, "read-back"),
]


@pytest.mark.parametrize(("broken", "what"), CORE, ids=lambda part: getattr(part, "__name__", part))
def test_broken_core_is_caught(broken, what, monkeypatch):
    broken(monkeypatch)
    with pytest.raises(AssertionError):
        for cell in cells((what,)):
            for bend in faults(cell):
                play(cell, bend)


async def play_all(what: str) -> None:
    for cell in cells((what,)):
        for played in plays(cell):
            await played


@pytest.mark.parametrize(("broken", "what"), WHOLE, ids=lambda part: getattr(part, "__name__", part))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what comes after the cell that failed is not played
def test_broken_agent_is_caught(broken, what, monkeypatch):
    broken(monkeypatch)
    with pytest.raises(AssertionError):
        asyncio.run(play_all(what))
