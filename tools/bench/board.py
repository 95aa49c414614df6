"""What a board needs: bytecode, heap when the agent is ready, and the smallest heap on which it does its work.

The demonstration's board site (a meter on a serial line, a charger, TLS to the broker) runs in MicroPython's unix port
with its bytecode in a mapped ROMFS image. Pointers are twice as long here as on a 32-bit board: a board needs
between half and all of these figures. A heap suffices when after `seconds` the agent is alive, has taken a signed
limit and has proven it in a page. Each try begins where the journal of the one before ended.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass

from tools.bench.child import BenchError, Child
from tools.board_process import STAGED, image
from tools.demo.layout import Layout
from tools.headend import HeadEnd
from tools.stage import stage

HEAP_KB_MAX = 320
STEP_KB = 8
LIMIT_W = 4200
ANSWER_S = 20.0


@dataclass
class Board:
    """Bytes of heap in use when ready, smallest sufficient heap, bytecode by package."""

    ready_bytes: int
    heap_kb: int
    mpy_bytes: dict[str, int]


async def measure(layout: Layout, seconds: float, step_kb: int = STEP_KB) -> Board:
    """Find the smallest heap by halving. Raises: BenchError when HEAP_KB_MAX does not suffice."""
    image()
    command = [sys.executable, "-m", "sim_devices", str(layout.home), "--folder", str(layout.home_folder)]
    with Child("home", command, layout.folder / "home.log") as home:
        await asyncio.to_thread(home.hear, "ready")
        layout.broker.start()
        try:
            async with HeadEnd(layout.settings) as head_end:
                await head_end.connected()
                ready_bytes, heap_kb = await _smallest(layout, head_end, seconds, step_kb)
        finally:
            layout.broker.stop()
    return Board(ready_bytes, heap_kb, await asyncio.to_thread(stage, STAGED))


async def _smallest(layout: Layout, head_end: HeadEnd, seconds: float, step_kb: int) -> tuple[int, int]:
    ready_bytes = await _try(layout, head_end, HEAP_KB_MAX, seconds)
    if not ready_bytes:
        raise BenchError(f"the board's agent does not work with {HEAP_KB_MAX} KiB; see {layout.folder / 'board.log'}")
    too_small, enough = ready_bytes // 1024 // step_kb, HEAP_KB_MAX // step_kb
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        if await _try(layout, head_end, middle * step_kb, seconds):
            enough = middle
        else:
            too_small = middle
    return ready_bytes, enough * step_kb


async def _try(layout: Layout, head_end: HeadEnd, heap_kb: int, seconds: float) -> int:
    """Start the agent once more, a new epoch; return its heap in use when ready, 0 when it did not do its work."""
    command = [sys.executable, "-m", "tools.board_process", str(layout.board_folder), "--heap", f"{heap_kb}K"]
    with Child("board", command, layout.folder / "board.log") as board:
        return await _works(layout, head_end, board, seconds)


async def _works(layout: Layout, head_end: HeadEnd, board: Child, seconds: float) -> int:
    began_s = time.monotonic()
    try:
        ready = await asyncio.to_thread(board.hear, "heap_bytes", ANSWER_S)
        await head_end.until(lambda: _epoch(head_end, layout) >= ready["epoch"], ANSWER_S)
        command = await head_end.send_limit(layout.board_id, value_w=LIMIT_W, duration_s=60)
        answers = await head_end.answers(command, timeout_s=ANSWER_S)
    except (BenchError, TimeoutError):
        return 0
    await asyncio.sleep(began_s + seconds - time.monotonic())
    return int(ready["heap_bytes"]) if board.running and answers[0].accepted else 0


def _epoch(head_end: HeadEnd, layout: Layout) -> int:
    """Return the board's epoch as its newest session says, 0 before the first."""
    return next(int(row["epoch"] or 0) for row in head_end.status()["agents"] if row["agent"] == layout.board_id)
