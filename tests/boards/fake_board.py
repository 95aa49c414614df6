"""A board on the host: its image in MicroPython, around it a world of files, ptys and time servers (tests/fakes)."""

from __future__ import annotations

import asyncio
import functools
import json
import struct
import subprocess
import sys
import time
from pathlib import Path

from tests.board import BOARD_TESTS, board_path
from tests.boards.datagrams import DatagramServer
from tests.needs import ROOT, needs_program
from tools.image import build
from tools.stage import stage_pattern

FAKES = Path("build/fakes")
SINCE_1900_S = 2208988800
READY_S = 30
SILENT = "127.0.0.1:9"  # discard, RFC 863: whoever is there never answers
PORTS = {"esp32_s3_devkit": "esp32", "esp32_generic": "esp32", "pico_w": "rp2"}
# The name of a serial port in a board's file, its number there and the pin of the direction.
UART = {"esp32_s3_devkit": ("uart1", 1, 16), "esp32_generic": ("uart2", 2, 4), "pico_w": ("uart1", 1, 6)}
HEAP = "260K"  # the stand-ins live in it, too


@functools.cache
def image_of(board: str) -> Path:
    """Return an up-to-date image of a board, and compile what its world is made of."""
    needs_program("micropython")
    board_path()
    stage_fakes()
    return build(f"boards.{board}", ROOT / "build" / f"{board}.romfs")


@functools.cache
def stage_fakes() -> str:
    """Compile the stand-ins; return the folder to import them from, relative to ROOT."""
    stage_pattern("tests/fakes/**/*.py", ROOT / FAKES)
    return f"{FAKES}/tests/fakes"


def make_world(folder: Path, port: str, uart: dict[str, dict[str, object]] | None = None, **changes: object) -> Path:
    """Write a world with a partition `journal`, flash of 848 KB and no access point."""
    world = folder / "world"
    world.mkdir()
    around = {"port": port, "uart": uart or {}, "partitions": {"journal": 256}, "flash_blocks": 212}
    around |= {"files_blocks": 148} | changes
    (world / "world.json").write_text(json.dumps(around))
    set_air(world, {})
    return world


def set_air(world: Path, points: dict[str, str]) -> None:
    """Let these access points be in reach: name -> password."""
    (world / "air.new").write_text(json.dumps(points))
    (world / "air.new").rename(world / "air.json")


def environment(world: Path) -> list[str]:
    """Return the head of a command that runs in a world."""
    return ["env", f"BOARD_WORLD={world}", f"BOARD_TESTS={BOARD_TESTS}"]


def command(
    board: str, world: Path, folder: Path, *more: Path, heap: str = HEAP, image: Path | None = None
) -> list[str]:
    """Return the command that runs a board's agent, to be started in ROOT; `image`: in place of that of all sources."""
    run = [sys.executable, "-m", "tests.boards.fake_process", str(image or image_of(board)), str(folder), heap]
    return [*environment(world), *run, *map(str, more)]


def said_by(board: str, world: Path, folder: Path) -> str:
    """Run a board's agent that cannot start; return all it printed."""
    done = subprocess.run(command(board, world, folder), cwd=ROOT, capture_output=True, timeout=READY_S, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


class Running:
    """A board's agent at work: `async with`; ends as by a power cut."""

    def __init__(self, board: str, world: Path, folder: Path, *more: Path, image: Path | None = None) -> None:
        self._command = command(board, world, folder, *more, image=image)
        self.heard: list[dict[str, object]] = []

    async def __aenter__(self) -> Running:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    async def until(self, timeout_s: float = READY_S, **wanted: object) -> dict[str, object]:
        """Return the first line from now on with these values; fail with what came instead."""
        async with asyncio.timeout(timeout_s):
            while True:
                assert self._process.stdout is not None
                line = await self._process.stdout.readline()
                assert line, f"it ended: {self.heard}"
                try:
                    fact = json.loads(line)
                except ValueError:
                    fact = {"printed": line.decode(errors="replace")}
                self.heard.append(fact)
                if all(fact.get(key) == value for key, value in wanted.items()):
                    return fact

    async def ended(self) -> int | None:
        """Return the exit code once it has ended by itself."""
        await self._process.communicate()
        return self._process.returncode


class TimeServer(DatagramServer):
    """An SNTP server; what it answers is changed by its attributes."""

    def __init__(self, ahead_s: float = 0, **fields: object) -> None:
        self.ahead_s = ahead_s
        self.fields = fields  # leap, stratum, kiss, root_delay_s, root_dispersion_s, nonce

    @property
    def address(self) -> str:
        """Return where it answers, as a site's configuration has it."""
        return f"127.0.0.1:{self.port}"

    def answers(self, request: bytes) -> list[bytes]:
        """Return the time."""
        return [answer(request, time.time() + self.ahead_s, **self.fields)]


def answer(request, now_s, leap=0, stratum=2, kiss=b"", root_delay_s=0.01, root_dispersion_s=0.01, nonce=None):
    """Return a time server's answer to a request."""
    now = struct.pack(">Q", int((now_s + SINCE_1900_S) * (1 << 32)) % (1 << 64))
    head = struct.pack(">BBbb", leap << 6 | 4 << 3 | 4, 0 if kiss else stratum, 6, -20)
    root = struct.pack(">II", int(root_delay_s * 65536), int(root_dispersion_s * 65536))
    return head + root + (kiss or b"GPS\0") + now + (nonce or request[40:48]) + now + now
