"""The hand of one device: what it writes when, what it says of it, and when it stops."""

from __future__ import annotations

from agent import record
from hal import quantities as q
from hal.errors import DeviceError
from tests.shared.hands import FAR_MS, Hand, charger, pump
from tests.shared.modbus_units import Unit
from tests.shared.products import inverter_unit, put, room_unit

LIMIT, MODE = 10041, 10040  # of the heat pump
SETPOINT = 1210  # of the charger


async def test_nothing_is_asked_of_a_product_before_the_first_grant():
    hand = pump()
    for now_ms in (0, 1, 10**9):
        assert await hand.act(now_ms) == [] and await hand.look(now_ms) == 0
    await hand.actuator.stand_down()
    assert hand.unit.asked == [] and hand.said() == []


async def test_a_set_point_is_written_once_and_said_with_what_the_product_keeps():
    hand = pump()
    assert hand.grant(4200)
    assert await hand.act(0) == [LIMIT, MODE]
    assert hand.said() == [(4200, record.APPLIED, record.READBACK, 4200, "claim")]
    assert not hand.grant(4200)
    for now_ms in (1, 1000, 3600000, 10**9):
        assert await hand.act(now_ms) == [] and hand.said() == []
    assert hand.grant(4300)
    assert await hand.act(10**9) == [LIMIT]
    assert [told[0] for told in hand.said()] == [4300]


async def test_kept_is_what_the_product_made_of_it():
    hand = charger()
    hand.unit.after_write = lambda unit: put(unit.registers, 1206, "f", 20.0)  # the cable allows no more
    hand.grant(32000)
    await hand.act(0)
    assert hand.said() == [(32000, record.APPLIED, record.READBACK, 20000, "claim")]


async def test_default_mode_is_said_as_such_with_a_read_back_where_it_is_a_set_point():
    hand = pump()
    hand.grant(None, FAR_MS, "default")
    await hand.act(0)
    assert hand.said() == [(None, record.DEFAULTED, record.READBACK, 30000, "default")]
    hand = Hand("heatmiser-edge", room_unit())
    hand.grant(None)
    await hand.act(0)
    assert hand.said() == [(None, record.DEFAULTED, record.WRITE_ACK, None, "claim")]


async def test_a_grant_that_is_not_applied_yet_is_news():
    hand = pump()
    assert hand.grant(4200) and hand.grant(4200)
    hand.unit.refuse = {LIMIT: 4}
    await hand.act(0)
    assert hand.grant(4200)


async def test_the_newest_source_is_named():
    hand = pump()
    hand.grant(4200, FAR_MS, "claim")
    hand.grant(4200, FAR_MS, "connection")
    await hand.act(0)
    assert hand.said()[0][4] == "connection"


async def test_the_lease_ends_to_the_millisecond_and_is_said_once():
    hand = pump()
    hand.grant(4200, 10000)
    await hand.act(0)
    hand.said()
    assert await hand.act(9999) == [] and hand.said() == []
    assert await hand.act(10000) == [MODE]
    assert hand.said() == [(None, record.DEFAULTED, record.READBACK, 30000, "lease ended")]
    for now_ms in range(10001, 3600000, 9973):
        assert await hand.act(now_ms) == [] and hand.unit.asked == []
    assert hand.said() == []


async def test_a_default_mode_after_the_lease_is_not_repeated_on_a_product_that_must_be_rewritten_either():
    hand = charger()
    hand.grant(10000, 10000)
    await hand.act(0)
    assert await hand.act(10000) == [SETPOINT]
    for now_ms in range(11000, 3600000, 1000):
        assert await hand.act(now_ms) == []


async def test_a_renewed_lease_goes_on_and_a_new_one_begins_anew():
    hand = pump()
    hand.grant(4200, 10000)
    await hand.act(0)
    hand.grant(4200, 15000)
    assert await hand.act(14999) == []
    assert await hand.act(15000) == [MODE]
    hand.said()
    assert hand.grant(4200, 30000)
    assert await hand.act(16000) == [MODE]
    assert hand.said() == [(4200, record.APPLIED, record.READBACK, 4200, "claim")]
    assert await hand.act(30000) == [MODE]
    assert hand.said()[0][4] == "lease ended"


async def test_a_lease_whose_end_nobody_saw_has_ended_all_the_same():
    for source in ("claim", "wish"):
        hand = pump()
        hand.grant(4200, 10000, source)
        await hand.act(0)
        hand.said()
        assert await hand.act(10750) == [MODE]
        assert [told[4] for told in hand.said()] == ["lease ended"]
        assert await hand.act(11000) == [] and hand.said() == []


async def test_a_lease_of_nought_has_ended():
    hand = pump()
    hand.grant(4200, 0)
    await hand.act(0)
    assert hand.said() == [(None, record.DEFAULTED, record.READBACK, 30000, "lease ended")]


async def tries(hand, until_ms):
    """Return when the product was asked anything, at a call every 250 ms."""
    tried = []
    for now_ms in range(0, until_ms, 250):
        hand.unit.asked = []
        await hand.actuator.act(now_ms)
        if hand.unit.asked:
            tried.append(now_ms // 1000)
            assert now_ms % 1000 == 0
    return tried


PAUSES_S = [0, 1, 3, 7, 15, 31, 61, 91, 121]


async def test_a_failed_write_is_tried_again_with_growing_pauses_and_said_once():
    hand = pump()
    hand.unit.refuse = {LIMIT: 4}
    hand.grant(4200)
    assert await tries(hand, 130000) == PAUSES_S
    assert hand.said() == [(4200, record.REJECTED, record.NO_EVIDENCE, None, "claim")]


async def test_a_default_mode_that_fails_is_tried_again_likewise():
    hand = pump()
    hand.unit.registers[MODE] = 2
    hand.unit.refuse = {MODE: 4}
    hand.grant(4200, 0)
    assert await tries(hand, 130000) == PAUSES_S
    assert hand.said() == [(None, record.REJECTED, record.NO_EVIDENCE, None, "lease ended")]
    hand.unit.refuse = {}
    assert await hand.act(151000) == [MODE]
    assert hand.said() == [(None, record.DEFAULTED, record.READBACK, 30000, "lease ended")]
    assert await hand.act(10**9) == []


async def test_the_longest_pause_is_half_a_minute_to_the_millisecond():
    hand = charger()
    hand.unit.refuse = {SETPOINT: 4}
    hand.grant(10000)
    for now_ms in (0, 1000, 3000, 7000, 15000, 31000, 61000):
        assert await hand.act(now_ms - 1) == [] and await hand.act(now_ms) == [SETPOINT]
    assert await hand.act(90999) == [] and await hand.act(91000) == [SETPOINT]


async def test_a_new_set_point_does_not_wait_for_the_old_ones_pause():
    hand = pump()
    hand.unit.refuse = {LIMIT: 4}
    hand.grant(4200)
    for now_ms in (0, 1000, 3000):
        await hand.act(now_ms)
    hand.grant(5000)
    for now_ms, asked in ((3001, True), (4000, False), (4001, True), (6000, False), (6001, True)):
        await hand.act(now_ms)
        assert (hand.unit.asked != []) == asked, now_ms
    assert [told[0] for told in hand.said()] == [4200, 5000]


async def test_success_ends_the_pauses():
    hand = charger()
    hand.grant(10000)
    hand.unit.refuse = {SETPOINT: 4}
    for now_ms in (0, 1000, 3000):
        await hand.act(now_ms)
    hand.unit.refuse = {}
    assert await hand.act(7000) == [SETPOINT]
    hand.said()
    hand.unit.refuse = {SETPOINT: 4}
    assert await hand.act(32000) == [SETPOINT]  # the refresh
    assert hand.said() == [(10000, record.REJECTED, record.NO_EVIDENCE, None, "claim")]
    assert await hand.act(32999) == [] and await hand.act(33000) == [SETPOINT]
    assert hand.said() == []


async def test_what_a_failure_was_is_said_when_it_changes():
    hand = pump()
    hand.unit.refuse = {LIMIT: 4}
    hand.grant(4200)
    await hand.act(0)
    hand.unit.refuse = {}
    obey = hand.driver.obey

    async def nobody(setpoint):
        raise DeviceError("nobody answers")

    hand.driver.obey = nobody
    await hand.act(1000)
    await hand.act(3000)
    hand.driver.obey = obey
    hand.unit.refuse = {LIMIT: 4}
    await hand.act(7000)
    hand.unit.refuse = {}
    await hand.act(15000)
    assert [(told[1], told[2]) for told in hand.said()] == [
        (record.REJECTED, record.NO_EVIDENCE),
        (record.FAILED, record.NO_EVIDENCE),
        (record.REJECTED, record.NO_EVIDENCE),
        (record.APPLIED, record.READBACK),
    ]


async def test_what_the_contract_forbids_is_rejected_and_never_sent():
    hand = pump()
    hand.grant(4250)
    assert await hand.act(0) == [] and hand.unit.asked == []
    assert hand.said() == [(4250, record.REJECTED, record.NO_EVIDENCE, None, "claim")]


async def test_a_refused_write_says_what_the_product_kept_in_the_unit_of_the_set_point():
    hand = pump()
    hand.unit.stubborn = (LIMIT,)
    hand.grant(4200)
    await hand.act(0)
    assert hand.said() == [(4200, record.REJECTED, record.READBACK, 30000, "claim")]
    hand = Hand("sg-ready-relay", Unit(coils={0: 0, 1: 0}))
    hand.unit.stubborn = (0,)
    hand.grant(q.SG_FORCED)
    await hand.act(0)
    assert hand.said() == [(q.SG_FORCED, record.REJECTED, record.READBACK, q.SG_RECOMMENDED, "claim")]
    hand = charger()
    hand.unit.after_write = lambda unit: put(unit.registers, 1206, "f", 16.0)  # it takes the limit and charges on
    hand.grant(8000)
    await hand.act(0)
    assert hand.said() == [(8000, record.REJECTED, record.READBACK, 16000, "claim")]


async def test_what_cannot_be_told_of_a_refused_write_is_not_made_up():
    hand = Hand("heatmiser-edge", room_unit())
    hand.unit.after_write = None  # it never holds, and goes by its schedule
    hand.grant(18500)
    await hand.act(0)
    assert hand.said() == [(18500, record.REJECTED, record.NO_EVIDENCE, None, "claim")]
    hand = Hand("waveshare-relay", Unit(coils={}))
    hand.unit.stubborn = (0,)

    async def kept():
        raise DeviceError("silent")

    hand.driver.kept = kept
    hand.grant(1)
    await hand.act(0)
    assert hand.said() == [(1, record.REJECTED, record.NO_EVIDENCE, None, "claim")]


async def test_a_grant_that_comes_during_a_write_is_written_next():
    hand = pump()
    hand.grant(4200)

    def meanwhile(unit):
        unit.after_write = None
        hand.grant(5000, FAR_MS, "connection")

    hand.unit.after_write = meanwhile
    await hand.act(0)
    assert hand.said() == [(4200, record.APPLIED, record.READBACK, 4200, "claim")]
    assert hand.grant(5000, FAR_MS, "connection")
    assert await hand.act(0) == [LIMIT]
    assert hand.said() == [(5000, record.APPLIED, record.READBACK, 5000, "connection")]


async def test_a_write_that_fails_while_a_newer_grant_comes_does_not_hold_the_newer_one_up():
    hand = pump()
    hand.grant(4200)
    hand.unit.stubborn = (LIMIT,)

    def meanwhile(unit):
        unit.after_write = None
        hand.grant(5000, FAR_MS, "connection")

    hand.unit.after_write = meanwhile
    await hand.act(0)
    assert hand.said() == [(4200, record.REJECTED, record.READBACK, 30000, "claim")]
    assert await hand.act(0) == [LIMIT]
    assert hand.said() == [(5000, record.REJECTED, record.READBACK, 30000, "connection")]
    assert await hand.act(999) == [] and await hand.act(1000) == [LIMIT]


async def test_what_was_away_is_told_again_at_once():
    hand = charger()
    await hand.apply(10000)
    hand.actuator.forget()
    assert hand.grant(10000)
    assert await hand.act(1) == [SETPOINT]
    assert hand.said() == [(10000, record.APPLIED, record.READBACK, 10000, "claim")]
    hand.unit.refuse = {SETPOINT: 4}
    hand.grant(11000)
    for now_ms in (2, 1002, 3002):
        assert await hand.act(now_ms) == [SETPOINT]
    hand.actuator.forget()
    assert await hand.act(3003) == [SETPOINT] and await hand.act(4003) == [SETPOINT]
    assert [told[1] for told in hand.said()] == [record.REJECTED, record.REJECTED]


async def test_standing_down_goes_to_default_mode_once_whatever_comes_of_it():
    hand = pump()
    await hand.apply(4200)
    await hand.actuator.stand_down()
    assert hand.unit.registers[MODE] == 0
    assert hand.said() == [(None, record.DEFAULTED, record.READBACK, 30000, "shutdown")]
    hand = pump()
    await hand.apply(4200)
    hand.unit.refuse = {MODE: 4}
    hand.unit.asked = []
    await hand.actuator.stand_down()
    assert hand.unit.asked == [(3, MODE, 1)]
    assert hand.said() == [(None, record.REJECTED, record.NO_EVIDENCE, None, "shutdown")]


async def test_a_device_that_was_granted_its_default_is_stood_down_too():
    hand = pump()
    hand.grant(None, 0)
    await hand.actuator.stand_down()
    assert hand.said() == [(None, record.DEFAULTED, record.READBACK, 30000, "shutdown")]


async def refreshes(hand, pace_ms, until_ms):
    """Return when the set-point was written, at a call every `pace_ms`."""
    written = []
    for now_ms in range(0, until_ms, pace_ms):
        written += [now_ms] * bool(await hand.act(now_ms))
    return written


async def test_an_unchanged_set_point_is_rewritten_inside_the_products_time_however_slow_the_ticks_are():
    for pace_ms, expected in (
        (100, [0, 24800, 49600]),
        (1000, [0, 23000, 46000]),
        (2500, [0, 20000, 40000]),
        (5000, [0, 15000, 30000, 45000]),
        (10000, [0, 10000, 20000, 30000, 40000, 50000]),
    ):
        hand = charger()
        hand.grant(10000)
        assert await refreshes(hand, pace_ms, 60000) == expected, pace_ms
        assert len(hand.said()) == 1  # a rewritten set-point is no news


async def test_calls_in_the_same_moment_do_not_hide_how_slow_the_ticks_are():
    hand = charger()
    hand.grant(10000)
    written = []
    for now_ms in range(0, 60000, 10000):
        for _ in range(3):
            written += [now_ms] * bool(await hand.act(now_ms))
    assert written == [0, 10000, 20000, 30000, 40000, 50000]


async def test_only_a_set_point_is_rewritten():
    hand = charger()
    hand.grant(None)
    assert await refreshes(hand, 1000, 200000) == [0]
    hand = pump()
    hand.grant(4200)
    assert await refreshes(hand, 1000, 200000) == [0]


async def test_a_battery_is_written_by_its_revert_timer():
    unit, at = inverter_unit()
    hand = Hand("fronius-gen24", unit)
    await hand.driver.open()
    hand.grant(1000)
    assert await refreshes(hand, 1000, 60000) == [0, 22000, 44000]
    hand.grant(None)
    assert await refreshes(hand, 1000, 60000) == [0]
    assert unit.registers[at + 5] == 0
