"""Run shared tests of a copied tree on CPython, one after the other, until one fails.

    python -S -B run_tests.py TREE MODULE:TEST...
    python -S -B run_tests.py TREE --survey FILE [TEST_FILE...]

Without site-packages, so that nothing but the copy can be imported. Exit code 1 at the first test that fails,
which is named. `--survey` runs all shared tests, or those of some files, and writes which functions of the agent
each of them enters.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from types import FrameType

MEMORY_MAX_BYTES = 2 << 30  # a mutant may ask for all there is


def run(test: str) -> None:
    """Run one test, named `module:function`."""
    module, _, name = test.partition(":")
    function = getattr(importlib.import_module(module), name)
    if inspect.iscoroutinefunction(function):
        asyncio.run(function())
    else:
        function()


def all_tests(tree: Path, files: tuple[str, ...]) -> list[str]:
    """Return the shared tests of some files, as in `test_step`, or of all, in the order of files and lines."""
    found = []
    for stem in sorted(files) or sorted(path.stem for path in (tree / "tests" / "shared").glob("test_*.py")):
        module = f"tests.shared.{stem}"
        tests = [name for name in vars(importlib.import_module(module)) if name.startswith("test_")]
        found += [f"{module}:{name}" for name in tests]
    return found


def survey(tree: Path, files: tuple[str, ...]) -> list[dict[str, object]]:
    """Run tests; return each one's name, how long it took and the agent's functions it entered as [file, line]."""
    home = f"{tree}/agent/"
    entered: set[tuple[str, int]] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(home):
            entered.add((code.co_filename[len(str(tree)) + 1 :], code.co_firstlineno))

    rows: list[dict[str, object]] = []
    for test in all_tests(tree, files):
        entered.clear()
        began_s = time.monotonic()
        sys.setprofile(note)
        try:
            run(test)
        finally:
            sys.setprofile(None)
        took_ms = int((time.monotonic() - began_s) * 1000)
        rows.append({"test": test, "took_ms": took_ms, "entered": sorted(entered)})
    return rows


def main(tree: str, *asked: str) -> int:
    """Run what was asked for."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    os.chdir(tree)
    sys.path[0] = tree  # instead of this file's folder
    test = "--survey"
    try:
        if asked[0] == "--survey":
            Path(asked[1]).write_text(json.dumps(survey(Path(tree), asked[2:])))
            return 0
        for test in asked:
            run(test)
    except BaseException:  # noqa: BLE001  (a mutant may raise anything, SystemExit too)
        print(test)
        traceback.print_exc(file=sys.stdout)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
