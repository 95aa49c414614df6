"""The head-end over a real broker with TLS: evidence in, receipts out, whatever breaks in between; and its door."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.needs import ROOT, needs_program
from tests.tools import evidence as e
from tests.tools.field_agent import WAIT_S, FieldAgent
from tests.tools.headend_scene import GRID_KEY, MAKER_SECRET, RECEIPT_KEY, agent_status, refused, scene, settings_for
from tools.broker import Broker
from tools.headend import HeadEnd
from tools.verifier import Verifier


async def test_a_page_is_stored_and_confirmed(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        raw = agent.maker.page()
        agent.send("page", raw)
        kind, version, whose, last_seq, page, civil_s = await agent.receipt()
        assert (kind, version, whose, last_seq, page) == (4, 1, agent.maker.agent, 2, agent.maker.prev)
        assert civil_s > 1_700_000_000
        assert head_end.export_pages(agent.agent) == raw
        kinds = [record["kind"] for record in head_end.records(agent.agent)]
        assert kinds == ["boot", "reading", "reading"]
        last = list(head_end.records(agent.agent, "reading"))[-1]
        assert last["values"] == {"1": 500, "12": 1016}
        assert last["civil_ms"] == (e.CIVIL_S + 1_000_000 + 120) * 1000


async def test_a_page_twice_is_confirmed_twice_and_stored_once(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        raw = agent.maker.page()
        agent.send("page", raw)
        agent.send("page", raw)
        assert (await agent.receipt())[:5] == (await agent.receipt())[:5]
        assert agent_status(head_end)["pages"] == 1
        assert head_end.status()["duplicates"] == 1


async def test_bad_pages_are_refused_and_not_confirmed(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        good = agent.maker.page()
        agent.send("page", good[:-1] + bytes([good[-1] ^ 1]))
        agent.send("page", b"\x81" * 5000)
        agent.send("page", e.Maker(9).page())
        await refused(head_end, "wrong_root")
        await refused(head_end, "too_deep")
        await refused(head_end, "unknown_key")
        agent.send("page", good)
        assert (await agent.receipt())[3] == 2
        assert agent.receipts.empty()
        assert agent_status(head_end)["refusals"] == {"too_deep": 1, "unknown_key": 1, "wrong_root": 1}


async def test_a_fork_is_refused(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        agent.send("page", agent.maker.page())
        await agent.receipt()
        agent.send("page", e.Maker(MAKER_SECRET).page(e.boot(), e.gap(1)))
        await refused(head_end, "fork")
        assert agent.receipts.empty()


async def test_the_newest_page_may_come_first_and_the_chain_closes_behind_it(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        pages = agent.maker.pages(4)
        for number in (3, 0, 2, 1):
            agent.send("page", pages[number])
            await agent.receipt()
        await head_end.stored(agent.agent, 8)
        assert agent_status(head_end)["faults"] == []
        verifier = Verifier([agent.maker.public])
        for raw in head_end.pages(agent.agent):
            verifier.add(raw)
        assert verifier.report().ok


async def test_a_hole_is_waited_for_until_the_agent_says_that_it_is_lost(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        pages = agent.maker.pages(3)
        for number in (0, 2):
            agent.send("page", pages[number])
            await agent.receipt()
        assert agent_status(head_end)["whole_to"] == 2
        agent.released_seq = 5
        agent.announce()
        await head_end.stored(agent.agent, 6)
        assert [fault["name"] for fault in agent_status(head_end)["faults"]] == ["missing_pages"]


async def test_evidence_of_a_fault_is_kept_and_confirmed_and_named(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        agent.send("page", agent.maker.page())
        agent.maker.import_wh = 3
        agent.send("page", agent.maker.page())
        await agent.receipt()
        await agent.receipt()
        assert [fault["name"] for fault in agent_status(head_end)["faults"]] == ["energy_fell"]


async def test_the_broker_may_go_and_come_back(tmp_path):
    needs_program("nats-server")
    maker = e.Maker(MAKER_SECRET)
    broker = Broker(tmp_path, [maker.agent.hex()])
    async with broker, HeadEnd(settings_for(tmp_path, broker, maker)) as head_end:
        await head_end.connected()
        await asyncio.to_thread(broker.kill)
        await head_end.until(lambda: not head_end.status()["connected"], WAIT_S)
        await asyncio.to_thread(broker.start)
        await head_end.connected()
        async with FieldAgent(maker, broker) as agent:
            agent.send("page", maker.page())
            assert (await agent.receipt())[3] == 2


async def test_a_head_end_killed_between_storing_and_confirming_confirms_later(tmp_path):
    """Kill the process at once when the page is in its database; its successor takes the page as known."""
    needs_program("nats-server")
    maker = e.Maker(MAKER_SECRET)
    broker = Broker(tmp_path, [maker.agent.hex()])
    async with broker, FieldAgent(maker, broker) as agent:
        config = write_config(tmp_path, broker, maker)
        sent = maker.pages(60)
        process = await started(config)
        agent.send("page", sent[0])
        await agent.receipt()
        for raw in sent[1:]:
            agent.send("page", raw)
        confirmed = [await agent.receipt() for _ in range(5)]
        process.kill()  # somewhere in the middle of the rest
        await process.wait()
        assert confirmed
        process = await started(config)
        for raw in sent:
            agent.send("page", raw)
        hashes: set[bytes] = set()
        while len(hashes) < len(sent):  # receipts of the first process may still be on their way
            hashes.add((await agent.receipt())[4])
        status = await asked(tmp_path / "door", {"cmd": "status"})
        (found,) = status["agents"]
        assert (found["pages"], found["faults"], found["refusals"]) == (60, [], {})
        exported = await asked(
            tmp_path / "door", {"cmd": "pages", "agent": agent.agent, "path": str(tmp_path / "pages.cbor")}
        )
        assert exported == {"ok": True, "pages": 60}
        assert (tmp_path / "pages.cbor").read_bytes() == b"".join(sent)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        assert not (tmp_path / "door").exists()


async def test_a_page_that_was_stored_without_a_receipt_gets_one_from_the_next_process(tmp_path):
    from tools.headend.intake import Intake
    from tools.headend.sessions import Sessions
    from tools.headend.store import Store

    maker = e.Maker(MAKER_SECRET)
    keys = {maker.agent.hex(): maker.public}
    raw = maker.page()
    for _ in range(2):  # the first process ends before its receipt is sent
        store = Store(tmp_path / "headend.sqlite")
        intake = Intake(store, Sessions(store, keys), keys, RECEIPT_KEY)
        receipt = intake.take_page(maker.agent.hex(), raw)
        assert receipt is not None
        assert store.page_counts(maker.agent.hex()) == (1, 3)
        store.close()
    assert intake.duplicates == 1


async def test_the_door_takes_orders_and_refuses_nonsense(tmp_path):
    needs_program("nats-server")
    maker = e.Maker(MAKER_SECRET)
    broker = Broker(tmp_path, [maker.agent.hex()])
    async with broker, FieldAgent(maker, broker) as agent:
        process = await started(write_config(tmp_path, broker, maker))
        door = tmp_path / "door"
        assert door.stat().st_mode & 0o777 == 0o600
        limit = {"cmd": "limit", "agent": agent.agent, "value_w": 4200, "duration_s": 60}
        assert "not announced itself" in (await asked(door, limit))["error"]
        agent.announce()
        agent.send("page", maker.page())
        await agent.receipt()  # so the session was heard, too
        found = await asked(door, limit)
        raw, payload = await agent.command()
        assert payload[7] == ["", 0, 4200, 60]
        assert (await asked(door, {"cmd": "set", "agent": agent.agent, "controls": [{"cmd": "limit"}]}))["error"] == (
            "control 1: limit() missing 1 required keyword-only argument: 'duration_s'"
        )
        agent.decide(raw, 0)
        told = await asked(door, {"cmd": "answers", "command": found["command"], "timeout_s": WAIT_S})
        assert told["answers"][0]["says"] == "accepted"
        for nonsense in (["x"], {"cmd": "dance"}, {}, {**limit, "colour": 1}, {"cmd": "raw", "agent": "x"}, 7):
            assert (await asked(door, nonsense))["ok"] is False
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


async def asked(door: Path, question: object) -> dict:
    reader, writer = await asyncio.open_unix_connection(door)
    writer.write(json.dumps(question).encode() + b"\n")
    line = await asyncio.wait_for(reader.readline(), WAIT_S)
    writer.close()
    return json.loads(line)


def write_config(folder: Path, broker: Broker, maker: e.Maker) -> Path:
    for name, key in (("receipt", RECEIPT_KEY), ("dso", GRID_KEY)):
        path = folder / f"{name}.key"
        path.write_bytes(key.private_numbers().private_value.to_bytes(32, "big"))
        path.chmod(0o600)
    config = folder / "headend.toml"
    config.write_text(f"""
[headend]
database = "headend.sqlite"
socket = "door"
receipt_key = "receipt.key"

[broker]
host = "{broker.host}"
port = {broker.port}
server_name = "localhost"
ca = "{broker.ca.cert}"
cert = "{broker.head_end.cert}"
cert_key = "{broker.head_end.key}"

[[authority]]
name = "dso"
role = "grid"
key = "dso.key"

[[agent]]
name = "house-12"
public_key = "{maker.public.hex()}"
""")
    return config


async def started(config: Path) -> asyncio.subprocess.Process:
    """Start `siteward headend` and return once it is connected."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tools.cli",
        "headend",
        "--config",
        str(config),
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(WAIT_S):
        while b"connected to the broker" not in (line := await process.stderr.readline()):
            assert line, "the head-end ended"
    return process


async def test_a_revoked_key_is_refused_from_that_record_on_and_what_waits_of_it_is_dropped(tmp_path):
    from tools.headend.intake import Intake
    from tools.headend.sessions import Sessions
    from tools.headend.store import Store

    maker = e.Maker(MAKER_SECRET)
    agent, kid = maker.agent.hex(), maker.agent
    keys = {agent: maker.public}
    pages = maker.pages(4)
    store = Store(tmp_path / "headend.sqlite")
    intake = Intake(store, Sessions(store, keys), keys, RECEIPT_KEY)
    for number in (0, 1, 3):  # the last one waits for the one before it
        assert intake.take_page(agent, pages[number]) is not None
    store.close()
    first_of_third = intake.chains[agent].next_seq
    store = Store(tmp_path / "headend.sqlite")
    sessions = Sessions(store, keys, {kid: first_of_third})
    intake = Intake(store, sessions, keys, RECEIPT_KEY)
    assert store.page_counts(agent)[0] == 2
    assert [fault["name"] for fault in store.faults(agent)] == ["key_revoked"]
    assert intake.take_page(agent, pages[2]) is None
    assert intake.take_page(agent, pages[1]) is not None  # known, and from before
    assert store.refusals(agent) == {"key_revoked": 1}
    store.close()


async def test_a_session_of_a_revoked_key_is_refused_and_an_old_one_forgotten(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        heard = head_end.status()["agents"][0]["epoch"]
        raw = agent.announce()
        await head_end.until(lambda: head_end.status()["agents"][0]["agent_now_s"] >= agent.now_s, WAIT_S)
    from tools.headend.sessions import Sessions, read_session
    from tools.headend.store import Store
    from tools.strict import NotStrict
    from tools.verifier.keyring import Keys

    assert heard is not None
    keys, revoked = {agent.agent: agent.maker.public}, {agent.maker.agent: agent.maker.seq}
    store = Store(tmp_path / "headend.sqlite")
    assert Sessions(store, keys).newest(agent.agent) is not None
    assert Sessions(store, keys, revoked).newest(agent.agent) is None
    store.close()
    with pytest.raises(NotStrict, match="by key " + agent.agent) as refused:
        read_session(raw, Keys(keys.values(), revoked), 0)
    assert refused.value.fault == "key_revoked"
