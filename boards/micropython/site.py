"""Runs an agent on a board until the machine is reset; what it needs only to start does not stay in memory.

Configuration, catalogue and start-up code take some 25 KB of heap on a 64-bit machine and are never asked again:
bytecode may lie in flash, but each function, class and name of a loaded module is an object on the heap. What reads
the configuration is gone before the rest is loaded, so that the two peaks do not add up (docs/decisions/0003).
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys

from boards import telling
from boards.micropython.ticks import sleep_ms
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent.config import Config
    from agent.loop import Loop
    from boards.micropython.console_port import Cable
    from boards.micropython.online import Online
    from boards.micropython.p256 import Steps, T
    from boards.micropython.ring_chunks import BlockDevice
    from hal.ports import Line, Pins, Watchdog

# Collect after so many bytes were asked for, long before the heap is full: else what stays lies scattered among what
# went, and of 25 KB free not 1 KB is in one piece.
_COLLECT_BYTES = const(4096)
_HEAP_MS = const(60000)


class Board:
    """What differs between boards: name, maxima, watchdog, how a serial line is opened, how many steps of a signature
    it takes in a few milliseconds, and where a flash partition of some name is, with the bytes it programs at once.
    `open_pins` opens the board's own pins, which keep their counters in the site's folder.
    """

    # For a console, where one is configured: how somebody shows that he is there, and whether he does; how its own port
    # is opened; how the machine is reset.
    presence: tuple[str, Callable[[], bool]] | None = None
    open_console: Callable[[dict[str, Any]], Any] | None = None
    reset: Callable[[], None] | None = None
    cable: Cable | None = None  # what serves it

    def __init__(
        self, name: str, devices_max: int, watchdog: Watchdog, open_serial: Callable[[dict[str, Any]], Line],
        steps_a_turn: int = 1, open_flash: Callable[[str], tuple[BlockDevice, int]] | None = None,
        open_pins: Callable[[str], Pins] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.devices_max = devices_max
        self.watchdog = watchdog
        self.open_serial = open_serial
        self.open_flash = open_flash
        self.open_pins = open_pins
        self.ticks_ms: tuple[int, int] | None = None  # shortest and longest
        self.go_online: type[Online] | None = None  # makes a network of [wlan] and [clock]; None: the system has one
        self.online: Online | None = None
        self._steps_a_turn = steps_a_turn

    def turn(self, steps: Steps[T]) -> None:
        """Take some steps of a signature and collect once what they leave: 4 KB each, and none of it stays.

        Else _COLLECT_BYTES has the heap collected at every step, which takes longer than the step.
        """
        gc.threshold(-1)
        try:
            for _ in range(self._steps_a_turn):
                next(steps)
        finally:
            gc.collect()
            gc.threshold(_COLLECT_BYTES)


def run_site(folder: str, board: Board) -> int:
    """Run the agent of FOLDER/site.json for ever; return 2 after one sentence when it cannot start."""
    gc.threshold(_COLLECT_BYTES)
    try:
        site, loop = _started(folder, board)
    except (ValueError, OSError) as error:
        print("siteward: " + " ".join([str(part) for part in error.args]))
        return 2
    cable = board.cable
    if cable is not None:
        cable.host.rehearse()
    say = _say if cable is None else cable.say
    loop.tell = (lambda fact: _say(telling.line(fact, loop.state))) if cable is None else cable.tell
    loop.session.on_silence = lambda silent: say(telling.silence(silent))
    gc.collect()
    ready = {"fact": "ready", "site": site, "agent": loop.state.agent_id.hex(), "epoch": loop.state.epoch}
    print(json.dumps(_with_heap(ready)))
    asyncio.run(_run(loop, board.online, cable, say))
    return 0 if cable is None else cable.host.left()


async def _run(loop: Loop, online: Online | None, cable: Cable | None, say: Callable[[str], None]) -> None:
    jobs = [_tell_heap(say)]
    if online is not None:
        online.say = say
        jobs += online.jobs()
    if cable is not None:
        jobs.append(cable.serve())
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        await loop.run()
    finally:
        for task in tasks:
            task.cancel()
        if cable is not None:
            await cable.left()


async def _tell_heap(say: Callable[[str], None]) -> None:
    """Say every minute what is in use after a collection: a leak shows here days before it stops the board."""
    while True:
        await sleep_ms(_HEAP_MS)
        gc.collect()
        say(json.dumps(_with_heap({"fact": "heap"})))


def _with_heap(fact: dict[str, Any]) -> dict[str, Any]:
    fact["heap_bytes"] = gc.mem_alloc()
    fact["free_bytes"] = gc.mem_free()
    return fact


def _started(folder: str, board: Board) -> tuple[str, Loop]:
    config, digest = _read(folder, board)
    return config.site["name"], _start(folder, board, config, digest)


# The two imports below do not stand above because this module would then keep what `_forget` shall free.


def _read(folder: str, board: Board) -> tuple[Config, bytes]:
    from boards.micropython.read_site import read_site

    found = read_site(folder, board)
    _forget("boards.micropython.read_site", "agent.config")
    return found


def _start(folder: str, board: Board, config: Config, digest: bytes) -> Loop:
    from boards.micropython.start import start

    loop = start(folder, board, config, digest)
    _forget("boards.micropython.start", "boards.firmware", "boards.startup", "drivers.catalogue")
    if config.sources:
        _forget("boards.sources")
    return loop


def _forget(*modules: str) -> None:
    """Unload modules, so that the next collection frees what they hold.

    A module is held by the table of modules, under its last name by its package (in an image it has none, and the
    names below have no dots: tools/link.py), and by whatever imported a name from it or keeps an object that has
    methods of it. tests/test_budgets.py measures that nothing does.
    """
    for name in modules:
        package, _, last = name.rpartition(".")
        del sys.modules[name]
        if package:
            delattr(sys.modules[package], last)


def _say(line: str | None) -> None:
    if line is not None:
        print(line)
