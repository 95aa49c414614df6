"""An even part of `make power-cuts`, and that a store which breaks its promises is found."""

from __future__ import annotations

import pytest

from boards.cpython.file_store import FileStore
from boards.micropython.ring_chunks import Chunks
from boards.micropython.ring_store import RingStore
from tests.power_cuts import disk, ring, sweep
from tests.power_cuts.__main__ import SWEEPS, run

EVERY = 37  # no divisor of any size here: every kind of place comes up


@pytest.mark.parametrize("name", SWEEPS)
def test_no_promise_is_broken_by_a_power_cut_and_another_one(name):
    assert run(name, EVERY) > 5000 // EVERY


def test_a_store_that_does_not_wait_for_the_disk_is_found(monkeypatch):
    init = FileStore.__init__
    monkeypatch.setattr(FileStore, "__init__", lambda *arguments: init(*arguments, durable=False))
    with pytest.raises(AssertionError):
        disk.sweep(EVERY)


def test_a_ring_that_keeps_what_it_should_program_is_found(monkeypatch):
    monkeypatch.setattr(RingStore, "sync", lambda self: None)
    with pytest.raises(AssertionError):
        ring.sweep(EVERY)


def test_a_ring_that_believes_half_a_chunk_is_found(monkeypatch):
    monkeypatch.setattr("boards.micropython.ring_chunks._crc", lambda page, sequence, end: 0)
    with pytest.raises(AssertionError):
        ring.sweep(EVERY)


def test_a_journal_that_believes_half_a_write_is_found(monkeypatch):
    monkeypatch.setattr("agent.journal.MORE", 0)
    with pytest.raises(AssertionError, match="a record without its state"):
        ring.sweep(EVERY)


def test_a_ring_that_trusts_an_erase_of_an_earlier_life_is_found(monkeypatch):
    init = RingStore.__init__

    def trusting(self, *arguments):
        init(self, *arguments)
        self._erased = self._sequence + 1

    monkeypatch.setattr(RingStore, "__init__", trusting)
    with pytest.raises(AssertionError):
        ring.sweep(EVERY)


def test_a_ring_that_writes_over_what_a_cut_left_is_found(monkeypatch):
    monkeypatch.setattr(Chunks, "untouched", lambda self, sequence, place: True)
    with pytest.raises(AssertionError):
        ring.sweep(EVERY)


def test_the_play_is_the_same_each_time():
    runs = [sweep.Recorded(ring.new(), ring.ROUNDS) for _ in range(2)]
    assert runs[0].medium.log == runs[1].medium.log
