"""Holds an adapter for boards to its contract: one MicroPython process per promise."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from types import ModuleType

from tests.board import board_path, micropython
from tests.needs import ROOT

TIMEOUT_S = 90


def promises(contracts: ModuleType) -> list[Callable[..., object]]:
    """Return the contract functions of a module in the order they stand."""
    functions = [member for name, member in vars(contracts).items() if name.startswith("test_")]
    return sorted(functions, key=lambda function: function.__code__.co_firstlineno)


async def holds(promise: Callable[..., object], bench: object) -> None:
    """Run one promise here."""
    outcome = promise(bench)
    if inspect.isawaitable(outcome):
        await outcome


async def holds_on_micropython(promise: Callable[..., object], bench: str, *arguments: object) -> None:
    """Run one promise over `bench` of board_benches.py in MicroPython; fail with what it printed."""
    folders = f"{board_path().partition(':')[0]}:tests/ports"
    contracts = f"contracts.{promise.__module__.rpartition('.')[2]}"
    command = micropython("tests/ports/on_board.py", folders, contracts, promise.__name__, bench)
    command += [str(argument) for argument in arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, said.decode(errors="replace")
