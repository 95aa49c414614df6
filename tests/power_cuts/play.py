"""What an agent does to its journal in a few minutes, with what it was promised at each moment.

The same on every store and both runtimes: records are added, flushed, synced; pages closed, sealed, released; states
saved; segments rolled and, while nobody releases, dropped. `judge` holds a recovered ledger to the promises.
"""

import hashlib

from agent import record
from agent.journal import Journal
from agent.ledger import Ledger
from hal.memory import ManualClock

AGENT_ID = b"agent-01"
PAGE_BYTES_MAX = 600


def content(seq, life=0):
    """Return 32 bytes that only record `seq` of that life has."""
    return bytes((0xC5, life)) + seq.to_bytes(6, "big") * 5


def signature_of(first_seq):
    return b"sig:" + first_seq.to_bytes(4, "big") * 15


def digest(page):
    return hashlib.sha256(page.signed_bytes).digest()


def open_ledger(store, segment_bytes):
    ledger = Ledger(Journal(store, segment_bytes), AGENT_ID, ManualClock(), PAGE_BYTES_MAX, 900, b"secret")
    ledger.recover()
    return ledger


class Known:
    """What was promised (synced) and what was tried at one moment."""

    def __init__(self):
        self.synced = (0, 0, b"", 0, 1)  # records, pages, state, epoch, released by receipts
        self.tried = self.synced
        self.gone_seq = 1  # records before this may be missing: released, or dropped from a full store
        self.states = [b""]


class Play:
    """Runs the steps on a ledger; `pages` are the closed pages in order: (first_seq, last_seq, digest)."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.pages = []
        self.released = 0  # how often a receipt dropped segments
        self._states = [b""]
        self._receipt_seq = 1
        self._known = Known()

    def known(self):
        now = Known()
        now.synced = self._known.synced
        now.tried = self._tried()
        now.gone_seq = self.ledger.released_seq
        now.states = self._states[self._states.index(now.synced[2]) :]
        return now

    def _tried(self):
        ledger = self.ledger
        return ledger.next_seq - 1, len(self.pages), ledger.state_blob, ledger.epoch, self._receipt_seq

    def sync(self):
        self.ledger.sync()
        self._known.synced = self._tried()

    def add(self, count):
        for _ in range(count):
            seq = self.ledger.next_seq
            self.ledger.add([record.EVENT, 1000 * seq, content(seq), record.STARTED])

    def decide(self, filler):
        """Add a record and the state that it leads to, which names it: one write."""
        self.add(1)
        blob = b"%d " % (self.ledger.next_seq - 1) + filler
        self._states.append(blob)
        self.ledger.save_state(blob)

    def close_page(self):
        ledger = self.ledger
        if ledger.page is None:
            return
        ledger.close_page()
        self.sync()
        at = ledger.unsealed[-1][1]
        page = ledger.read_page(at)
        self.pages.append((page.first_seq, page.last_seq, digest(page)))
        self.sync()

    def seal(self):
        for first_seq, _ in self.ledger.unsealed[:1]:
            self.ledger.seal(first_seq, signature_of(first_seq))

    def release(self):
        for first_seq, last_seq, _ in self.pages:
            if first_seq >= self.ledger.released_seq:
                segments = self.ledger.journal.store.segments()
                self.ledger.release(last_seq)
                self.released += self.ledger.journal.store.segments()[0] != segments[0]
                self._receipt_seq = last_seq + 1
                return

    def steps(self, rounds):
        """Yield after each step."""
        self.ledger.begin_epoch()
        self.sync()
        yield
        for turn in range(rounds):
            self.add(2 + turn % 2)
            self.ledger.flush()
            yield
            if turn % 3 == 2:
                self.sync()
                yield
            if turn % 4 == 3:
                self.decide(b"state " * (1 + turn % 5))
                self.ledger.flush()
                yield
            if turn % 2:
                self.close_page()
                yield
                self.seal()
                yield
                if turn % 3 == 0 or rounds // 2 < turn < rounds * 3 // 4:
                    self.release()
                    yield
        self.sync()
        yield


def pages_of(ledger):
    found = []
    at = ledger.backlog_at
    while at is not None:
        page = ledger.read_page(at)
        if page is None:
            break
        found.append(page)
        at = page.next_at
    return found


def records_of(page):
    """Return the encoded records of a page."""
    return b"".join(page.records)


def judge(ledger, before, after, closed, lives=()):
    """Hold a recovered ledger to what was promised `before` the cut step and tried `after` it.

    `closed` are the closed pages of the uncut run; `lives` the (life, first, last) of records that later lives added.
    """
    records, page_count, _, epoch, receipt_seq = before.synced
    last_seq = ledger.next_seq - 1
    assert records <= last_seq <= after.tried[0], (records, last_seq, after.tried[0])
    assert receipt_seq <= ledger.released_seq <= max(after.gone_seq, receipt_seq), "released"
    assert epoch <= ledger.epoch <= after.tried[3], "epoch"
    assert ledger.state_blob in after.states or ledger.state_blob in before.states, ledger.state_blob
    decided = [decided_by(blob) for blob in after.states if decided_by(blob) <= last_seq]
    assert not decided or decided_by(ledger.state_blob) >= max(decided), ("a record without its state", decided)
    assert decided_by(ledger.state_blob) <= last_seq, "a state without its record"
    pages = pages_of(ledger)
    next_seq = pages[0].first_seq if pages else ledger.next_seq
    assert next_seq <= max(after.gone_seq, receipt_seq), ("missing", next_seq, after.gone_seq)
    promised = {first: (last, whole) for first, last, whole in closed[:page_count]}
    for page in pages:
        first = page.first_seq
        assert first == next_seq, "a hole"
        next_seq = page.last_seq + 1
        assert page.signature in (None, signature_of(first)), "another page's seal"
        if first in promised:
            assert promised[first] == (page.last_seq, digest(page)), "a page that was closed changed"
        inside, at = records_of(page), 0
        for seq in range(first, next_seq):
            at = inside.find(content(seq, life_of(seq, lives)), at)
            assert at >= 0, ("record", seq)
    assert next_seq == ledger.next_seq


def decided_by(blob):
    """Return the number of the record that led to a state."""
    return int(blob.split()[0]) if blob else 0


def life_of(seq, lives):
    for life, first, last in lives:
        if first <= seq <= last:
            return life
    return 0
