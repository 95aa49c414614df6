"""What Linux says about processes: memory, open handles, and which ones are ours.

Source: proc(5): /proc/PID/status VmRSS, /proc/PID/fd, /proc/PID/environ.
"""

from __future__ import annotations

import os
from pathlib import Path

MARK = "SITEWARD_SOAK"  # environment variable by which our processes are known, whatever became of their parents


def resident_kb(pid: int) -> int:
    """Return the resident memory in KiB, 0 when the process is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def open_handles(pid: int) -> int:
    """Return how many file descriptors are open, 0 when the process is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208  (half as long as a Path for each)
    except OSError:
        return 0


def survivors(mark: str) -> list[int]:
    """Return the ids of processes other than this one that were started with this mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
