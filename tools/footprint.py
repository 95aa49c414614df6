"""How much of a board's memory a whole agent takes once it is ready.

Measured on MicroPython's unix port with the bytecode mapped outside the heap, as flash is on a board. A pointer there
is twice as long as on a board, which needs between half and all of the figure: good for comparing with yesterday.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class FootprintError(Exception):
    """Args: what was printed instead of figures."""


def ready_heap(site: Path, heap: str, image: Path | None = None) -> tuple[int, int]:
    """Return the bytes in use and free when the agent of a board's folder is ready, as it says itself.

    Needs none of what the site names: lines that cannot be reached are tried later. Raises: FootprintError.
    """
    command = [sys.executable, "-m", "tools.board_process", str(site), "--heap", heap]
    command += [] if image is None else ["--image", str(image)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said.startswith("{"):
            said += process.stdout.read()  # it has ended or is about to
        process.kill()
    try:
        ready = json.loads(said)
    except ValueError:
        raise FootprintError(said) from None
    return int(ready["heap_bytes"]), int(ready["free_bytes"])
