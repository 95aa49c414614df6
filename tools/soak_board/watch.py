"""Looks at a board's agent from inside: heap and its peak, largest free block, tasks. Loaded before the agent runs.

Itself it takes about 2 KB of that heap, and the agent has so much less.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SAMPLE_MS = 250
SAMPLES = 7  # a look every 1.75 s, which meets pages (10 s) and limits (15 s) at every moment of theirs
GRAIN_BYTES = 64


class Watch:
    """Keeps the tasks that were created, as a generator around each would take 100 bytes; `look` tells for ever."""

    def __init__(self) -> None:
        self.alive: list[Any] = []
        self._create = asyncio.create_task

    def create(self, job: Any) -> Any:
        """Start what coroutine `job` does, as asyncio.create_task."""
        self.count()
        self.alive.append(self._create(job))
        return self.alive[-1]

    def count(self) -> int:
        """Return how many tasks have not ended, and let go of the others."""
        self.alive = [task for task in self.alive if not task.done()]
        return len(self.alive)

    def beside(self, job: Any) -> Any:
        """Do what coroutine `job` does, and look meanwhile."""
        looking = self.create(self.look())
        try:
            return (yield from job)
        finally:
            looking.cancel()

    async def look(self) -> None:
        """Tell for ever."""
        while True:
            peak_bytes = 0
            for _ in range(SAMPLES):
                await asyncio.sleep_ms(SAMPLE_MS)  # type: ignore[attr-defined]
                peak_bytes = max(peak_bytes, gc.mem_alloc())
            told = {"fact": "look", "at_ms": time.ticks_ms(), "tasks": self.count()}  # type: ignore[attr-defined]
            told["peak_bytes"] = peak_bytes
            gc.collect()
            told["heap_bytes"] = gc.mem_alloc()
            told["free_bytes"] = gc.mem_free()
            told["largest_bytes"] = largest(told["free_bytes"])
            print(json.dumps(told))


def largest(free_bytes: int) -> int:
    """Return about how many bytes are free in one piece."""
    fits, too_large = 0, free_bytes + GRAIN_BYTES
    while too_large - fits > GRAIN_BYTES:
        middle = (fits + too_large) // 2
        try:
            bytearray(middle)
            fits = middle
        except MemoryError:
            too_large = middle
        gc.collect()
    return fits


def _install() -> None:
    watch, run = Watch(), asyncio.run
    asyncio.create_task = watch.create  # type: ignore[assignment]  # watched
    asyncio.run = lambda job: run(watch.beside(job))  # type: ignore[assignment, misc]  # watched


_install()
