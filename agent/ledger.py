"""Numbers records, links pages, remembers what is released: the chain on top of the journal.

A page closes when the next one opens; its seal (the signature) is a frame of its own, written when the
signer is done, so that signing never delays an act. A page found without a seal is sealed again: the
page hash does not depend on the signature. Recovery believes only whole frames.
"""

from __future__ import annotations

import hashlib

from agent import cbor, journal
from agent.page import NO_PAGE, SALT_BYTES, Header, Page, civil_at, decode_header, page_hash, second_of
from agent.stored import PAGES_BEHIND_MAX, StoredPage, checkpoint_seq, read
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.journal import Journal
    from agent.record import Record
    from hal.ports import Clock

_NO_SPACE = const(28)  # errno ENOSPC, which MicroPython does not name


class Ledger:
    """The agent's one chain. `recover` first, then `begin_epoch`, then `add`."""

    def __init__(
        self, kept: Journal, agent_id: bytes, clock: Clock, page_bytes_max: int, page_s: int, secret: bytes,
        bytes_max: int = 0,
    ) -> None:  # fmt: skip
        """Take what pages are made from; `secret` is fresh in each life and hides what a disclosure leaves out.

        `bytes_max` is what the journal's store holds; 0: it is never said to be nearly full.
        """
        self.journal = kept
        self.agent_id = agent_id
        self.clock = clock
        self.page_bytes_max = page_bytes_max
        self.page_s = page_s
        self.epoch = 0
        self.next_seq = 1
        self.released_seq = 1  # first record that no receipt has released
        self.prev = NO_PAGE
        self.state_blob = b""
        self.keys_blob = b""  # which keys sign: boards/startup.py, agent/rotation.py
        self.page: Page | None = None
        self.page_at = 0  # journal offset of the open page
        self.backlog_at: int | None = None  # journal offset of the oldest unreleased page
        self.unsealed: list[tuple[int, int]] = []  # (first_seq, journal offset) of closed pages without a signature
        self.lost = 0  # records that were dropped unconfirmed since the agent's first day
        self.damaged = 0  # records that recoveries have missed since then; a torn end counts one
        self.nearly_full = False  # of what nobody has confirmed: what is, goes
        self._bytes_max = bytes_max
        self._secret = secret

    def recover(self) -> None:
        """Read the journal from its oldest segment and stand where it ended.

        Raises: ValueError, CborError, TypeError for whole frames that this version cannot have written.
        """
        sealed_seq = 0
        torn = False
        for kind, payload, at in self.journal.frames():
            if kind == journal.DAMAGED:
                torn = True
            elif kind == journal.CHECKPOINT:
                torn = False  # said by the boot that began here
                self._pass_checkpoint(payload, sealed_seq)
            elif kind == journal.OPEN:
                self._end_page(sealed_seq)
                self._resume_page(decode_header(payload), at)
            elif kind == journal.RECORD and self.page is not None:
                self.page.add_raw(payload)
                self.next_seq = self.page.last_seq + 1
            elif kind == journal.SEAL:
                sealed_seq = int.from_bytes(payload[:8], "big")
                self._forget_unsealed(sealed_seq)
            elif kind == journal.STATE:
                self.state_blob = payload
            elif kind == journal.KEYS:
                self.keys_blob = payload
            elif kind == journal.RECEIPT:
                self._release(int.from_bytes(payload[:8], "big"))
            elif kind == journal.LOSS:
                self.lost, self.released_seq = cbor.decode(payload)
        self._end_page(sealed_seq)
        self.damaged += torn
        self._count_loss()  # cut after a segment was dropped and before that was said

    def begin_epoch(self) -> None:
        """Start this boot's numbering: a fresh segment whose checkpoint carries the new epoch, durable at once."""
        self.epoch += 1
        self._roll()
        self.sync()
        self._look_at_room()

    def add(self, fact: Record) -> None:
        """Number one record, in the open page or a new one; a full page is closed first."""
        if self.page is not None and self._ends_before(self.page):
            self.close_page()
        if self.page is None:
            self._open_page(second_of(fact))
        page = self.page
        assert page is not None
        self.journal.append(journal.RECORD, page.add(fact))
        self.next_seq += 1

    def save_state(self, blob: bytes) -> None:
        """Keep what must survive a reboot: counters, limits, claims."""
        if blob != self.state_blob:
            self.state_blob = blob
            self.journal.append(journal.STATE, blob)

    def save_keys(self, blob: bytes) -> None:
        """Keep which keys sign."""
        self.keys_blob = blob
        self.journal.append(journal.KEYS, blob)

    def flush(self) -> None:
        """Let a killed process lose nothing of this tick. Drops the oldest segment when the store is full."""
        self._room(self.journal.flush)

    def sync(self) -> None:
        """Let a power cut lose nothing up to now."""
        self._room(self.journal.sync)

    def should_close(self, now_s: int) -> bool:
        """Tell whether the open page is old or large enough to be signed."""
        page = self.page
        if page is None:
            return False
        return page.size_bytes >= self.page_bytes_max or now_s - page.header.base_s >= self.page_s

    def close_page(self) -> None:
        """End the open page; it waits in `unsealed` for its signature."""
        page = self.page
        if page is None:
            return
        self.prev = page_hash(page.signed_bytes(self.agent_id))
        self.unsealed.append((page.header.first_seq, self.page_at))
        del self.unsealed[:-PAGES_BEHIND_MAX]  # older ones are sealed when the backlog reaches them
        self.page = None

    def seal(self, first_seq: int, signature: bytes) -> None:
        """Keep the signature of the closed page that begins with `first_seq`, if it still waits for one."""
        if first_seq not in [waiting[0] for waiting in self.unsealed]:
            return  # signed anew for sending: too far behind its page, the frame would never be found again
        self.journal.append(journal.SEAL, first_seq.to_bytes(8, "big") + signature)
        self.flush()
        self._forget_unsealed(first_seq)

    def release(self, last_seq: int) -> None:
        """Believe a receipt: everything up to `last_seq` is upstream and may go."""
        if last_seq < self.released_seq:
            return
        self.journal.append(journal.RECEIPT, last_seq.to_bytes(8, "big"))
        self.flush()
        self._release(last_seq)
        kept_from = self.journal.end if self.backlog_at is None else self.backlog_at
        first, size_bytes = self.journal.store.segments()[0]
        if first + size_bytes <= kept_from:
            self.sync()  # else a power cut could keep the gap and forget that it was confirmed
            self.journal.store.release(kept_from)
        self._look_at_room()

    def kept_bytes(self) -> int:
        """Return what the journal takes of its store."""
        return self.journal.end - self.journal.store.segments()[0][0]

    def closed_seq(self) -> int:
        """Return the number of the first record that is not in a closed page."""
        return self.next_seq if self.page is None else self.page.header.first_seq

    def oldest(self) -> Header | None:
        """Return the header of the first page that is kept and not released."""
        if self.page is not None and self.backlog_at == self.page_at:
            return self.page.header
        if self.backlog_at is not None:
            for kind, payload, _ in self.journal.frames(self.backlog_at):
                if kind == journal.OPEN:
                    return decode_header(payload)
        return None

    def read_page(self, at: int) -> StoredPage | None:
        """Return the first whole closed page that begins at `at` or later; None when there is none yet.

        A page that lost records to damage is passed over: signed with what is left of it, its numbers would
        have two faces.
        """
        self.flush()
        open_at = self.page_at if self.page is not None else None
        return read(self.journal, self.agent_id, at, open_at, self.next_seq)

    def _open_page(self, base_s: int) -> None:
        if self.journal.wants_roll():
            self._roll()
        civil = civil_at(self.clock, base_s)
        header = Header(self.epoch, self.next_seq, self.prev, base_s, civil, self._salt())
        self._resume_page(header, self.journal.end)
        self.journal.append(journal.OPEN, header.encode())
        self._look_at_room()

    def _ends_before(self, page: Page) -> bool:
        """Tell whether a page is full, or its times would not all have the clock quality that its header names."""
        if page.size_bytes >= self.page_bytes_max:
            return True
        return page.header.civil[1] != civil_at(self.clock, page.header.base_s)[1]

    def _salt(self) -> bytes:
        return hashlib.sha256(self._secret + self.next_seq.to_bytes(8, "big")).digest()[:SALT_BYTES]

    def _roll(self) -> None:
        self.flush()
        self._room(lambda: self.journal.roll(self._checkpoint()))

    def _resume_page(self, header: Header, at: int) -> None:
        self.page = Page(header)
        self.page_at = at
        self.next_seq = header.first_seq
        self.epoch = header.epoch
        if self.backlog_at is None and header.first_seq >= self.released_seq:
            self.backlog_at = at

    def _end_page(self, sealed_seq: int) -> None:
        page = self.page
        if page is None:
            return
        if not page.records:  # cut between the page's beginning and its first record
            self.page = None
            return
        self.close_page()
        self._forget_unsealed(sealed_seq)

    def _forget_unsealed(self, first_seq: int) -> None:
        self.unsealed = [waiting for waiting in self.unsealed if waiting[0] != first_seq]

    def _look_at_room(self) -> None:
        """Say it above three quarters and no longer below a half: far apart, so that each is said once."""
        kept_bytes = self.kept_bytes()
        if self._bytes_max and kept_bytes * 4 > self._bytes_max * 3:
            self.nearly_full = True
        elif kept_bytes * 2 < self._bytes_max:
            self.nearly_full = False

    def _release(self, last_seq: int) -> None:
        self.released_seq = last_seq + 1
        self.backlog_at = self._offset_from(last_seq + 1)

    def _offset_from(self, first_seq: int) -> int | None:
        """Find the oldest page that begins at `first_seq` or later."""
        if self.backlog_at is None:
            return None
        for kind, payload, at in self.journal.frames(self.backlog_at):
            if kind == journal.OPEN and decode_header(payload).first_seq >= first_seq:
                return at
        return self.page_at if self.page is not None and self.page.header.first_seq >= first_seq else None

    def _room(self, act: Callable[[], None]) -> None:
        while True:
            try:
                act()
                return
            except OSError as e:
                if e.errno != _NO_SPACE or not self._drop_oldest():
                    raise

    def _drop_oldest(self) -> bool:
        """Give up the oldest segment; what had not been released in it is counted as lost."""
        segments = self.journal.store.segments()
        if len(segments) < 2:
            return False
        kept_from = segments[1][0]
        self.journal.store.release(kept_from)
        self.unsealed = [waiting for waiting in self.unsealed if waiting[1] >= kept_from]
        if self.backlog_at is not None and self.backlog_at < kept_from:
            self.backlog_at = kept_from
            self.backlog_at = self._offset_from(0)
            if self._count_loss():
                self.journal.append(journal.LOSS, cbor.encode([self.lost, self.released_seq]))
        return True

    def _count_loss(self) -> bool:
        """Count what is gone though nobody has confirmed it; return whether there was any."""
        oldest = self.oldest()
        missing = (self.next_seq if oldest is None else oldest.first_seq) - self.released_seq
        if missing <= 0:
            return False
        self.lost += missing
        self.released_seq += missing
        return True

    def _pass_checkpoint(self, payload: bytes, sealed_seq: int) -> None:
        """Take over what a segment begins with. What the one before did not bring was damaged, and its page with it."""
        page, next_seq = self.page, checkpoint_seq(payload)
        if page is not None and next_seq != self.next_seq:
            if sealed_seq != page.header.first_seq:
                self.page = None
                self.next_seq = page.header.first_seq
            self.damaged += max(0, next_seq - self.next_seq)
        if next_seq < self.next_seq:
            raise ValueError("a checkpoint of an earlier time", next_seq)  # going on from it would fork the chain
        self._end_page(sealed_seq)
        fields = cbor.decode(payload)
        self.epoch, self.next_seq, self.prev, self.released_seq, self.state_blob = fields[:5]
        self.lost, said_damaged, self.keys_blob = fields[5:]
        self.damaged = max(self.damaged, said_damaged)

    def _checkpoint(self) -> bytes:
        return cbor.encode(
            [self.epoch, self.next_seq, self.prev, self.released_seq, self.state_blob, self.lost, self.damaged,
             self.keys_blob]
        )  # fmt: skip
