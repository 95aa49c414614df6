"""MicroPython as the tests use it: a real process that sees only what a board would be given."""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path

from tests.needs import ROOT, needs_program
from tools.stage import StageError, stage, stage_pattern

HEAP = "2M"  # tests keep tapes and journals in memory; what a board has is measured in test_budgets.py
BOARD = Path("build/board")
BOARD_TESTS = Path("build/board-tests")
TIMEOUT_S = 180
REPORT = re.compile(r"^@@ (\w+) (ok|failed)$", re.MULTILINE)  # as tests/on_micropython.py prints it


@functools.cache
def board_path() -> str:
    """Compile the shared tree and the shared tests, once a session; return MicroPython's search path from ROOT.

    What does not compile is told by tests/test_stage.py and by whichever test needs it.
    """
    for bring_up_to_date in (
        lambda: stage(ROOT / BOARD),
        lambda: stage_pattern("tests/shared/**/*.py", ROOT / BOARD_TESTS),
        lambda: stage_pattern("sim_devices/pins/*.py", ROOT / BOARD_TESTS),
    ):
        try:
            bring_up_to_date()
        except StageError as error:
            print(error)
    return f"{BOARD}:{BOARD_TESTS}"


def micropython(script: str, *arguments: str, heap: str = HEAP) -> list[str]:
    """Return the command that runs a script in MicroPython, to be started in ROOT, or end the running test.

    Keep paths short and relative: MicroPython dies of an argument that is longer than 255 bytes.
    """
    return [needs_program("micropython"), "-X", f"heapsize={heap}", script, *arguments]


def output_of(command: list[str], timeout_s: int = TIMEOUT_S) -> str:
    """Run a command in ROOT; return all it printed, also when it had to be stopped."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + f"\nno end after {timeout_s} s"
    return done.stdout.decode(errors="replace")


def run_tests(path: str, module: str, names: list[str]) -> dict[str, str]:
    """Run a module's tests in one MicroPython process; return test -> "ok" or what was printed instead."""
    said = output_of(micropython("tests/on_micropython.py", path, module, *names))
    pieces = REPORT.split(said)[1:]  # name, verdict, what came after it; and again
    found = {
        name: verdict if verdict == "ok" else after.strip()
        for name, verdict, after in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
    }
    return {name: found.get(name, f"never finished under MicroPython:\n{said[-2000:]}") for name in names}
