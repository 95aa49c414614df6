"""A gateway's key is followed by another, twice, while agent, broker and head-end really run."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.needs import ROOT, needs_program
from tests.softhsm import SoftToken
from tests.waiting import until
from tools import token_key, wire
from tools.broker import Broker
from tools.demo.layout import Layout, lay_out, toml
from tools.demo.processes import BOARD_HEAP
from tools.errors import UsageError
from tools.headend import BrokerAccess, HeadEnd, KnownAgent, Settings
from tools.key_rotation import run as rotate
from tools.keys import create_key, load_public
from tools.verifier import Verifier
from tools.verifier.keyring import KeyRing
from tools.verifier.pagefile import pieces

WAIT_S = 60


def site_tree(port: str) -> dict:
    return {
        "site": {"name": "test", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
        "agent": {"key": "agent.key", "page_s": 1, "reading_s": 1},
        "bus": [{"id": "rs485", "kind": "serial", "port": port}],
        "device": [{"id": "grid", "driver": "eastron-sdm630", "bus": "rs485"}],
    }


def kid_of(path: Path) -> str:
    return wire.key_id(load_public(str(path))).hex()


@asynccontextmanager
async def running(site: Path) -> AsyncIterator[None]:
    """Run the site's agent until the block ends."""
    command = [sys.executable, "-m", "tools.cli", "run", "--json", str(site)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), WAIT_S)
        assert b'"ready"' in said
        drain = asyncio.create_task(process.stdout.read())
        yield
    finally:
        process.terminate()
        await drain
        assert await asyncio.wait_for(process.wait(), WAIT_S) == 0


async def said_until(pattern: str, site: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Ask for the status until it says so."""
    said = ""

    def says() -> bool:
        nonlocal said
        assert rotate(site, status=True) == 0
        said = capsys.readouterr().out
        return re.search(pattern, said) is not None

    assert await until(says, WAIT_S), said
    return said


@asynccontextmanager
async def upstream(folder: Path, public: bytes) -> AsyncIterator[tuple[dict, HeadEnd]]:
    """Run broker and head-end for the agent of this key; yield the tables of its site that name them, and it."""
    needs_program("nats-server")
    receipts = create_key(folder / "receipts.key")
    agent = wire.key_id(public).hex()
    broker = Broker(folder, [agent])
    files, theirs = broker.agents[agent], broker.head_end
    uplink = {
        "host": broker.host, "port": broker.port, "server_name": "localhost", "ca": str(broker.ca.cert),
        "cert": str(files.cert), "cert_key": str(files.key),
    }  # fmt: skip
    key = wire.point(receipts.public_key()).hex()
    settings = Settings(
        database=folder / "headend.sqlite",
        broker=BrokerAccess(broker.host, broker.port, "localhost", broker.ca.cert, theirs.cert, theirs.key),
        receipt_key=receipts,
        authorities=(),
        agents=(KnownAgent("house", public),),
    )
    async with broker, HeadEnd(settings) as head_end:
        await head_end.connected()
        yield {"uplink": uplink, "authority": [{"name": "receipts", "role": "receipt", "public_key": key}]}, head_end


async def rotated(site: Path, kids: tuple[str, str], capsys) -> None:
    """Run the agent whose next key is named until that one signs alone, then name it alone."""
    old, new = kids
    async with running(site):
        await said_until(f"{new} signs alone and {old} has ended", site, capsys)
    assert rotate(site, status=False) == 0


async def confirmed_alone(site: Path, kid: str, head_end: HeadEnd, agent: str, capsys) -> None:
    """Run the agent with one key; all that it has written is confirmed upstream, and nothing is wrong with it."""
    async with running(site):
        said = await said_until("signs alone for agent", site, capsys)
        assert said.splitlines()[-1].startswith(kid) and agent in said
        session = await head_end.announced(agent)
        await head_end.stored(agent, session.next_seq)
    status = head_end.status()
    (told,) = status["agents"]
    assert told["refusals"] == {} and told["faults"] == [] and status["strangers"] == {}


def ring_of(public: bytes, exported: list[bytes]) -> KeyRing:
    """Return what a stranger learns of an agent's keys; nothing is wrong with its pages."""
    verifier = Verifier([public])
    for raw in exported:
        verifier.add(raw)
    report = verifier.report()
    assert report.faults == []
    return report.agents[0].chain.keys


async def test_two_rotations_with_one_command_each_step_and_a_chain_that_strangers_verify(
    tmp_path, serial_port, capsys
):
    public = wire.point(create_key(tmp_path / "agent.key").public_key())
    agent = wire.key_id(public).hex()
    site = tmp_path / "SITE.toml"
    async with upstream(tmp_path, public) as (tables, head_end):
        tree = site_tree(serial_port) | tables
        site.write_text("# the house at the lake\n" + toml(tree))
        for old, new in (("agent.key", "agent-2.key"), ("agent-2.key", "agent-3.key")):
            assert rotate(site, status=False) == 0
            assert "made" in capsys.readouterr().out
            assert (tmp_path / new).stat().st_mode & 0o777 == 0o600
            kids = (kid_of(tmp_path / old), kid_of(tmp_path / new))
            await rotated(site, kids, capsys)
            assert f"erase {tmp_path / old}" in capsys.readouterr().out
            (tmp_path / old).unlink()
            await confirmed_alone(site, kids[1], head_end, agent, capsys)
        exported = list(head_end.pages(agent))
    assert site.read_text().startswith("# the house at the lake\n")
    assert tomllib.loads(site.read_text())["agent"] == tree["agent"] | {"key": "agent-3.key", "id": agent}
    ring = ring_of(public, exported)
    assert len(ring.begun) == 3 and set(ring.ended) == {agent, kid_of_begun(ring.begun, 1)}


async def test_a_key_in_one_token_is_followed_by_one_in_another_which_is_then_enough(
    tmp_path, serial_port, capsys, monkeypatch
):
    hsm = SoftToken(tmp_path, monkeypatch)
    hsm.init("spare")
    public, following = (token_key.new(hsm.uri(token=token), tmp_path) for token in ("gateway", "spare"))
    agent, second = wire.key_id(public).hex(), wire.key_id(following).hex()
    site = tmp_path / "SITE.toml"
    async with upstream(tmp_path, public) as (tables, head_end):
        tree = site_tree(serial_port) | tables
        tree["agent"]["key"] = hsm.uri()
        site.write_text(toml(tree))
        with pytest.raises(UsageError, match=r"make the next one there and name it: \[agent\] next_key"):
            rotate(site, status=False)
        tree["agent"]["next_key"] = hsm.uri(token="spare")
        site.write_text(toml(tree))
        await rotated(site, (agent, second), capsys)
        hsm.remove()
        await confirmed_alone(site, second, head_end, agent, capsys)
        exported = list(head_end.pages(agent))
    del tree["agent"]["next_key"]
    assert tomllib.loads(site.read_text())["agent"] == tree["agent"] | {"key": hsm.uri(token="spare"), "id": agent}
    ring = ring_of(public, exported)
    assert set(ring.begun) == {agent, second} and set(ring.ended) == {agent}


def kid_of_begun(begun: dict[str, int], place: int) -> str:
    """Return the kid that was begun at that place of their order."""
    return sorted(begun, key=lambda kid: begun[kid])[place]


def test_a_file_that_cannot_be_changed_line_by_line_is_left_alone_and_the_line_is_told(tmp_path, serial_port, capsys):
    tree = site_tree(serial_port)
    tree["uplink"] = {"host": "h", "ca": "ca", "cert": "c", "cert_key": "k"}
    create_key(tmp_path / "agent.key")
    site = tmp_path / "SITE.toml"
    text = toml({name: table for name, table in tree.items() if name != "agent"})
    site.write_text('agent = { key = "agent.key" }\n' + text)
    before = site.read_text()
    assert rotate(site, status=False) == 0
    assert 'cannot be changed safely; let its table [agent] say:\nnext_key = "agent-2.key"' in capsys.readouterr().out
    assert site.read_text() == before and (tmp_path / "agent-2.key").is_file()


def test_comments_stay_and_what_the_file_said_before_is_kept(tmp_path, serial_port):
    tree = site_tree(serial_port)
    tree["uplink"] = {"host": "h", "ca": "ca", "cert": "c", "cert_key": "k"}
    create_key(tmp_path / "agent.key")
    site = tmp_path / "SITE.toml"
    commented = toml(tree).replace('key = "agent.key"', 'key = "agent.key"  # made at the fuse box')
    site.write_text(commented)
    site.chmod(0o640)
    assert rotate(site, status=False) == 0
    line = 'key = "agent.key"  # made at the fuse box\n'
    assert site.read_text() == commented.replace(line, line + 'next_key = "agent-2.key"\n')
    assert site.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "SITE.toml.bak").read_text() == commented


def test_a_site_without_an_uplink_or_an_agent_that_never_ran_is_told_so(tmp_path, serial_port):
    site = tmp_path / "SITE.toml"
    site.write_text(toml(site_tree(serial_port)))
    with pytest.raises(UsageError, match="and a key follows only once receipts have confirmed it"):
        rotate(site, status=False)
    with pytest.raises(UsageError, match="has not run yet"):
        rotate(site, status=True)
    board = tmp_path / "site.json"
    board.write_text("{}")
    with pytest.raises(UsageError, match="changed by hand"):
        rotate(board, status=True)
    assert not (tmp_path / "agent-2.key").exists()


async def test_the_journal_of_an_agent_that_does_not_run_is_read(tmp_path, serial_port, capsys):
    create_key(tmp_path / "agent.key")
    site = tmp_path / "SITE.toml"
    site.write_text(toml(site_tree(serial_port)))
    async with running(site):
        pass
    assert rotate(site, status=True) == 0
    kid = kid_of(tmp_path / "agent.key")
    assert capsys.readouterr().out.startswith(f"{kid} signs alone for agent {kid}")
    (tmp_path / "agent.key").rename(tmp_path / "old.key")
    create_key(tmp_path / "agent.key")
    with pytest.raises(UsageError, match=f"the journal is of agent {kid}, not of"):
        rotate(site, status=True)


async def test_a_board_rotates_its_key_inside_micropython_and_keeps_its_name(tmp_path):
    needs_program("micropython")
    needs_program("nats-server")
    layout = lay_out(tmp_path / "demo")
    file = layout.board_folder / "site.json"
    tree = json.loads(file.read_text())
    second = wire.point(create_key(layout.board_folder / "agent-2.key", raw=True).public_key())
    tree["agent"] |= {"page_s": 1, "next_key": "agent-2.key"}
    file.write_text(json.dumps(tree))
    agent, kid = layout.board_id, wire.key_id(second).hex()
    async with layout.broker, HeadEnd(layout.settings) as head_end:
        await head_end.connected()
        async with on_board(layout):
            await head_end.until(lambda: agent in keys_told(head_end, agent)["ended"], WAIT_S)
            ended_seq = keys_told(head_end, agent)["ended"][agent]
            await head_end.announced(agent)
            await head_end.until(lambda: head_end.status()["agents"][1]["whole_to"] > ended_seq + 3, WAIT_S)
        tree["agent"] |= {"key": "agent-2.key", "id": agent}
        del tree["agent"]["next_key"]
        (layout.board_folder / "agent.key").unlink()
        file.write_text(json.dumps(tree))
        epoch = (await head_end.announced(agent)).epoch
        async with on_board(layout):
            await head_end.until(lambda: (head_end.status()["agents"][1]["epoch"] or 0) > epoch, WAIT_S)
            whole_to = head_end.status()["agents"][1]["whole_to"]
            await head_end.until(lambda: head_end.status()["agents"][1]["whole_to"] > whole_to, WAIT_S)
        told = head_end.status()["agents"][1]
        assert told["refusals"] == {} and told["faults"] == [] and set(told["keys"]["later"]) == {kid}
        exported = head_end.export_pages(agent)
    verifier = Verifier([layout.public_keys["board"]])
    for page in pieces(io.BytesIO(exported)):
        assert isinstance(page[1], bytes)
        verifier.add(page[1])
    assert verifier.report().faults == []


def keys_told(head_end: HeadEnd, agent: str) -> dict:
    """Return what the head-end knows of an agent's keys."""
    (told,) = [each for each in head_end.status()["agents"] if each["agent"] == agent]
    return told["keys"]


@asynccontextmanager
async def on_board(layout: Layout) -> AsyncIterator[None]:
    """Run the board's agent until the block ends, which is a power cut to it."""
    command = [sys.executable, "-m", "tools.board_process", str(layout.board_folder), "--heap", BOARD_HEAP]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), WAIT_S)
        assert b'"ready"' in said, said
        drain = asyncio.create_task(process.stdout.read())
        yield
    finally:
        process.kill()
        await drain
        await process.wait()
