"""Holds an adapter for boards to its contract: one MicroPython process per promise."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from tests.board import board_path, micropython
from tests.boards.fake_board import environment, stage_fakes
from tests.needs import ROOT

TIMEOUT_S = 90


def promises(contracts: ModuleType) -> list[Callable[..., object]]:
    """Return the contract functions of a module in the order they stand."""
    functions = [member for name, member in vars(contracts).items() if name.startswith("test_")]
    return sorted(functions, key=lambda function: function.__code__.co_firstlineno)


async def holds(promise: Callable[..., object], bench: object) -> bool:
    """Run one promise here; True when it was kept. Raises: AssertionError, saying what was not."""
    outcome = promise(bench)
    if inspect.isawaitable(outcome):
        await outcome
    return True


def on_board(module: str, function: str, bench: str, *arguments: object, more: str = "") -> list[str]:
    """Return the command that calls `function` with a bench of board_benches.py; to be started in ROOT.

    `more`: folders to import from before all others. `bench` may name another module: `fake_benches.uart_line`.
    """
    folders = f"{more}{board_path().partition(':')[0]}:."
    return micropython("tests/ports/on_board.py", folders, module, function, bench, *[str(each) for each in arguments])


async def holds_on_micropython(promise: Callable[..., object], bench: str, *arguments: object) -> bool:
    """Run one promise over `bench` of board_benches.py in MicroPython; True when it was kept.

    Raises: AssertionError with what it printed.
    """
    return await _ends_well(on_board(promise.__module__, promise.__name__, bench, *arguments))


async def holds_on_fakes(promise: Callable[..., object], world: Path, bench: str, *arguments: object) -> bool:
    """Run one promise over `bench` of fake_benches.py, as a board in this world; True when it was kept.

    Raises: AssertionError with what it printed.
    """
    fakes = stage_fakes() + ":"
    run = on_board(promise.__module__, promise.__name__, f"fake_benches.{bench}", *arguments, more=fakes)
    return await _ends_well([*environment(world), *run])


async def _ends_well(command: list[str]) -> bool:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, said.decode(errors="replace")
    return True
