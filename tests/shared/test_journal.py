"""Frames on a store: what one flush wrote is there whole or not at all, and nothing behind damage is believed."""

from __future__ import annotations

from agent.journal import DAMAGED, HEADER_BYTES, MORE, RECORD, STATE, Journal, frame
from hal.memory import MemoryStore


def kept(store: MemoryStore) -> list[tuple[int, bytes]]:
    """Return kind and payload of what a reader finds."""
    return [(kind, payload) for kind, payload, _ in Journal(store, 4096).frames()]


def on_store(raw: bytes) -> MemoryStore:
    """Return a store that holds these bytes."""
    store = MemoryStore()
    store.append(raw)
    return store


def test_a_write_that_was_cut_at_any_byte_is_there_whole_or_not_at_all():
    store = MemoryStore()
    journal = Journal(store, 4096)
    turns = []
    ends = [0]
    for turn in range(4):
        facts = [(RECORD, bytes([turn]) * (9 + number)) for number in range(turn)] + [(STATE, b"after %d" % turn)]
        for kind, payload in facts:
            journal.append(kind, payload)
        journal.flush()
        turns.append(facts)
        ends.append(journal.end)
    raw = store.read(0, journal.end)
    for cut in range(1, len(raw) + 1):
        whole = len([end for end in ends if end <= cut]) - 1
        expected = [fact for facts in turns[:whole] for fact in facts]
        if cut not in ends:
            expected.append((DAMAGED, b""))
        assert kept(on_store(raw[:cut])) == expected, cut


def test_damage_inside_a_write_takes_what_stood_before_it_in_that_write():
    store = MemoryStore()
    journal = Journal(store, 4096)
    journal.append(RECORD, b"alone")
    journal.flush()
    for payload in (b"first", b"second", b"third"):
        journal.append(RECORD, payload)
    journal.flush()
    raw = bytearray(store.read(0, journal.end))
    raw[-1] ^= 1
    assert kept(on_store(bytes(raw))) == [(RECORD, b"alone"), (DAMAGED, b"")]


def test_a_write_too_large_to_be_held_is_parted_and_read_all_the_same():
    store = MemoryStore()
    journal = Journal(store, 1 << 20)
    payloads = [bytes([number]) * 1000 for number in range(25)]
    for payload in payloads:
        journal.append(RECORD, payload)
    journal.flush()
    assert [payload for _, payload in kept(store)] == payloads
    raw = store.read(0, journal.end)
    assert kept(on_store(raw[:-1])) == [(RECORD, payload) for payload in payloads[:18]] + [(DAMAGED, b"")]


def test_a_reader_may_begin_inside_a_write():
    store = MemoryStore()
    journal = Journal(store, 4096)
    journal.append(RECORD, b"first")
    second_at = journal.end
    journal.append(RECORD, b"second")
    journal.append(RECORD, b"third")
    journal.flush()
    found = [(payload, at) for _, payload, at in journal.frames(second_at)]
    assert found == [(b"second", second_at), (b"third", second_at + HEADER_BYTES + 6)]


def test_frames_that_were_written_one_by_one_stand_for_themselves():
    store = on_store(frame(RECORD, b"one") + frame(STATE, b"two") + b"torn")
    assert kept(store) == [(RECORD, b"one"), (STATE, b"two"), (DAMAGED, b"")]


def test_a_kind_that_is_never_written_is_damage_also_when_more_follows():
    assert kept(on_store(frame(DAMAGED | MORE, b"") + frame(RECORD, b"one"))) == [(DAMAGED, b"")]


def test_a_full_segment_does_not_end_while_a_write_waits():
    journal = Journal(MemoryStore(), 64)
    journal.roll(b"checkpoint")
    journal.append(RECORD, bytes(100))
    journal.flush()
    assert journal.wants_roll()
    journal.append(RECORD, b"one")
    assert not journal.wants_roll()
    journal.flush()
    assert journal.wants_roll()
