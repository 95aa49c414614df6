"""Make the ROMFS image that a board runs: `python -m tools.image BOARD FILE`, as boards.micropython_unix.

Beside FILE lies FILE.lines: without it a traceback of that image cannot be read (tools/trace.py). What an image is made
of: tools/link.py. The folder is written by `mpremote romfs`, the firmware's own tool.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tools.link import Linked, LinkError, link
from tools.short_names import Thing
from tools.stage import PACKAGES, ROOT, StageError, compile_text, constants, dotted, leaned, sources

EVERY_DRIVER = "hal.modbus.device"  # what every product's driver loads
# What the start loads where a site has it: in the one module it takes less heap than beside it.
OFTEN = ("boards.micropython.tcp_line", "hal.modbus.tcp", "boards.micropython.mqtt_uplink")
# What one site's start loads in any case, where it is in that site's image at all.
OF_A_SITE = (
    "agent.curtail", "agent.reserve", "boards.micropython.named", "boards.micropython.ring_store", "hal.modbus.ascii",
)  # fmt: skip
CATALOGUES = {"drivers.catalogue", "boards.sources"}  # what they name is in an image where its site has it
START = ROOT / "boards" / "micropython" / "site.py"
SNAPSHOT = ROOT / "agent" / "snapshot.py"


def build(board: str, made: Path) -> Path:
    """Bring an image of a board's agent up to date. Raises: StageError."""
    newest = max(file.stat().st_mtime for file in (*_sources(), *Path(__file__).parent.glob("*.py")))
    if made.exists() and lines_of(made).exists() and made.stat().st_mtime > newest:
        return made
    linked = linked_agent(board)
    with tempfile.TemporaryDirectory() as folder:
        compile_linked(linked, Path(folder))
        write_lines(linked, made)
        write_romfs(Path(folder), made)
    return made


def compile_linked(linked: dict[str, Linked], folder: Path) -> None:
    """Write the bytecode of these modules into a folder. Raises: StageError."""
    for name, module in linked.items():
        compile_text(module.text, folder / f"{name}.mpy", name)


def write_romfs(folder: Path, made: Path) -> None:
    """Write a folder as an image, whole or not at all. Raises: StageError."""
    partial = made.with_suffix(f".{os.getpid()}")  # never in place: a running board has the old one mapped
    command = [sys.executable, "-m", "mpremote", "romfs", "-o", str(partial), "build", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        partial.unlink(missing_ok=True)
        raise StageError(f"the ROMFS image could not be built: {(done.stderr or done.stdout).strip()}")
    partial.replace(made)


def write_lines(linked: dict[str, Linked], made: Path) -> None:
    """Write beside an image where its lines are from."""
    made.parent.mkdir(parents=True, exist_ok=True)
    lines_of(made).write_text(json.dumps({name: module.lines for name, module in linked.items()}), encoding="utf-8")


def lines_of(image: Path) -> Path:
    """Return the file that says where each line of an image comes from."""
    return image.with_name(image.name + ".lines")


def linked_agent(
    board: str, more: dict[str, str] | None = None, only: Iterable[Path] | None = None
) -> dict[str, Linked]:
    """Return the modules of a board's image, and of `more` sources beside them; `only`: of these, which one site needs.

    Raises: StageError.
    """
    numbers, _ = constants()
    texts = dict(more or {})
    for source in _sources() if only is None else only:
        inside = str(source.relative_to(ROOT))
        if dotted(inside) not in numbers:
            texts[dotted(inside)] = leaned(source, inside, numbers)
    for catalogue in CATALOGUES & set(texts):
        texts[catalogue] = with_products(texts[catalogue], set(texts))
    forgotten = [module for module in unloaded(START.read_text(encoding="utf-8")) if module in texts]
    found = set[Thing]() if only is None else classes_of(texts)
    often = [*OFTEN, *(() if only is None else OF_A_SITE), *sorted(module for module, _ in found)]
    try:
        roots = [EVERY_DRIVER, *[module for module in often if module in texts], *forgotten]
        on_tapes = packed(SNAPSHOT.read_text("utf-8")) if "agent.snapshot" in texts else set()
        return link(texts, board, roots, set(forgotten), on_tapes, found)
    except LinkError as error:
        raise StageError(f"the image of {board}: {error.args[0]}") from None


def _sources() -> list[Path]:
    return [source for pattern in PACKAGES.values() for source in sources(pattern)]


def with_products(text: str, modules: set[str]) -> str:
    """Return a catalogue without what lies in none of `modules`; every line keeps its number."""
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Tuple):
            for row in node.value.elts:  # name, module, class and more
                if isinstance(row, ast.Tuple) and ast.literal_eval(row.elts[1]) not in modules:
                    lines[row.lineno - 1 : row.end_lineno] = ["\n"] * ((row.end_lineno or 0) + 1 - row.lineno)
    return "".join(lines)


def classes_of(texts: dict[str, str]) -> set[Thing]:
    """Return (module, class) of all that an image's catalogues name."""
    found = set[Thing]()
    for catalogue in CATALOGUES & set(texts):
        for node in ast.parse(texts[catalogue]).body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Tuple):
                rows = [each.elts for each in node.value.elts if isinstance(each, ast.Tuple)]
                found |= {(ast.literal_eval(row[1]), ast.literal_eval(row[2])) for row in rows}
    return found


def unloaded(text: str) -> list[str]:
    """Return the modules that a source gives to `_forget`: they serve only the start."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    given = [each for call in calls if ast.unparse(call.func) == "_forget" for each in call.args]
    return [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def packed(text: str) -> set[str]:
    """Return the classes that a source's `_MAKERS` names: their attributes stand on tapes. Raises: StageError."""
    for node in ast.parse(text).body:
        if (
            isinstance(node, ast.AnnAssign)
            and ast.unparse(node.target) == "_MAKERS"
            and isinstance(node.value, ast.Dict)
        ):
            names = [each.value for each in node.value.keys if isinstance(each, ast.Constant)]
            return {name for name in names if isinstance(name, str)}
    raise StageError("agent/snapshot.py has no _MAKERS: which names stand on a tape?")


def main(argv: list[str] | None = None) -> int:
    """Build one image."""
    parser = argparse.ArgumentParser(prog="python -m tools.image", description=__doc__.splitlines()[0])
    parser.add_argument("board", help="module of the board, say boards.micropython_unix")
    parser.add_argument("file", type=Path)
    asked = parser.parse_args(argv)
    try:
        made = build(asked.board, asked.file)
    except StageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{made}: {made.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
