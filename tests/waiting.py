"""Waiting for what gives no sign of its own: looked at again and again, for a bounded time. Runs on both runtimes."""

import asyncio

LOOK_S = 0.01
LOOKS_PER_S = 100
WAIT_S = 30


async def until(condition, wait_s=WAIT_S):
    """Return whether `condition()` came true; a machine under load is given more time, never less."""
    for _ in range(wait_s * LOOKS_PER_S):
        if condition():
            return True
        await asyncio.sleep(LOOK_S)
    return condition()
