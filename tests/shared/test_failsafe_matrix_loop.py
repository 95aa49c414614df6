"""Every cell of the failsafe matrix that needs the whole agent; the table is tests/shared/matrix.py."""

from __future__ import annotations

from tests.shared.matrix import cells
from tests.shared.matrix_plays import plays


async def run(what: str) -> None:
    """Play every cell of one input; a failure says which."""
    for cell in cells((what,)):
        for played in plays(cell):
            try:
                await played
            except AssertionError:
                print(cell.name)
                raise


async def test_uplink():
    await run("uplink")


async def test_write_path():
    await run("write path")


async def test_read_back():
    await run("read-back")


async def test_lease():
    await run("lease")
