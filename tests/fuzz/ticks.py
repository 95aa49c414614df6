"""Stands for boards/micropython/ticks.py: MicroPython's ticks on the running loop's time, and they wrap within seconds.

Source: MicroPython library reference, `time`, ticks_ms, ticks_add, ticks_diff.
"""

from __future__ import annotations

import asyncio

PERIOD = 1 << 30  # as on every port
HALF = PERIOD // 2
BEGIN = PERIOD - 3000


async def sleep_ms(ms: int) -> None:
    """Let others have their turn for so long."""
    await asyncio.sleep(ms / 1000)


def ticks_ms() -> int:
    """Return milliseconds that wrap."""
    return (BEGIN + round(asyncio.get_running_loop().time() * 1000)) % PERIOD


def ticks_add(ticks: int, ms: int) -> int:
    """Return ticks so many milliseconds later."""
    return (ticks + ms) % PERIOD


def ticks_diff(later: int, sooner: int) -> int:
    """Return the milliseconds between, negative when `later` is not."""
    return (later - sooner + HALF) % PERIOD - HALF
