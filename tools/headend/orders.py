"""Orders and the signed commands that carry them.

An order is what somebody wants; a command is one signed attempt to say so, bound to one epoch of the agent and one
counter. When the agent has started again, or has demonstrably not heard, the order is said again until its
time is over. Source: docs/format.md, `command`: expiry and start count in the agent's own seconds, which are those of
its newest session message and what has passed here since.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cbor2

from tools import wire
from tools.errors import UsageError
from tools.headend import bodies
from tools.headend import store as s
from tools.headend.config import Authority
from tools.headend.sessions import Session, Sessions
from tools.headend.store import Command, Order, Store
from tools.verifier import Chain

log = logging.getLogger("siteward.headend")

MAY_SIGN = {
    wire.LIMIT: ("grid", "owner"), wire.CLAIM: ("aggregator", "owner"), wire.DELAY: ("aggregator", "owner"),
    wire.RESERVE: ("aggregator",), wire.WORD: ("owner",), wire.PRICES: ("grid", "aggregator", "owner"),
}  # fmt: skip
AGAIN_S = 5  # a command is not said again sooner
EXPIRES_S_MAX = 86400
ACCEPTED, WRONG_EPOCH, REPLAYED, RESERVED = 0, 5, 6, 16
OPEN_REASONS = (WRONG_EPOCH, REPLAYED)  # the order may still come through as another command
BYTES_MAX = wire.INBOUND_BYTES_MAX - 32  # numbers in it may be longer when it is said again


@dataclass(frozen=True, slots=True)
class Answer:
    """What an agent decided about a command, as its signed record says."""

    command: str
    agent: str
    seq: int
    reason: int
    reserved_for_s: int | None = None  # where it is another programme's: for how long, from the answer on

    @property
    def accepted(self) -> bool:
        """Tell whether the agent took it."""
        return self.reason == ACCEPTED

    def as_json(self) -> dict[str, Any]:
        """Return it with the reason in words."""
        told = {"command": self.command, "seq": self.seq, "reason": self.reason, "says": wire.REASONS[self.reason]}
        return told if self.reserved_for_s is None else {**told, "reserved_for_s": self.reserved_for_s}


class Orders:
    """Signs, remembers, says again, settles."""

    def __init__(self, store: Store, sessions: Sessions, authorities: tuple[Authority, ...]) -> None:
        self._store = store
        self._sessions = sessions
        self._authorities = {authority.name: authority for authority in authorities}
        self._said_s: dict[str, float] = {}  # command -> when it was last handed to the broker

    def place(self, agent: str, kind: int, body: list[Any], authority: str | None, expires_in_s: int) -> Command:
        """Keep an order and sign its first command. Raises: UsageError."""
        signer = self._signer(bodies.kinds_in(kind, body), authority)
        session = self._sessions.newest(agent)
        if session is None:
            raise UsageError(f"agent {agent} has not announced itself yet")
        if type(expires_in_s) is not int or not 1 <= expires_in_s <= EXPIRES_S_MAX:
            raise UsageError(f"expires_in_s = {expires_in_s!r}: expected 1 to {EXPIRES_S_MAX}")
        until_s = int(time.time()) + expires_in_s
        with self._store.transaction():
            order = self._store.add_order(agent, signer.name, kind, wire.dumps(body), until_s)
            command = self._sign(order, session, expires_in_s)
            assert command is not None
            if len(command.raw) > BYTES_MAX or _items(body) + 8 > wire.INBOUND_ITEMS_MAX:
                raise UsageError(f"too much for one command: {len(command.raw)} bytes, {_items(body)} items")
            return command

    def cancel(self, command: str, random_end_s: int, authority: str | None, expires_in_s: int) -> list[Command]:
        """Take an order back: it is not said again, and what was accepted of it is cancelled. Raises: UsageError."""
        known = self._store.command(command)
        if known is None:
            raise UsageError(f"there is no command {command[:80]}")
        cancelled = [command]
        if known.order_id is not None:
            order = self._store.order(known.order_id)
            with self._store.transaction():
                self._store.set_state(order.id, s.CANCELLED)
            authority = authority or order.authority
            attempts = [attempt.command for attempt in self._store.attempts(order.id)]
            cancelled = [
                found for found, _, reason in self._store.decisions(attempts) if reason == ACCEPTED
            ] or attempts
        ends = [bodies.cancel(found, random_end_s) for found in cancelled]
        return [self.place(known.agent, wire.CANCEL, end, authority, expires_in_s) for end in ends]

    def keep_raw(self, agent: str, raw: bytes) -> str:
        """Remember bytes that are sent as they are; return their hash, which is the command's name."""
        name = wire.sha256(raw).hex()
        with self._store.transaction():
            self._store.add_command(Command(name, 0, None, agent, 0, 0, "", raw))
        return name

    def said(self, command: str) -> None:
        """Be told that a command was handed to the broker."""
        self._said_s[command] = time.monotonic()

    def due(self, agent: str, chain: Chain) -> Iterator[Command]:
        """Settle what was answered or is over; yield what has to be said again now."""
        session = self._sessions.newest(agent)
        for order in self._store.pending(agent):
            state = self._settled(order)
            if state is not None:
                with self._store.transaction():
                    self._store.set_state(order.id, state)
                log.info("order %d for agent %s: %s", order.id, agent, state)
            elif session is not None:
                again = self._again(order, session, chain)
                if again is not None:
                    yield again

    def answers(self, command: str) -> list[Answer]:
        """Return what was answered to a command and to the other attempts at its order.

        Nothing is returned before the order is settled; an attempt that missed an epoch is left out where
        another came through.
        """
        known = self._store.command(command)
        if known is None:
            return []
        if known.order_id is None:
            return self._answers(known.agent, [command])
        order = self._store.order(known.order_id)
        found = self._answers(known.agent, [attempt.command for attempt in self._store.attempts(order.id)])
        if order.state == s.PENDING and self._settled(order) is None:
            return []
        return [answer for answer in found if answer.reason != WRONG_EPOCH] or found

    def _answers(self, agent: str, commands: list[str]) -> list[Answer]:
        return [
            Answer(command, agent, seq, reason, self._reserved_for_s(agent, seq) if reason == RESERVED else None)
            for command, seq, reason in self._store.decisions(commands)
        ]

    def _reserved_for_s(self, agent: str, seq: int) -> int | None:
        """Return what the record behind a decision says, None where it is not here."""
        behind = self._store.record(agent, seq + 1, "not_before")
        return None if behind is None else -(-behind["left_ms"] // 1000)

    def _signer(self, kinds: set[int], name: str | None) -> Authority:
        if name is not None:
            if name not in self._authorities:
                raise UsageError(f"there is no authority {name}")
            return self._authorities[name]
        if not kinds:
            raise UsageError("an empty set takes back what one authority said: name it")
        for authority in self._authorities.values():
            if all(authority.role in MAY_SIGN.get(kind, ()) for kind in kinds):
                return authority
        raise UsageError("no authority of this head-end has the role for that")

    def _sign(self, order: Order, session: Session, remaining_s: int) -> Command | None:
        """Sign the order's next command, None when what it asks for is over. Its counter is kept used at once."""
        body = bodies.for_agent(order.kind, cbor2.loads(order.body), int(time.time()), session.agent_now_s())
        if body is None:
            return None
        signer = self._authorities[order.authority]
        kid = signer.kid.hex()
        counter = self._store.use_counter(kid, session.counters.get(kid, 0))
        expires_s = session.agent_now_s() + remaining_s
        payload = wire.command(bytes.fromhex(order.agent), session.epoch, counter, expires_s, order.kind, body)
        raw = wire.seal(payload, signer.key)
        number = len(self._store.attempts(order.id)) + 1
        command = Command(wire.sha256(raw).hex(), number, order.id, order.agent, session.epoch, counter, kid, raw)
        self._store.add_command(command)
        return command

    def _settled(self, order: Order) -> str | None:
        attempts = [attempt.command for attempt in self._store.attempts(order.id)]
        reasons = [reason for _, _, reason in self._store.decisions(attempts)]
        if ACCEPTED in reasons:
            return s.ACCEPTED
        if any(reason not in OPEN_REASONS for reason in reasons):
            return s.REFUSED
        return s.EXPIRED if time.time() >= order.until_s else None

    def _again(self, order: Order, session: Session, chain: Chain) -> Command | None:
        """Return what to say once more, None while an answer can still come."""
        last = self._store.attempts(order.id)[-1]
        said_s = self._said_s.get(last.command)
        if last.epoch == session.epoch:
            if said_s is not None and (session.heard_s < said_s or time.monotonic() - said_s < AGAIN_S):
                return None
            if session.counters.get(last.kid, 0) < last.counter:
                return last  # never heard: the same bytes, so that it cannot be taken twice
            if chain.last_hash != session.last_page:
                return None  # heard; the page with the answer is still to come
        remaining_s = max(1, order.until_s - int(time.time()))
        with self._store.transaction():
            return self._sign(order, session, remaining_s)


def _items(item: Any) -> int:
    if isinstance(item, dict):
        return 1 + sum(_items(each) for each in item.values())
    return 1 + sum(_items(each) for each in item) if isinstance(item, list) else 1
