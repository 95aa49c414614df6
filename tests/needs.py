"""What a test may need and a user's machine may lack: skip with one line there, fail where CI runs.

`SITEWARD_STRICT=1` (set by `.ci/run`) turns each of these skips into a failure, so that nothing goes
unproven unnoticed.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"


def strict() -> bool:
    """Tell whether a missing need is a failure."""
    return os.environ.get("SITEWARD_STRICT") == "1"


def lacking(reason: str) -> NoReturn:
    """End the running test: failed when strict, else skipped."""
    if strict():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def shared_data(*parts: str) -> Path:
    """Return a file or folder of the recordings and vectors that lie beside the project, never in it."""
    path = DATA.joinpath(*parts)
    if not DATA.exists():
        lacking("../shared/data is not here: recordings and vectors of others are not part of the project")
    if not path.exists():
        lacking(f"{Path('..', 'shared', 'data', *parts)} is not here")
    return path


def find_program(name: str) -> str | None:
    """Return where a program is: beside this Python, on the path, or among the system's services."""
    beside = Path(sys.executable).parent
    return shutil.which(name, path=os.pathsep.join([str(beside), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def needs_program(name: str) -> str:
    """Return where a program is, or end the running test."""
    found = find_program(name)
    if found is None:
        lacking(f'the program {name} is not installed (README.md, "Two commands")')
    return found
