"""A board's memory is the budget: bytecode bytes and the heap that importing takes may not creep up.

The committed figures are a ratchet. Growth within the slack passes; more is either saved elsewhere or
agreed to with `python -m tools.stage --update-budget`, which then shows in the change.
"""

from __future__ import annotations

import json

import pytest

from tests.needs import needs_program
from tools.footprint import import_heap
from tools.stage import BUDGETS, PACKAGES, stage

SLACK_PERCENT = 3  # a bug fix goes through, a feature is agreed to
COMMITTED = json.loads(BUDGETS.read_text())


def over_budget(figure: str, measured: dict[str, int]) -> list[str]:
    """Return a line for every package that passes its budget."""
    return [
        f"{package}: {figure} {measured[package]}, allowed {allowed} and {SLACK_PERCENT} %"
        for package, allowed in COMMITTED[figure].items()
        if measured[package] * 100 > allowed * (100 + SLACK_PERCENT)
    ]


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    return folder, stage(folder)


def test_every_package_has_both_budgets():
    assert set(COMMITTED["mpy_bytes"]) == set(COMMITTED["import_heap_bytes"]) == set(PACKAGES)


def test_bytecode_stays_within_its_budget(staged):
    assert over_budget("mpy_bytes", staged[1]) == []


def test_the_heap_after_import_stays_within_its_budget(staged):
    assert over_budget("import_heap_bytes", import_heap(staged[0], PACKAGES, needs_program("micropython"))) == []


def test_a_package_that_grew_is_named():
    allowed = COMMITTED["mpy_bytes"]["hal"]
    within = dict(COMMITTED["mpy_bytes"], hal=allowed * 103 // 100)
    assert over_budget("mpy_bytes", within) == []
    assert over_budget("mpy_bytes", dict(within, hal=allowed * 104 // 100)) == [
        f"hal: mpy_bytes {allowed * 104 // 100}, allowed {allowed} and 3 %"
    ]
