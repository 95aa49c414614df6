"""Run a soak so that nothing outlives it: neither a process, nor an open handle, whatever ends it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from tools.soak.checks import Check
from tools.soak.processes import MARK, open_handles, survivors

T = TypeVar("T")


def supervised(folder: Path, job: Coroutine[Any, Any, T]) -> tuple[T, list[Check]]:
    """Run, then see that nothing is left behind. Raises: KeyboardInterrupt for any signal to end, what `job` raises."""
    os.environ[MARK] = str(folder)  # what is started from here on inherits it
    handles = open_handles(os.getpid())
    log = logging.FileHandler(folder / "head-end.log")
    log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[log], level=logging.INFO, force=True)
    try:
        found = asyncio.run(_interruptible(job))
    finally:
        left = survivors(str(folder))
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        del os.environ[MARK]
        log.close()
    gc.collect()
    leaked = open_handles(os.getpid()) - handles
    return found, [
        Check("no process left behind", not left, f"{len(left)} of ours still ran"),
        Check("no handle left open here", leaked <= 0, f"{max(leaked, 0)} more than at the beginning"),
    ]


async def _interruptible(job: Coroutine[Any, Any, T]) -> T:
    """Turn SIGTERM and SIGHUP into a cancellation, as Ctrl-C is one."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, task.cancel)
    try:
        return await job
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
