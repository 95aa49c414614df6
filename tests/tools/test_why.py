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

from boards.cpython import door, words
from boards.cpython.door import Door, Refused
from hal import quantities as q
from sim_devices.home import running_home
from tests.needs import ROOT
from tests.sim_devices.homes import home_tree
from tools.demo.layout import toml
from tools.keys import create_key
from tools.why_words import device_lines, headline, site_lines

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


SITE = {"authorities": [{"authority": "dso", "role": "grid"}, {"authority": "agg", "role": "aggregator"}]}
LIMIT = {"source": "limit dso", "authority": "dso", "scope": "", "direction": 0, "w": 4200, "left_ms": 720000,
    "binds": True}  # fmt: skip
CHARGER = {
    "device": "charger", "control": q.LIMIT_MA, "setpoint": 6000, "source": "limit dso", "wish": 16000,
    "wish_source": "claim agg", "failsafe": 0, "limits": [LIMIT], "rise": {"wait_ms": 10000, "left_ms": None},
    "claims": [{"authority": "agg", "setpoint": 16000, "primacy": 5, "left_ms": 90000, "wins": True}],
    "inputs": [{"device": "charger", "age_ms": None, "stale_ms": 10000, "fresh": False, "power_w": None}],
    "lease_ms": 9400, "write": None,
    "may_change": [
        {"authority": "me", "role": "owner", "limits": True, "claims": True, "power_max_w": 20000, "wins": True},
    ],
}  # fmt: skip


def test_the_sentence_names_who_limits_what_for_how_long():
    assert headline(CHARGER, SITE) == (
        "charger: 6 A, because the grid operator 'dso' limits the site to 4200 W for another 12 min"
    )
    assert list(device_lines(CHARGER, SITE)) == [
        "  wished      16 A, by the aggregator 'agg'",
        "  rises       10 s after there is room",
        "  limit       4200 W for the site, by the grid operator 'dso' for another 12 min  <- binds",
        "  claim       16 A, primacy 5, by the aggregator 'agg' for another 90 s",
        "  input       charger has never answered",
        "  granted     for another 9.4 s, unless renewed",
        "  last write  none yet",
        "  may change  the owner 'me': by claims and limits up to 20000 W; a claim would take its place now",
        "              Your own opt-out would go before every claim, but it lifts no limit.",
    ]


def test_a_way_upstream_that_stays_closed_is_explained():
    site = SITE | {
        "limits": [], "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000, "meter": None, "failsafe": 0,
        "clock_quality": q.CLOCK_UNKNOWN, "next_seq": 9, "waiting": 8, "uplink": True, "connected": False,
        "trouble": "certificate has expired", "overflow": 0, "dropped_oversize": 3, "refused_receipts": 0,
        "agent": "ab", "epoch": 1,
    }  # fmt: skip
    assert list(site_lines(site))[-4:-1] == [
        "  upstream    away; what was agreed runs on and everything is kept",
        "              the last attempt: certificate has expired",
        "  not taken   3 messages that were too large since it started",
    ]


@pytest.mark.parametrize(
    ("bent", "reason"),
    [
        ({"source": "fuse L2", "limits": [{"source": "fuse", "ma": 25000, "phases": [1, 2, 3], "scope": "",
          "left_ms": None, "binds": True}]}, "the fuse of L2 (25 A) carries no more"),
        ({"source": "connection", "limits": [{"source": "connection", "w": 17250, "scope": "", "left_ms": None,
          "binds": True}]}, "the connection carries no more than 17250 W"),
        ({"source": "claim agg", "limits": [], "rise": None}, "the aggregator 'agg' asks for it for another 90 s"),
        ({"source": "default", "limits": [], "rise": None}, "nobody asks for anything else"),
        ({"source": "meter stale", "limits": []}, "the site meter is silent, so there is no headroom"),
        ({"rise": {"wait_ms": 10000, "left_ms": 7000}}, "it was held down and may rise in 7.0 s, if the room lasts"),
        ({"limits": [{**LIMIT, "authority": "gone", "scope": "charger"}]},
         "'gone' limits this device to 4200 W for another 12 min"),
    ],
)  # fmt: skip
def test_every_binding_source_has_its_sentence(bent, reason):
    assert headline({**CHARGER, **bent}, SITE) == f"charger: 6 A, because {reason}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"fact": "binding", "device": "charger", "granted": 0, "source": "meter absurd"},
         "charger: paused, because the site meter cannot be believed, so there is no headroom."),
        ({"fact": "write", "device": "charger", "setpoint": None, "outcome": "defaulted", "kept": 6000, "source": "x"},
         "charger obeys: in its own default mode, read back."),
        ({"fact": "write", "device": "charger", "setpoint": 6500, "outcome": "failed", "kept": None, "source": "x"},
         "charger could not be told: 6.5 A."),
        ({"fact": "decision", "command": "ab" * 32, "reason": "replayed"}, "Command abababab was refused: replayed."),
        ({"fact": "event", "command": "ab" * 32, "status": "cancelled"}, "Command abababab was cancelled."),
        ({"fact": "device", "device": "charger", "state": "lost"}, "charger has fallen silent."),
        ({"fact": "failsafe", "cause": "meter stale", "entered": False},
         "There is headroom again: 'meter stale' is over."),
        ({"fact": "uplink", "connected": True}, "The way upstream is open."),
    ],
)  # fmt: skip
def test_every_told_fact_has_its_sentence(line, said):
    assert words.sentence(line, lambda _: q.LIMIT_MA) == said


def test_what_has_no_words_yet_is_told_as_it_is():
    assert "heap" in words.sentence({"fact": "heap", "heap_bytes": 1}, lambda _: 0)


def test_every_unit_has_its_words():
    assert words.amount(q.SETPOINT_W, -1500) == "discharging at 1500 W"
    assert words.amount(q.TEMP_TARGET_MC, 21500) == "21.5 °C"
    assert words.amount(q.MODE, q.SG_LOCK) == "locked"
    assert words.amount(q.ON, 1) == "on"
    assert words.amount(q.LIMIT_W, 2500) == "at most 2500 W"
    assert [words.span(ms) for ms in (0, 9400, 90000, 720000, 7200000, 259200000)] == [
        "0.0 s", "9.4 s", "90 s", "12 min", "2 h", "3 days",
    ]  # fmt: skip
