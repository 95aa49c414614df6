"""How each group of figures is measured. Nothing here looks at a wall clock: bytes, lines and blocks are counted."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.board import board_path, micropython, output_of
from tests.budgets import Figures
from tests.budgets.handshake import longest_call
from tests.needs import ROOT
from tests.wasm32 import small_site
from tests.wasm32.slices import longest_slices
from tools.bench.journal import BLOCK_BYTES, LIVED_S, measure
from tools.demo.layout import lay_out
from tools.stage import demo_heap, stage

DAY_S = 86400
TICK = ("tick", "tick with new answers", "step")


def bytecode() -> Figures:
    """Bytes of bytecode of each package."""
    return {"mpy_bytes": stage(ROOT / "build" / "board")}


def ready() -> Figures:
    """Heap in use when the demonstration's board agent has been loaded and is ready."""
    return {"ready_heap_bytes": {"demo board": demo_heap()[0]}}


def tick() -> Figures:
    """What a control tick of eight devices claims from the heap."""
    command = micropython("tests/on_micropython.py", board_path(), "tests.shared.eight_devices", "measure")
    said, _, verdict = output_of(command).partition("\n")
    assert verdict.strip() == "@@ measure ok", said + verdict
    found = json.loads(said)
    return {"tick_alloc_bytes": {name: found[name] for name in TICK}}


def small() -> Figures:
    """Heap of the logic alone and of a whole agent of four Modbus devices on a machine of 32 bits: loaded, at work."""
    with tempfile.TemporaryDirectory() as folder:
        runs = {"logic": small_site.core(Path(folder)), "whole agent": small_site.whole(Path(folder))}
    found = {}
    for name, ran in runs.items():
        assert ran.passed, ran.said
        found[f"{name}, loaded"] = ran.loaded.used - ran.harness
        found[f"{name}, at work"] = ran.heap.used - ran.harness
    return {"heap_bytes_32_bit": found}


def slices() -> Figures:
    """Lines of Python in the longest slice of a task, on a machine of 32 bits."""
    with tempfile.TemporaryDirectory() as folder:
        return {"slice_lines_32_bit": longest_slices(Path(folder))}


def handshake() -> Figures:
    """The longest call of C while an uplink connects again."""
    return {"handshake_sums": {"longest call": longest_call()}}


def flash() -> Figures:
    """Blocks of 4 KB that the demonstration's house fills in a day, and so erases, by an hour of virtual time."""
    with tempfile.TemporaryDirectory() as folder:
        wear = measure(lay_out(Path(folder) / "demo"))
    rows = wear.programmed_bytes.items()
    return {
        "flash_blocks_a_day": {
            f"units of {unit_bytes}": written * (DAY_S // LIVED_S) // BLOCK_BYTES for unit_bytes, written in rows
        }
    }


# Name of the figures -> seconds and heap of the run: what stands for a board's heap on 64 bits, docs/memory.md. The
# first is 1 KB less than what stands for an ESP32.
RUNS = {
    "four devices": ("75", "160K"),
    "on a Pico W": ("30", "228K"),
    "on an ESP32-S3": ("30", "317K"),
}
SEED = "3"


def soaking(name: str) -> list[str]:
    """Return the command of one of RUNS."""
    seconds, heap = RUNS[name]
    return [sys.executable, "-m", "tools.soak_board", "--seconds", seconds, "--heap", heap, "--seed", SEED, "--json"]


def running(name: str, report: dict[str, Any]) -> Figures:
    """What a run found until its end: heap in use and its peak, what of the rest is not in one piece, tasks."""
    end = report["marks"][-1]
    return {
        "running_heap_bytes": {name: end["heap_bytes"]},
        "peak_heap_bytes": {name: end["peak_bytes"]},
        "scattered_bytes": {name: end["free_bytes"] - end["largest_bytes"]},
        "tasks": {name: end["tasks"]},
    }


MEASURED: dict[str, Callable[[], Figures]] = {
    each.__name__: each for each in (bytecode, ready, tick, small, slices, handshake, flash)
}
