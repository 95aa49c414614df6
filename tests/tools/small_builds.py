"""Builds of an agent that only says that it is ready: installing asks nothing more of one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tools.board_build import FORMAT, IMAGE, OURS, compiler_version, main_py
from tools.board_slots import sha
from tools.image import write_romfs
from tools.stage import compile_text

READY = """
import asyncio, json, os
PAD = b"{pad}"
def run(folder):
    with open(folder + "/site.json") as file:
        site = json.load(file)["site"]["name"]
    with open(folder + "/agent.key", "rb") as file:
        assert len(file.read()) == 32
    print(json.dumps({{"fact": "ready", "site": site, "agent": "{name}", "free_bytes": 1}}))
    asyncio.run(work(folder))
async def work(folder):
    while "trial.json" in os.listdir(folder):
        await asyncio.sleep_ms(20)
    print("on trial no more")
    while True:
        await asyncio.sleep(1)
"""
BROKEN = """
PAD = b"{pad}"
def run(folder):
    raise ValueError("{name} is broken")
"""
OTHER = "NAMES = {names!r}\n"


def small_build(folder: Path, name: str, text: str = READY, pad_bytes: int = 20000, in_place: bool = False) -> Path:
    """Make a build named `name`, with a configuration of that name; it starts anew at once and is ready in no time."""
    made = folder / name
    pad = (name * pad_bytes)[:pad_bytes]
    compile_text(text.format(name=name, pad=pad), made / "mpy" / "siteward.mpy", "siteward")
    compile_text(OTHER.format(names=name), made / "mpy" / f"only_{name}.mpy", "only")
    write_romfs(made / "mpy", made / IMAGE)
    (made / "site.json").write_text(json.dumps({"site": {"name": f"site of {name}"}}))
    quick = main_py().replace("READY_MS = 60000", "READY_MS = 300").replace("AGAIN_S = 10", "AGAIN_S = 0")
    (made / "main.py").write_text(quick)
    retell(made, in_place=in_place)
    return made


def retell(made: Path, **changes: object) -> None:
    """Write board.json anew."""
    paths = sorted(path for path in made.rglob("*") if path.is_file() and path.name != OURS)
    files = {
        str(path.relative_to(made)): {"bytes": path.stat().st_size, "sha256": sha(path.read_bytes())} for path in paths
    }
    told = {
        "format": FORMAT, "board": "micropython_unix", "version": "0", "mpy": 6, "mpy_cross": compiler_version(),
        "in_place": False, "named": {"agent.key": "key"}, "files": files,
    }  # fmt: skip
    (made / OURS).write_text(json.dumps(dict(told, **changes)))


def copy_of(made: Path, target: Path) -> Path:
    """Return a copy of a build that a test may spoil."""
    return Path(shutil.copytree(made, target))
