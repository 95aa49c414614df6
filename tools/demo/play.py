"""Starts everything, plays the story, judges it, and leaves nothing running."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools import console
from tools.broker import BrokerError
from tools.demo import checks, processes, screen
from tools.demo.evidence import AGENTS, collect
from tools.demo.layout import Layout, lay_out
from tools.demo.picture import draw
from tools.demo.story import FAST, NORMAL, Pace, Story, Told
from tools.demo.watch import Watch
from tools.errors import UsageError
from tools.headend import HeadEnd

BATTERY_SOC = 0.7
LAST_PAGE_S = 25


@dataclass
class Stage:
    """Everything that runs."""

    layout: Layout
    watch: Watch
    head_end: HeadEnd
    gateway: processes.Program
    board: processes.Program
    control: processes.HomeControl


def main(*, fast: bool = False, out: Path = Path("demo-out")) -> int:
    """Play the demonstration; return 0 only if every check held, 128 + signal when it was told to stop."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from error
    folder = Path(tempfile.mkdtemp(prefix="siteward-"))
    try:
        return asyncio.run(_until_told(folder, FAST if fast else NORMAL, out))
    except (UsageError, BrokerError, TimeoutError) as error:
        kept = out / "logs"
        shutil.copytree(folder, kept, dirs_exist_ok=True, ignore=_only_logs)
        raise UsageError(
            f"the demonstration broke off: {error or 'an answer never came'}; logs are in {kept}"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _only_logs(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".log") and not (Path(folder) / name).is_dir()]


async def _until_told(folder: Path, pace: Pace, out: Path) -> int:
    """Play until the end or the first signal; a second one changes nothing: everything is being stopped."""
    playing = asyncio.create_task(_play(folder, pace, out))
    heard: list[int] = []

    def stop(number: int) -> None:
        if not heard:
            heard.append(number)
            playing.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    try:
        return 0 if await playing else 1
    except asyncio.CancelledError:
        return 128 + heard[0] if heard else 1


async def _play(folder: Path, pace: Pace, out: Path) -> bool:
    layout, watch = lay_out(folder), Watch()
    async with _running(layout, watch) as stage:
        showing = asyncio.create_task(screen.show(watch))
        try:
            told = await Story(layout, stage.head_end, watch, pace).play()
            await _collect(stage)
            watch.note("both agents' last pages are in; the broker goes, then the rest")
            await asyncio.sleep(0.3)
        finally:
            await _ended(showing)
        return _report(stage, told, out)


@contextlib.asynccontextmanager
async def _running(layout: Layout, watch: Watch) -> AsyncIterator[Stage]:
    """Start broker, home, head-end and both agents; stop them in the opposite order, whatever happens."""
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(layout.broker.stop)
        await asyncio.to_thread(layout.broker.start)
        home = processes.simulator(layout, watch.hear)
        stack.push_async_callback(home.stop)
        await home.start()
        control = processes.HomeControl(layout.home_folder / "sim.sock")
        stack.push_async_callback(control.close)
        await control.ask(cmd="set", battery_soc=BATTERY_SOC)
        head_end = await stack.enter_async_context(HeadEnd(layout.settings))
        await head_end.connected()
        gateway, board = processes.gateway(layout, watch.hear), processes.board(layout, watch.hear)
        following = asyncio.create_task(watch.follow(control))
        stack.push_async_callback(_ended, following)
        for agent in (gateway, board):
            stack.push_async_callback(agent.stop)
            await agent.start()
        for agent_id in (layout.gateway_id, layout.board_id):
            await head_end.announced(agent_id)
        watch.note(f"agents run: the house {layout.gateway_id} on CPython,")
        watch.note(f"the charger's circuit {layout.board_id} in MicroPython with a heap of {processes.BOARD_HEAP}")
        yield Stage(layout, watch, head_end, gateway, board, control)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _collect(stage: Stage) -> None:
    """Stop the gateway in order, unplug the board once its last decision is upstream, wait for the last pages."""
    await stage.gateway.stop()
    board = stage.layout.board_id
    decided = max(record["seq"] for record in stage.head_end.records(board, "decision"))
    await stage.head_end.stored(board, decided, LAST_PAGE_S)
    stage.board.kill()
    await stage.board.stop()


def _report(stage: Stage, told: Told, out: Path) -> bool:
    evidence = collect(stage.layout, stage.head_end)
    held = checks.judge(told, stage.watch, evidence, stage.gateway.exit_code)
    table = checks.rows(told, stage.watch, evidence.records)
    draw(told, stage.watch, out / "demo.png")
    for name in AGENTS:
        (out / f"{name}.pages").write_bytes(b"".join(evidence.pages[name]))
        (out / f"{name}.pub").write_text(evidence.keys[name].hex() + "\n", encoding="utf-8")
    report = {"checks": [asdict(check) for check in held], "commands": table, "made": int(time.time())}
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    _print(held, table, out)
    return all(check.held for check in held)


def _print(held: list[checks.Check], table: list[list[Any]], out: Path) -> None:
    print()
    print(console.table(("command", "commanded", "applied (verified record)", "metered"), table))
    print()
    for check in held:
        word = console.coloured("held", console.GREEN) if check.held else console.coloured("BROKEN", console.RED)
        print(f"{word}  {check.name}: {check.found}")
    print(f"\npicture: {out / 'demo.png'}, pages and keys beside it; verify again with")
    print(f"  siteward verify {out}/gateway.pages {out}/board.pages --key {out}/gateway.pub --key {out}/board.pub")
