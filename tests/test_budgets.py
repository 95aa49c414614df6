"""A board's memory is the budget: bytecode, the heap of a ready agent and what a tick claims may not creep up.

The committed figures are a ratchet. Growth within the slack passes; more is either saved elsewhere or
agreed to with `python -m tools.stage --update-budget`, which then shows in the change.
"""

from __future__ import annotations

import json

import pytest

from tests.board import board_path, micropython, output_of
from tests.needs import needs_program
from tools.stage import BUDGETS, PACKAGES, demo_heap, stage

FREE_BYTES_MIN = 25000  # a TLS handshake, a signature and the largest command at once
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
    return stage(tmp_path_factory.mktemp("board"))


def test_every_package_has_a_budget():
    assert set(COMMITTED["mpy_bytes"]) == set(PACKAGES)


def test_bytecode_stays_within_its_budget(staged):
    assert over_budget("mpy_bytes", staged) == []


def test_the_demos_board_agent_starts_in_its_heap_and_leaves_room_to_work():
    needs_program("micropython")
    used_bytes, free_bytes = demo_heap()
    assert over_budget("ready_heap_bytes", {"demo board": used_bytes}) == []
    assert free_bytes >= FREE_BYTES_MIN


def test_a_control_tick_of_eight_devices_claims_no_more_than_its_budget():
    command = micropython("tests/on_micropython.py", board_path(), "tests.shared.eight_devices", "measure")
    said, _, verdict = output_of(command).partition("\n")
    assert verdict.strip() == "@@ measure ok", said + verdict
    assert over_budget("tick_alloc_bytes", json.loads(said)) == []


def test_a_package_that_grew_is_named():
    allowed = COMMITTED["mpy_bytes"]["hal"]
    within = dict(COMMITTED["mpy_bytes"], hal=allowed * 103 // 100)
    assert over_budget("mpy_bytes", within) == []
    assert over_budget("mpy_bytes", dict(within, hal=allowed * 104 // 100)) == [
        f"hal: mpy_bytes {allowed * 104 // 100}, allowed {allowed} and 3 %"
    ]
