"""How much of a board's memory the shared tree takes: bytes of bytecode and heap after import.

Measured on MicroPython's Unix port, where a pointer is twice as long as on a board: a board needs
between half and all of the heap figure. Good for comparing with yesterday, not for promising.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

# Imports each module of each package in turn and prints the heap that the package added. What needs
# hardware (machine, network) or another operating system is not importable here and is left out.
PROBE = """
import gc, sys
absent = ('machine', 'network', 'esp', 'esp32', 'rp2', 'ntptime')
sys.path[:] = [FOLDER, '.frozen']
import asyncio, errno, hashlib, io, json, os, ssl, struct
for package, modules in GROUPS:
    gc.collect()
    before = gc.mem_alloc()
    for module in modules:
        try:
            __import__(module)
        except ImportError as error:
            if not any("'" + name + "'" in str(error) for name in absent):
                raise
    gc.collect()
    print(package, gc.mem_alloc() - before)
"""


class FootprintError(Exception):
    """Args: what MicroPython printed instead of figures."""


def modules_of(folder: Path, pattern: str) -> list[str]:
    """Return the dotted names of the staged modules that a source pattern stands for, sorted."""
    made = sorted(folder.glob(pattern.replace(".py", ".mpy")))
    parts = [path.relative_to(folder).with_suffix("").parts for path in made]
    return [".".join(part) for part in parts if part[-1] not in ("__init__", "main", "boot")]


def import_heap(folder: Path, packages: dict[str, str], micropython: str) -> dict[str, int]:
    """Return package -> bytes of heap that importing all its modules takes, after those before it.

    Raises: FootprintError.
    """
    groups = [(package, modules_of(folder, pattern)) for package, pattern in packages.items()]
    # Not as arguments: MicroPython dies of one that is longer than 255 bytes.
    probe = f"FOLDER = {str(folder)!r}\nGROUPS = {groups!r}\n{PROBE}"
    command = [micropython, "-X", "heapsize=4M", "-c", probe]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FootprintError(done.stdout + done.stderr)
    measured = dict(line.split() for line in done.stdout.splitlines())
    return {package: int(measured[package]) for package in packages}
