"""The head-end over a real broker with TLS: evidence in, receipts and orders out, whatever breaks in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from cbor2 import loads

from tests.needs import ROOT, needs_program
from tests.tools import evidence as e
from tests.tools.field_agent import WAIT_S, FieldAgent
from tools.broker import Broker
from tools.errors import UsageError
from tools.headend import Authority, BrokerAccess, HeadEnd, KnownAgent, Settings
from tools.verifier import Verifier

MAKER_SECRET = 77
RECEIPT_KEY = e.private_key(1001)
GRID_KEY = e.private_key(1002)
AGGREGATOR_KEY = e.private_key(1003)


def settings_for(folder: Path, broker: Broker, *makers: e.Maker) -> Settings:
    return Settings(
        database=folder / "headend.sqlite",
        broker=BrokerAccess(
            broker.host, broker.port, "localhost", broker.ca.cert, broker.head_end.cert, broker.head_end.key
        ),
        receipt_key=RECEIPT_KEY,
        authorities=(Authority("dso", "grid", GRID_KEY), Authority("vpp", "aggregator", AGGREGATOR_KEY)),
        agents=tuple(KnownAgent(f"house-{number}", maker.public) for number, maker in enumerate(makers)),
    )


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[tuple[HeadEnd, FieldAgent]]:
    """A broker, a head-end and one agent that has announced itself."""
    needs_program("nats-server")
    maker = e.Maker(MAKER_SECRET)
    broker = Broker(folder, [maker.agent.hex()])
    async with broker, HeadEnd(settings_for(folder, broker, maker)) as head_end, FieldAgent(maker, broker) as agent:
        await head_end.connected()
        agent.announce()
        await head_end.announced(agent.agent)
        yield head_end, agent


def agent_status(head_end: HeadEnd) -> dict:
    (found,) = head_end.status()["agents"]
    return found


async def refused(head_end: HeadEnd, name: str, count: int = 1) -> None:
    """Wait until something was refused under a name."""
    await head_end.until(lambda: agent_status(head_end)["refusals"].get(name, 0) >= count, WAIT_S)


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
        await refused(head_end, "bad_signature")
        await refused(head_end, "too_deep")
        await refused(head_end, "unknown_key")
        agent.send("page", good)
        assert (await agent.receipt())[3] == 2
        assert agent.receipts.empty()
        assert agent_status(head_end)["refusals"] == {"bad_signature": 1, "too_deep": 1, "unknown_key": 1}


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


async def test_a_limit_is_signed_for_the_agent_s_own_clock_and_its_answer_comes_back(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        command = await head_end.send_limit(agent.agent, value_w=4200, duration_s=60, expires_in_s=30)
        raw, payload = await agent.command()
        assert sha256(raw).hexdigest() == command
        kind, version, whose, epoch, counter, expires_s, command_kind, body = payload
        assert (kind, version, whose, epoch, command_kind) == (3, 1, agent.maker.agent, 1, 1)
        assert body == ["", 0, 4200, 60]
        assert counter == 1
        assert agent.now_s <= expires_s - 30 <= agent.now_s + 5
        agent.decide(raw, 0)
        (answer,) = await head_end.answers(command)
        assert (answer.accepted, answer.command) == (True, command)


async def test_a_claim_is_signed_by_who_may_and_a_refusal_is_told(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        command = await head_end.send_claim(agent.agent, device="charger", set_point=6000, duration_s=60)
        raw, payload = await agent.command()
        assert loads(loads(raw).value[0])[4] == e.kid_of(AGGREGATOR_KEY)
        assert payload[7] == ["charger", 6000, 60, 100]
        agent.decide(raw, 9)
        (answer,) = await head_end.answers(command)
        assert answer.as_json()["says"] == "over ceiling"


async def test_counters_rise_over_restarts_of_the_head_end_and_jump_over_what_the_agent_has_seen(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        for _ in range(2):
            await head_end.send_limit(agent.agent, value_w=1, duration_s=1)
        assert [(await agent.command())[1][4] for _ in range(2)] == [1, 2]
        await head_end.stop()
        async with HeadEnd(head_end.settings) as again:
            await again.connected()
            await again.send_limit(agent.agent, value_w=2, duration_s=1)
            assert (await agent.command())[1][4] == 3
            agent.counters[e.kid_of(GRID_KEY)] = 50
            agent.announce()
            agent.send("page", agent.maker.page())
            await agent.receipt()  # so the session was heard, too
            await again.send_limit(agent.agent, value_w=3, duration_s=1)
            assert (await agent.command())[1][4] == 51


async def test_a_pending_order_follows_the_agent_into_its_next_epoch(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        command = await head_end.send_limit(agent.agent, value_w=4200, duration_s=60)
        first, before = await agent.command()
        agent.maker.reboot()
        agent.now_s = 5
        agent.announce()
        second, after = await agent.command()
        assert (before[3], after[3]) == (1, 2)
        assert after[4] > before[4]
        assert before[7] == after[7]
        assert 5 < after[5] <= 5 + 62
        agent.decide(first, 5)  # the one for the old epoch arrives as well
        agent.decide(second, 0)
        (answer,) = await head_end.answers(command)
        assert answer.accepted
        agent.announce()
        await head_end.stored(agent.agent, agent.maker.seq - 1)
        assert agent.commands.empty()


async def test_an_answered_order_is_not_said_again(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        command = await head_end.send_limit(agent.agent, value_w=4200, duration_s=60)
        raw, _ = await agent.command()
        agent.decide(raw, 0)
        await head_end.answers(command)
        agent.maker.reboot()
        agent.now_s = 5
        agent.announce()
        agent.send("page", agent.maker.page())
        await agent.receipt()
        await agent.receipt()
        assert agent.commands.empty()
        assert agent_status(head_end)["orders_pending"] == 0


async def test_a_replay_is_answered_beside_the_first_answer(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        command = await head_end.send_limit(agent.agent, value_w=4200, duration_s=60)
        raw, _ = await agent.command()
        agent.decide(raw, 0)
        await head_end.answers(command)
        assert await head_end.send_raw(agent.agent, head_end.raw_command(command)) == command
        again, _ = await agent.command()
        assert again == raw
        agent.decide(again, 6)
        assert [answer.reason for answer in await head_end.answers(command, count=2)] == [0, 6]


async def test_a_forged_command_is_sent_and_its_answer_found(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        forged = e.sealed(e.encode([3, 1, agent.maker.agent, 1, 1, 2000, 1, ["", 0, 1, 1]]), e.private_key(6))
        command = await head_end.send_raw(agent.agent, forged)
        raw, _ = await agent.command()
        agent.decide(raw, 2)
        (answer,) = await head_end.answers(command)
        assert answer.as_json()["says"] == "unknown key"


async def test_a_cancelled_order_names_what_was_accepted(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        command = await head_end.send_limit(agent.agent, value_w=4200, duration_s=60)
        raw, _ = await agent.command()
        agent.decide(raw, 0)
        await head_end.answers(command)
        await head_end.send_cancel(command)
        _, payload = await agent.command()
        assert payload[6:] == [3, [bytes.fromhex(command)]]


async def test_an_old_session_changes_nothing(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        old = agent.announce()
        agent.maker.reboot()
        agent.announce()
        agent.send("session", old)
        agent.announce(agent=bytes(8))
        await refused(head_end, "old_session")
        await refused(head_end, "wrong_agent")
        assert (await head_end.announced(agent.agent)).epoch == 2


async def test_what_begins_later_counts_in_the_agent_s_own_seconds_also_after_it_started_again(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        await head_end.send_limit(agent.agent, value_ma=10000, phases=1, duration_s=60, start_in_s=600)
        _, payload = await agent.command()
        assert payload[7][:4] == ["", 0, 10000, 60]
        assert payload[7][4].keys() == {1, 2, 3}
        assert agent.now_s + 599 <= payload[7][4][3] <= agent.now_s + 605
        agent.maker.reboot()
        agent.now_s = 5
        agent.announce()
        _, payload = await agent.command()
        assert 5 + 590 <= payload[7][4][3] <= 5 + 602


async def test_a_whole_set_is_one_command_of_who_may_say_all_of_it(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        limit = {"cmd": "limit", "value_w": 4200, "duration_s": 0}
        claim = {"cmd": "claim", "target_w": 3000, "duration_s": 60}
        command = await head_end.send_set(agent.agent, controls=[limit, limit])
        raw, payload = await agent.command()
        assert payload[6:] == [4, [[[1, ["", 0, 4200, 0]]] * 2]]
        agent.decide(raw, 0)
        await head_end.answers(command)
        await head_end.send_cancel(command, random_end_s=60)
        assert (await agent.command())[1][6:] == [3, [bytes.fromhex(command), {7: 60}]]
        await head_end.send_set(agent.agent, controls=[], authority="vpp")
        raw, payload = await agent.command()
        assert payload[6:] == [4, [[]]] and loads(loads(raw).value[0])[4] == e.kid_of(AGGREGATOR_KEY)
        for controls, sentence in (([], "name it"), ([limit, claim], "has the role for that")):
            with pytest.raises(UsageError, match=sentence):
                await head_end.send_set(agent.agent, controls=controls)
        many = [claim | {"start_in_s": 60, "ramp_s": 9, "random_start_s": 9, "random_end_s": 9}] * 64
        with pytest.raises(UsageError, match="too much for one command"):
            await head_end.send_set(agent.agent, controls=many)
        pending = agent_status(head_end)["orders_pending"]
        assert pending == 2  # what was too much is not kept


async def test_misuse_is_told_in_a_sentence(tmp_path):
    async with scene(tmp_path) as (head_end, agent):
        with pytest.raises(UsageError, match="there is no agent"):
            await head_end.send_limit("beef", value_w=1, duration_s=1)
        with pytest.raises(UsageError, match="value_w"):
            await head_end.send_limit(agent.agent, value_w=-1, duration_s=1)
        with pytest.raises(UsageError, match="value_w"):
            await head_end.send_limit(agent.agent, value_w=1.5, duration_s=1)
        with pytest.raises(UsageError, match="there is no authority"):
            await head_end.send_limit(agent.agent, value_w=1, duration_s=1, authority="nobody")
        with pytest.raises(UsageError, match="expires_in_s"):
            await head_end.send_limit(agent.agent, value_w=1, duration_s=1, expires_in_s=0)


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
        while not agent.receipts.empty():
            agent.receipts.get_nowait()
        process = await started(config)
        for raw in sent:
            agent.send("page", raw)
        hashes = {(await agent.receipt())[4] for _ in sent}
        assert len(hashes) == len(sent)
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
