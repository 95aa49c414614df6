"""Orders over a real broker with TLS: signed for the agent's own epoch and clock, said again, answered, taken back."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cbor2 import loads

from tests.tools import evidence as e
from tests.tools.headend_scene import AGGREGATOR_KEY, GRID_KEY, agent_status, refused, scene
from tools.errors import UsageError
from tools.headend import HeadEnd


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
