"""`siteward run --json SITE.toml` with the bench's stop-watch around the event loop: says its longest slices."""

from __future__ import annotations

import gc
import sys
import time
import types
from asyncio.events import Handle

from agent.ledger import Ledger
from agent.loop import Loop
from agent.session import Session
from agent.worker import Worker
from boards.cpython.signer import FileSigner
from tools import cli
from tools.bench.slices import Slices, watch

CLASSES = types.SimpleNamespace(Ledger=Ledger, Loop=Loop, Session=Session, Worker=Worker, FileSigner=FileSigner)


def ticks_us() -> int:
    """Return monotonic microseconds."""
    return time.monotonic_ns() // 1000


def _time_handles(slices: Slices) -> None:
    """Take every call-back of the event loop for a slice: resuming a task is one."""
    run = Handle._run

    def timed(handle: Handle) -> None:
        slices.begin()
        run(handle)
        slices.end()

    Handle._run = timed  # type: ignore[method-assign, assignment]  # that is what is watched


def _time_collections(slices: Slices) -> None:
    began = 0

    def heard(phase: str, _: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = slices.ticks_us()
        else:
            slices.note("gc", began)

    gc.callbacks.append(heard)


def main() -> int:
    """Run the agent."""
    slices = Slices(ticks_us, lambda now, then: now - then, lambda line: print(line, flush=True))
    watch(slices, CLASSES, "FileSigner", types.coroutine)
    _time_collections(slices)
    _time_handles(slices)
    return cli.main(["run", "--json", sys.argv[1]])


if __name__ == "__main__":
    sys.exit(main())
