"""One short run of `make soak-board` beside the other tests."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import IO

from tests.needs import ROOT

SECONDS, ENDED_S = 75, 240


class BoardSoak:
    """Told in files: a pipe would be full before anybody reads it."""

    def __init__(self) -> None:
        self._out: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the session
        self._err: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - likewise
        command = [sys.executable, "-m", "tools.soak_board", "--seconds", str(SECONDS), "--seed", "3", "--json"]
        self._running = subprocess.Popen(command, cwd=ROOT, stdout=self._out, stderr=self._err, start_new_session=True)

    def ended(self) -> tuple[int, str, str]:
        """Wait for the end; return exit code, report and what it said meanwhile."""
        code = self._running.wait(ENDED_S)
        self._out.seek(0)
        self._err.seek(0)
        return code, self._out.read(), self._err.read()

    def close(self) -> None:
        """End it, also when nobody waited for it."""
        if self._running.poll() is None:
            self._running.terminate()
            self._running.wait()
        self._out.close()
        self._err.close()
