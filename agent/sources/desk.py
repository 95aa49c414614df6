"""Where a source of control says what holds for it: a whole set of limits and claims at a time.

A source is an authority without a key. Whatever it says becomes a command of kind 4 (a set) that takes the place of
all it said before; it is decided, limited, recorded and replayed like one with a signature. The desk enters a set at
the next tick, once, as long as it stays the same; one that was not accepted is tried again each minute. What was in
force before a reboot stays until the source speaks. A claim that another's went before is entered again, to wait for
its place: what a source of the site's own says holds until it says otherwise. Nothing here waits, and the newest set
alone is held: a peer that talks much costs one command a tick.

Source: docs/sources.md; docs/format.md, `set_body`.
"""

from __future__ import annotations

import hashlib

from agent import record
from agent.command import Authority, Message
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from agent.image import Image
    from agent.loop import Loop
    from agent.record import Record

    Control = list[Any]  # [1, limit_body], [2, claim_body] or [6, reservation_body]

    class Looker(Protocol):
        """A source that lives in the tick: pure, in the loop's own time."""

        def look(self, now_ms: int, image: Image) -> None:
            """Tell its desk what holds now."""


_COMMAND = const(3)
_CLAIM = const(2)
_SET = const(4)
_EXPIRES_S = const(60)
_AGAIN_MS = const(60000)
_RENEW_MS = const(864000000)  # no claim lasts longer than 30 days


def authority_of(name: str, role: str, power_max_w: int) -> Authority:
    """Return the authority of a source; in the place of a key it has its name, so that nobody can sign as it."""
    return Authority(name, b"siteward source:" + name.encode(), role, power_max_w)


class Desk:
    """One source's place at the loop; make it before the agent runs: its authority is on every tape."""

    comes_again = True  # what was superseded is not over

    def __init__(self, loop: Loop, authority: Authority) -> None:
        self.loop = loop
        self.authority = authority
        self.controls: list[Control] | None = None  # what holds for the source; None: it has not spoken yet
        self.reason: int | None = None  # what the core answered to that; None: it has not yet
        self.digest = b""  # the name of the command that was entered last
        self._origin = b""
        self._counter = 0
        self._again_ms = 0
        self._lost = False  # a claim of the set was superseded
        loop.authorities.append(authority)

    def replace(self, controls: list[Control], origin: bytes) -> None:
        """Say everything that holds from now on; `origin` is what it was made from, as the peer sent it.

        The same set again changes nothing, whatever it was made from.
        """
        if controls != self.controls:
            self.controls, self._origin = controls, origin
            self.reason, self._again_ms = None, 0

    def follow(self, now_ms: int) -> None:
        """Enter what is new before a step: the core decides in that step."""
        old = self.comes_again and now_ms - self._again_ms >= _RENEW_MS
        if self.reason == record.ACCEPTED and (old or (self._lost and not self._ties())):
            self.reason, self._again_ms = None, 0
        if self.controls is not None and self.reason != record.ACCEPTED and now_ms >= self._again_ms:
            self._enter(self.controls, now_ms)

    def tell(self, fact: Record) -> None:
        """Take a fact that was kept: the core's answer may be among them."""
        if fact[0] == record.DECISION and fact[2] == self.digest and self._again_ms:
            reason = fact[5]
            assert type(reason) is int
            self.reason = reason
        elif fact[0] == record.EVENT and fact[2] == self.digest and fact[3] == record.SUPERSEDED:
            self._lost = self.comes_again and not self._is_put_off()

    def _is_put_off(self) -> bool:
        """Tell whether a window keeps a claim of ours waiting: it is served afterwards without being said again."""
        reserving = self.loop.state.reserving
        return reserving is not None and any(claim.command == self.digest for claim in reserving.waiting)

    def _ties(self) -> bool:
        """Tell whether another's claim is as strong: entered later, ours would supersede it, and it ours."""
        state, ours = self.loop.state, [body for kind, body in self.controls or [] if kind == _CLAIM]
        for claim in state.claims:
            if claim.source != self.authority.name and claim.until_ms:
                for body in ours:
                    if body[3] == claim.primacy and state.scope_named(body[0]) == claim.scope:
                        return True
        return False

    def enter(self, kind: int, body: list[Any], origin: bytes, now_ms: int) -> bytes:
        """Enter a command of this source now; return its name, empty where there is no room."""
        loop, state, me = self.loop, self.loop.state, self.authority
        self._counter = max(self._counter, state.counters.get(me.key_id, 0)) + 1
        digest = hashlib.sha256(me.name.encode() + self._counter.to_bytes(8, "big") + origin).digest()
        fields = [_COMMAND, 1, state.agent_id, state.epoch, self._counter, now_ms // 1000 + _EXPIRES_S, kind, body]
        return digest if loop.enter(Message(digest, record.ACCEPTED, me, fields)) else b""

    def _enter(self, controls: list[Control], now_ms: int) -> None:
        if not controls and not self._has_any():
            self.reason = record.ACCEPTED
            return
        digest = self.enter(_SET, [controls], self._origin, now_ms)
        if digest:
            self.digest, self.reason, self._lost = digest, None, False
            self._again_ms = now_ms + _AGAIN_MS

    def _has_any(self) -> bool:
        name, state = self.authority.name, self.loop.state
        if state.reserving is not None and any(each.source == name for each in state.reserving.windows):
            return True
        return any(each.source == name for each in state.limits) or any(each.source == name for each in state.claims)


class Sources:
    """What a loop asks before each step and tells after it."""

    def __init__(self) -> None:
        self.desks: list[Desk] = []
        self.lookers: list[Looker] = []
        self.peers: list[Any] = []  # of a gateway, which runs each as a task

    def look(self, now_ms: int, image: Image) -> None:
        """Let every source look, then enter what is new."""
        for looker in self.lookers:
            looker.look(now_ms, image)
        for desk in self.desks:
            desk.follow(now_ms)

    def tell(self, fact: Record) -> None:
        """Pass on a fact that was kept."""
        for desk in self.desks:
            desk.tell(fact)
