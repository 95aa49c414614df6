"""Removed, moved, doubled, forked: every way of spoiling a chain is found under its own name."""

from __future__ import annotations

from tests.tools import evidence as e
from tests.tools.judging import closed, judged, names, open_parts


def test_a_removed_page_is_missed():
    maker = e.Maker()
    pages = maker.pages(4)
    report = judged([*pages[:1], *pages[2:]], maker)
    assert names(report) == {"missing_pages": 1}
    assert report.faults[0].detail == "records 3..4 are missing"


def test_a_removed_beginning_is_missed():
    maker = e.Maker()
    assert names(judged(maker.pages(3)[1:], maker)) == {"missing_start": 1}


def test_a_removed_end_is_missed_when_the_last_page_is_known():
    maker = e.Maker()
    pages = maker.pages(3)
    assert judged(pages, maker, tails=[maker.prev]).ok
    assert names(judged(pages[:-1], maker, tails=[maker.prev])) == {"missing_tail": 1}


def test_an_edited_page_leaves_a_hole_too():
    maker = e.Maker()
    pages = maker.pages(3)
    parts = open_parts(pages[1])
    pages[1] = closed(pages[1], [*parts[:2], parts[2][:-1] + b"\x00", parts[3]])
    assert names(judged(pages, maker)) == {"bad_signature": 1, "missing_pages": 1}


def test_pages_out_of_order_are_told_and_still_judged():
    maker = e.Maker()
    pages = maker.pages(5)
    report = judged([pages[0], pages[2], pages[1], pages[3], pages[4]], maker)
    assert names(report) == {"reordered": 1}
    assert report.agents[0].chain.next_seq == 11


def test_a_page_that_comes_far_too_late_is_reordered_and_not_a_fork():
    maker = e.Maker()
    pages = maker.pages(100)
    report = judged([pages[0], *pages[2:], pages[1]], maker)
    assert names(report) == {"missing_pages": 1, "reordered": 1}


def test_one_key_with_two_chains_is_a_fork():
    maker, twin = e.Maker(), e.Maker()
    shared = maker.pages(2)
    twin.pages(2)
    report = judged([*shared, maker.page(), twin.page(e.gap(2))], maker)
    assert names(report) == {"fork": 1}


def test_a_page_that_partly_repeats_earlier_numbers_is_a_fork():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.seq -= 1
    assert names(judged([*pages, maker.page()], maker)) == {"fork": 1}


def test_a_page_that_names_another_predecessor_is_told():
    maker = e.Maker()
    pages = maker.pages(2)
    assert names(judged([*pages, maker.page(prev=bytes(31) + b"\x01")], maker)) == {"broken_link": 1}


def test_a_second_chain_under_the_same_key_is_told():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.seq += 100
    assert names(judged([*pages, maker.page(prev=bytes(32))], maker)) == {"chain_restarted": 1}


def test_a_falling_epoch_is_told():
    maker = e.Maker()
    maker.epoch = 5
    pages = maker.pages(2)
    maker.epoch = 4
    maker.base_s = 0
    report = judged([*pages, maker.page(civil_s=e.CIVIL_S + 6_000_000)], maker)
    assert names(report) == {"epoch_fell": 1}


def test_a_loss_that_is_larger_than_declared_is_a_fault():
    maker = e.Maker()
    pages = maker.pages(2)
    maker.seq += 40
    assert names(judged([*pages, maker.page(e.gap(2, 39), prev=bytes(31) + b"\x01")], maker)) == {"missing_pages": 1}


def test_nothing_at_all_is_not_good():
    assert names(judged([], e.Maker())) == {"no_pages": 1}


def test_of_pages_long_ago_the_numbers_are_still_known(monkeypatch):
    monkeypatch.setattr("tools.verifier.known.PAGES_MAX", 8)
    maker = e.Maker()
    pages = maker.pages(40)
    assert judged(pages, maker).ok
    again = judged([*pages, pages[0], pages[20], pages[39]], maker)
    assert names(again) == {"duplicated": 3}
    maker.seq -= 1
    assert names(judged([*pages, maker.page()], maker)) == {"fork": 1}
