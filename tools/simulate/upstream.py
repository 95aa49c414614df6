"""Broker, head-end and authorities in memory: they know of the agent only what it sent them.

A receipt goes out for every page as it comes; what the pages say is kept for the verifier. Commands are made from the
newest session message, as an authority would, and then spoilt as the event has it.
"""

from __future__ import annotations

import hashlib
import random
from typing import Any

from agent import cbor, cose, record
from hal.memory import LoopUplink
from tools.simulate.bodies import CANCEL, SET, sent
from tools.simulate.rest import at_once
from tools.simulate.signer import Keys
from tools.verifier.page import open_page

EXPIRES_S = 30
ITEMS_MAX = 65536


class ForgedPage(Exception):
    """What came up was not signed by the agent."""


class Upstream:
    """Everything beyond the uplink."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.agent = keys.signer("agent")
        self.pages: dict[bytes, tuple[int, bytes, bytes]] = {}  # page hash -> first number, header, what stands behind
        self.accepted: list[list[Any]] = []  # decisions of pages that came since somebody looked
        self.session: list[Any] | None = None
        self.sessions = 0
        self.receipts = "good"
        self.sent = 0
        self._counters: dict[str, int] = {}
        self._last: dict[str, bytes] = {}  # sender -> its last command as it was sent
        self._own: dict[str, bytes] = {}  # sender -> digest of its last limit or claim
        self._late: list[bytes] = []
        self.cancels: set[bytes] = set()  # digests of what was sent to end something

    def take(self, sent: list[tuple[str, bytes]], uplink: LoopUplink, civil_s: int) -> None:
        """Take what the agent published and confirm it. Raises: ForgedPage."""
        for raw in self._late:
            uplink.deliver("receipt", raw)
        self._late = []
        for channel, raw in sent:
            if channel == "session":
                self._check(channel, *cose.open_envelope(raw))
                self.session = cbor.decode(cose.open_envelope(raw)[1], items_max=ITEMS_MAX)
                self.sessions += 1
            else:
                self._confirm(raw, uplink, civil_s)

    def _check(self, channel: str, key_id: bytes, _payload: bytes, digest: bytes, signature: bytes) -> None:
        if key_id != self.agent.key_id or not at_once(self.agent.verify(self.agent.public_key, digest, signature)):
            raise ForgedPage(channel)

    def _confirm(self, raw: bytes, uplink: LoopUplink, civil_s: int) -> None:
        opened = open_page(raw)
        envelope = opened.envelope
        digest = cose.sig_structure_digest(envelope.protected, envelope.payload)
        self._check("page", envelope.kid, envelope.payload, digest, envelope.signature)
        fields = cbor.decode(envelope.payload, items_max=ITEMS_MAX)
        page = hashlib.sha256(envelope.payload).digest()
        first_seq, count = fields[4:6]
        if page not in self.pages:
            behind = raw[raw.index(envelope.signature) + len(envelope.signature) :]
            self.pages[page] = (first_seq, envelope.payload, behind)
            self._note(opened.records)
        if self.receipts == "lost":
            return
        last_seq = first_seq + count - 1
        named = bytes(32) if self.receipts == "forged" else page
        by = "stranger" if self.receipts == "forged" and last_seq % 2 else "headend"
        raw = self._sealed(by, [4, 1, fields[2], last_seq, named, civil_s])
        if self.receipts == "late":
            self._late.append(raw)
            return
        for _ in range(2 if self.receipts == "twice" else 1):
            uplink.deliver("receipt", raw)

    def _note(self, records: list[bytes]) -> None:
        """Remember which commands a page says were accepted."""
        for raw in records:
            if raw[1] == record.DECISION:  # behind the head of the array; anything else is not worth decoding here
                fact = cbor.decode(raw, items_max=ITEMS_MAX)
                if fact[5] == record.ACCEPTED:
                    self.accepted.append(fact)

    def command(self, who: str, kind: int, body: list[Any], twist: str) -> list[bytes]:
        """Return what a sender puts on the wire, oldest first; nothing while it knows no session."""
        if self.session is None:
            return []
        if kind == CANCEL:
            body = [self._own.get(who, bytes(32)), *body]
        if twist == "replayed" and who in self._last:
            return [self._last[who]]
        raw = self._made(who, kind, body, twist)
        if kind in (CANCEL, SET):
            self.cancels.add(hashlib.sha256(raw).digest())
        elif not twist:
            self._own[who] = hashlib.sha256(raw).digest()
        self._last[who] = raw
        if twist == "duplicated":
            return [raw, raw]
        if twist == "reordered":
            newer = self._made(who, kind, body, "")
            if kind in (CANCEL, SET):
                self.cancels.add(hashlib.sha256(newer).digest())
            return [newer, raw]
        if twist == "flipped":
            return [raw[:-1] + bytes([raw[-1] ^ 1])]
        return [raw[: len(raw) // 2]] if twist == "short" else [raw]

    def flood(self, count: int, seed: int) -> list[bytes]:
        """Return messages that nobody should believe."""
        rng = random.Random(seed)  # noqa: S311  (a seed, no secret)
        made = []
        for _ in range(count):
            raw = self._sealed("stranger" if rng.random() < 0.5 else "agg", [3, 1, rng.randbytes(8), rng.randrange(99)])
            made.append(rng.choice([raw, rng.randbytes(rng.randrange(1, 300)), raw[:-5], rng.randbytes(5000)]))
        return made

    def _made(self, who: str, kind: int, body: list[Any], twist: str) -> bytes:
        assert self.session is not None
        agent, epoch, now_s = self.session[2:5]
        if twist == "other-epoch":
            epoch += 1
        if twist == "other-agent":
            agent = bytes(8)
        self._counters[who] = self._counters.get(who, 0) + 1
        expires_s = now_s if twist == "late" else now_s + EXPIRES_S + 60
        self.sent += 1
        return self._sealed(who, [3, 1, agent, epoch, self._counters[who], expires_s, kind, sent(kind, body, now_s)])

    def _sealed(self, who: str, payload: list[Any]) -> bytes:
        return at_once(cose.seal(self.keys.signer(who), cbor.encode(payload)))
