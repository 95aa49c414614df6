"""Runs an agent on a board until the machine is reset; what it needs only to start does not stay in memory.

Configuration, catalogue and start-up code take some 25 KB of heap on a 64-bit machine and are never asked again.
Bytecode lies in flash, but each function, class and name of a loaded module is an object on the heap.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys

from boards import telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent.loop import Loop
    from hal.ports import Line, Watchdog

ONLY_TO_START = ("boards.micropython.start", "boards.startup", "agent.config", "drivers.catalogue")


class Board:
    """What differs between boards: name, maxima, watchdog, and how a serial line is opened."""

    def __init__(
        self, name: str, devices_max: int, watchdog: Watchdog, open_serial: Callable[[dict[str, Any]], Line]
    ) -> None:
        self.name = name
        self.devices_max = devices_max
        self.watchdog = watchdog
        self.open_serial = open_serial


def run_site(folder: str, board: Board) -> int:
    """Run the agent of FOLDER/site.json for ever; return 2 after one sentence when it cannot start."""
    started = _start(folder, board)
    if started is None:
        return 2
    site, loop = started
    loop.session.on_link = lambda connected: _say(telling.link(connected))
    loop.tell = lambda fact: _say(telling.line(fact, loop.state))
    forget(ONLY_TO_START)
    ready = {"fact": "ready", "site": site, "agent": loop.state.agent_id.hex(), "epoch": loop.state.epoch}
    ready["heap_bytes"] = gc.mem_alloc()  # type: ignore[attr-defined]
    print(json.dumps(ready))
    asyncio.run(loop.run())
    return 0


def _start(folder: str, board: Board) -> tuple[str, Loop] | None:
    from boards.micropython.start import start  # not above: then this module would keep what `forget` shall free

    return start(folder, board)


def forget(modules: tuple[str, ...]) -> None:
    """Unload modules, so that the next collection frees what they hold; who imports one again loads it anew.

    A module is held by the table of modules and, under its last name, by its package. That suffices because nothing
    that stays imports a name from these modules: tests/test_budgets.py measures that it is so.
    """
    for name in modules:
        package, _, last = name.rpartition(".")
        del sys.modules[name]
        delattr(sys.modules[package], last)
    gc.collect()


def _say(line: str | None) -> None:
    if line is not None:
        print(line)
