"""The gateway's console when it is knocked at badly: bounds, silence, who hangs up, who died."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.console import Desk
from boards.cpython import door
from boards.cpython.clock import SystemClock
from boards.cpython.door import Door
from tests.shared.console_desk import TwinHost
from tests.shared.site import TwinSite
from tests.waiting import until

WAIT_S = 30
KEYS = b'{"cmd": "keys"}\n'


def desk() -> Desk:
    """Return the desk of an agent that only answers."""
    site = TwinSite()
    site.boot()
    site.loop.clock = SystemClock()
    return Desk(site.loop, TwinHost(site), door.LINE_BYTES_MAX, door.OUT_BYTES_MAX)


@asynccontextmanager
async def open_door(folder: Path) -> AsyncIterator[Door]:
    """Open a door in a folder whose path is longer than a socket's address."""
    opened = Door(folder, desk())
    await opened.open()
    try:
        yield opened
    finally:
        opened.close()


def long_folder(tmp_path: Path) -> Path:
    folder = tmp_path / ("a" * 100) / "journal"
    folder.mkdir(parents=True)
    return folder


async def knock(folder: Path, raw: bytes) -> list[dict]:
    """Send bytes and hang up for writing; return all answers."""
    with door.address(folder) as near:
        reader, writer = await asyncio.open_unix_connection(near)
    writer.write(raw)
    writer.write_eof()
    answers = []
    with contextlib.suppress(ConnectionResetError):  # it does not read what it does not want
        while line := await asyncio.wait_for(reader.readline(), WAIT_S):
            answers.append(json.loads(line))
    writer.close()
    return answers


async def test_every_bad_request_is_answered_and_the_door_stays_open(tmp_path):
    folder = long_folder(tmp_path)
    async with open_door(folder) as opened:
        told = await knock(folder, b'{"cmd": "why", "id": "a"}\n' + KEYS)
        assert [each["ok"] for each in told] == [True, True] and told[0]["id"] == "a"
        for raw in (b"GET / HTTP/1.1\n", b"\xff\xfe\n", b"[" * 4000 + b"\n", b'{"cmd": "why"\n', b"[]\n", b"1\n"):
            (answer,) = await knock(folder, raw)
            assert answer["code"] == "malformed", raw[:20]
        assert "at most 4096 bytes" in (await knock(folder, b"x" * 20000))[0]["error"]
        for raw in (b"", b"\n\r\n", b'{"cmd": "why"}'):  # nobody has asked: a line without its end is no request
            assert await knock(folder, raw) == []
        opened._desk.host.buses = None
        (answer,) = await knock(folder, b'{"cmd": "buses"}\n')
        assert answer["code"] == "failed" and "TypeError" in answer["error"]
        assert (await knock(folder, KEYS))[0]["ok"]


async def test_many_requests_at_once_are_all_answered_in_order(tmp_path):
    async with open_door(tmp_path):
        asked = b"".join(b'{"cmd": "identify", "id": %d}\n' % number for number in range(300))
        told = await knock(tmp_path, asked)
        assert [each["id"] for each in told] == list(range(300))


async def test_who_does_not_read_is_shown_out_and_nobody_waits_for_him(tmp_path, monkeypatch):
    monkeypatch.setattr(door, "SILENCE_S", 0.2)
    async with open_door(tmp_path) as opened:
        with door.address(tmp_path) as near:
            _, writer = await asyncio.open_unix_connection(near, limit=1)
        asked = b'{"cmd": "why"}\n' * 2000
        writer.write(asked)
        assert (await knock(tmp_path, KEYS))[0]["ok"]
        assert await until(lambda: opened._desk.consoles == [])
        writer.close()


async def test_connections_are_bounded_and_their_places_come_back(tmp_path):
    async with open_door(tmp_path):
        held = []
        for _ in range(door.CONNECTIONS_MAX):
            with door.address(tmp_path) as near:
                reader, writer = await asyncio.open_unix_connection(near)
            writer.write(KEYS)
            assert await reader.readline()
            held.append(writer)
        assert "try again" in (await knock(tmp_path, KEYS))[0]["error"]
        for writer in held:
            writer.close()
            await writer.wait_closed()
        for _ in range(100):
            if (await knock(tmp_path, KEYS))[0]["ok"]:
                return
        raise AssertionError("their places did not come back")


async def test_who_says_nothing_is_shown_out(tmp_path, monkeypatch):
    monkeypatch.setattr(door, "SILENCE_S", 0.05)
    async with open_door(tmp_path):
        with door.address(tmp_path) as near:
            reader, writer = await asyncio.open_unix_connection(near)
        assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
        writer.close()


async def test_a_door_that_answers_is_left_alone_and_a_dead_one_is_replaced(tmp_path):
    async with open_door(tmp_path):
        with pytest.raises(OSError) as refused:
            await Door(tmp_path, desk()).open()
        assert refused.value.errno == errno.EADDRINUSE
        assert (await knock(tmp_path, KEYS))[0]["ok"]
    dead = socket.socket(socket.AF_UNIX)
    with door.address(tmp_path) as near:
        dead.bind(near)
    dead.close()
    async with open_door(tmp_path):
        assert (await knock(tmp_path, KEYS))[0]["ok"]
    assert not (tmp_path / door.NAME).exists()


async def test_closing_leaves_the_door_of_the_next_agent(tmp_path):
    first, second = Door(tmp_path, desk()), Door(tmp_path, desk())
    await first.open()
    (tmp_path / door.NAME).unlink()
    await second.open()
    first.close()
    assert (await knock(tmp_path, KEYS))[0]["ok"]
    second.close()
