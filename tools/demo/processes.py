"""The programs of the demonstration as processes of their own, and what they say, line by line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.demo.layout import Layout
from tools.errors import UsageError

STOP_S = 15
BOARD_HEAP = "160K"


class Program:
    """One process that prints JSON lines; `ready` is the line that says it has started."""

    def __init__(self, name: str, command: list[str], log: Path, hear: Callable[[str, dict[str, Any]], None]) -> None:
        self.name = name
        self.ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.exit_code: int | None = None
        self._killed = False
        self._command = command
        self._log = log
        self._hear = hear
        self._process: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it and return once it is ready. Raises: UsageError when it ends instead."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._listener = asyncio.create_task(self._listen())
        waiting: list[asyncio.Future[Any]] = [self.ready, self._listener]
        await asyncio.wait(waiting, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if not self.ready.done():
            raise UsageError(f"{self.name} did not start; see {self._log}")

    async def _listen(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        with self._log.open("ab") as log:
            while line := await self._process.stdout.readline():
                log.write(line)
                with contextlib.suppress(ValueError):
                    self._take(json.loads(line))

    def _take(self, said: Any) -> None:
        if not isinstance(said, dict):
            return
        if (said.get("ready") or said.get("fact") == "ready") and not self.ready.done():
            self.ready.set_result(said)
        self._hear(self.name, said)

    @property
    def pid(self) -> int | None:
        """Return its process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def ended(self) -> int:
        """Return its exit code once it has ended and everything it said was heard."""
        assert self._process is not None
        self.exit_code = await self._process.wait()
        if self._listener is not None:
            await self._listener
        return self.exit_code

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None and self._process.returncode is None:
            self._killed = True
            _signal(self._process, signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end, then make it end."""
        process = self._process
        if process is None:
            return
        if process.returncode is None and not self._killed:
            _signal(process, signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                _signal(process, signal.SIGKILL)
                await process.wait()
        self.exit_code = await process.wait()
        if self._listener is not None:
            await self._listener


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    """Not by its own methods: they look first whether it has ended, and that takes the exit code from asyncio."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)


def simulator(layout: Layout, hear: Callable[[str, dict[str, Any]], None]) -> Program:
    """Return the simulated home."""
    command = [sys.executable, "-m", "sim_devices", str(layout.home)]
    return Program("home", command, layout.folder / "home.log", hear)


def gateway(layout: Layout, hear: Callable[[str, dict[str, Any]], None]) -> Program:
    """Return the agent of the house, on CPython."""
    command = [sys.executable, "-m", "tools.cli", "run", "--json", str(layout.gateway_site)]
    return Program("gateway", command, layout.folder / "gateway.log", hear)


def board(layout: Layout, hear: Callable[[str, dict[str, Any]], None]) -> Program:
    """Return the agent of the charger's circuit, inside MicroPython."""
    command = [sys.executable, "-m", "tools.board_process", str(layout.board_folder), "--heap", BOARD_HEAP]
    return Program("board", command, layout.folder / "board.log", hear)


class HomeControl:
    """The simulated home's control socket."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Send one request, return its answer. Raises: UsageError when the home refuses."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_unix_connection(self._path)
        assert self._reader is not None
        self._writer.write(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._reader.readline())
        if not answer.get("ok"):
            raise UsageError(f"home: {answer.get('error')}")
        return answer

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
