"""What an option may be: ranges by their ends and step, however long they are, and values by their kind."""

from __future__ import annotations

from hal.options import expected, fits


def test_a_range_is_held_by_its_ends_and_its_step():
    allowed = range(-8, 9, 4)
    assert [chosen for chosen in range(-12, 13) if fits(chosen, allowed)] == [-8, -4, 0, 4, 8]
    assert expected(allowed) == "-8..8"


def test_a_long_range_is_not_walked_through():
    for chosen in range(100000):  # each would take seconds on a board
        assert fits(chosen, range(-1000000000, 1000000001))
    assert not fits(1000000001, range(-1000000000, 1000000001))


def test_a_value_of_another_kind_never_fits():
    for chosen in (True, "1", None, [1]):
        assert not fits(chosen, range(5)) and not fits(chosen, (0, 1))
    assert fits("eu", ("eu", "none")) and not fits("us", ("eu", "none")) and fits(True, (False, True))
