"""Another controller at work: outlasted without a war, never fought in default mode, and its going said once."""

from __future__ import annotations

from agent import record
from tests.shared.hands import contested, outlasted, pump, somebody_charges
from tests.shared.products import put

LIMIT, MODE = 10041, 10040  # of the heat pump
SETPOINT = 1210  # of the charger
FOREIGN, REGAINED = record.FOREIGN_CONTROLLER, record.CONTROL_REGAINED


async def test_ours_is_brought_back_at_once_and_said_like_any_write():
    hand = await contested()
    assert hand.grant(10000)  # there is something to do
    assert await hand.act(7000) == [SETPOINT]
    assert hand.said() == [(10000, record.APPLIED, record.READBACK, 10000, "claim")]
    assert await hand.driver.kept() == 10000


async def war(hand, meddle, seconds):
    """Let somebody meddle after each write; return the seconds of ours."""
    written = []
    for now_ms in range(7000, 7000 + 1000 * seconds, 250):
        if await hand.act(now_ms):
            written.append(now_ms)
            meddle()
        await hand.look(now_ms)
    return [now_ms // 1000 for now_ms in written]


def gaps(moments):
    return [moments[at] - moments[at - 1] for at in range(1, len(moments))]


async def test_against_a_stubborn_controller_the_pauses_grow_to_a_minute():
    hand = await contested()
    written = await war(hand, lambda: somebody_charges(hand.unit, 20.0), 400)
    assert written[0] == 7 and gaps(written) == [2, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]  # no look was due at first
    told = hand.said()
    assert [state for state in told if type(state) is int] == []  # it was said once
    assert len(told) == len(written)
    assert hand.actuator.foreign and hand.actuator.foreign_times == 1


async def test_a_product_that_wears_out_is_written_once_a_minute_at_most():
    hand = pump()
    await hand.apply(4200)

    def meddle():
        hand.unit.registers[LIMIT] = 60

    meddle()
    await hand.look(6000)
    await hand.look(7000)
    written = await war(hand, meddle, 300)
    assert written[0] == 7
    assert gaps(written) == [61, 60, 60, 60]


async def test_a_refused_product_that_wears_out_is_not_tried_more_often_than_that_while_contested():
    hand = pump()
    await hand.apply(4200)
    hand.unit.registers[LIMIT] = 60
    await hand.look(6000)
    await hand.look(7000)
    hand.unit.refuse = {LIMIT: 4}
    tried = []
    for now_ms in range(7000, 200000, 1000):
        hand.unit.asked = []
        await hand.actuator.act(now_ms)
        if hand.unit.asked:
            tried.append(now_ms)
    assert tried == [7000, 67000, 127000, 187000]
    hand.unit.asked = []
    await hand.actuator.act(246999)
    assert hand.unit.asked == []
    await hand.actuator.act(247000)
    assert hand.unit.asked != []


async def test_the_newest_thing_found_is_kept_for_whoever_asks():
    hand = await contested()
    await outlasted(hand)
    somebody_charges(hand.unit, 13.0)
    await hand.look(8000)
    assert hand.actuator.foreign_kept == 13000 and hand.actuator.foreign_ms == 7000
    assert hand.said() == []


async def test_a_new_set_point_is_written_at_once_and_does_not_shorten_the_next_pause():
    hand = await contested()
    await outlasted(hand)
    for now_ms, pause_ms in ((8000, 1000), (10000, 2000), (13000, 4000)):
        somebody_charges(hand.unit, 20.0)
        assert await hand.look(now_ms)
        assert await hand.act(now_ms + pause_ms - 1) == [] and await hand.act(now_ms + pause_ms) == [SETPOINT]
    hand.grant(11000)
    assert await hand.act(17001) == [SETPOINT]
    somebody_charges(hand.unit, 20.0)
    assert await hand.look(18000)
    assert await hand.act(25999) == [] and await hand.act(26000) == [SETPOINT]


async def test_control_is_regained_after_a_minute_of_looks_that_found_ours_and_said_once():
    hand = await contested()
    await outlasted(hand)
    for now_ms in range(8000, 68000, 1000):
        assert await hand.look(now_ms) and hand.said() == []  # a look a second meanwhile
        assert hand.actuator.foreign
    assert await hand.look(68000) and hand.said() == [REGAINED]
    assert not hand.actuator.foreign and hand.actuator.foreign_times == 1
    looked = []
    for now_ms in range(68000, 90000, 1000):
        looked += [now_ms] * bool(await hand.look(now_ms))
    assert looked == [69000, 74000, 79000, 84000, 89000] and hand.said() == []


async def test_the_minute_begins_anew_with_every_look_that_did_not_find_ours():
    def nothing(hand):
        put(hand.unit.registers, 1208, "I", 0)

    def silence(hand):
        hand.unit.refuse = {1208: 4}

    def theirs(hand):
        somebody_charges(hand.unit, 20.0)

    for spoil in (nothing, silence, theirs):
        hand = await contested()
        await outlasted(hand)
        for now_ms in range(8000, 60000, 1000):
            await hand.look(now_ms)
        spoil(hand)
        await hand.look(60000)
        hand.unit.refuse = {}
        put(hand.unit.registers, 1208, "I", 60)
        await hand.act(61000)
        hand.said()
        for now_ms in range(61000, 121000, 1000):
            await hand.look(now_ms)
            assert hand.said() == [], (spoil, now_ms)
        await hand.look(121000)
        assert hand.said() == [REGAINED]


async def test_the_minute_begins_anew_when_a_write_failed_or_the_product_was_away():
    hand = await contested()
    await outlasted(hand)
    await hand.look(8000)
    hand.unit.refuse = {SETPOINT: 4}
    hand.grant(11000)
    await hand.act(9000)
    hand.unit.refuse = {}
    await hand.act(10000)
    hand.said()
    await hand.look(11000)
    await hand.look(70999)
    assert hand.said() == []
    hand.actuator.forget()
    await hand.act(71000)
    hand.said()
    await hand.look(72000)
    await hand.look(131999)
    assert hand.said() == []
    await hand.look(133000)
    assert hand.said() == [REGAINED]


async def test_a_new_set_point_does_not_begin_the_minute_anew():
    hand = await contested()
    await outlasted(hand)
    await hand.look(8000)
    hand.grant(11000)
    await hand.act(30000)
    hand.said()
    await hand.look(68000)
    assert hand.said() == [REGAINED]


async def test_whoever_comes_back_is_said_again_and_met_at_once():
    hand = await contested()
    await outlasted(hand)
    for now_ms in (8000, 68000):
        await hand.look(now_ms)
    assert hand.said() == [REGAINED]
    somebody_charges(hand.unit, 16.0)
    await hand.look(69000)
    assert hand.said() == []
    await hand.look(70000)
    assert hand.said() == [FOREIGN]
    actuator = hand.actuator
    assert (actuator.foreign_ms, actuator.foreign_kept, actuator.foreign_times) == (70000, 16000, 2)
    assert await hand.act(70000) == [SETPOINT]
    somebody_charges(hand.unit, 16.0)
    await hand.look(71000)
    assert await hand.act(71999) == [] and await hand.act(72000) == [SETPOINT]


async def test_after_control_is_regained_failed_writes_pause_as_ever():
    hand = await contested()
    await outlasted(hand)
    for now_ms in (8000, 10000, 13000):
        somebody_charges(hand.unit, 20.0)
        await hand.look(now_ms)
        await hand.act(now_ms + 4000)
    for now_ms in (18000, 78000):
        await hand.look(now_ms)
    assert hand.said()[-1] == REGAINED
    hand.unit.refuse = {SETPOINT: 4}
    hand.grant(12000)
    assert await hand.act(79000) == [SETPOINT]
    assert await hand.act(79999) == [] and await hand.act(80000) == [SETPOINT]


async def test_in_default_mode_nothing_is_brought_back_and_the_minute_passes_all_the_same():
    hand = await contested()
    await outlasted(hand)
    hand.grant(None)
    assert await hand.act(8000) == [SETPOINT]
    hand.said()
    for now_ms in (9000, 10000, 11000):
        somebody_charges(hand.unit, 20.0)
        assert await hand.look(now_ms)
        assert await hand.act(now_ms) == [] and hand.said() == []
    assert hand.actuator.foreign_times == 1
    put(hand.unit.registers, 1208, "I", 0)  # what was written is over, and nobody writes
    for now_ms in range(12000, 72000, 1000):
        await hand.look(now_ms)
        assert hand.said() == []
    await hand.look(72000)
    assert hand.said() == [REGAINED]
    assert await hand.look(10**6) == 0


async def test_a_default_mode_that_fails_does_not_wait_as_long_as_a_contested_set_point():
    hand = pump()
    await hand.apply(4200)
    hand.unit.registers[LIMIT] = 60
    await hand.look(6000)
    await hand.look(7000)
    await hand.act(7000)
    hand.unit.registers[LIMIT] = 60
    await hand.look(8000)  # a pause of a minute begins
    hand.unit.refuse = {MODE: 4}
    hand.grant(None)
    tried = []
    for now_ms in range(8000, 140000, 1000):
        hand.unit.asked = []
        await hand.actuator.act(now_ms)
        if hand.unit.asked:
            tried.append(now_ms // 1000 - 8)
    assert tried == [0, 1, 3, 7, 15, 31, 61, 91, 121]


async def test_the_lease_ends_in_the_middle_of_a_war():
    hand = await contested()
    hand.actuator.grant((3, 10000, "claim"), 9000)
    await outlasted(hand)
    somebody_charges(hand.unit, 20.0)
    await hand.look(8000)
    assert await hand.act(9000) == [SETPOINT]
    assert hand.said() == [(None, record.DEFAULTED, record.READBACK, 6000, "lease ended")]
    for now_ms in range(10000, 200000, 1000):
        assert await hand.act(now_ms) == []
