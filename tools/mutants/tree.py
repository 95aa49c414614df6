"""Copies of what the shared tests run: the tree that people work in is never changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("agent", "boards", "drivers", "hal", "tests/shared")
RUNNER = Path(__file__).with_name("run_tests.py")
SURVEY_TIMEOUT_S = 300


class MutantsError(Exception):
    """Args: why nothing can be said about the tests."""


@dataclass(frozen=True)
class Test:
    """A shared test as the survey saw it; `entered` are the agent's functions that it runs, as (file, line)."""

    name: str
    took_ms: int
    entered: frozenset[tuple[str, int]]


def copy_to(folder: Path) -> str:
    """Copy the present files of the shared rooms to a new `folder`; return a fingerprint of them all."""
    shutil.rmtree(folder, ignore_errors=True)
    print_of_all = hashlib.sha256()
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    for path in [ROOT / "tests" / "__init__.py", *paths]:
        text = path.read_bytes()
        name = path.relative_to(ROOT)
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(text)
        print_of_all.update(f"{name} {len(text)}\n".encode() + text)
    return print_of_all.hexdigest()


def command(tree: Path, *asked: str) -> list[str]:
    """Return the command that runs tests of a copied tree."""
    return [sys.executable, "-S", "-B", str(RUNNER), str(tree), *asked]


def survey(tree: Path, files: tuple[str, ...] = ()) -> list[Test]:
    """Run the shared tests of an unchanged copy, quickest first in the result; of some `files` where they are named.

    Raises: MutantsError, if one fails.
    """
    found = tree.with_suffix(".survey.json")
    done = subprocess.run(
        command(tree, "--survey", str(found), *files),
        capture_output=True,
        text=True,
        timeout=SURVEY_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise MutantsError(f"the tests fail without any mutation:\n{done.stdout}{done.stderr}")
    tests = [
        Test(row["test"], row["took_ms"], frozenset((file, line) for file, line in row["entered"]))
        for row in json.loads(found.read_text())
    ]
    return sorted(tests, key=lambda test: (test.took_ms, test.name))


def compiled_but(tree: Path, modules: tuple[str, ...]) -> None:
    """Compile a copy, so that a mutant costs only its own module; that one is always read from its source."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(tree)], check=True)
    for module in modules:
        for stale in (tree / module).parent.glob(f"__pycache__/{Path(module).stem}.*.pyc"):
            stale.unlink()
