"""The socket over which a stack speaks to a running agent, limits and failsafe to the charger."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

from agent.sources.desk import Sources
from agent.sources.peer_desk import PeerDesk
from boards.cpython.door import address
from boards.cpython.eebus.bridge import EebusBridge
from boards.cpython.peers import keep_running, open_peers
from boards.sources import add_source
from tests.eebus.test_spine import heartbeat, limit
from tests.shared.site import stopped
from tests.shared.sourced import SourcedSite

ROW = {"name": "guard", "kind": "eebus-lpc", "role": None, "power_max_w": 20000, "options": {}}


class Bridged(SourcedSite):
    """A site with a bridge in place of the plain desk."""

    def boot(self) -> None:
        """Build the agent with its bridge."""
        super().boot()
        self.loop.sources = None
        add_source(dict(ROW), self.loop)
        assert isinstance(self.loop.sources, Sources)
        self.bridge: EebusBridge = self.loop.sources.peers[0]


async def stack(folder: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as a stack does."""
    with address(folder, "eebus") as near:
        return await asyncio.open_unix_connection(near)


def line(command: object, classifier: str = "write") -> bytes:
    header = {"msgCounter": 5, "cmdClassifier": classifier}
    return json.dumps({"datagram": {"header": header, "payload": {"cmd": [command]}}}).encode() + b"\n"


async def outcome(reader: asyncio.StreamReader) -> int:
    told = json.loads(await reader.readline())
    return int(told["datagram"]["payload"]["cmd"][0]["resultData"]["errorNumber"])


async def test_a_stack_limits_the_site_and_its_silence_brings_the_failsafe(tmp_path):
    site = Bridged(PeerDesk)
    task = await site.start()
    assert site.charger.limit_ma * 690 // 1000 + 500 <= 4200 and site.bridge.desk.reason == 0
    assert open_peers(site.loop, tmp_path) == [site.bridge]
    running = asyncio.create_task(keep_running(site.bridge, print))
    await asyncio.sleep(0)
    assert stat.S_IMODE((tmp_path / "eebus").stat().st_mode) == 0o600
    reader, writer = await stack(tmp_path)
    writer.write(line(limit(9000)))
    assert await outcome(reader) == 7
    writer.write(line(heartbeat(), "notify") + line(limit(9000)))
    assert await outcome(reader) == 0
    await site.let_pass(15000)
    assert [each.value for each in site.loop.state.limits] == [9000]
    assert 4200 < site.charger.limit_ma * 690 // 1000 + 500 <= 9000
    await site.let_pass(110000)
    assert [each.value for each in site.loop.state.limits] == [4200]
    running.cancel()
    writer.close()
    await stopped(site, task)


async def test_garbage_is_answered_and_a_newer_connection_takes_the_place_of_an_older_one(tmp_path):
    site = Bridged(PeerDesk)
    site.boot()
    site.bridge.open(tmp_path)
    said = list[str]()
    running = asyncio.create_task(keep_running(site.bridge, said.append))
    await asyncio.sleep(0)
    reader, writer = await stack(tmp_path)
    writer.write(b"\xff\xfe\n[]\n{}\n")
    for _ in range(3):
        assert "error" in json.loads(await reader.readline())
    newer, to_newer = await stack(tmp_path)
    to_newer.write(line({"nodeManagementUseCaseData": {}}))
    assert await outcome(newer) == 6
    assert await reader.read() == b""
    to_newer.write(b"x" * 40000 + b"\n")
    assert "16384 bytes" in json.loads(await newer.read())["error"]
    assert len(said) == 1 and "refused: not JSON" in said[0]  # once a minute
    running.cancel()


async def test_a_second_agent_on_one_socket_is_told_of_and_tried_again(tmp_path):
    site, other, said = Bridged(PeerDesk), Bridged(PeerDesk), list[str]()
    jobs = []
    for each in (site, other):
        each.boot()
        each.bridge.open(tmp_path)
        jobs.append(asyncio.create_task(keep_running(each.bridge, said.append)))
        for _ in range(5):
            await asyncio.sleep(0)
    assert len(said) == 1 and "guard" in said[0] and "another agent" in said[0]
    for job in jobs:
        job.cancel()


def test_a_wrong_kind_role_or_option_is_refused_by_name():
    site = SourcedSite(PeerDesk)
    site.boot()
    for changed, key in (
        ({"kind": "x"}, "kind"),
        ({"role": "owner"}, "role"),
        ({"options": {"socket": "a/b"}}, "socket"),
    ):
        with pytest.raises(ValueError) as caught:
            add_source(ROW | changed, site.loop)
        assert caught.value.args[0] == key
