"""A board's agent in MicroPython on a simulated home, with its console on a cable: what the console's tests share."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import pty
import sys
import termios
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sim_devices.home import running_home
from tests.needs import ROOT, needs_program
from tests.sim_devices.homes import home_tree
from tools import wire
from tools.keys import create_key

HEAP = "232K"  # with a console, on a machine of 64 bits: docs/console.md
WAIT_S = 40


def write_board(folder: Path, addresses: dict[str, Any], port: str) -> Path:
    """Write the site of a meter and a charger, an owner's key beside it, a console at `port`."""
    create_key(folder / "agent.key", raw=True)
    owner = create_key(folder / "owner.key")
    charger = addresses["charger"]
    tree = {
        "site": {"name": "rig", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
        "agent": {"key": "agent.key"},
        "console": {"port": port},
        "authority": [
            {"name": "me", "role": "owner", "power_max_w": 20000, "public_key": wire.point(owner.public_key()).hex()}
        ],
        "bus": [
            {"id": "rs485", "kind": "serial", "port": str(addresses["grid"].path)},
            {"id": "lan", "kind": "tcp", "host": charger.host, "port": charger.port},
        ],
        "device": [
            {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485"},
            {"id": "charger", "driver": "alfen-eve", "bus": "lan", "power_max_w": 11000, "default": 32000},
        ],
    }
    site = folder / "site.json"
    site.write_text(json.dumps(tree))
    return site


async def readable(handle: int) -> None:
    """Wait until something can be read."""
    events, come = asyncio.get_running_loop(), asyncio.Event()
    events.add_reader(handle, come.set)
    try:
        await come.wait()
    finally:
        events.remove_reader(handle)


class Cable:
    """A pty: the board has one end as its console's port, the test the other."""

    def __init__(self) -> None:
        self.near, far = pty.openpty()
        tty.setraw(far)
        tty.setraw(self.near)
        settings = termios.tcgetattr(far)
        termios.tcsetattr(far, termios.TCSANOW, settings)
        self.port = os.ttyname(far)
        self._far = far
        os.set_blocking(self.near, False)
        self._held = b""

    def write(self, raw: bytes) -> None:
        """Send bytes; the kernel has room for a few KB."""
        assert os.write(self.near, raw) == len(raw)

    async def line(self) -> dict[str, Any]:
        """Return the next line."""
        async with asyncio.timeout(WAIT_S):
            while b"\n" not in self._held:
                try:
                    self._held += os.read(self.near, 4096)
                except BlockingIOError:
                    await readable(self.near)
        line, _, self._held = self._held.partition(b"\n")
        told: dict[str, Any] = json.loads(line)
        return told

    async def opened(self) -> None:
        """Wait until the board has opened its end, which throws away what came before."""
        for _ in range(WAIT_S):
            self.write(b"\n" + json.dumps({"cmd": "cancel", "id": "there"}).encode() + b"\n")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while (await self.line()).get("id") != "there":
                        pass
                    return

    async def ask(self, cmd: str, **more: Any) -> dict[str, Any]:
        """Ask; return the answer, without what comes between."""
        self.write(json.dumps({"cmd": cmd, **more}).encode() + b"\n")
        while True:
            told = await self.line()
            if "ok" in told:
                return told

    def close(self) -> None:
        """Pull it."""
        for handle in (self.near, self._far):
            os.close(handle)


class Board:
    """The running process; `lines` are what it printed."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.lines: list[dict[str, Any]] = []

    async def heard(self, key: str, wanted: Any = None) -> dict[str, Any]:
        """Return the next printed line that has `key`, with what is wanted there."""
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while True:
                line = await self.process.stdout.readline()
                assert line, f"it ended: {self.lines[-3:]}"
                told = json.loads(line) if line.startswith(b"{") else {"text": line.decode()}
                self.lines.append(told)
                if key in told and wanted in (None, told[key]):
                    return told

    async def ask(self, cmd: str, **more: Any) -> dict[str, Any]:
        """Ask on its standard input; return the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"cmd": cmd, **more}).encode() + b"\n")
        return await self.heard("ok")


@asynccontextmanager
async def running_board(folder: Path, port: str, heap: str = HEAP) -> AsyncIterator[Board]:
    """Run a board's agent on a simulated home until it has said that it is ready."""
    needs_program("micropython")
    async with running_home(home_tree()) as home:
        write_board(folder, home.addresses, port)
        async with again(folder, heap) as board:
            yield board


@asynccontextmanager
async def again(folder: Path, heap: str = HEAP, image: Path | None = None) -> AsyncIterator[Board]:
    """Start the agent of a folder, from an image of all sources or from this one."""
    command = [sys.executable, "-m", "tools.board_process", str(folder), "--heap", heap]
    command += [] if image is None else ["--image", str(image)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT, limit=1 << 20
    )
    try:
        board = Board(process, folder)
        await board.heard("fact", "ready")
        yield board
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


class Bridge:
    """Two ptys tied together: a serial cable with a port at either end."""

    def __init__(self) -> None:
        self._ends = [pty.openpty(), pty.openpty()]
        for near, far in self._ends:
            tty.setraw(near)
            tty.setraw(far)
        self.port, self.host_port = (os.ttyname(far) for _, far in self._ends)
        (one, _), (other, _) = self._ends
        events = asyncio.get_running_loop()
        events.add_reader(one, self._pass_on, one, other)
        events.add_reader(other, self._pass_on, other, one)

    def _pass_on(self, source: int, target: int) -> None:
        os.write(target, os.read(source, 256))

    def close(self) -> None:
        """Pull it."""
        for ends in self._ends:
            asyncio.get_running_loop().remove_reader(ends[0])
            for handle in ends:
                os.close(handle)


async def sent(console: Cable | Board, raw: bytes) -> dict[str, Any]:
    """Send a configuration in pieces; return the last answer."""
    begin = {"size_bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    assert (await console.ask("config-begin", **begin))["ok"]
    text, at = raw.decode(), 0
    for place in range(0, len(text), 100):
        piece = text[place : place + 100]
        assert (await console.ask("config-part", at=at, text=piece))["ok"]
        at += len(piece.encode())
    return await console.ask("config-end")
