"""Thousands of reconnects of either uplink: does one leave a descriptor, a byte, a task behind?"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.board import board_path, micropython
from tests.field.far_ends import NAME, FarEnds, far_ends
from tests.needs import ROOT

RUNTIMES = ("board", "gateway")
HEAP = "128K"  # of a board that does nothing else
WARM = {"board": 60, "gateway": 200}  # attempts until every kind was met and everything lazy is loaded
GROWTH_MAX = {
    "board": {"heap_bytes": 8192, "handles": 0, "resident_kb": 512},
    "gateway": {"objects": 200, "handles": 0, "tasks": 0},
}
# What is left by each attempt grows in both halves. Once in a while a collection of MicroPython keeps one block of 6 KB
# that nothing holds any more, and later lets it go: 50 KB in place of 44 KB, over 3000 attempts and no more than that.
HEAP_GROWTH_OF_A_HALF_MAX = 256
# OpenSSL's and asyncio's pieces of 256 KB go back and forth: the process of a gateway is judged by its second half.
GROWTH_OF_SECOND_HALF_KB_MAX = 16384
# How an attempt ends. On a busy machine a time-out may come first, but not as a rule.
TIME_OUTS = ("OSError(110", "TimeoutError")
WORDS = {
    "refused": ("OSError(111", "Connect call failed"),
    "black-holed": ("OSError(110", "TimeoutError"),
    "silent": ("OSError(110", "TimeoutError"),
    "reset": ("OSError(104", "reset by peer"),
    "garbage": ("MBEDTLS_ERR_SSL", "[SSL:"),
    "wrong-ca": ("MBEDTLS_ERR_X509", "not correctly signed", "CERTIFICATE_VERIFY_FAILED"),
    "wrong-name": ("MBEDTLS_ERR_X509", "does not match", "CERTIFICATE_VERIFY_FAILED"),
    "foreign": ("OSError(32", "OSError(104", "MBEDTLS_ERR", "closed by the broker", "[SSL:", "reset by peer"),
    "no-welcome": ("MqttError('refused', 5", "refused: Not authorized"),
    "half-open": ("OSError(110", "acknowledges nothing", "The connection was lost"),
    "hung-up": ("OSError(104", "OSError(32", "closed by the broker", "reset by peer"),
}


async def measured(runtime: str, folder: Path, count: int, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return what one runtime held before and after `count` attempts."""
    async with far_ends(folder) as ends:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # handshakes fail on purpose
        command = COMMANDS[runtime](ends, [json.dumps(ends.ports), str(count), str(WARM[runtime]), str(seed)])
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=DEVNULL, stdout=PIPE)
        assert process.stdout is not None
        said: dict[str, Any] = {}
        troubles: dict[str, Counter[str]] = {kind: Counter() for kind in WORDS}
        try:
            async for line in process.stdout:
                told = json.loads(line)
                if type(told) is list:
                    troubles[told[0]][told[1]] += 1
                else:
                    tell(f"{runtime}: {line.decode(errors='replace').strip()}")
                    said = told
            code = await process.wait()
        except BaseException:
            process.kill()
            await process.wait()
            raise
    if code or "after" not in said:
        raise RuntimeError(f"the {runtime}'s uplink ended with {code}")
    return {**said, "troubles": troubles}


def _on_board(ends: FarEnds, asked: list[str]) -> list[str]:
    folders = f"{board_path().partition(':')[0]}:."
    files = [str(path) for path in (ends.ca.cert_der, ends.client.cert_der, ends.client.key_der)]
    arguments = [folders, "tests.field.reconnects_board", "main", *asked, *files, NAME]
    return micropython("tests/field/on_board.py", *arguments, heap=HEAP)


def _on_gateway(ends: FarEnds, asked: list[str]) -> list[str]:
    files = [str(path) for path in (ends.ca.cert, ends.client.cert, ends.client.key)]
    return [sys.executable, "-m", "tests.field.reconnects_gateway", *asked, *files, NAME]


COMMANDS: dict[str, Callable[[FarEnds, list[str]], list[str]]] = {"board": _on_board, "gateway": _on_gateway}


def faults(runtime: str, found: dict[str, Any], count: int) -> list[str]:
    """Return what did not hold."""
    wrong = [] if found["ended"] >= count else [f"{found['ended']} attempts of {count}"]
    before, half, after = found["before"], found["half"], found["after"]
    for name, most in GROWTH_MAX[runtime].items():
        if after[name] - before[name] > most:
            wrong.append(f"{name}: {before[name]} before, {after[name]} after {found['ended']} attempts")
    if runtime == "board":
        first, second = (now["heap_bytes"] - then["heap_bytes"] for then, now in ((before, half), (half, after)))
        if min(first, second) > HEAP_GROWTH_OF_A_HALF_MAX:
            wrong.append(f"heap_bytes: {first} more in the first half, {second} more in the second")
    if after["resident_kb"] - half["resident_kb"] > GROWTH_OF_SECOND_HALF_KB_MAX:
        wrong.append(f"resident_kb: {half['resident_kb']} at half, {after['resident_kb']} at the end")
    for kind, words in WORDS.items():
        seen = found["troubles"].get(kind, {})
        fitting = sum(times for trouble, times in seen.items() if any(word in trouble for word in words))
        late = sum(times for trouble, times in seen.items() if any(word in trouble for word in TIME_OUTS))
        ended = sum(seen.values())
        if not fitting or fitting < ended // 3 or fitting + late < ended * 9 // 10:
            wrong.append(f"{kind} ended otherwise: {seen}")
    return wrong


def run(
    folder: Path, runtimes: tuple[str, ...], count: int, seed: int | None, tell: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Do it on one runtime after the other; each gets its `faults` added."""
    found = {}
    for runtime in runtimes:
        drawn = random.randrange(1 << 30) if seed is None else seed
        said = asyncio.run(measured(runtime, folder / runtime, count, drawn, tell))
        found[runtime] = {**said, "seed": drawn, "faults": faults(runtime, said, count)}
    return found
