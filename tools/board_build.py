"""`siteward board build`: everything a board is given, from one manifest (tools/board_manifest.py).

mpy/             bytecode, one module of the image a file; what a board without ROMFS runs
linked/          the sources of those modules, as firmware freezes them: manifest.py
agent.romfs      the same bytecode as an image that is executed in flash; agent.romfs.lines reads its tracebacks
package.json     for mip
site.json        the configuration; no key and no certificate is copied
main.py          what starts the agent, and goes back to the one before where a new one never gets ready
board.json       what all this is, with the SHA-256 of each file: `siteward board push` reads it

The same input gives the same bytes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from agent import VERSION
from agent.config import Config
from tools.board_check import Figure, figures, site_of
from tools.board_manifest import ROOMS, board_file, files_of, modules_of
from tools.console import RED, coloured, printable, table
from tools.errors import UsageError
from tools.image import compile_linked, linked_agent, write_lines, write_romfs
from tools.link import Linked, bare
from tools.stage import ROOT, StageError, compile_file, compiler, constants, leaned

FORMAT = 1  # of board.json
OURS = "board.json"
IMAGE = "agent.romfs"
MAIN = ROOT / "boards" / "bare" / "main.py"
OUR_MAIN = "# siteward\n"  # a main.py that begins otherwise is not touched
FROZEN = "metadata(version={version!r})\n"


def run(board: str, site: Path, out: Path | None, *, as_json: bool) -> int:
    """Build into `out`, or build/boards/BOARD, and print what it takes. Raises: UsageError."""
    known_board(board)
    tree = read_site(site)
    config = site_of(board, tree)
    site_json = canonical(tree)
    target = out or default_folder(board)
    check_target(target)
    try:
        with tempfile.TemporaryDirectory() as name:
            made = Path(name) / "made"
            linked = linked_agent(f"boards.{board}", only=modules_of(board, config).values())
            sizes = lay_out(board, config, linked, made, site_json)
            found = figures(board, config, site_json, made / IMAGE)
            alone = sizes_alone(modules_of(board, config), Path(name) / "alone")
            report(board, target, sizes, alone, found, as_json=as_json)
            refuse(board, found)
            put(made, target)
            if not as_json:
                print(printable(f"{board} is in {target}"))
    except StageError as error:
        raise UsageError(str(error)) from error
    return 0


def known_board(board: str) -> None:
    """Refuse what is no board. Raises: UsageError."""
    boards = [name for name in ROOMS if board_file(name).exists()]
    if board not in boards:
        raise UsageError(f"{board!r} is no board: expected one of {', '.join(boards)}")


def default_folder(board: str) -> Path:
    """Return where a build goes and a push looks when nothing else is said."""
    return Path("build") / "boards" / board


def read_site(site: Path) -> dict[str, Any]:
    """Return the tree of a SITE.toml. Raises: UsageError."""
    try:
        return tomllib.loads(site.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{site}: {reason}") from error


def canonical(tree: dict[str, Any]) -> bytes:
    """Return a site as its board reads it. Raises: UsageError."""
    try:
        return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    except TypeError as error:
        raise UsageError(f"a board's site holds numbers, texts, tables and lists only: {error}") from error


def check_target(target: Path) -> None:
    """Refuse to put a build in place of anything but a build. Raises: UsageError."""
    if target.exists() and not (target / OURS).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there and is no build of a board: give another folder with --out")


def lay_out(board: str, config: Config, linked: dict[str, Linked], made: Path, site_json: bytes) -> dict[str, int]:
    """Write the whole build; return module of the image -> bytes of bytecode. Raises: StageError."""
    compile_linked(linked, made / "mpy")
    write_lines(linked, made / IMAGE)
    write_romfs(made / "mpy", made / IMAGE)
    modules = sorted(linked)
    (made / "linked").mkdir()
    for name in modules:
        (made / "linked" / f"{name}.py").write_text(linked[name].text, encoding="utf-8")
    freeze = [f'module("{name}.py", base_path="linked")\n' for name in modules]
    (made / "manifest.py").write_text("".join([FROZEN.format(version=VERSION), *freeze]), encoding="utf-8")
    urls = [[f"{name}.mpy", f"mpy/{name}.mpy"] for name in modules]
    (made / "package.json").write_text(_text({"version": VERSION, "urls": urls, "deps": []}), encoding="utf-8")
    (made / "site.json").write_bytes(site_json)
    (made / "main.py").write_text(main_py(), encoding="utf-8")
    files = {str(path.relative_to(made)): _told(path) for path in sorted(made.rglob("*")) if path.is_file()}
    room = ROOMS[board]
    told = {
        "format": FORMAT,
        "board": board,
        "version": VERSION,
        "mpy": (made / "mpy" / "siteward.mpy").read_bytes()[1],
        "in_place": room.in_place,
        "mpy_cross": compiler_version(),
        "named": dict(sorted(files_of(config).items())),
        "files": files,
    }
    (made / OURS).write_text(_text(told), encoding="utf-8")
    return {name: (made / "mpy" / f"{name}.mpy").stat().st_size for name in modules}


def main_py() -> str:
    """Return what starts a board, small, with a first line that tells whose it is. Raises: StageError."""
    return OUR_MAIN + ast.unparse(bare(ast.parse(leaned(MAIN, str(MAIN.relative_to(ROOT)), {})))) + "\n"


def compiler_version() -> str:
    """Return the release of mpy-cross. Raises: StageError."""
    said = subprocess.run([str(compiler()), "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\bv(\d+\.\d+\.\d+)", said)
    if found is None:
        raise StageError(f"mpy-cross does not tell its release: {said.strip()}")
    return found[1]


def _told(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _text(tree: dict[str, Any]) -> str:
    return json.dumps(tree, indent=1, sort_keys=True) + "\n"


def sizes_alone(modules: dict[str, Path], folder: Path) -> dict[str, int]:
    """Return module of the sources -> bytes of its bytecode when it is compiled by itself. Raises: StageError."""
    numbers, _ = constants()
    sizes = {}
    for module, source in modules.items():
        if module not in numbers:
            compile_file(source, folder / f"{module}.mpy", str(source.relative_to(ROOT)), numbers)
            sizes[module] = (folder / f"{module}.mpy").stat().st_size
    return sizes


def report(
    board: str, target: Path, sizes: dict[str, int], alone: dict[str, int], found: list[Figure], *, as_json: bool
) -> None:
    """Print what each module takes, and the whole against the board's maxima."""
    if as_json:
        print(json.dumps({
            "board": board, "folder": str(target), "modules": sizes, "sources": alone,
            "maxima": {each.name: {"used": each.used, "allowed": each.allowed, "how": each.how} for each in found},
            "exceeds": [each.name for each in found if each.exceeds],
        }, indent=1))  # fmt: skip
        return
    apart = {name.replace(".", "_") for name in alone} & set(sizes)
    core = {name: size for name, size in alone.items() if name.replace(".", "_") not in apart}
    print(table(("source in the one module", "bytes alone"), _largest_first(core)))
    print()
    print(table(("module of the image", "bytes"), _largest_first(sizes)))
    print()
    rows = [(each.name, each.used, each.allowed, each.how) for each in found]
    print(table(("of the board", "used", "allowed", ""), rows))
    for each in found:
        if each.exceeds:
            print(coloured(f"too much: {each.name}", RED))


def _largest_first(sizes: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(sizes.items(), key=lambda row: (-row[1], row[0]))


def refuse(board: str, found: list[Figure]) -> None:
    """Refuse a site that is too large for its board. Raises: UsageError."""
    over = [f"{each.used} {each.name}, and it takes {each.allowed}" for each in found if each.exceeds]
    if over:
        raise UsageError(f"this site is too large for {board}: {'; '.join(over)}; nothing was written")


def put(made: Path, target: Path) -> None:
    """Put a build in place of the one before it: a folder that was cut has no board.json."""
    if target.exists():
        (target / OURS).unlink(missing_ok=True)
        shutil.rmtree(target)
    target.mkdir(parents=True)
    for path in sorted(made.iterdir()):
        if path.name != OURS:
            shutil.move(path, target / path.name)
    shutil.move(made / OURS, target / OURS)
