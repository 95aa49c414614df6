"""Windows that one programme has to itself: it is paid for being available, so no other is served there meanwhile.

A window holds its scope, everything below it and every circuit above: a meter there would count what its holder's
programme does, and the same kWh would be sold twice. What waits for its end are the claims of other programmes, that
is of aggregators and utilities, however strong they are; a phase switch counts as its charger. Limits, protection,
comfort, owners and what an owner's own sources want are as without it. First come, first served: what overlaps another
one's window is refused. A claim that was put off is served again afterwards.

Without a clock after a reboot a window lasts for what was left of it when it was last kept, each hour at least, as if
the power had never been off: nobody is kept waiting for more than an hour longer than was agreed.

Source: docs/arbitration.md; docs/format.md, `reservation_body`.
"""

from __future__ import annotations

from agent import record, schedule
from agent.limits import EXPORT, IMPORT, SITE
from agent.orders import DURATION_S_MAX, START_S, VALUE_MAX, Refused, give_time, need, options_of, whole
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.claims import Claim
    from agent.command import Authority
    from agent.limits import Limit
    from agent.state import State

RESERVATIONS_MAX = const(32)  # of all programmes together, each held in memory and in the kept state


class Reservation:
    """`power_w` more (IMPORT) or less (EXPORT) of a scope than without a call, for one source in one window."""

    def __init__(self, scope: int, direction: int, power_w: int, source: str, command: bytes) -> None:
        self.scope = scope
        self.direction = direction
        self.power_w = power_w
        self.source = source
        self.command = command
        self.from_ms = 0
        self.until_ms = 0
        self.from_civil_ms = 0  # the same on the civil clock, 0 while that was unknown
        self.until_civil_ms = 0
        self.due = True  # it has begun
        self.began = False  # and that was said
        self.stated = False  # what it holds was said in this epoch


class Reserving:
    """What a state holds where somebody may reserve; `allowed`: each programme -> how many windows it may have."""

    def __init__(self, allowed: dict[str, int]) -> None:
        self.allowed = allowed
        self.windows: list[Reservation] = []
        self.waiting: list[Claim] = []  # their time has come, and a window puts them off

    def made(self, state: State, authority: Authority, body: list[Any], digest: bytes) -> Reservation:
        """Return the window of a command, which is not in the state yet. Raises: Refused."""
        options = options_of(body, 4, (START_S,))
        name, direction, power_w, duration_s = body[:4]
        need(whole(direction, IMPORT, EXPORT) and whole(power_w, 1, VALUE_MAX), record.MALFORMED)
        need(whole(duration_s, 1, DURATION_S_MAX), record.MALFORMED)
        need(self.allowed.get(authority.name, 0) > 0, record.ROLE_FORBIDS)
        need(power_w <= authority.power_max_w, record.OVER_CEILING)
        scope = state.scope_named(name)
        need(scope is not None and (scope < 0 or state.units[scope].contract.control != 0), record.UNKNOWN_DEVICE)
        assert scope is not None
        window = Reservation(scope, direction, power_w, authority.name, digest)
        give_time(state, window, options, duration_s)
        other = _in_the_way(state, window, self.windows)
        if other is not None:
            raise Refused(record.RESERVED, other.until_ms - state.now_ms)
        return window

    def make_room(self, authority: Authority, controls: list[Any], whole_set: bool) -> None:
        """Refuse what there is no place for; a whole set takes the place of what its source has. Raises: Refused."""
        new = len([each for each in controls if isinstance(each, Reservation)])
        own = 0 if whole_set else self._count(authority.name)
        others = len(self.windows) - self._count(authority.name)
        need(not new or own + new <= self.allowed[authority.name], record.QUEUE_FULL)
        need(not new or others + own + new <= RESERVATIONS_MAX, record.QUEUE_FULL)

    def _count(self, source: str) -> int:
        return len([each for each in self.windows if each.source == source])

    def check(self, state: State, claim: Limit | Claim | Reservation) -> None:
        """Refuse a claim whose whole time is another programme's. Raises: Refused."""
        at_ms = claim.from_ms
        free_ms = self.free_ms(state, claim.source, claim.scope, at_ms)
        while free_ms:
            at_ms = free_ms
            free_ms = self.free_ms(state, claim.source, claim.scope, at_ms)
        if claim.until_ms and at_ms >= claim.until_ms:
            raise Refused(record.RESERVED, at_ms - state.now_ms)

    def free_ms(self, state: State, source: str, scope: int, at_ms: int) -> int:
        """Return when the windows end that keep a source's claims on a scope waiting at a moment; 0: there is none."""
        free_ms = 0
        if source in self.allowed:
            for window in self.windows:
                holds = window.source != source and window.from_ms <= at_ms < window.until_ms
                if holds and _touch(state, window.scope, scope):
                    free_ms = max(free_ms, window.until_ms)
        return free_ms

    def over(self, state: State, scope: int) -> list[Reservation]:
        """Return the windows on a scope and on what it is part of."""
        return [each for each in self.windows if _lies_in(state, scope, each.scope)]

    def pass_time(self, state: State, now_ms: int) -> None:
        """State what is new, end what is over, begin what is due, and put off or release claims."""
        if not self.windows and not self.waiting:
            return
        for window in list(self.windows):
            if not window.stated:
                window.stated = True
                state.note(_stated(state, window, now_ms))
            if window.until_ms <= now_ms:
                self.end(state, window, record.COMPLETED if window.began else record.LAPSED)
            elif window.from_ms <= now_ms and not window.began:
                window.due = window.began = state.must_persist = True
                state.note([record.EVENT, now_ms, window.command, record.STARTED])
        self.waiting = [claim for claim in self.waiting if claim in state.claims]
        for claim in state.claims:
            self._look_at(state, claim, now_ms)

    def _look_at(self, state: State, claim: Claim, now_ms: int) -> None:
        """Put a claim off while a window lasts, and release it afterwards."""
        free_ms = self.free_ms(state, claim.source, claim.scope, now_ms)
        waits = claim in self.waiting
        if free_ms and (claim.due or (waits and claim.from_ms != free_ms)):
            if not waits:
                self.waiting.append(claim)
            if claim.started:
                claim.ends_as = claim.ends_as or record.SUPERSEDED
            claim.due = claim.started = False
            claim.started_ms, claim.origin = 0, None
            claim.from_ms = free_ms
            state.note([record.EVENT, now_ms, claim.command, record.SUPERSEDED])
            state.note([record.NOT_BEFORE, now_ms, claim.command, free_ms - now_ms])
        elif waits and not free_ms:
            self.waiting.remove(claim)
            claim.due = True
            if claim.ends_as == record.SUPERSEDED:
                claim.ends_as = 0

    def end(self, state: State, window: Reservation, status: int) -> None:
        """Take a window away and say why; an event alone would not tell which one of a whole set it is."""
        self.windows.remove(window)
        state.must_persist = True
        if window.stated and window.until_ms > state.now_ms:
            state.note(_stated(state, window, state.now_ms)[:-2] + [0, 0])
        state.note([record.EVENT, state.now_ms, window.command, status])

    def end_all(self, state: State, source: str, command: bytes | None, status: int) -> bool:
        """End a source's windows of a command, None: all of them; tell whether there was one."""
        own = [each for each in self.windows if each.source == source]
        gone = [each for each in own if command is None or each.command == command]
        for window in gone:
            self.end(state, window, status)
        return bool(gone)

    def forget_others(self, state: State, names: list[str]) -> None:
        """End what was kept of programmes that the site no longer knows."""
        for window in [each for each in self.windows if each.source not in names]:
            self.end(state, window, record.CANCELLED)

    def kept(self, state: State) -> list[Any]:
        """Return what of it must survive a reboot."""
        return [
            [
                state.name_of(each.scope), each.direction, each.power_w, each.source, each.command,
                max(0, each.from_ms - state.now_ms), each.until_ms - state.now_ms, each.from_civil_ms,
                each.until_civil_ms, each.began,
            ]
            for each in self.windows
        ]  # fmt: skip

    def load(self, state: State, rows: list[Any], civil_ms: int) -> None:
        """Take back what an earlier epoch left, and say what ended meanwhile."""
        for name, direction, power_w, source, command, wait_ms, left_ms, from_civil_ms, until_civil_ms, began in rows:
            if civil_ms and until_civil_ms:
                wait_ms, left_ms = max(0, from_civil_ms - civil_ms), until_civil_ms - civil_ms
            scope = state.scope_named(name)
            if scope is None or left_ms <= 0:
                state.note([record.EVENT, 0, command, record.COMPLETED if began else record.LAPSED])
                continue
            window = Reservation(scope, direction, power_w, source, command)
            window.from_ms, window.until_ms = wait_ms, left_ms
            window.from_civil_ms, window.until_civil_ms = from_civil_ms, until_civil_ms
            window.due = window.began = began
            self.windows.append(window)

    def follow_civil(self, state: State, ahead_ms: int, first: bool) -> None:
        """Write down anew when windows begin and end on a clock that was set.

        `first`: those that were kept move; one of another programme that they now overlap ends, as it came later.
        """
        for window in self.windows:
            if first and window.until_civil_ms:
                window.from_ms = max(0, window.from_civil_ms - ahead_ms)
                window.until_ms = window.until_civil_ms - ahead_ms
                window.stated = False
            schedule.write_civil(window, ahead_ms)
            state.must_persist = True
        earlier: list[Reservation] = []
        for window in list(self.windows) if first else []:  # what was kept came first
            if _in_the_way(state, window, earlier) is None:
                earlier.append(window)
            else:
                self.end(state, window, record.SUPERSEDED)


def _in_the_way(state: State, window: Reservation, others: list[Reservation]) -> Reservation | None:
    """Return the first window of another programme that a window overlaps on what it holds."""
    for other in others:
        apart = other.until_ms <= window.from_ms or window.until_ms <= other.from_ms
        if other.source != window.source and not apart and _touch(state, other.scope, window.scope):
            return other
    return None


def _touch(state: State, one: int, other: int) -> bool:
    """Tell whether one of two scopes is the other, or is part of it."""
    return _lies_in(state, one, other) or _lies_in(state, other, one)


def _lies_in(state: State, inner: int, outer: int) -> bool:
    """Tell whether a scope is another one or part of it; a phase switch is part of its charger."""
    if inner == outer:
        return True
    if inner >= 0:
        unit = state.units[inner]
        if unit.switches is not None and state.scope_named(unit.switches) == outer:
            return True
        inner = SITE - unit.circuit
    while inner not in (outer, SITE):
        inner = SITE - state.circuit_of(inner).parent
    return inner == outer


def _stated(state: State, window: Reservation, now_ms: int) -> list[object]:
    """Return the record of what a window holds."""
    units = [unit for unit in state.units if unit.contract.control]
    devices = [unit.index for unit in units if _lies_in(state, unit.index, window.scope)]
    wait_ms = max(0, window.from_ms - now_ms)
    return [
        record.RESERVATION, now_ms, window.command, window.source, state.name_of(window.scope), devices,
        window.direction, window.power_w, wait_ms, max(0, window.until_ms - now_ms),
    ]  # fmt: skip
