"""The uplink side of an agent alone, for tests: a ledger, a session and a link whose queue is as short as a board's.

Signing here costs nothing and proves nothing; signatures are looked at where whole agents run.
"""

from __future__ import annotations

from agent import cbor, record
from agent.circuits import Circuit
from agent.command import Authority, Message
from agent.journal import Journal
from agent.ledger import Ledger
from agent.page import page_hash
from agent.session import Session
from agent.state import State
from hal.memory import LoopUplink, ManualClock, MemoryStore
from tests.shared.house import AGENT_ID, TABLE
from tests.shared.paged import Opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEADEND = Authority("headend", b"\x04" + b"h" * 64, "receipt", 0)


class Stamp:
    """A signer whose signatures are all alike."""

    public_key = b"\x04" + b"k" * 64
    key_id = AGENT_ID

    async def sign(self, _digest: bytes) -> bytes:
        """Return 64 bytes."""
        return bytes(64)

    async def verify(self, _public_key: bytes, _digest: bytes, _signature: bytes) -> bool:
        """Believe nothing."""
        return False


class Upstream:
    """One session on an uplink that takes two messages at a time, as a board's does."""

    def __init__(self, capacity_bytes: int = 1 << 18, queue_max: int = 2) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(capacity_bytes)
        self.uplink = LoopUplink(queue_max)
        self.ledger = Ledger(Journal(self.store, 4096), AGENT_ID, self.clock, 1024, 900, b"secret", capacity_bytes)
        self.ledger.begin_epoch()
        self.state = State(Circuit(TABLE, 0), [], AGENT_ID, self.ledger.epoch, 60, 10000)
        self.session = Session(self.ledger, Stamp(), self.uplink, self.clock, self.state)
        self.silences: list[bool] = []
        self.session.on_silence = self.silences.append

    def page(self, records: int = 1) -> int:
        """Close a page of so many records; return the number of its first."""
        first_seq = self.ledger.next_seq
        for number in range(records):
            self.ledger.add([record.EVENT, self.clock.now_ms(), bytes([number % 256]) * 32, record.STARTED])
        self.ledger.close_page()
        return first_seq

    async def backlog(self, pages: int) -> None:
        """Close pages while the link is away, then let it come."""
        for _ in range(pages):
            self.page()
            await self.session.turn()
        self.uplink.set_connected(True)

    async def turn(self, ms: int = 0) -> list[Opened]:
        """Let time pass and the session have a turn; return the pages that were handed over since the last call."""
        self.clock.advance(ms)
        await self.session.turn()
        return self.pages()

    def pages(self) -> list[Opened]:
        """Return the pages that were handed over, which makes room for others."""
        return [Opened(raw) for channel, raw in self.uplink.collect() if channel == "page"]

    def hear(self, last_seq: object, digest: object, agent: bytes = AGENT_ID, authority: Authority = HEADEND) -> None:
        """Take a receipt whose signature was found good."""
        fields: list[Any] = [4, 1, agent, last_seq, digest, 1700000000]
        self.session.receive(Message(bytes(32), record.ACCEPTED, authority, cbor.decode(cbor.encode(fields))))

    def confirm(self, page: Opened) -> None:
        """Take the receipt for a page."""
        self.hear(page.last_seq, page_hash(page.signed_bytes))

    def counted(self) -> tuple[int, int]:
        """Return how many receipts were refused, and how many confirmed nothing."""
        return self.session.refused_receipts, self.session.stray_receipts
