"""The virtual day within 45 minutes: `make field-day` is the whole; and its judge is shown what it must find."""

from __future__ import annotations

import pytest

from tests.field import day
from tests.needs import needs_program

SHORT_MS = 45 * 60000


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    needs_program("micropython")
    return day.live(tmp_path_factory.mktemp("day"), SHORT_MS, lambda line: None)


def test_a_board_lives_through_everything(lived):
    assert day.faults(lived) == []


def test_everything_did_happen(lived):
    last = lived.lives[-1]
    assert sum(life["spoilt"] for life in lived.lives) > 10
    assert last["asked"] >= 10 and last["judged_s"] > SHORT_MS // 2000
    assert [life["boot"] for life in lived.lives] == sorted(life["boot"] for life in lived.lives)
    assert lived.heaps[0]["at_ms"] < SHORT_MS // 4 < lived.heaps[-1]["at_ms"]  # the ticks have wrapped in one life


def bent(lived, **last):
    """Return the same day with something else in its last life."""
    return day.Day([*lived.lives[:-1], {**lived.lives[-1], **last}], lived.heaps, lived.pages, lived.keys)


@pytest.mark.parametrize("last", [{"worst_ms": 25000}, {"obeyed": 0}, {"end": "brown-out"}])
def test_what_did_not_hold_is_found(lived, last):
    assert len(day.faults(bent(lived, **last))) == 1


def test_a_heap_that_grows_and_a_page_that_is_gone_are_found(lived):
    grown = bent(lived)
    grown.heaps = [{**row, "heap": row["heap"] + 10 * at} for at, row in enumerate(lived.heaps)]
    assert len(day.faults(grown)) == 1
    gone = bent(lived)
    gone.pages = lived.pages[:20] + lived.pages[21:]
    assert len(day.faults(gone)) == 1


def test_a_clock_that_did_not_fall_is_missed(lived):
    early = bent(lived)
    early.pages = lived.pages[:20]
    assert any("went back once, 0 times" in fault for fault in day.faults(early))
