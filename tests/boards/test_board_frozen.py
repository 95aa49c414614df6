"""An agent whose code is frozen into the firmware, played by modules that lie in no folder of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

from tests.needs import ROOT, needs_program
from tests.tools.board_sites import SITE
from tools.stage import compile_text

# What is found by a path that is no folder says as little of where it is from as what is frozen does.
NOWHERE = "import os, sys\nos.chdir('/rom')\nsys.path[:] = ['', '.frozen']\n"
WAIT_S = 30


def identity(folder, *more):
    """Start an agent with a console; return what it says of itself."""
    (folder / "site.json").write_text(json.dumps(tomllib.loads(SITE) | {"console": {"port": "stdio"}}))
    (folder / "agent.key").write_bytes(bytes(31) + b"\x01")
    command = [sys.executable, "-m", "tools.board_process", str(folder), "--heap", "1M", *map(str, more)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        process.stdin.write('{"cmd": "identify"}\n')
        process.stdin.flush()
        told = next((line for line in process.stdout if '"ok"' in line), "{}")
        process.kill()
    return json.loads(told)


def test_it_starts_and_says_that_no_file_was_hashed(tmp_path):
    needs_program("micropython")
    first = tmp_path / "nowhere.mpy"
    compile_text(NOWHERE, first, "nowhere.py")
    assert identity(tmp_path, "--first", first)["firmware"] == "00" * 32
