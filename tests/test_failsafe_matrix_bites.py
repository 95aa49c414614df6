"""The failsafe matrix catches what it is there for: broken variants of the core fail in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from agent import actuator, allocate, failsafe, record, state, step
from agent.actuator import Actuator
from agent.unit import Unit
from tests.shared.matrix import cells
from tests.shared.matrix_core import faults, play
from tests.shared.matrix_loop import plays

Break = Callable[[pytest.MonkeyPatch], None]


def believe_old_meter(patch):
    """A stale meter's last value is used for ever."""
    patch.setattr(state.Site, "meter_stale_ms", property(lambda self: 1 << 40, lambda self, ms: None), raising=False)


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
    """Without a meter everybody gets what he wants."""
    patch.setattr(allocate, "without_headroom", lambda state, unit, wish, cause, now_ms: (wish or 0, "wish"))


def raise_to_fallback(patch):
    """Losing the meter raises what a limit had stopped."""
    patch.setattr(Unit, "kept", property(lambda self: None, lambda self, kept: None), raising=False)
    patch.setattr(allocate, "_spare", lambda state, cause, now_ms: [
        (unit, *failsafe.without_headroom(state, unit, allocate.wish_of(state, unit)[0], cause, now_ms))
        for unit in state.powered])  # fmt: skip


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
    turn = step._expire

    def wrong(state, now_ms):
        del state.limits[now_ms > 120000 :]
        turn(state, now_ms)

    patch.setattr(step, "_expire", wrong)


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
    (follow_the_clock, "clock"),
]
WHOLE: list[tuple[Break, str]] = [
    (keep_lease, "lease"),
    (give_up, "write path"),
    (hide_failure, "write path"),
    (end_with_the_link, "uplink"),
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
