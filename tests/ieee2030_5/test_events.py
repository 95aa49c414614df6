"""Which control is in force when: primacy, superseding for each mode, chance, cancellation, what a server takes back.

Source: IEEE 2030.5-2018 section 10.2.3 (event rules) and 10.10.4, as cited in the module.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from boards.cpython.ieee2030_5.events import ENTRIES_MAX, KEPT_S, WAIT_S_MAX, Book
from boards.cpython.ieee2030_5.resources import (
    ACTIVE,
    CANCELLED,
    CANCELLED_RANDOM,
    EXPORT,
    GENERATION,
    IMPORT,
    SCHEDULED,
    SUPERSEDED,
    Control,
)

LFDI = "AB" * 20
NOW_S = 10000


def control(mrid: str, start_s: int = 0, duration_s: int = 100, **more: Any) -> Control:
    """Return a control that starts so long after NOW_S, of primacy 5."""
    modes = more.pop("modes", {EXPORT: 1000})
    rest: dict[str, Any] = {"primacy": 5, "created_s": 1, "status": ACTIVE, "read_s": NOW_S, "program": "/derp/1"}
    rest |= more
    primacy, created_s, status = rest.pop("primacy"), rest.pop("created_s"), rest.pop("status")
    return Control(mrid, primacy, created_s, NOW_S + start_s, duration_s, status, modes, **rest)


def book(*controls: Control) -> Book:
    """Return a book that took them all."""
    made = Book(LFDI)
    assert made.take(controls, NOW_S) == []
    return made


def spans(made: Book) -> list[tuple[str, int, int, str]]:
    """Return (mRID, from, until, last letters of the mode), seconds after NOW_S."""
    return sorted(
        (span.control.mrid, span.from_s - NOW_S, span.until_s - NOW_S, span.mode[-7:-4]) for span in made.spans(NOW_S)
    )


def test_the_lower_primacy_takes_the_place_of_the_higher_for_good():
    made = book(control("A"), control("B", 20, 30, primacy=1))
    assert spans(made) == [("A", 0, 20, "Exp"), ("B", 20, 50, "Exp")]  # A is not there again at 50


def test_of_one_primacy_the_later_created_wins_and_of_one_moment_the_higher_name():
    assert spans(book(control("A", 0, 50), control("B", 20, 50, created_s=2))) == [
        ("A", 0, 20, "Exp"),
        ("B", 20, 70, "Exp"),
    ]
    assert spans(book(control("B", 0, 50), control("A", 20, 50))) == [("B", 0, 50, "Exp")]


def test_a_loser_keeps_the_modes_that_the_winner_does_not_set():
    both = {EXPORT: 1000, GENERATION: 500}
    made = book(control("A", modes=both), control("B", 10, 20, primacy=1, modes={EXPORT: 0, IMPORT: 7}))
    assert spans(made) == [("A", 0, 10, "Exp"), ("A", 0, 100, "Gen"), ("B", 10, 30, "Exp"), ("B", 10, 30, "Imp")]


def test_one_that_loses_before_its_start_never_begins():
    assert spans(book(control("A", 10), control("B", 0, 30, primacy=1))) == [("B", 0, 30, "Exp")]


def test_a_winner_that_was_cancelled_before_it_began_takes_nothing():
    made = book(control("A"), control("B", 20, 30, primacy=1, status=SCHEDULED))
    assert made.take([control("B", 20, 30, primacy=1, status=CANCELLED)], NOW_S) == []
    assert spans(made) == [("A", 0, 100, "Exp")]


def test_what_was_lost_stays_lost_when_the_winner_is_cancelled_or_forgotten():
    made = book(control("A"), control("B", 0, 30, primacy=1))
    made.pass_time(NOW_S + 1)
    made.take([control("B", 0, 30, primacy=1, status=CANCELLED, read_s=NOW_S + 5)], NOW_S + 5)
    assert spans(made) == [("B", 0, 5, "Exp")]
    del made.entries["B"]
    assert spans(made) == [] and made.is_superseded(made.entries["A"], NOW_S + 6)


def test_chance_is_drawn_once_between_nothing_and_its_bound_and_keeps_the_sign():
    drawn = [
        book(control(f"{number:X}", 5000, random_start_s=-600, random_duration_s=300)).spans(NOW_S)[0]
        for number in range(1, 200)
    ]
    starts = [span.from_s - NOW_S - 5000 for span in drawn]
    lengths = [span.until_s - span.from_s - 100 for span in drawn]
    assert min(starts) >= -600 and max(starts) <= 0 and len(set(starts)) > 100
    assert min(lengths) >= 0 and max(lengths) <= 300 and len(set(lengths)) > 80
    again = book(control("7", 5000, random_start_s=-600, random_duration_s=300))
    assert again.spans(NOW_S)[0][:3] == drawn[6][:3]
    other = Book("CD" * 20)
    other.take([control("7", 5000, random_start_s=-600)], NOW_S)
    assert other.spans(NOW_S)[0].from_s != drawn[6].from_s  # another device draws another


def test_successors_take_over_at_their_own_draw_without_gap_or_overlap():
    # ALL-22: five in a row, each with a draw of its own
    row = [control(f"{at:X}", 120 * at, 120, random_start_s=60, created_s=at) for at in range(5)]
    found = [(from_s, until_s) for _, from_s, until_s, _ in spans(book(*row))]
    assert [until_s for _, until_s in found[:-1]] == [from_s for from_s, _ in found[1:]]
    draws = [from_s - 120 * at for at, (from_s, _) in enumerate(found)]
    assert len(set(draws)) > 2 and all(0 <= draw <= 60 for draw in draws)


def test_cancelled_ends_when_it_is_read_and_with_chance_within_the_larger_bound():
    assert spans(book(control("A", status=CANCELLED, read_s=NOW_S + 5))) == [("A", 0, 5, "Exp")]
    ends = []
    for number in range(1, 100):
        said = control(f"{number:X}", -50, 3000, random_start_s=-20, random_duration_s=60)
        made = book(said)
        made.take([replace(said, status=CANCELLED_RANDOM)], NOW_S)
        ends.append(made.spans(NOW_S)[0].until_s - NOW_S)
    assert min(ends) >= 0 and max(ends) <= 60 and len(set(ends)) > 30
    waits = book(control("A", 50, 60, status=CANCELLED_RANDOM, random_duration_s=60))
    assert spans(waits) == []  # it had not begun


def test_one_that_the_server_superseded_goes_on_until_its_successor_begins():
    late = control("B", 0, 60, random_start_s=3600, created_s=2)
    made = book(control("A"), late)
    begins_s = made.start_s(made.entries["B"]) - NOW_S
    assert begins_s > 100  # the draw of this name
    made.take([control("A", status=SUPERSEDED)], NOW_S)
    assert spans(made)[0] == ("A", 0, 100, "Exp")
    alone = book(control("C"))
    alone.take([control("C", status=SUPERSEDED, read_s=NOW_S + 9)], NOW_S + 9)
    assert spans(alone) == [("C", 0, 9, "Exp")] and alone.is_superseded(alone.entries["C"], NOW_S + 9)


def test_one_that_is_still_scheduled_at_its_start_waits_for_a_while():
    for read_s, starts_s in ((-1, 0), (0, 6), (10, 16), (WAIT_S_MAX - 1, WAIT_S_MAX), (500, WAIT_S_MAX)):
        made = book(control("A", status=SCHEDULED, read_s=NOW_S + read_s))
        assert made.start_s(made.entries["A"]) == NOW_S + starts_s, read_s
    asked = book(control("A", status=SCHEDULED, read_s=NOW_S - 60))
    entry = asked.entries["A"]
    assert [asked.waits(entry, NOW_S + at) for at in (-1, 0, WAIT_S_MAX, WAIT_S_MAX + 1)] == [False, True, True, False]
    said = book(control("A", status=SCHEDULED, read_s=NOW_S + 3))
    assert [said.waits(said.entries["A"], NOW_S + at) for at in (3, 7, 8, WAIT_S_MAX + 1)] == [
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "edited", [{"duration_s": 99}, {"start_s": 1}, {"modes": {EXPORT: 2000}}, {"created_s": 2}, {"ramp_cs": 5}]
)
def test_a_control_that_was_edited_is_refused_and_stays_what_it_was(edited):
    made = book(control("A"))
    refused = made.take([control("A", **edited)], NOW_S)
    assert "edited" in refused[0].why and refused[0].mrid == "A"
    assert spans(made) == [("A", 0, 100, "Exp")] and made.entries["A"].control == control("A")


def test_status_and_rank_may_change():
    made = book(control("A", status=SCHEDULED, read_s=NOW_S - 5))
    assert made.take([control("A", primacy=9, program="/derp/2")], NOW_S) == []
    assert made.entries["A"].control.primacy == 9


def test_what_was_cancelled_does_not_come_back():
    made = book(control("A", status=CANCELLED, read_s=NOW_S + 5))
    assert made.take([control("A", status=CANCELLED, read_s=NOW_S + 8)], NOW_S + 8) == []  # said again
    refused = made.take([control("A", read_s=NOW_S + 9)], NOW_S + 9)
    assert "cancelled or superseded before" in refused[0].why and spans(made) == [("A", 0, 5, "Exp")]


def test_one_that_is_no_longer_listed_stands_until_its_end():
    made = book(control("A"))
    assert made.take([], NOW_S + 10) == [] and spans(made) == [("A", 0, 100, "Exp")]


def test_a_program_that_is_left_takes_its_controls_with_it():
    made = book(control("A"), control("B", 0, 50, program="/derp/2", modes={IMPORT: 1}))
    made.leave("/derp/1", NOW_S + 10)
    assert spans(made) == [("A", 0, 10, "Exp"), ("B", 0, 50, "Imp")]


def test_there_is_a_bound_and_what_is_long_over_makes_room():
    made = book(*[control(f"{number:X}", number * 200) for number in range(ENTRIES_MAX)])
    assert len({span.control.mrid for span in made.spans(NOW_S)}) == ENTRIES_MAX  # 24 are asked for by ALL-21
    assert f"{ENTRIES_MAX} controls" in made.take([control("FFFF", 9)], NOW_S)[0].why
    made.pass_time(NOW_S + 100 + KEPT_S)
    assert len(made.entries) == ENTRIES_MAX
    made.pass_time(NOW_S + 101 + KEPT_S)
    assert len(made.entries) == ENTRIES_MAX - 1 and made.take([control("FFFF", 9)], NOW_S) == []


def test_when_there_is_no_room_what_was_over_first_makes_some():
    made = book(*[control(f"{number:X}", number * 200) for number in range(ENTRIES_MAX)])
    assert made.take([control("FFFF", 90000)], NOW_S + 350) == []  # five minutes each are more than that in a day
    assert "0" not in made.entries and "1" in made.entries and len(made.entries) == ENTRIES_MAX


def test_the_next_edge_is_the_next_start_or_end():
    made = book(control("A"), control("B", 200, 50, modes={IMPORT: 1}))
    assert [made.next_s(NOW_S + at) for at in (-1, 0, 100, 200, 250)] == [
        NOW_S, NOW_S + 100, NOW_S + 200, NOW_S + 250, None,
    ]  # fmt: skip
