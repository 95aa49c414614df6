"""A new key begins, signs once that is confirmed, and ends the old one; a cut at any byte never turns it back."""

from __future__ import annotations

from agent import record
from agent.rotation import BEGUN, ENDED, SWITCHED, WAITING, is_over
from tests.shared.keyed import FIRST, SECOND, THIRD, Cut, Keyed, Upstream, kept_keys

BEGINS_SECOND = (record.KEY_BEGINS, SECOND.key_id)
ENDS_FIRST = (record.KEY_ENDS, FIRST.key_id)
NEVER_TWICE = "[agent] next_key: expected a key that this agent has not had"
CUT_STRIDE = 11  # bytes; frames are longer, and each sweep begins at another place


def over(agent: Keyed) -> bool:
    """Tell whether the old key may be erased."""
    rotation = agent.rotation
    return rotation is not None and is_over(agent.ledger, rotation.step, rotation.seq)


def refusal(agent: Keyed, signer, following=None) -> str:
    """Return the sentence that refuses these keys."""
    try:
        agent.boot(signer, following)
    except ValueError as fault:
        return str(fault.args[0])
    return ""


async def rotated() -> Keyed:
    """Return an agent whose first key has ended."""
    agent = Keyed()
    agent.boot(FIRST, SECOND)
    await agent.turns(10)
    assert over(agent)
    return agent


async def at_step(step: int, capacity_bytes: int = 1 << 16) -> Keyed:
    """Return an agent that has just come so far."""
    agent = Keyed(capacity_bytes)
    agent.boot(FIRST, SECOND)
    while agent.step < step:
        await agent.turn()
    return agent


async def test_each_step_waits_for_the_receipt_of_the_one_before():
    agent = Keyed()
    agent.boot(FIRST, SECOND)
    steps = []
    for _ in range(10):
        await agent.turn()
        steps.append(agent.step)
        if agent.step == BEGUN:
            assert agent.rotation is not None and agent.ledger.released_seq <= agent.rotation.seq
            assert agent.upstream.order() == [FIRST.key_id]
    assert [step for at, step in enumerate(steps) if step not in steps[:at]] == [WAITING, BEGUN, SWITCHED, ENDED]
    assert agent.upstream.changes() == [BEGINS_SECOND, ENDS_FIRST]
    assert agent.upstream.order() == [FIRST.key_id, SECOND.key_id]
    assert over(agent)


async def test_nothing_is_said_while_nobody_confirms_and_the_old_key_goes_on():
    agent = Keyed()
    agent.confirms = False
    agent.boot(FIRST, SECOND)
    await agent.turns(40)
    assert agent.step == WAITING and agent.upstream.changes() == [] and agent.upstream.order() == [FIRST.key_id]


async def test_without_a_receipt_for_what_was_said_the_old_key_goes_on_over_reboots():
    agent = await at_step(BEGUN)
    agent.fall_silent()
    for _ in range(3):
        await agent.turns(6)
        assert agent.step == BEGUN
        agent.boot(FIRST, SECOND)
    await agent.turns(5)
    assert agent.upstream.changes() == [BEGINS_SECOND] and agent.upstream.order() == [FIRST.key_id]
    agent.confirms = True
    await agent.turns(50)
    assert over(agent) and agent.upstream.changes() == [BEGINS_SECOND, ENDS_FIRST]


async def test_a_reboot_at_each_step_goes_on_where_it_was():
    for step in (WAITING, BEGUN, SWITCHED, ENDED):
        agent = await at_step(step)
        agent.boot(FIRST, SECOND)
        assert agent.step == step
        await agent.turns(10)
        assert over(agent) and agent.upstream.changes() == [BEGINS_SECOND, ENDS_FIRST]
        assert agent.upstream.order() == [FIRST.key_id, SECOND.key_id]


async def test_the_switch_is_durable_before_anything_is_done_with_it():
    agent = await at_step(BEGUN)
    agent.deliver()
    assert agent.step == SWITCHED
    agent.store.crash(0)
    agent.boot(FIRST, SECOND)
    assert agent.step == SWITCHED


async def sweep(first: int, kept_bytes: int) -> int:
    """Cut the power at bytes all over a rotation, twice in a row; return how many cuts there were."""
    cuts = 0
    for left_bytes in range(first, 2600, CUT_STRIDE):
        agent = Keyed()
        for left in (left_bytes, 400 + left_bytes % 300):
            agent.store.left_bytes = left
            try:
                agent.boot(FIRST, SECOND)
                await agent.turns(10)
            except Cut:
                cuts += 1
                agent.store.crash(kept_bytes, b"")
        agent.store.left_bytes = 1 << 30
        agent.boot(FIRST, SECOND)
        await agent.turns(12)
        assert over(agent), left_bytes
        assert agent.upstream.changes() == [BEGINS_SECOND, ENDS_FIRST], left_bytes
        assert agent.upstream.order() == [FIRST.key_id, SECOND.key_id], left_bytes
    return cuts


async def test_a_power_cut_at_any_byte_neither_repeats_a_step_nor_takes_it_back():
    assert await sweep(0, 0) > 200


async def test_a_killed_process_at_any_byte_neither_repeats_a_step_nor_takes_it_back():
    assert await sweep(3, 1 << 20) > 200


async def test_one_rotation_follows_another_and_the_agent_keeps_its_name():
    agent = await rotated()
    agent.boot(SECOND)
    assert kept_keys(agent.ledger) == [FIRST.key_id, SECOND.key_id, FIRST.key_id]
    await agent.turns(3)
    agent.boot(SECOND, THIRD)
    await agent.turns(10)
    assert over(agent)
    assert agent.upstream.changes() == [
        BEGINS_SECOND, ENDS_FIRST, (record.KEY_BEGINS, THIRD.key_id), (record.KEY_ENDS, SECOND.key_id),
    ]  # fmt: skip
    assert agent.upstream.order() == [FIRST.key_id, SECOND.key_id, THIRD.key_id]
    agent.boot(THIRD)
    await agent.turns(3)
    assert agent.upstream.order()[-1] == THIRD.key_id


async def test_a_key_that_was_begun_and_is_not_wanted_is_ended_again():
    agent = await at_step(BEGUN)
    agent.boot(FIRST)
    await agent.turns(5)
    assert agent.upstream.changes() == [BEGINS_SECOND, (record.KEY_ENDS, SECOND.key_id)]
    assert refusal(agent, FIRST, SECOND) == NEVER_TWICE
    agent.boot(FIRST, THIRD)
    await agent.turns(10)
    assert over(agent) and agent.upstream.order() == [FIRST.key_id, THIRD.key_id]


async def test_what_was_said_and_lost_before_it_was_confirmed_is_not_believed():
    agent = await at_step(BEGUN, 6000)
    agent.fall_silent()
    agent.upstream = Upstream()
    agent.uplink.set_connected(False)  # until the journal has dropped what was said
    await agent.turns(200)
    assert agent.rotation is not None and agent.rotation.seq < agent.ledger.released_seq
    agent.boot(FIRST, SECOND)
    agent.confirms = True
    await agent.turns(60)
    assert agent.step == BEGUN and agent.upstream.order() == [FIRST.key_id]
    agent.boot(FIRST, THIRD)
    await agent.turns(10)
    assert over(agent) and agent.upstream.order() == [FIRST.key_id, THIRD.key_id]
    assert agent.upstream.changes() == [(record.KEY_BEGINS, THIRD.key_id), ENDS_FIRST]


async def test_keys_that_do_not_fit_the_journal_are_refused_by_name():
    agent = await at_step(BEGUN)
    expected = "[agent] key: expected %s, which has signed so far, not %s"
    assert refusal(agent, THIRD) == expected % (FIRST.key_id.hex(), THIRD.key_id.hex())
    agent = await at_step(SWITCHED)
    signs = "[agent] next_key: expected %s, which already signs, until it signs alone" % SECOND.key_id.hex()
    assert refusal(agent, FIRST) == refusal(agent, FIRST, THIRD) == signs
    assert refusal(agent, SECOND).startswith("[agent] key: expected " + FIRST.key_id.hex())
    agent = await at_step(ENDED)
    assert not over(agent) and refusal(agent, SECOND).startswith("[agent] key: expected " + FIRST.key_id.hex())
    agent = await rotated()
    assert refusal(agent, FIRST).endswith(SECOND.key_id.hex() + ", as key, for it signs alone now")
    assert refusal(agent, FIRST, SECOND) == refusal(agent, SECOND) == ""
    assert refusal(agent, SECOND, SECOND) == refusal(agent, SECOND, FIRST) == NEVER_TWICE
