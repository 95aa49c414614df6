"""A week without anybody upstream, on a board's or a gateway's own journal files, in virtual time.

Bench: `open()` gives the store, `used_bytes()` what memory is in use; `devices`, `page_bytes_max`, `segment_bytes` and
`bytes_max` say how large it all is. Signatures are stamps here: what is measured is the way of the pages.
"""

from agent import cbor, cose, record
from agent.circuits import Circuit
from agent.journal import Journal
from agent.ledger import Ledger
from agent.page import page_hash
from agent.session import Session
from agent.state import State
from hal import quantities as q
from hal.memory import LoopUplink, ManualClock

AGENT_ID = b"agent-01"
TABLE = {"import_limit_w": 17250, "export_limit_w": 10000, "fuse_ma": 25000, "meter_stale_ms": 10000}
DAY_MIN = 1440
WEEK_MIN = 7 * DAY_MIN
PAGE_S = 900
HEAP_BYTES_MAX = 12288  # more in use after a week than after a day, and while the backlog goes up
TURN_MS = 500
READS_A_RECORD = 4  # head and body of its frame, when the page is sent and again when it is released


class Stamp:
    """A signer whose signatures are all alike."""

    public_key = b"\x04" + b"k" * 64
    key_id = AGENT_ID

    async def sign(self, _digest):
        return bytes(64)

    async def verify(self, _public_key, _digest, _signature):
        return False


class Sent:
    """What a page's header says."""

    def __init__(self, raw):
        _, size_bytes, began = cbor.head_at(raw, 18)  # behind the array, the tag, the protected header, the empty map
        self.signed_bytes = cose.open_envelope(raw[1 : began + size_bytes + 66])[1]
        header = cbor.decode(self.signed_bytes)
        self.first_seq, self.records, self.base_s = header[4], header[5], header[8]
        self.last_seq = self.first_seq + self.records - 1


class Counted:
    """A store that counts how often it is read."""

    def __init__(self, store):
        self._store = store
        self.reads = 0
        self.append, self.sync, self.roll = store.append, store.sync, store.roll
        self.segments, self.release, self.close = store.segments, store.release, store.close

    def read(self, offset, size_bytes):
        self.reads += 1
        return self._store.read(offset, size_bytes)


class Week:
    """The uplink side of an agent on the bench's store."""

    def __init__(self, bench):
        self.bench = bench
        self.clock = ManualClock()
        self.uplink = LoopUplink(2)
        self.store = Counted(bench.open())
        journal = Journal(self.store, bench.segment_bytes)
        self.ledger = Ledger(journal, AGENT_ID, self.clock, bench.page_bytes_max, PAGE_S, b"secret", bench.bytes_max)
        self.ledger.begin_epoch()
        state = State(Circuit(TABLE, 0), [], AGENT_ID, self.ledger.epoch, 60, 10000)
        self.session = Session(self.ledger, Stamp(), self.uplink, self.clock, state)
        self.minute = 0

    async def pass_minutes(self, minutes):
        """Make readings and keep them, as the loop does."""
        for _ in range(minutes):
            self.clock.advance(60000)
            self.minute += 1
            for device in range(self.bench.devices):
                self.ledger.add(self.reading(device))
            self.ledger.flush()
            if self.ledger.should_close(self.minute * 60):
                self.ledger.close_page()
                await self.session.turn()

    def reading(self, device):
        """Return a minute of a meter that counts, with a power that moves."""
        power_w = 400 + (self.minute * 7919 + device * 104729) % 3000
        values = {q.POWER_W: power_w, q.ENERGY_IMPORT_WH: 1000 + self.minute * 20, q.ENERGY_EXPORT_WH: 0}
        return [record.READING, self.minute * 60, 60, device, q.GOOD, values, {}]

    async def sent(self):
        """Have a turn; return the pages that went up."""
        self.clock.advance(TURN_MS)
        await self.session.turn()
        return [Sent(raw) for channel, raw in self.uplink.collect() if channel == "page"]

    def confirm(self, page):
        """Give the receipt that a head-end gives."""
        self.session._confirm(page.last_seq, page_hash(page.signed_bytes))


async def test_a_week_goes_up_in_order_with_its_times_in_bounded_memory(bench):
    week = Week(bench)
    await week.pass_minutes(DAY_MIN)
    after_a_day = bench.used_bytes()
    await week.pass_minutes(WEEK_MIN - DAY_MIN)
    week.ledger.close_page()
    await week.session.turn()
    assert bench.used_bytes() - after_a_day < HEAP_BYTES_MAX
    assert week.ledger.lost == 0 and not week.ledger.nearly_full
    assert week.ledger.next_seq == 1 + WEEK_MIN * bench.devices
    week.uplink.set_connected(True)
    await judged(week)
    assert len(week.store.segments()) == 1, "everything confirmed is gone"
    week.store.close()


async def judged(week):
    """Send and confirm everything; look at order, times, memory and how far the journal is searched."""
    next_seq, pages = 1, 0
    before = week.bench.used_bytes()
    began_ms = week.clock.now_ms()
    while week.ledger.released_seq < week.ledger.next_seq:
        reads_before, records = week.store.reads, 0
        for page in await week.sent():
            assert page.first_seq == next_seq, "in order and each once"
            next_seq = page.last_seq + 1
            pages += 1
            assert page.base_s == (page.first_seq - 1) // week.bench.devices * 60 + 60, "a reading's own time"
            week.confirm(page)
            records += page.records
            reads = week.store.reads - reads_before
            bound = READS_A_RECORD * (records + 2 * page.records) + 100
            if next_seq == week.ledger.next_seq:
                bound += 4 * pages  # behind the last page stand all receipts of this backlog, and are passed over
            assert reads < bound, (reads, bound, pages)
        if pages % 64 == 0:
            assert week.bench.used_bytes() - before < HEAP_BYTES_MAX, pages
        assert week.clock.now_ms() - began_ms < 2 * pages * TURN_MS + 60000, "half the share that it may have, or more"
    assert next_seq == week.ledger.next_seq
