"""One run of `siteward simulate day` beside the other tests."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from typing import IO

from tests.needs import ROOT

SEEDS = 200
SHOWN_EVERY_S = 10


class Days:
    """Told in a file: a pipe would be full before anybody reads it."""

    def __init__(self) -> None:
        self._told: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the session
        command = ["nice", "-n", "19", sys.executable, "-m", "tools.cli", "simulate", "day", "--seeds", str(SEEDS)]
        self._running = subprocess.Popen([*command, "--json"], cwd=ROOT, stdout=self._told, start_new_session=True)

    def lines(self) -> list[str]:
        """Return what was told so far."""
        size_bytes = os.fstat(self._told.fileno()).st_size
        return os.pread(self._told.fileno(), size_bytes, 0).decode().splitlines()

    def ended(self, wait_s: int) -> bool:
        """Wait for the end, so long at most."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._running.wait(wait_s)
        return self._running.returncode is not None

    @property
    def exit_code(self) -> int | None:
        """None while they run."""
        return self._running.returncode

    def close(self) -> None:
        """End them, also when nobody waited for them."""
        if self._running.poll() is None:
            self._running.terminate()
            self._running.wait()
        self._told.close()
