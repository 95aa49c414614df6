"""A closed page as the journal holds it: gathered from frames again when it is signed or sent.

A page is whole when its seal stands behind it or when what follows begins with the next number. A page that is
neither has lost records to damage and is passed over.
"""

from __future__ import annotations

from agent import cbor, journal
from agent.page import Page, decode_header
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.journal import Journal

PAGES_BEHIND_MAX = const(8)  # a seal stands at most this many pages behind its own


class StoredPage:
    """What is signed and sent; `next_at` is the journal offset to go on from."""

    def __init__(self, page: Page, signed_bytes: bytes, signature: bytes | None, next_at: int) -> None:
        self.first_seq = page.header.first_seq
        self.last_seq = page.last_seq
        self.records = page.records
        self.salt = page.header.salt
        self.signed_bytes = signed_bytes  # the header
        self.signature = signature
        self.next_at = next_at


def checkpoint_seq(payload: bytes) -> int:
    """Return the number that the next record had when a segment began."""
    next_seq: int = cbor.decode(payload)[1]
    return next_seq


def read(kept: Journal, agent_id: bytes, at: int, open_at: int | None, next_seq: int) -> StoredPage | None:
    """Return the first whole page from offset `at` on, None when there is none.

    `open_at` is where the page begins that is still open, `next_seq` the number of the journal's next record.
    """
    reader = _Reader(open_at)
    for kind, payload, offset in kept.frames(at):
        if reader.take(kind, payload, offset):
            break
    reader.end_before(next_seq)
    page = reader.page
    if page is None or not reader.whole:
        return None
    next_at = kept.end if reader.next_at is None else reader.next_at
    return StoredPage(page, page.signed_bytes(agent_id), reader.signature, next_at)


class _Reader:
    """Gathers one page; `next_at` is where the page behind it begins, None at the journal's end."""

    def __init__(self, open_at: int | None) -> None:
        self.page: Page | None = None
        self.whole = False
        self.signature: bytes | None = None
        self.next_at: int | None = None
        self._open_at = open_at
        self._pages_behind = 0

    def take(self, kind: int, payload: bytes, offset: int) -> bool:
        """Look at one frame; return whether nothing more is wanted."""
        page = self.page
        if kind == journal.OPEN:
            return self._meet_page(payload, offset)
        if kind == journal.CHECKPOINT:
            self.end_before(checkpoint_seq(payload))
        elif kind == journal.RECORD and page is not None and not self.whole:
            page.add_raw(payload)
        elif kind == journal.SEAL and page is not None and payload[:8] == page.header.first_seq.to_bytes(8, "big"):
            self.signature = payload[8:]
            self.whole = True
        return self.signature is not None and self.next_at is not None

    def end_before(self, seq: int) -> None:
        """Here something begins with record `seq`: keep the page if that is its next, else forget it."""
        page = self.page
        if page is not None and not self.whole:
            self.whole = bool(page.records) and page.last_seq + 1 == seq
            if not self.whole:
                self.page = None

    def _meet_page(self, payload: bytes, offset: int) -> bool:
        header = decode_header(payload)
        self.end_before(header.first_seq)
        if not self.whole:
            self.page = Page(header)
            return offset == self._open_at
        self._pages_behind += 1
        if self.next_at is None:
            self.next_at = offset
        return self.signature is not None or self._pages_behind > PAGES_BEHIND_MAX
