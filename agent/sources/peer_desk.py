"""A desk for a peer that wants to hear what became of each control: for the protocols of gateways.

It says the outcome of each control of the present set, in its order, in the response codes of IEEE 2030.5: what waits,
what is in force, what has ended and how, and whether the owner's word went before it. It only looks at the core's
state between two ticks. Times of a peer are Unix seconds; a body has the agent's own.

Source: docs/sources.md; IEEE 2030.5-2018, Response.status, as cited in the design notes.
"""

from __future__ import annotations

import hashlib

from agent import orders, record, schedule
from agent.claims import Claim, aside, slot, winner
from agent.limits import Limit
from agent.reserve import Reservation
from agent.sources.desk import Desk
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from agent.command import Authority
    from agent.loop import Loop
    from agent.record import Record
    from agent.sources.desk import Control
    from agent.state import State

    Held: TypeAlias = "Limit | Claim | Reservation"

# Outcomes of a control, beside STARTED, COMPLETED, SUPERSEDED and LAPSED of agent.record.
WAITS = const(1)  # it is accepted, and its time is to come
OPTED_OUT = const(4)  # the owner's word goes before it

_CLASSES = {1: Limit, 2: Claim, 6: Reservation}  # kind of a control -> what it is in the state
_CLOCK_SLACK_MS = const(1500)


class PeerDesk(Desk):
    """Keeps `outcomes`, one for each of `controls`, once they are accepted."""

    comes_again = False  # to its peer an event that was superseded is over

    def __init__(self, loop: Loop, authority: Authority) -> None:
        super().__init__(loop, authority)
        self.outcomes: list[int] = []
        self.on_change: Callable[[], None] | None = None  # hears that `reason` or `outcomes` are new
        self._held: list[Held | None] = []  # what each control is in the state
        self._ahead_ms: int | None = None

    def replace(self, controls: list[Control], origin: bytes) -> None:
        """Say everything that holds from now on; outcomes of another set are forgotten."""
        if controls != self.controls:
            self.outcomes, self._held = [], []
        super().replace(controls, origin)

    def follow(self, now_ms: int) -> None:
        """Find out what became of the controls, then enter what is new."""
        outcomes = [self._outcome(at, now_ms) for at in range(len(self._held))]
        if outcomes != self.outcomes:
            self.outcomes = outcomes
            self._say()
        was = self.reason
        super().follow(now_ms)
        if self.reason is not None and self.reason != was:
            self._say()

    def tell(self, fact: Record) -> None:
        """Take the core's answer."""
        was = self.reason
        super().tell(fact)
        if self.reason is not None and self.reason != was:
            if self.reason == record.ACCEPTED:
                self._held = _found(self.loop.state, self.controls or [], self.digest)
                self.outcomes = [WAITS] * len(self._held)
            self._say()

    def reason_against(self, control: Control) -> int:
        """Return why the core would refuse a control by itself, ACCEPTED when it would not.

        A set comes in as a whole: what a peer says wrongly is left out of it, and answered by its reason.
        """
        try:
            orders.alone(self.loop.state, self.authority, control[0], control[1], b"")
        except orders.Refused as refused:
            reason: int = refused.args[0]
            return reason
        return record.ACCEPTED

    def is_beaten(self) -> bool:
        """Tell whether somebody else is served in place of a claim of this set, or has reserved what it wants."""
        for at, outcome in enumerate(self.outcomes):
            held = self._held[at]
            if outcome == record.SUPERSEDED and isinstance(held, Claim):
                first = winner(self.loop.state.claims, held.scope, slot(held.mode))
                if first is None or first.source != self.authority.name:
                    return True
        return False

    def window(self, from_s: int, until_s: int) -> tuple[int, int] | None:
        """Return (start_s, duration_s) of a control from one Unix second to another, as a body takes them.

        The same for the same times as long as the clock is not set. None: the clock is not synchronised, or it is over.
        """
        clock = self.loop.clock
        if clock.quality() != q.CLOCK_SYNCHRONISED:
            return None
        ahead_ms = clock.civil_ms() - clock.now_ms()
        if self._ahead_ms is None or abs(ahead_ms - self._ahead_ms) > _CLOCK_SLACK_MS:
            self._ahead_ms = ahead_ms
        ahead_s = self._ahead_ms // 1000
        start_s, end_s = max(from_s - ahead_s, 1), until_s - ahead_s
        if end_s * 1000 <= clock.now_ms():
            return None
        return start_s, end_s - start_s

    def drawn_s(self, bound_s: int, cause: bytes) -> int:
        """Return a whole number between 0 and `bound_s`, which may be negative; the same for the same cause.

        The options 6 and 7 of a body would be drawn anew with every set.
        """
        digest = hashlib.sha256(self.authority.public_key + cause).digest()
        return schedule.drawn_s(bound_s, digest, self.loop.state.agent_id, schedule.AT_START)

    def _say(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def _outcome(self, at: int, now_ms: int) -> int:
        """Return what became of a control; what has ended stays as it was said."""
        held, before, state = self._held[at], self.outcomes[at], self.loop.state
        if held is None:
            return record.SUPERSEDED
        if held not in _all(state):
            return _ended(state, held, before, now_ms)
        if isinstance(held, Limit):
            return record.STARTED if held.live else record.SUPERSEDED if held.due else WAITS
        if isinstance(held, Reservation):
            return record.STARTED if held.began else WAITS
        if state.reserving is not None and held in state.reserving.waiting:
            return record.SUPERSEDED  # while another programme's window lasts
        first = winner(state.claims, held.scope, slot(held.mode))
        if held.started:
            return record.STARTED
        return WAITS if not held.due or first is held else _lost_to(state, held, first)


def _all(state: State) -> list[Held]:
    return state.limits + state.claims + ([] if state.reserving is None else state.reserving.windows)


def _found(state: State, controls: list[Control], digest: bytes) -> list[Held | None]:
    """Return what each control of a set is in the state, None where it has ended already."""
    free = [each for each in _all(state) if each.command == digest]
    held: list[Held | None] = []
    for kind, body in controls:
        same = [each for each in free if isinstance(each, _CLASSES[kind]) and _is(state, body, each)]
        held.append(same[0] if same else None)
        if same:
            free.remove(same[0])
    return held


def _is(state: State, body: Control, each: Held) -> bool:
    if each.scope != state.scope_named(body[0]):
        return False
    if isinstance(each, Limit):
        return (each.direction, each.value) == (body[1], body[2])
    if isinstance(each, Reservation):
        return (each.direction, each.power_w) == (body[1], body[2])
    return (each.value, each.primacy) == (body[1], body[3])


def _ended(state: State, held: Held, before: int, now_ms: int) -> int:
    if before not in (WAITS, record.STARTED):
        return before
    if held.until_ms and held.until_ms <= now_ms:
        return record.COMPLETED if before == record.STARTED else record.LAPSED
    if not isinstance(held, Claim):
        return record.SUPERSEDED
    return _lost_to(state, held, winner(state.claims, held.scope, slot(held.mode)))


def _lost_to(state: State, held: Claim, first: Claim | None) -> int:
    owners = first is not None and first.primacy == orders.OWNER_PRIMACY
    return OPTED_OUT if owners or aside(state.claims, held.scope) is not None else record.SUPERSEDED
