"""Keys of a whole agent as boards/startup.py puts it together: its own over reboots, and a removed authority's."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent import record
from agent.config import checked
from agent.loop import Loop
from agent.rotation import WAITING
from boards import telling
from boards.cpython import words
from boards.cpython.signer import FileSigner
from boards.startup import Parts, StartError, assemble
from hal.memory import CountingWatchdog, LoopUplink, ManualClock, MemoryStore, ScriptedLine
from hal.modbus.bus import Bus
from hal.modbus.tcp import Tcp
from tools import wire
from tools.keys import create_key
from tools.verifier import Keys, Verifier, read_page

HOUR_MS = 3600_000  # from one boot to the next
TURNS = 20  # of the event loop in a second of the clock


class Site:
    """The agent of a site without devices that answer; each boot goes on in the same store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = {name: create_key(folder / f"{name}.key") for name in ("agent", "agent-2", "dso", "receipts")}
        self.public = {name: wire.point(key.public_key()) for name, key in self.keys.items()}
        self.agent = wire.key_id(self.public["agent"])
        self.store = MemoryStore()
        self.uplink = LoopUplink()
        self.civil_ms = 1_700_000_000_000
        self.pages: list[bytes] = []
        self.known = Keys([self.public["agent"]])
        self.tree: dict[str, Any] = {
            "site": {"name": "test", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
            "agent": {"key": "agent.key", "page_s": 1, "reading_s": 1},
            "uplink": {"host": "h", "ca": "ca", "cert": "c", "cert_key": "k"},
            "authority": [
                {"name": "receipts", "role": "receipt", "public_key": self.public["receipts"].hex()},
                {"name": "dso", "role": "grid", "power_max_w": 20000, "public_key": self.public["dso"].hex()},
            ],
            "bus": [{"id": "lan", "kind": "tcp", "host": "h"}],
            "device": [{"id": "grid", "driver": "eastron-sdm630", "bus": "lan"}],
        }

    def boot(self) -> Loop:
        """Put the agent together. Raises: StartError."""
        config = checked(self.tree)
        self.clock = ManualClock()
        self.civil_ms += HOUR_MS
        self.clock.set_civil(self.civil_ms)
        self.uplink = LoopUplink()
        following = config.agent["next_key"]
        parts = Parts(
            "test", bytes(32), self.clock, self.store, FileSigner(self.folder / config.agent["key"]), self.uplink,
            CountingWatchdog(), b"secret", lambda _: Bus(ScriptedLine(lambda _: None), Tcp(), self.clock),
            FileSigner(self.folder / following) if following is not None else None,
        )  # fmt: skip
        return assemble(config, bytes(32), parts)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Loop]:
        """Run the agent until the block ends; its pages are confirmed as long as it does."""
        loop = self.boot()
        task = asyncio.create_task(loop.run())
        self.uplink.set_connected(True)
        yield loop
        loop.stop()
        await task
        self._hear(confirm=False)

    async def let_pass(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1000)
            for _ in range(TURNS):
                await asyncio.sleep(0)
            self._hear(confirm=True)

    def send(self, kind: int, body: list[Any], loop: Loop, counter: int) -> None:
        """Send a command of the grid operator's."""
        payload = wire.command(self.agent, loop.state.epoch, counter, 600, kind, body)
        self.uplink.deliver("command", wire.seal(payload, self.keys["dso"]))

    def records(self, kind: str) -> list[dict[str, Any]]:
        return [found.fields for page in map(self._page, self.pages) for found in page.records if found.kind == kind]

    def _page(self, raw: bytes) -> Any:
        found = read_page(raw, self.known)
        assert found.page is not None, found.faults
        self.known.learn_from(found.page.agent, found.page.records)
        return found.page

    def _hear(self, *, confirm: bool) -> None:
        for channel, raw in self.uplink.collect():
            if channel == "page":
                page = self._page(raw)
                if raw not in self.pages:
                    self.pages.append(raw)
                if confirm:
                    receipt = wire.receipt(self.agent, page.last_seq, page.hash, int(time.time()))
                    self.uplink.deliver("receipt", wire.seal(receipt, self.keys["receipts"]))


async def test_a_rotated_agent_keeps_its_name_and_its_chain_is_good(tmp_path):
    site = Site(tmp_path)
    site.tree["agent"]["next_key"] = "agent-2.key"
    async with site.running() as loop:
        await site.let_pass(30)
        assert loop.state.agent_id == loop.ledger.agent_id == site.agent
    site.tree["agent"] |= {"key": "agent-2.key", "id": site.agent.hex()}
    del site.tree["agent"]["next_key"]
    async with site.running() as loop:
        site.send(wire.LIMIT, ["", 0, 4200, 600], loop, 1)
        await site.let_pass(30)
        assert loop.state.agent_id == loop.ledger.agent_id == site.agent
        assert loop.session.rotation is None and [limit.value for limit in loop.state.limits] == [4200]
    verifier = Verifier([site.public["agent"]])
    for raw in site.pages:
        verifier.add(raw)
    report = verifier.report()
    assert report.faults == []
    second = wire.key_id(site.public["agent-2"]).hex()
    assert list(report.agents[0].chain.keys.later) == [second]
    assert list(report.agents[0].chain.keys.ended) == [site.agent.hex()]
    assert site._page(site.pages[-1]).kid == second
    site.tree["agent"]["next_key"] = "agent.key"
    with pytest.raises(StartError, match="next_key: expected a key that this agent has not had"):
        site.boot()


async def test_each_change_of_a_key_is_told_in_a_sentence_once_it_is_kept(tmp_path):
    site = Site(tmp_path)
    second = wire.key_id(site.public["agent-2"]).hex()

    async def told_in(seconds):
        async with site.running() as loop:
            facts = []
            loop.tell = facts.append
            await site.let_pass(seconds)
            told = [json.loads(telling.line(fact, loop.state)) for fact in facts if fact[0] == record.KEY_CHANGE]
        return [words.sentence(each, lambda _: 0) for each in told]

    site.tree["agent"]["next_key"] = "agent-2.key"
    assert await told_in(30) == [
        f"Key {second} signs from now on.",
        f"Key {site.agent.hex()} has ended: it signs no more.",
    ]


async def test_a_key_that_is_withdrawn_is_told_of(tmp_path):
    site = Site(tmp_path)
    second = wire.key_id(site.public["agent-2"]).hex()
    site.tree["agent"]["next_key"] = "agent-2.key"
    hear = site._hear
    async with site.running() as loop:
        site._hear = lambda *, confirm: hear(confirm=confirm and loop.session.rotation.step == WAITING)
        while loop.session.rotation.step == WAITING:
            await site.let_pass(1)
    site._hear = hear
    del site.tree["agent"]["next_key"]
    facts = []
    async with site.running() as loop:
        loop.tell = facts.append
        await site.let_pass(5)
        told = [telling.line(fact, loop.state) for fact in facts if fact[0] == record.KEY_CHANGE]
    assert [json.loads(line) for line in told] == [{"fact": "key", "key": second, "begins": False, "at_ms": 0}]


async def test_what_a_removed_authority_had_said_ends_at_the_next_boot(tmp_path):
    site = Site(tmp_path)
    async with site.running() as loop:
        site.send(wire.LIMIT, ["", 0, 4200, 0], loop, 1)
        await site.let_pass(5)
        assert [limit.value for limit in loop.state.limits] == [4200]
    async with site.running() as loop:
        await site.let_pass(2)
        assert [limit.value for limit in loop.state.limits] == [4200]
    site.tree["authority"].pop()
    async with site.running() as loop:
        assert loop.state.limits == []
        site.send(wire.LIMIT, ["", 0, 5000, 600], loop, 2)
        await site.let_pass(5)
        assert loop.state.limits == []
    assert [fields["status"] for fields in site.records("event")][-1] == record.CANCELLED
    assert [fields["reason"] for fields in site.records("decision")] == [record.ACCEPTED, record.UNKNOWN_KEY]
