"""The chain on a journal: numbering, links, recovery after a cut at any byte, release by receipts."""

from __future__ import annotations

from agent import cbor, record
from agent.journal import CHECKPOINT, HEADER_BYTES, RECORD, Journal, frame
from agent.ledger import Ledger
from agent.page import NO_PAGE, page_hash, page_message
from agent.stored import StoredPage
from hal import quantities as q
from hal.memory import ManualClock, MemoryStore

AGENT_ID = b"agent-01"


def ledger_on(store: MemoryStore, clock: ManualClock, segment_bytes: int = 4096) -> Ledger:
    """Return a recovered ledger."""
    ledger = Ledger(Journal(store, segment_bytes), AGENT_ID, clock, 1024, 900, b"secret")
    ledger.recover()
    return ledger


def event(clock: ManualClock, number: int) -> list[object]:
    """Return some record of the present moment."""
    return [record.EVENT, clock.now_ms(), bytes([number % 256]) * 32, record.STARTED]


def pages_of(ledger: Ledger) -> list[StoredPage]:
    """Return all unreleased closed pages."""
    found = []
    at = ledger.backlog_at
    while at is not None:
        page = ledger.read_page(at)
        if page is None:
            break
        found.append(page)
        at = page.next_at
    return found


def filled(store: MemoryStore, records: int, per_page: int) -> Ledger:
    """Return a ledger with closed pages of `per_page` records."""
    clock = ManualClock()
    ledger = ledger_on(store, clock)
    ledger.begin_epoch()
    for number in range(records):
        clock.advance(1000)
        ledger.add(event(clock, number))
        if (number + 1) % per_page == 0:
            ledger.close_page()
        ledger.flush()
    ledger.sync()
    return ledger


def test_pages_are_numbered_and_linked():
    ledger = filled(MemoryStore(), 40, 4)
    prev, seq = NO_PAGE, 1
    pages = pages_of(ledger)
    assert len(pages) == 10
    for page in pages:
        header = cbor.decode(page.signed_bytes)
        assert header[:2] == [1, 1] and header[4:7] == [seq, len(page.records), prev]
        seq += len(page.records)
        prev = page_hash(page.signed_bytes)
    assert ledger.prev == prev


def test_recovery_stands_where_it_ended_and_rises_the_epoch():
    store = MemoryStore()
    before = filled(store, 41, 4)
    after = ledger_on(store, ManualClock())
    assert after.next_seq == before.next_seq == 42
    assert after.epoch == 1 and len(pages_of(after)) == 11
    after.begin_epoch()
    assert after.epoch == 2
    again = ledger_on(store, ManualClock())
    assert again.epoch == 2 and again.prev == after.prev


def test_cut_at_every_byte_keeps_a_prefix_and_never_a_wrong_record():
    whole = MemoryStore(1 << 20)
    ledger = filled(whole, 12, 4)
    complete = pages_of(ledger)
    first, size_bytes = whole.segments()[-1]
    everything = whole.read(first, size_bytes)
    for cut in range(0, size_bytes, 3):
        store = MemoryStore(1 << 20)
        store.append(everything[:cut])
        store.crash(cut, b"\x00\x07")
        after = ledger_on(store, ManualClock())
        kept = pages_of(after)
        records = [raw for page in kept for raw in page.records]
        expected = [raw for page in complete for raw in page.records]
        assert records == expected[: len(records)]
        after.begin_epoch()
        after.add(event(ManualClock(), 1))
        after.close_page()
        after.sync()
        again = ledger_on(store, ManualClock())
        assert again.next_seq == after.next_seq and again.prev == after.prev


def test_release_drops_segments_and_survives_recovery():
    store = MemoryStore()
    ledger = filled(store, 200, 10)
    segments = len(store.segments())
    ledger.release(100)
    assert ledger.released_seq == 101
    assert len(store.segments()) < segments
    assert pages_of(ledger)[0].first_seq == 101
    after = ledger_on(store, ManualClock())
    assert after.released_seq == 101 and pages_of(after)[0].first_seq == 101
    after.release(200)
    assert pages_of(after) == []


def test_full_store_drops_the_oldest_and_counts_what_was_lost():
    ledger = filled(MemoryStore(16384), 600, 10)
    assert ledger.lost > 0
    pages = pages_of(ledger)
    assert pages[0].first_seq == ledger.released_seq == ledger.lost + 1
    assert pages[-1].first_seq + len(pages[-1].records) == 601


def test_seal_is_found_again_also_behind_the_next_page():
    store = MemoryStore()
    clock = ManualClock()
    ledger = ledger_on(store, clock)
    ledger.begin_epoch()
    ledger.add(event(clock, 1))
    ledger.close_page()
    first = ledger.unsealed[0]
    ledger.add(event(clock, 2))
    ledger.flush()
    ledger.seal(first[0], b"s" * 64)
    page = ledger.read_page(first[1])
    assert page is not None and page.signature == b"s" * 64 and ledger.unsealed == []
    after = ledger_on(store, ManualClock())
    assert [waiting[0] for waiting in after.unsealed] == [2]


def test_state_is_the_last_one_kept():
    store = MemoryStore()
    ledger = filled(store, 5, 2)
    ledger.save_state(b"one")
    ledger.save_state(b"two")
    ledger.sync()
    assert ledger_on(store, ManualClock()).state_blob == b"two"


def test_zeros_that_a_cut_left_are_damage_and_not_frames():
    store = MemoryStore()
    before = filled(store, 3, 100)
    first, size_bytes = store.segments()[-1]
    whole = store.read(first, size_bytes)
    torn = MemoryStore()
    torn.append(whole + bytes(70) + frame(RECORD, b"never numbered"))
    after = ledger_on(torn, ManualClock())
    assert after.next_seq == before.next_seq and after.damaged == 1


def test_page_without_records_does_not_stop_the_backlog():
    store = MemoryStore()
    clock = ManualClock()
    ledger = ledger_on(store, clock)
    ledger.begin_epoch()
    ledger.add(event(clock, 1))
    end = ledger.journal.end
    ledger.add(event(clock, 1))
    record_bytes = ledger.journal.end - end
    ledger.sync()
    first, size_bytes = store.segments()[-1]
    cut = MemoryStore()
    cut.append(store.read(first, size_bytes - 2 * record_bytes))
    after = ledger_on(cut, ManualClock())
    after.begin_epoch()
    after.add(event(ManualClock(), 2))
    after.close_page()
    assert [page.first_seq for page in pages_of(after)] == [1]


def test_page_that_lost_records_in_the_middle_is_passed_over_and_counted():
    store = MemoryStore()
    ledger = filled(store, 294, 7)
    complete = pages_of(ledger)
    segments = store.segments()
    assert len(segments) > 2
    rotten = MemoryStore()
    for first, size_bytes in segments:
        piece = store.read(first, size_bytes)
        if first == segments[1][0]:
            piece = piece[:700] + b"\xff" + piece[701:]
        rotten.append(piece)
        rotten.roll()
    after = ledger_on(rotten, ManualClock())
    kept = pages_of(after)
    assert 0 < len(complete) - len(kept) < 14
    whole = [page.signed_bytes for page in complete]
    assert all(page.signed_bytes in whole for page in kept)
    assert after.damaged == 294 - sum([len(page.records) for page in kept])
    assert after.next_seq == ledger.next_seq and after.prev == ledger.prev
    after.begin_epoch()
    assert ledger_on(rotten, ManualClock()).damaged == after.damaged


def test_torn_end_is_counted_once_and_for_ever():
    store = MemoryStore()
    filled(store, 5, 2)
    store.append(b"\x00\x09\x03torn")
    for _ in range(3):
        after = ledger_on(store, ManualClock())
        assert after.damaged == 1
        after.begin_epoch()


def test_seal_far_behind_its_page_is_found_and_a_later_one_is_not_written():
    store = MemoryStore()
    clock = ManualClock()
    ledger = ledger_on(store, clock)
    ledger.begin_epoch()
    for number in range(4):
        ledger.add(event(clock, number))
        ledger.close_page()
    ledger.flush()
    first_seq, at = ledger.unsealed[0]
    ledger.seal(first_seq, b"s" * 64)
    page = ledger.read_page(at)
    assert page is not None and page.signature == b"s" * 64
    end = ledger.journal.end
    ledger.seal(first_seq, b"s" * 64)
    assert ledger.journal.end == end


def test_page_that_is_still_buffered_can_be_read():
    clock = ManualClock()
    ledger = ledger_on(MemoryStore(), clock)
    ledger.begin_epoch()
    ledger.add(event(clock, 1))
    ledger.close_page()
    assert ledger.read_page(ledger.unsealed[0][1]) is not None


def test_burst_of_records_is_split_into_pages_of_bounded_size():
    clock = ManualClock()
    ledger = ledger_on(MemoryStore(), clock)
    ledger.begin_epoch()
    for number in range(200):
        ledger.add(event(clock, number))
    ledger.close_page()
    pages = pages_of(ledger)
    assert sum([len(page.records) for page in pages]) == 200
    assert max([len(page_message(bytes(180), page.salt, page.records)) for page in pages]) < 1024 + 100


def test_released_segments_are_not_counted_as_lost_after_a_power_cut():
    store = MemoryStore(16384)
    ledger = filled(store, 150, 10)
    ledger.release(140)
    store.crash(0)
    clock = ManualClock()
    after = ledger_on(store, clock)
    assert after.released_seq == 141
    after.begin_epoch()
    for number in range(100):
        after.add(event(clock, number))
        after.flush()
    assert after.lost == 0


def test_everything_released_leaves_only_the_newest_segment():
    store = MemoryStore()
    ledger = filled(store, 200, 10)
    ledger.release(200)
    assert len(store.segments()) == 1 and ledger.backlog_at is None


def test_what_is_lost_in_a_full_store_is_counted_to_the_record():
    store = MemoryStore(12000)
    clock = ManualClock()
    ledger = ledger_on(store, clock, 2048)
    ledger.begin_epoch()
    for number in range(500):
        ledger.add(event(clock, number))
        ledger.flush()
    ledger.close_page()
    kept = pages_of(ledger)
    assert ledger.lost == kept[0].first_seq - 1
    assert kept[-1].first_seq + len(kept[-1].records) == 501
    assert all(at >= store.segments()[0][0] for _, at in ledger.unsealed)


def test_store_that_needs_more_than_one_segment_of_room_gets_it():
    clock = ManualClock()
    store = MemoryStore(4000)
    ledger = ledger_on(store, clock, 200)
    ledger.begin_epoch()
    for number in range(100):
        ledger.add(event(clock, number))
        ledger.close_page()
        ledger.flush()
    ledger.save_state(bytes(1500))
    ledger.sync()
    assert ledger_on(store, ManualClock()).state_blob == bytes(1500)


def test_loss_is_counted_for_ever_also_when_a_cut_comes_before_it_is_said():
    store = MemoryStore(12000)
    clock = ManualClock()
    ledger = ledger_on(store, clock, 2048)
    ledger.begin_epoch()
    for number in range(500):
        ledger.add(event(clock, number))
        ledger.flush()
    ledger.sync()
    assert ledger.lost > 0
    after = ledger_on(store, ManualClock(), 2048)
    assert after.lost == ledger.lost and after.released_seq == ledger.released_seq
    store.release(store.segments()[1][0])  # power fails here: dropped, and not yet said
    cut = ledger_on(store, ManualClock(), 2048)
    assert cut.lost > ledger.lost
    first_kept = pages_of(cut)[0].first_seq
    assert cut.lost == cut.released_seq - 1 == first_kept - 1
    cut.begin_epoch()
    cut.close_page()
    cut.release(pages_of(cut)[1].last_seq)
    assert ledger_on(store, ManualClock(), 2048).lost == cut.lost


def test_a_page_ends_where_the_quality_of_the_clock_changes():
    clock = ManualClock()
    ledger = ledger_on(MemoryStore(), clock)
    ledger.begin_epoch()
    ledger.add(event(clock, 1))
    clock.set_civil(1700000000000, q.CLOCK_SYNCHRONISED, 10)
    ledger.add(event(clock, 2))
    ledger.add(event(clock, 3))
    clock.set_civil(1700000000000, q.CLOCK_INFORMATIVE, 10)
    ledger.add(event(clock, 4))
    ledger.close_page()
    headers = [cbor.decode(page.signed_bytes) for page in pages_of(ledger)]
    assert [(header[5], header[10]) for header in headers] == [(1, 0), (2, 2), (1, 1)]


def test_each_page_and_each_life_has_salts_of_its_own():
    salts = {}
    for secret in (b"one life", b"another"):
        ledger = Ledger(Journal(MemoryStore(), 4096), AGENT_ID, ManualClock(), 1024, 900, secret)
        ledger.begin_epoch()
        for number in range(3):
            ledger.add(event(ManualClock(), number))
            ledger.close_page()
        for page in pages_of(ledger):
            salts[page.salt] = True
    assert len(salts) == 6


def test_an_old_checkpoint_at_the_end_is_refused_for_it_would_fork_the_chain():
    store = MemoryStore()
    ledger = filled(store, 12, 4)
    old = store.read(store.segments()[0][0], HEADER_BYTES + 90)
    size_bytes = HEADER_BYTES + int.from_bytes(old[:2], "big")
    store.roll()
    store.append(old[:size_bytes])
    refused = 0
    try:
        ledger_on(store, ManualClock())
    except ValueError as fault:
        refused = fault.args[1]
    assert 0 < refused < ledger.next_seq


def test_a_journal_of_another_version_is_refused_and_not_begun_anew():
    old = cbor.encode([1, 1, NO_PAGE, 1, b""])
    for payload in (old, cbor.encode(7), b"\xff", cbor.encode([b"", 1, 2, 3, 4, 5, 6, 7])):
        store = MemoryStore()
        store.append(frame(CHECKPOINT, payload))
        refused = False
        try:
            ledger_on(store, ManualClock()).begin_epoch()
        except (ValueError, TypeError, cbor.CborError):
            refused = True
        assert refused, payload
