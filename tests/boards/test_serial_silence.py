"""How long a gateway leaves a serial bus alone after a silence: as long as an answer may still come, and no longer."""

from __future__ import annotations

import asyncio

import pytest

from boards.cpython.serial_line import SerialLine
from hal.errors import LineTimeout
from tests.ports.contracts.line import AT_ONCE, NEVER, ask
from tests.ports.far_end import serial_far_end

SETTLE_MS, TIMEOUT_MS = 1500, 50


async def rest_s(answers: int) -> float:
    """Return how long a silence and the answer after it take together, on a line that has heard so many answers."""
    async with serial_far_end() as path:
        line = SerialLine(path, 115200, settle_ms=SETTLE_MS)
        for tag in range(answers):
            await ask(line, AT_ONCE, tag)
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(LineTimeout):
            await ask(line, NEVER, 1, TIMEOUT_MS)
        await ask(line, AT_ONCE, 2)
        await line.close()
        return asyncio.get_running_loop().time() - began_s


async def test_a_line_that_knows_its_units_rests_for_little_more_than_they_take():
    assert await rest_s(answers=3) < SETTLE_MS / 2000


async def test_a_line_that_never_heard_anybody_rests_as_long_as_it_was_told():
    assert await rest_s(answers=0) >= SETTLE_MS / 1000
