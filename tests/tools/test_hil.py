"""The rig of docs/hil.md, run as an engineer runs it, against the unix port on a pseudo-terminal as a board."""

from __future__ import annotations

import asyncio
import sys

from sim_devices.home import running_home
from tests.boards.board_rig import Bridge, again, write_board
from tests.needs import ROOT, needs_program
from tests.sim_devices.homes import home_tree

RESTARTS = 3  # the exit code with which the unix port asks its supervisor for another start
RIG = ("-m", "pytest", "-c", "tests/hil/pytest.ini", "tests/hil", "-p", "no:cacheprovider")


async def supervised(folder, ready):
    """Run the board's agent, and again whenever it asks for it."""
    while True:
        async with again(folder) as board:
            ready.set()
            if await board.process.wait() != RESTARTS:
                return


async def test_a_board_on_a_rig_is_read_moved_and_restarted_over_its_cable(tmp_path):
    needs_program("micropython")
    bridge = Bridge()
    async with running_home(home_tree()) as home:
        write_board(tmp_path, home.addresses, bridge.port)
        ready = asyncio.Event()
        board = asyncio.create_task(supervised(tmp_path, ready))
        await ready.wait()
        given = ("--port", bridge.host_port, "--owner-key", tmp_path / "owner.key", "--moves", "charger=8000")
        rig = await asyncio.create_subprocess_exec(
            sys.executable, *RIG, *map(str, given), f"--root-logdir={tmp_path}", cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await rig.communicate()
        board.cancel()
        await asyncio.wait([board])
    bridge.close()
    assert rig.returncode == 0 and b" 5 passed" in said, said.decode()
