"""A microcontroller's console: its button is the sign of presence, a reboot resets the machine."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.boards.fake_board import command, make_world
from tests.boards.test_fake_boards import site, wired
from tests.needs import ROOT
from tools.stage import compile_text

HELD = {
    "esp32_generic": "from machine.pins import LEVELS\nLEVELS[0] = 0\n",
    "pico_w": "import rp2\nrp2.bootsel_button = lambda: 1\n",
}
HEAP = "320K"


async def answers(board, tmp_path, held):
    """Run a board with a console on its terminal; return what it answers to unlock and reboot, and whether it reset."""
    world = make_world(tmp_path, "esp32" if board == "esp32_generic" else "rp2", wired(board, tmp_path / "nothing"))
    site(tmp_path, board, console={"port": "stdio"}, wlan=None, clock=None)
    more = []
    if held:
        compile_text(HELD[board], tmp_path / "held.mpy", "held")
        more = [tmp_path / "held.mpy"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command(board, world, tmp_path, *more, heap=HEAP), cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b'{"cmd": "identify"}\n{"cmd": "unlock"}\n{"cmd": "reboot"}\n')
        told = []
        async with asyncio.timeout(60):
            while len(told) < 3:
                line = await process.stdout.readline()
                assert line, told
                if line.startswith(b"{") and "ok" in json.loads(line):
                    told.append(json.loads(line))
            reset = told[2]["ok"] and await process.wait() != 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    return told, reset


@pytest.mark.parametrize("board", list(HELD))
async def test_who_holds_the_button_may_reset_the_machine(board, tmp_path):
    told, reset = await answers(board, tmp_path, True)
    assert "hold the button BOOT" in told[0]["presence"]
    assert told[1]["unlocked_ms"] == 600000 and told[2]["restarts"] and reset


async def test_who_does_not_may_not(tmp_path):
    told, reset = await answers("pico_w", tmp_path, False)
    assert told[1]["code"] == told[2]["code"] == "locked" and "BOOTSEL" in told[1]["error"] and not reset
