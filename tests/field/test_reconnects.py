"""A share of `make field-reconnects`: no attempt leaves a descriptor, a byte or a task behind, however it fails."""

from __future__ import annotations

import pytest

from tests.field import reconnects
from tests.needs import needs_program

COUNT = {"board": 200, "gateway": 66}  # a gateway's attempts take four times as long


@pytest.mark.parametrize("runtime", reconnects.RUNTIMES)
async def test_reconnects_leave_nothing_behind(runtime, tmp_path):
    needs_program("micropython")
    found = await reconnects.measured(runtime, tmp_path, COUNT[runtime], 11, lambda line: None)
    assert reconnects.faults(runtime, found, COUNT[runtime]) == []


def held(**more):
    return {"heap_bytes": 40000, "handles": 5, "resident_kb": 12000, "objects": 26000, "tasks": 1, **more}


def found(half=None, **after):
    troubles = {kind: {words[0]: 100} for kind, words in reconnects.WORDS.items()}
    return {"before": held(), "half": held(**(half or {})), "after": held(**after), "ended": 1100, "troubles": troubles}


@pytest.mark.parametrize(
    ("runtime", "after"),
    [
        ("board", {"heap_bytes": 40514, "half": {"heap_bytes": 40257}}),
        ("board", {"heap_bytes": 48193}),
        ("board", {"handles": 6}),
        ("board", {"resident_kb": 13000}),
        ("gateway", {"objects": 27000}),
        ("gateway", {"handles": 6}),
        ("gateway", {"tasks": 2}),
        ("gateway", {"resident_kb": 40000}),
    ],
)
def test_what_is_left_behind_is_found(runtime, after):
    assert reconnects.faults(runtime, found(), 1000) == []
    assert len(reconnects.faults(runtime, found(**after), 1000)) == 1


def test_a_block_that_one_collection_kept_is_no_growth():
    assert reconnects.faults("board", found(heap_bytes=46600), 1000) == []
    assert reconnects.faults("board", found(heap_bytes=46600, half={"heap_bytes": 46500}), 1000) == []


def test_attempts_that_end_otherwise_than_they_should_are_found():
    wrong = found()
    wrong["troubles"]["foreign"] = {"": 100}
    del wrong["troubles"]["silent"]
    assert len(reconnects.faults("board", wrong, 1000)) == 2
    assert reconnects.faults("board", found(), 2000) == ["1100 attempts of 2000"]
