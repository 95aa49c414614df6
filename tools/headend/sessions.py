"""What an agent last said of itself: epoch, clock, counters, what it still holds.

Source: docs/format.md, `session`. The agent's clock is carried on with the head-end's own monotonic one; after a
restart of the head-end the civil time that passed has to serve until the next session arrives.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from tools import wire
from tools.headend.store import Store
from tools.strict import NotStrict
from tools.verifier.keyring import Keys
from tools.verifier.records import Check, octets, one_of, seconds, uint

SESSION_CHECKS: tuple[Check, ...] = (
    octets(8),  # agent
    uint,  # epoch
    seconds,  # now_s
    seconds,  # civil_s
    one_of(0, 1, 2, 3),  # clock_quality
    uint,  # next_seq
    uint,  # released_seq
    octets(32),  # last_page
    lambda item: type(item) is list and all(type(row) is list and len(row) == 2 for row in item),  # counters
)
NUMBER_MAX = 1 << 62


@dataclass(frozen=True, slots=True)
class Session:
    """One session message and when it was heard, on the monotonic clock."""

    agent: str
    kid: str  # of the key that signed
    epoch: int
    now_s: int
    civil_s: int
    clock_quality: int
    next_seq: int
    released_seq: int
    last_page: bytes
    counters: dict[str, int]
    heard_s: float

    def agent_now_s(self) -> int:
        """Return the agent's monotonic second by now: never later than it is there."""
        return self.now_s + int(time.monotonic() - self.heard_s)


def read_session(raw: bytes, keys: Keys, heard_s: float) -> Session:
    """Check and decode a session message. Raises: NotStrict."""
    envelope = wire.open_envelope(raw)
    known = keys.get(envelope.kid)
    if known is None:
        raise NotStrict("unknown_key", f"signed by key {envelope.kid.hex()}")
    signer, public_key = known
    if not wire.signature_good(envelope, public_key):
        raise NotStrict("bad_signature", "the signature does not fit the session")
    payload = wire.payload_of(envelope)
    if payload[0] != wire.SESSION:
        raise NotStrict("wrong_type", "signed, but not a session")
    if payload[1] != wire.VERSION:
        raise NotStrict("unknown_version", f"version {payload[1]!r:.20}")
    fields = payload[2:]
    shaped = len(fields) == len(SESSION_CHECKS) and all(
        check(item) for check, item in zip(SESSION_CHECKS, fields, strict=True)
    )
    if not shaped or max(fields[1], fields[5], fields[6]) >= NUMBER_MAX:
        raise NotStrict("session_shape", "the session does not have the fields of the format")
    if keys.revoked(envelope.kid, fields[5]):
        raise NotStrict("key_revoked", f"a session after record {fields[5] - 1} by key {envelope.kid.hex()}")
    if fields[0].hex() != signer:
        raise NotStrict("wrong_agent", f"signed by a key of {signer} for {fields[0].hex()}")
    agent, epoch, now_s, civil_s, quality, next_seq, released_seq, last_page, counters = fields
    return Session(
        agent.hex(),
        envelope.kid.hex(),
        epoch,
        now_s,
        civil_s,
        quality,
        next_seq,
        released_seq,
        last_page,
        _counters(counters),
        heard_s,
    )


def _counters(rows: list[list[object]]) -> dict[str, int]:
    counters = {}
    for kid, highest in rows:
        if type(kid) is not bytes or type(highest) is not int or not 0 <= highest < NUMBER_MAX:
            raise NotStrict("session_shape", "a counter does not have the fields of the format")
        counters[kid.hex()] = highest
    return counters


class Sessions:
    """The newest session of each agent; an older one, replayed, changes nothing."""

    def __init__(self, store: Store, keys: dict[str, bytes], revoked: dict[bytes, int] | None = None) -> None:
        """Trust agents' first keys; `keys` then holds what their pages began, too.

        `revoked`: kid -> number of the first record that it may not sign.
        """
        self._store = store
        self.keys = Keys(keys.values(), revoked)
        self._newest: dict[str, Session] = {}
        for agent in keys:
            for public_key in store.chain(agent).keys.later.values():
                self.keys.learn(agent, bytes.fromhex(public_key))
            kept = store.last_session(agent)
            if kept is not None:
                raw, received_s = kept
                passed_s = max(0, int(time.time()) - received_s)
                with contextlib.suppress(NotStrict):  # its key was revoked since
                    self._newest[agent] = read_session(raw, self.keys, time.monotonic() - passed_s)

    def newest(self, agent: str) -> Session | None:
        """Return the newest session, None before the first."""
        return self._newest.get(agent)

    def take(self, agent: str, raw: bytes) -> bool:
        """Take a message; False when it is no newer than what is known. Raises: NotStrict."""
        session = read_session(raw, self.keys, time.monotonic())
        if session.agent != agent:
            raise NotStrict("wrong_agent", f"a session of {session.agent}")
        ring = self._store.chain(agent).keys
        if session.next_seq > ring.ended.get(session.kid, session.next_seq) + 1:
            raise NotStrict("key_ended", f"key {session.kid}")
        known = self._newest.get(agent)
        if known is not None and (session.epoch, session.now_s) < (known.epoch, known.now_s):
            return False
        with self._store.transaction():
            self._store.keep_session(agent, session.epoch, session.now_s, int(time.time()), raw)
        self._newest[agent] = session
        return True
