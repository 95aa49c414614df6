"""An agent whose key is followed by another: journal and session on a store that can be cut at any byte, and upstream.

Signatures are a keyed hash that upstream knows, too. Upstream judges who may sign by the rules of docs/format.md alone.
"""

from __future__ import annotations

import hashlib

from agent import cbor, cose, record
from agent.circuits import Circuit
from agent.command import Authority, Message
from agent.journal import Journal
from agent.ledger import Ledger
from agent.page import page_hash
from agent.rotation import take_up
from agent.session import Session
from agent.state import State
from hal.memory import LoopUplink, ManualClock, MemoryStore
from tests.shared.house import TABLE
from tests.shared.paged import Opened

RECEIPTS = Authority("headend", b"\x04" + b"h" * 64, "receipt", 0)


class Cut(Exception):
    """The power fails."""


class Pen:
    """Signs with a keyed hash."""

    def __init__(self, name: bytes) -> None:
        self.public_key = b"\x04" + name * 64
        self.key_id = cose.key_id_of(self.public_key)

    async def sign(self, digest: bytes) -> bytes:
        """Return 64 bytes that nobody else would write."""
        return signed(self.public_key, digest)

    async def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether it is by that key."""
        return signature == signed(public_key, digest)


def signed(public_key: bytes, digest: bytes) -> bytes:
    """Return the keyed hash that stands for a signature."""
    return hashlib.sha256(public_key + digest).digest() * 2


FIRST, SECOND, THIRD = Pen(b"1"), Pen(b"2"), Pen(b"3")


class CutStore(MemoryStore):
    """Takes `left_bytes` more and fails in the middle of what passes them."""

    left_bytes = 1 << 30

    def append(self, chunk: bytes) -> int:
        """Write, or write a part and fail. Raises: Cut."""
        self.left_bytes -= len(chunk)
        if self.left_bytes < 0:
            MemoryStore.append(self, chunk[: self.left_bytes])
            raise Cut
        return MemoryStore.append(self, chunk)


class Upstream:
    """Keeps every page by its number and knows which keys are good where."""

    def __init__(self) -> None:
        self.pages: dict[int, Opened] = {}
        self.signers: dict[int, bytes] = {}

    def take(self, raw: bytes) -> Opened:
        """Keep a page; the same numbers always have the same content."""
        page = Opened(raw)
        kid, _, digest, signature = cose.open_envelope(page.envelope)
        pens = [pen for pen in (FIRST, SECOND, THIRD) if pen.key_id == kid]
        assert pens and signature == signed(pens[0].public_key, digest)
        known = self.pages.setdefault(page.first_seq, page)
        assert known.signed_bytes == page.signed_bytes
        assert self.signers.setdefault(page.first_seq, kid) == kid
        return page

    def changes(self) -> list[tuple[int, bytes]]:
        """Return all key changes in their order, as (action, kid), after judging each page and proof on the way."""
        good, found = {FIRST.key_id: True}, []
        for first_seq in sorted(self.pages):
            page = self.pages[first_seq]
            assert page.agent == FIRST.key_id and good.get(self.signers[first_seq])
            for fact in page.facts:
                if fact[0] == record.KEY_CHANGE:
                    kid = cose.key_id_of(fact[3])
                    statement = b"siteward key:" + FIRST.key_id + fact[3]
                    proof = signed(fact[3], hashlib.sha256(statement).digest())
                    assert fact[4] == (proof if fact[2] == record.KEY_BEGINS else None)
                    assert good.get(kid, False) is (fact[2] == record.KEY_ENDS)
                    good[kid] = fact[2] == record.KEY_BEGINS
                    found.append((fact[2], kid))
        return found

    def order(self) -> list[bytes]:
        """Return who signed, in the order of the pages, each once per run."""
        runs: list[bytes] = []
        for first_seq in sorted(self.signers):
            if runs[-1:] != [self.signers[first_seq]]:
                runs.append(self.signers[first_seq])
        return runs


class Keyed:
    """One life of the agent after another on one store."""

    def __init__(self, capacity_bytes: int = 1 << 16) -> None:
        self.store = CutStore(capacity_bytes)
        self.upstream = Upstream()
        self.confirms = True
        self._receipts: list[Message] = []

    def boot(self, signer: Pen, following: Pen | None = None) -> None:
        """Start as boards/startup.py does. Raises: ValueError, Cut."""
        self._receipts = []
        self.clock = ManualClock()
        self.uplink = LoopUplink()
        self.uplink.set_connected(True)
        self.ledger = Ledger(Journal(self.store, 2048), FIRST.key_id, self.clock, 2048, 900, b"secret")
        self.ledger.recover()
        self.rotation, withdrawn = take_up(self.ledger, signer, following)
        self.ledger.begin_epoch()
        state = State(Circuit(TABLE, 0), [], FIRST.key_id, self.ledger.epoch, 10, 10000)
        self.session = Session(self.ledger, signer, self.uplink, self.clock, state)
        self.session.rotation = self.rotation
        self.ledger.add([record.BOOT, 0, "test", "twin", bytes(32), bytes(32), 25000, []])
        if withdrawn is not None:
            self.ledger.add([record.KEY_CHANGE, 0, record.KEY_ENDS, withdrawn, None])
        self.ledger.sync()

    def fall_silent(self) -> None:
        """Let no receipt arrive any more, nor those under way."""
        self.confirms = False
        self._receipts = []

    def deliver(self) -> None:
        """Let the receipts under way arrive."""
        receipts, self._receipts = self._receipts, []
        for message in receipts:
            self.session.receive(message)

    async def turn(self) -> None:
        """Do what door, loop and session do in a second in which a page is full. Raises: Cut."""
        self.clock.advance(1000)
        now_ms = self.clock.now_ms()
        self.deliver()
        self.ledger.add([record.EVENT, now_ms, bytes(32), record.STARTED])
        if self.rotation is not None:
            self.rotation.keep(now_ms)
        self.ledger.sync()
        self.ledger.close_page()
        await self.session.turn()
        for channel, raw in self.uplink.collect():
            if channel == "page":
                page = self.upstream.take(raw)
                if self.confirms:
                    self._receipts.append(receipt(page))

    async def turns(self, count: int) -> None:
        """Let so many seconds pass."""
        for _ in range(count):
            await self.turn()

    @property
    def step(self) -> int:
        """How far the rotation is."""
        assert self.rotation is not None
        return self.rotation.step


def receipt(page: Opened) -> Message:
    """Return a page's receipt as the door hands it over."""
    fields = [4, 1, page.agent, page.last_seq, page_hash(page.signed_bytes), 1700000000]
    return Message(bytes(32), record.ACCEPTED, RECEIPTS, fields)


def kept_keys(ledger: Ledger) -> list[object]:
    """Return what the journal knows of the keys."""
    found: list[object] = cbor.decode(ledger.keys_blob)
    return found
