"""Runs jobs in the 32-bit MicroPython: makes the image that it sees as its only folder, and starts node."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from boards.sources import SOURCES
from drivers.catalogue import PRODUCTS
from tests.board import BOARD, BOARD_TESTS, board_path
from tests.needs import ROOT, lacking, needs_program
from tests.wasm32.fetch import FOLDER, is_here
from tools.image import CATALOGUES, EVERY_DRIVER, SNAPSHOT, classes_of, packed, with_products
from tools.link import CORE, link
from tools.stage import PACKAGES, StageError, compile_text, constants, dotted, leaned, sources, stage_pattern

HERE = Path("tests/wasm32")
ON_BOARD = f"{HERE}/on_board/*.py"
PLAIN, TRACING = "micropython.wasm", "micropython-settrace.wasm"
Units = dict[int, dict[str, dict[int, int]]]  # unit -> "registers" and "copies": what a written one is copied to
TIMEOUT_S = 3000
APART = ("agent", "boards", "drivers", "hal")
HEAP_KB = 1024
STEPS = 64  # of tasks between two collections


@dataclass
class Heap:
    """Bytes: of the whole heap, which grows when it has to, and of what a collection left in it."""

    total: int
    used: int


@dataclass
class Ran:
    """What a job did: `said` is what it printed, the last thing of a failed one is its traceback."""

    module: str
    test: str
    passed: bool
    said: str
    cpu_s: float
    bare: Heap  # with asyncio and nothing else
    harness: int  # bytes that are ours
    loaded: Heap
    heap: Heap  # at the end


def needs_wasm32() -> str:
    """Return where node is, or end the running test."""
    node = needs_program("node")
    if not is_here():
        lacking("the 32-bit MicroPython is not here: `make test` brings it when there is npm")
    return node


def run_jobs(
    jobs: Iterable[tuple[str, str]], image: Path, heap_kb: int = HEAP_KB, steps: int = STEPS, wasm: str = PLAIN,
    units: Units | None = None,
) -> list[Ran]:  # fmt: skip
    """Run tests one after another in one MicroPython; a test that ends the process is the last one."""
    command = [needs_wasm32(), str(HERE / "run.mjs"), str(FOLDER), wasm, str(heap_kb), str(steps), str(image)]
    told = json.dumps({"jobs": [list(job) for job in jobs], "units": units or {}})
    done = subprocess.run(command, cwd=ROOT, input=told, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        pytest.fail(f"node ended with {done.returncode} after {rows[-1:]}:\n{done.stderr[-2000:]}", pytrace=False)
    return [Ran(**row | {name: Heap(**row[name]) for name in ("bare", "loaded", "heap")}) for row in rows]


def image_of_tests(made: Path) -> Path:
    """Write the tree, the shared tests and on_board/ into one ROMFS image, staged as for the other MicroPython."""
    board_path()
    stage_pattern(ON_BOARD, ROOT / BOARD_TESTS)
    with tempfile.TemporaryDirectory() as folder:
        for staged in (BOARD, BOARD_TESTS):
            for source in (ROOT / staged).rglob("*.mpy"):
                target = Path(folder) / source.relative_to(ROOT / staged)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        return romfs(Path(folder), made)


def linked_image(module: str, forgotten: set[str], made: Path, models: Iterable[str] = ()) -> Path:
    """Write what `module` loads, linked as for the board of a site with these products and no source of control.

    What it forgets stays apart. Raises: StageError.
    """
    numbers, _ = constants()
    others = {found for model, found, *_ in (*PRODUCTS, *SOURCES) if model not in models}
    texts = {}
    patterns = [*PACKAGES.values(), "tests/shared/*.py", ON_BOARD]
    for source in (each for pattern in patterns for each in sources(pattern)):
        inside = str(source.relative_to(ROOT))
        if dotted(inside) not in numbers and dotted(inside) not in others:
            texts[dotted(inside)] = leaned(source, inside, numbers)
    texts |= {catalogue: with_products(texts[catalogue], set(texts)) for catalogue in CATALOGUES}
    found = classes_of(texts)
    roots = [EVERY_DRIVER, *sorted(driver for driver, _ in found), *sorted(forgotten)] if forgotten else []
    linked = link(texts, module, roots, forgotten, packed(SNAPSHOT.read_text("utf-8")), found)
    with tempfile.TemporaryDirectory() as folder:
        for name, each in linked.items():
            if name == CORE or name.startswith(APART):
                compile_text(each.text, Path(folder) / f"{name}.mpy", name)
        return romfs(Path(folder), made)


def romfs(folder: Path, made: Path) -> Path:
    """Write a folder as the firmware's own tool does. Raises: StageError."""
    command = [sys.executable, "-m", "mpremote", "romfs", "-o", str(made), "build", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StageError(f"the ROMFS image could not be built: {(done.stderr or done.stdout).strip()}")
    return made
