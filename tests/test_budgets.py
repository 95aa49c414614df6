"""A board's memory and time are budgets that only shrink: a figure may not creep up, and its budget follows it down.

tests/budgets/ says what is measured and how a budget changes.
"""

from __future__ import annotations

import json

import pytest

from tests.budgets import SLACK_PERCENT, Budgets, GrownError, figures
from tests.needs import needs_program
from tests.wasm32.node import needs_wasm32
from tools.stage import PACKAGES, demo_heap

FREE_BYTES_MIN = 25000  # a TLS handshake, a signature and the largest command at once
SMALL = 64 * 1024


@pytest.fixture
def budgets():
    return Budgets()


def test_every_package_has_a_budget(budgets):
    assert set(budgets.rows["mpy_bytes"]) == set(PACKAGES)
    assert set(budgets.rows) == set(SLACK_PERCENT)


@pytest.mark.parametrize("group", list(figures.MEASURED))
def test_a_figure_is_within_its_budget_and_the_budget_is_no_larger_than_it_has_to_be(budgets, group):
    needs_program("micropython")
    if group in ("small", "slices"):
        needs_wasm32()
    found = figures.MEASURED[group]()
    assert budgets.over(found) == []
    assert budgets.loose(found) == []


def test_the_demos_board_agent_starts_in_its_heap_and_leaves_room_to_work():
    needs_program("micropython")
    assert demo_heap()[1] >= FREE_BYTES_MIN


def test_the_budget_of_the_logic_alone_is_below_64_kb(budgets):
    assert budgets.allowed("heap_bytes_32_bit", "logic, at work") <= SMALL


@pytest.fixture
def house(tmp_path):
    """A file of two budgets."""
    file = tmp_path / "budgets.json"
    file.write_text(json.dumps({"mpy_bytes": {"hal": {"allowed": 1000}, "agent": {"allowed": 5000}}}))
    return Budgets(file)


def test_what_passes_its_slack_is_named_and_what_has_no_budget_too(house):
    assert house.over({"mpy_bytes": {"hal": 1030, "agent": 5150}}) == []
    assert house.over({"mpy_bytes": {"hal": 1031}}) == ["mpy_bytes of hal: 1031, allowed 1000 and 3 %"]
    assert house.over({"tasks": {"new": 1}}) == ["tasks of new: 1, allowed 0 and 0 %"]


def test_a_budget_far_above_its_figure_is_named(house):
    assert house.loose({"mpy_bytes": {"hal": 971}}) == []
    (said,) = house.loose({"mpy_bytes": {"hal": 970}})
    assert said.startswith("mpy_bytes of hal: 970, and 1000 are allowed")


def test_an_update_lowers_and_does_not_raise(house):
    house.update({"mpy_bytes": {"hal": 900, "agent": 5000}})
    with pytest.raises(GrownError, match=r"^mpy_bytes of agent$"):
        house.update({"mpy_bytes": {"hal": 800, "agent": 5001}})
    house.write()
    assert Budgets(house.file).rows["mpy_bytes"] == {"hal": {"allowed": 900}, "agent": {"allowed": 5000}}


def test_what_is_raised_keeps_its_reason_and_the_figure_before_until_it_falls(house):
    house.update({"mpy_bytes": {"agent": 5500}}, "a console")
    house.write()
    assert Budgets(house.file).rows["mpy_bytes"]["agent"] == {"allowed": 5500, "was": 5000, "because": "a console"}
    house.update({"mpy_bytes": {"agent": 4000}})
    assert house.rows["mpy_bytes"]["agent"] == {"allowed": 4000}
