"""`siteward why` against an agent that really runs, on a simulated home; and the door when it is knocked at badly."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from boards.cpython import door
from boards.cpython.door import Door, Refused
from hal import quantities as q
from sim_devices.home import running_home
from tests.needs import ROOT
from tests.sim_devices.homes import home_tree
from tools.demo.layout import toml
from tools.keys import create_key

WAIT_S = 30
KEY = "04" + "11" * 64


async def siteward(*arguments: object) -> tuple[int, str, str]:
    """Run one command; return exit code and what it said."""
    command = [sys.executable, "-m", "tools.cli", *map(str, arguments)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
    said, wrong = await asyncio.wait_for(process.communicate(), WAIT_S)
    return process.returncode or 0, said.decode(), wrong.decode()


def write_site(folder: Path, addresses: dict) -> Path:
    """Write the site of a meter, a charger and a heat pump of a simulated home."""
    create_key(folder / "agent.key")
    charger, pump = addresses["charger"], addresses["heat-pump"]
    tree = {
        "site": {"name": "test", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
        "agent": {"key": "agent.key"},
        "authority": [
            {"name": "dso", "role": "grid", "power_max_w": 20000, "public_key": KEY},
            {"name": "me", "role": "owner", "power_max_w": 20000, "public_key": "04" + "22" * 64},
        ],
        "bus": [
            {"id": "rs485", "kind": "serial", "port": str(addresses["grid"].path)},
            {"id": "charger-lan", "kind": "tcp", "host": charger.host, "port": charger.port},
            {"id": "pump-lan", "kind": "tcp", "host": pump.host, "port": pump.port},
        ],
        "device": [
            {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485"},
            {"id": "charger", "driver": "alfen-eve", "bus": "charger-lan", "power_max_w": 11000, "default": 32000},
            {"id": "heat-pump", "driver": "luxtronik-shi", "bus": "pump-lan", "power_max_w": 2500},
        ],
    }
    site = folder / "SITE.toml"
    site.write_text(toml(tree))
    return site


@asynccontextmanager
async def running_agent(site: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the agent and give it once it has said that it runs; it is told to end."""
    command = [sys.executable, "-m", "tools.cli", "run", *options, str(site)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        await told(process, "ready" if "--json" in options else "The agent of test runs: ")
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.communicate(), WAIT_S)


async def told(process: asyncio.subprocess.Process, text: str) -> str:
    """Return the next line that holds `text`."""
    assert process.stdout is not None
    while True:
        line = (await asyncio.wait_for(process.stdout.readline(), WAIT_S)).decode()
        assert line, f"it ended without {text!r}"
        if text in line:
            return line


async def test_a_running_agent_explains_itself_in_sentences_and_in_json(tmp_path):
    async with running_home(home_tree()) as home:
        site = write_site(tmp_path, home.addresses)
        async with running_agent(site) as agent:
            assert "read back" in await told(agent, "charger obeys")
            code, said, wrong = await siteward("why", "--site", site)
            assert (code, wrong) == (0, "")
            assert "at most 17250 W, what the connection carries" in said and "none is configured" in said
            assert [line.split(":")[0] for line in said.splitlines()[-3:]] == ["grid", "charger", "heat-pump"]
            code, said, _ = await siteward("why", "charger", "--site", site)
            assert code == 0 and said.startswith("charger: ") and ", because " in said
            for line in (
                "17250 W, connection",
                "the grid operator 'dso': by limits only",
                "ago (trusted for",
                "read back",
            ):
                assert line in said, said
            assert "Your own opt-out would" in said
            code, said, _ = await siteward("why", "charger", "--json", "--site", site)
            answer = json.loads(said)
            (charger,) = answer["devices"]
            assert charger["quantity"] == "limit_ma" and charger["control"] == q.LIMIT_MA
            assert answer["site"]["meter"]["device"] == "grid" and not answer["site"]["uplink"]
            code, said, wrong = await siteward("why", "boiler", "--site", site)
            assert (code, said) == (
                2,
                "",
            ) and wrong == "siteward: unknown device; there are: grid, charger, heat-pump\n"
            for request in ("[]", '{"cmd": "stop"}', '{"cmd": "why", "device": 5}', '{"cmd": "why", "now": 1}'):
                (answer,) = await knock(tmp_path / "journal", request.encode() + b"\n")
                assert not answer["ok"] and answer["error"].startswith("unknown "), answer
            socket_file = tmp_path / "journal" / door.NAME
            assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
            agent.kill()
            await agent.wait()
        assert socket_file.is_socket()
        code, _, wrong = await siteward("why", "--site", site)
        assert code == 2 and "no agent runs on" in wrong
        async with running_agent(site, "--json") as agent:
            assert json.loads(await told(agent, '"binding"'))["device"] in ("charger", "heat-pump")
            assert (await siteward("why", "--site", site))[0] == 0
        assert not socket_file.exists()


async def test_without_a_site_or_an_agent_one_sentence_and_2(tmp_path):
    code, _, wrong = await siteward("why", "--site", tmp_path / "SITE.toml")
    assert code == 2 and "there is no file" in wrong
    (tmp_path / "SITE.toml").write_text("[site")
    code, _, wrong = await siteward("why", "--site", tmp_path / "SITE.toml")
    assert code == 2 and wrong.count("\n") == 1 and "SITE.toml" in wrong
    async with running_home(home_tree()) as home:
        site = write_site(tmp_path, home.addresses)
    code, _, wrong = await siteward("why", "--site", site)
    assert code == 2 and "no agent runs on" in wrong


@asynccontextmanager
async def open_door(folder: Path, answer) -> AsyncIterator[Door]:
    """Open a door in a folder whose path is longer than a socket's address."""
    opened = Door(folder, answer)
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


def obedient(request: object) -> dict:
    if request == {"cmd": "break"}:
        raise ZeroDivisionError("defect")
    if request == {"cmd": "no"}:
        raise Refused("not that")
    return {"heard": request}


async def test_every_bad_request_is_answered_and_the_door_stays_open(tmp_path):
    folder = long_folder(tmp_path)
    async with open_door(folder, obedient):
        assert await knock(folder, b'{"cmd": "why"}\n[1]\n') == [
            {"ok": True, "heard": {"cmd": "why"}},
            {"ok": True, "heard": [1]},
        ]
        for raw in (b"GET / HTTP/1.1\n", b"\xff\xfe\n", b"\n", b"[" * 4000 + b"\n", b'{"cmd": "why"'):
            (answer,) = await knock(folder, raw)
            assert not answer["ok"] and "not JSON" in answer["error"], raw[:20]
        assert "at most 4096 bytes" in (await knock(folder, b"x" * 20000))[0]["error"]
        assert (await knock(folder, b'{"cmd": "no"}\n')) == [{"ok": False, "error": "not that"}]
        assert "ZeroDivisionError" in (await knock(folder, b'{"cmd": "break"}\n'))[0]["error"]
        assert await knock(folder, b"") == []
        assert (await knock(folder, b"1\n"))[0]["ok"]


async def test_connections_are_bounded_and_their_places_come_back(tmp_path):
    async with open_door(tmp_path, obedient):
        held = []
        for _ in range(door.CONNECTIONS_MAX):
            with door.address(tmp_path) as near:
                reader, writer = await asyncio.open_unix_connection(near)
            writer.write(b"1\n")
            assert await reader.readline()
            held.append(writer)
        assert "try again" in (await knock(tmp_path, b"1\n"))[0]["error"]
        for writer in held:
            writer.close()
            await writer.wait_closed()
        for _ in range(100):
            if (await knock(tmp_path, b"1\n"))[0]["ok"]:
                return
        raise AssertionError("their places did not come back")


async def test_who_says_nothing_is_shown_out(tmp_path, monkeypatch):
    monkeypatch.setattr(door, "SILENCE_S", 0.05)
    async with open_door(tmp_path, obedient):
        with door.address(tmp_path) as near:
            reader, writer = await asyncio.open_unix_connection(near)
        assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
        writer.close()


async def test_a_door_that_answers_is_left_alone_and_a_dead_one_is_replaced(tmp_path):
    async with open_door(tmp_path, obedient):
        with pytest.raises(OSError) as refused:
            await Door(tmp_path, obedient).open()
        assert refused.value.errno == errno.EADDRINUSE
        assert (await knock(tmp_path, b"1\n"))[0]["ok"]
    dead = socket.socket(socket.AF_UNIX)
    with door.address(tmp_path) as near:
        dead.bind(near)
    dead.close()
    async with open_door(tmp_path, obedient):
        assert (await knock(tmp_path, b"1\n"))[0]["ok"]
    assert not (tmp_path / door.NAME).exists()


async def test_closing_leaves_the_door_of_the_next_agent(tmp_path):
    first, second = Door(tmp_path, obedient), Door(tmp_path, obedient)
    await first.open()
    (tmp_path / door.NAME).unlink()
    await second.open()
    first.close()
    assert (await knock(tmp_path, b"1\n"))[0]["ok"]
    second.close()
