"""Puts the bench's stop-watch around the event loop of a board's agent. MicroPython loads it before the agent runs.

Every task of the agent is driven through a generator that looks at the clock before and after each step.
"""

from __future__ import annotations

import asyncio
import gc
import time

import siteward  # type: ignore[import-not-found]  # the linked agent: tools/link.py
from slices import Slices, watch  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _sliced(slices: Any, job: Any) -> Any:
    """Do what coroutine `job` does, each step a slice."""
    thrown = None
    while True:
        slices.begin()
        try:
            waits_for = job.send(None) if thrown is None else job.throw(thrown)
        except StopIteration as end:
            return end.value
        finally:
            slices.end()
        thrown = None
        try:
            yield waits_for
        except BaseException as fault:  # noqa: BLE001 - goes on to whom it is for
            thrown = fault


def _install() -> None:
    slices = Slices(time.ticks_us, time.ticks_diff, print)  # type: ignore[attr-defined]
    slices.collect = gc.collect
    watch(slices, siteward, "SoftSigner", lambda steps: steps)
    create, run = asyncio.create_task, asyncio.run
    asyncio.create_task = lambda job: create(_sliced(slices, job))  # type: ignore[assignment, misc]  # watched
    asyncio.run = lambda job: run(_sliced(slices, job))  # type: ignore[assignment, misc]  # watched


_install()
