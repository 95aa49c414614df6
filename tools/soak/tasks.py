"""Tasks that are ended together; one that broke is told, not forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self


class Tasks:
    """`async with Tasks() as tasks:`; leaving it cancels them all, the newest first."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    def start(self, job: Coroutine[Any, Any, None]) -> None:
        """Run a job until the end."""
        self._tasks.append(asyncio.create_task(job))

    def check(self) -> None:
        """Raise what broke a task, if any did."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (broke := task.exception()) is not None:
                raise broke

    async def end(self) -> None:
        """Cancel all and wait for them. Raises: what broke a task before."""
        self.check()
        tasks, self._tasks = self._tasks, []
        for task in reversed(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
