"""A program under measurement: what it says, the CPU time it has used, the memory it holds."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Self

READY_S = 30.0
STOP_S = 20.0


class BenchError(Exception):
    """Args: which part of the bench did not do what it should, and where its log is."""


class Child:
    """One process that prints JSON lines; use it as a context. Its CPU clock counts all of its threads."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        """Start it. What is no JSON, and standard error, goes to `log`."""
        self.name = name
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._log.open("ab") as log:
            for line in self._process.stdout:
                if line.startswith(b"{"):
                    self.said.put(json.loads(line))
                else:
                    log.write(line)
                    log.flush()

    def hear(self, key: str, timeout_s: float = READY_S) -> dict[str, Any]:
        """Return the next line that holds `key`; earlier ones are dropped. Raises: BenchError."""
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                line = self.said.get(timeout=left_s)
            except queue.Empty:
                break
            if key in line:
                return line
        raise BenchError(f"{self.name} did not say {key!r} within {timeout_s:.0f} s; see {self._log}")

    def ask(self) -> dict[str, Any]:
        """Send an empty line and return the answer that holds `reads`."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return self.hear("reads")

    def cpu_s(self) -> float:
        """Return CPU seconds so far, user and system, of all threads (clock_getcpuclockid(3))."""
        return time.clock_gettime((~self._process.pid << 3) | 2)

    def memory_kb(self) -> dict[str, int]:
        """Return the rows of smaps_rollup in KiB: Pss counts what is shared with others in equal parts, Rss whole."""
        rows = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text().splitlines()[1:]
        return {row.split(":")[0]: int(row.split()[1]) for row in rows}

    @property
    def running(self) -> bool:
        """Tell whether it has not ended."""
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
