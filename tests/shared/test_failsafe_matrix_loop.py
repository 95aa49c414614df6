"""Every cell of the failsafe matrix that needs the whole agent; the table is tests/shared/matrix.py."""

from __future__ import annotations

from tests.shared.matrix import cells
from tests.shared.matrix_plays import plays


async def play_all(what: str) -> int:
    """Play every cell of one input and return how many plays that were; a failure says which."""
    count = 0
    for cell in cells((what,)):
        for played in plays(cell):
            try:
                await played
            except AssertionError:
                print(cell.name)
                raise
            count += 1
    return count


async def test_uplink():
    assert await play_all("uplink")


async def test_write_path():
    assert await play_all("write path")


async def test_read_back():
    assert await play_all("read-back")


async def test_lease():
    assert await play_all("lease")
