"""A charger between one phase and three: when it moves, how often, in which order, and what it counts as meanwhile."""

from __future__ import annotations

from agent import record
from tests.shared.garage import LAG_S, Garage

THREE_W, ONE_W = 4140, 1380  # what a charger at 6 A takes


async def charging(garage: Garage, seconds: int = 60) -> Garage:
    """Let the car be at its 16 A on three phases."""
    await garage.run(seconds)
    assert garage.charging_w() == 11040 and garage.contactor.phases == 3
    return garage


async def on_one(garage: Garage, power_w: int = 3000) -> Garage:
    """Let a limit bring the charger to one phase."""
    await charging(garage)
    garage.limit(power_w)
    await garage.until(lambda: garage.contactor.phases == 1 and garage.charging_w() > 0, 90)
    return garage


def unloaded(garage: Garage) -> bool:
    return garage.contactor.under_load == 0


async def test_a_limit_that_three_phases_can_keep_throttles_and_switches_nothing():
    garage = await charging(Garage())
    garage.limit(THREE_W + 700)
    await garage.run(700)
    assert garage.contactor.moves == [] and THREE_W <= garage.charging_w() <= THREE_W + 100
    assert garage.switch.setpoint is None and garage.switch.source == "default"


async def test_under_a_limit_that_would_stop_it_the_charger_goes_on_with_one_phase():
    garage = await charging(Garage())
    garage.limit(3000)
    taken_s = await garage.until(lambda: garage.contactor.phases == 1, 30)
    assert taken_s <= 5 and unloaded(garage) and garage.charger.setpoint == 0
    assert garage.charger.source == "protection phases"
    waited_s = await garage.until(lambda: garage.charging_w() > 0, 60)
    assert waited_s >= 30  # the contacts rest
    garage.peak_w = 0
    await garage.run(60)
    assert garage.contactor.moves == [1] and 2200 < garage.charging_w() <= 2400
    assert garage.charger.source == "limit dso" and garage.peak_w <= 3000
    assert garage.charger.phases == (0,) and garage.charger.power_of(10000) == 2300


async def test_what_was_done_and_why_is_in_the_records():
    garage = await on_one(Garage())
    wrote = [fact[3:] for fact in garage.said(record.WRITE) if fact[2] == 2]
    assert wrote == [
        [None, record.DEFAULTED, record.READBACK, 3, "default"],
        [1, record.APPLIED, record.READBACK, 1, "limit dso"],
        [None, record.DEFAULTED, record.READBACK, 1, "default"],
    ]
    bound = [fact[3:] for fact in garage.said(record.BINDING) if fact[2] == 2]
    assert bound == [[None, "default"], [1, "limit dso"], [None, "default"]]
    delays = [fact[3:5] for fact in garage.said(record.DELAY) if fact[2] == 1]
    assert delays[-1] == [0, "protection phases"]


async def test_less_than_one_phase_needs_stops_it_and_switches_nothing():
    garage = await charging(Garage())
    garage.limit(600 + ONE_W - 10)
    await garage.run(900)
    assert garage.contactor.moves == [] and garage.charging_w() == 0


async def test_it_comes_back_once_when_room_for_three_has_lasted():
    garage = await on_one(Garage())
    garage.lift()
    taken_s = await garage.until(lambda: garage.contactor.phases == 3, 700)
    assert 600 <= taken_s <= 620 and unloaded(garage)
    assert garage.said(record.DEVICE_STATE) and garage.switch.guard.starts_left(garage.now_ms) == 3
    await garage.run(1200)
    assert garage.contactor.moves == [1, 3] and garage.charging_w() == 11040
    assert garage.charger.phases == (0, 1, 2)


async def test_room_for_three_must_have_a_margin():
    garage = await on_one(Garage())
    garage.lift()
    garage.limit(600 + THREE_W + THREE_W // 10 - 20)
    await garage.run(1500)
    assert garage.contactor.moves == [1]
    garage.lift()
    garage.limit(600 + THREE_W + THREE_W // 10 + 20)
    await garage.run(700)
    assert garage.contactor.moves == [1, 3] and garage.charging_w() >= THREE_W


async def test_noisy_room_does_not_flap():
    garage = await charging(Garage())
    garage.limit(600 + THREE_W)
    for second in range(1800):
        garage.base_w[0] = 200 + (second * 7919 % 13) * 100  # up to 1.2 kW more, every second another
        garage.facts.clear()
        await garage.tick()
    assert len(garage.contactor.moves) <= 1 and unloaded(garage)
    garage = await charging(Garage())
    garage.limit(600 + THREE_W)
    for second in range(1800):
        garage.base_w[0] = 200 + second // 40 % 2 * 1000
        garage.facts.clear()
        await garage.tick()
    assert garage.contactor.moves == [1] and unloaded(garage) and garage.charging_w() > ONE_W


async def test_a_short_dip_stops_the_charger_and_moves_nothing():
    garage = await charging(Garage())
    garage.limit(3000)
    await garage.tick()
    garage.lift()
    await garage.run(120)
    assert garage.contactor.moves == [] and garage.charging_w() == 11040


async def test_it_moves_up_only_as_often_in_an_hour_as_it_may():
    garage = await charging(Garage(switch={"starts_per_h": 2}))
    ups: list[int] = []
    for turn in range(6):
        garage.limit(3000)
        await garage.run(120)
        garage.lift()
        for _ in range(700):
            moves = len(garage.contactor.moves)
            await garage.tick()
            if len(garage.contactor.moves) > moves and garage.contactor.phases == 3:
                ups.append(garage.now_ms)
        if turn == 3:
            assert garage.switch.source == "protection starts"
            assert garage.said(record.DELAY)[-1][2:5] == [2, None, "protection starts"]
            assert garage.charging_w() == 16000 * 230 // 1000  # it charges on
    assert unloaded(garage) and len(ups) >= 3
    for at in range(len(ups) - 2):
        assert ups[at + 2] - ups[at] >= 3600000


async def test_a_limit_that_comes_during_the_rest_waits_for_it():
    garage = await charging(Garage(switch={"on_s": 300}), 300)
    garage.limit(3000)
    await garage.until(lambda: garage.contactor.phases == 1, 30)
    garage.lift()
    await garage.until(lambda: garage.contactor.phases == 3, 700)
    moved_ms = garage.now_ms
    garage.limit(3000)
    await garage.until(lambda: garage.contactor.phases == 1, 400)
    assert garage.now_ms - moved_ms >= 300000 - 1000 and unloaded(garage)


async def reboots_well_after(seconds: int) -> bool:
    garage = await charging(Garage())
    garage.limit(3000)
    await garage.run(seconds)
    before = garage.contactor.phases
    garage.boot()
    await garage.run(2)
    assert garage.contactor.phases == before and garage.charger.phases == ((0,) if before == 1 else (0, 1, 2))
    garage.limit(3000)
    await garage.until(lambda: garage.charging_w() > ONE_W and garage.contactor.phases == 1, 150)
    garage.lift()
    await garage.until(lambda: garage.charging_w() == 11040, 800)
    return garage.contactor.moves == [1, 3] and unloaded(garage)


async def test_a_reboot_in_the_middle_of_a_move_finds_out_where_things_stand():
    for seconds in (1, 2, 3, 4, 5, 6, 7, 12, 30, 36, 45):
        assert await reboots_well_after(seconds), seconds


async def test_an_agent_that_boots_leaves_one_phase_as_it_is_until_room_has_lasted():
    garage = Garage()
    garage.contactor.phases = 1
    await garage.run(590)
    assert garage.contactor.moves == [] and garage.charging_w() == 3680
    await garage.until(lambda: garage.contactor.phases == 3, 60)
    assert unloaded(garage)


async def test_a_copy_of_the_state_goes_on_the_same():
    garage, twin = await charging(Garage()), await charging(Garage())
    for each in (garage, twin):
        each.limit(3000)
    for _ in range(100):
        await garage.tick()
        twin.copy()
        await twin.tick()
        assert twin.grid_w == garage.grid_w
    assert garage.contactor.moves == twin.contactor.moves == [1]


async def test_a_switch_that_refuses_lets_the_charger_go_and_is_left_alone_for_an_hour():
    garage = await on_one(Garage())
    garage.contactor.stuck = True
    garage.lift()
    await garage.until(lambda: garage.switch.setpoint == 3, 700)
    taken_s = await garage.until(lambda: garage.switch.setpoint is None, 60)
    assert taken_s == 30
    await garage.until(lambda: garage.charging_w() > 0, 90)
    assert garage.contactor.moves == [1] and garage.charger.phases == (0,)
    tries = len([fact for fact in garage.said(record.WRITE) if fact[2:5] == [2, 3, record.REJECTED]])
    await garage.run(3000)
    again = len([fact for fact in garage.said(record.WRITE) if fact[2:5] == [2, 3, record.REJECTED]])
    assert garage.charging_w() == 3680 and again == tries == 1
    garage.contactor.stuck = False
    await garage.run(1000)
    assert garage.contactor.moves == [1, 3] and unloaded(garage)


async def test_a_switch_that_is_lost_while_it_moves_is_given_up_and_counts_with_three():
    garage = await charging(Garage())
    garage.contactor.line_down = True
    garage.limit(3000)
    await garage.until(lambda: garage.switch.setpoint == 1, 30)
    garage.contactor_silent = True
    await garage.run(120)
    assert garage.switch.setpoint is None and garage.charger.phases == (0, 1, 2) and garage.charging_w() == 0
    garage.contactor.phases = 1  # the write had come through after all
    garage.contactor_silent = garage.contactor.line_down = False
    await garage.until(lambda: garage.charging_w() > ONE_W, 60)
    assert garage.contactor.moves == [] and garage.charger.phases == (0,)


async def test_a_lost_switch_is_not_moved_and_the_charger_counts_with_three():
    garage = await on_one(Garage())
    garage.contactor_silent = True
    await garage.run(15)
    assert garage.charger.phases == (0, 1, 2) and garage.charging_w() == 0  # three times 6 A have no room
    garage.lift()
    await garage.run(1300)
    assert garage.contactor.moves == [1] and garage.charging_w() == 3680
    garage.contactor_silent = False
    await garage.run(590)
    assert garage.contactor.moves == [1] and garage.charger.phases == (0,)
    await garage.run(60)
    assert garage.contactor.moves == [1, 3] and unloaded(garage)


async def test_an_answer_that_differs_from_what_was_kept_is_a_doubt():
    garage = await on_one(Garage())
    garage.contactor_says = 3
    await garage.run(1)
    assert garage.charger.phases == (0, 1, 2)
    await garage.run(4)
    assert garage.charging_w() == 0
    assert [fact[2:] for fact in garage.said(record.DEVICE_STATE)][-1] == [2, record.FOREIGN_CONTROLLER]
    await garage.run(200)
    assert garage.charging_w() == 0
    garage.contactor_says = None
    await garage.until(lambda: garage.charging_w() > 0, 60)
    states = [fact[3] for fact in garage.said(record.DEVICE_STATE) if fact[2] == 2]
    assert states == [record.ATTACHED, record.FOREIGN_CONTROLLER, record.CONTROL_REGAINED]


async def test_somebody_elses_three_phases_are_counted_at_once_and_brought_back_without_load():
    garage = await on_one(Garage())
    garage.contactor.move(3)
    assert garage.contactor.under_load == 1  # his
    await garage.run(6)
    assert garage.charging_w() == 0
    await garage.until(lambda: garage.contactor.phases == 1 and garage.charging_w() > ONE_W, 120)
    assert garage.contactor.moves == [1, 3, 1] and garage.contactor.under_load == 1
    states = [fact[3] for fact in garage.said(record.DEVICE_STATE) if fact[2] == 2]
    assert states == [record.ATTACHED, record.FOREIGN_CONTROLLER, record.CONTROL_REGAINED]


async def test_somebody_elses_single_phase_counts_with_three_until_we_moved_it_ourselves():
    garage = await charging(Garage())
    garage.contactor.move(1)
    await garage.run(5)
    assert garage.charger.phases == (0, 1, 2)
    states = [fact[3] for fact in garage.said(record.DEVICE_STATE) if fact[2] == 2]
    assert states == [record.ATTACHED, record.FOREIGN_CONTROLLER]
    garage.limit(3000)
    await garage.until(lambda: garage.charger.phases == (0,), 60)
    await garage.until(lambda: garage.charging_w() > ONE_W, 60)
    assert garage.contactor.moves == [1]
    states = [fact[3] for fact in garage.said(record.DEVICE_STATE) if fact[2] == 2]
    assert states[-1] == record.CONTROL_REGAINED


async def test_a_charger_that_draws_on_three_while_its_switch_says_one_counts_with_three():
    garage = await charging(Garage())
    garage.limit(3000)
    await garage.until(lambda: garage.contactor.phases == 1, 30)
    garage.contactor.welded = True
    await garage.until(lambda: garage.charger.phases == (0,), 10)
    await garage.until(lambda: garage.charger.setpoint, 60)
    await garage.until(lambda: garage.charger.phases == (0, 1, 2), LAG_S + 1)
    assert garage.charger.setpoint == 0
    await garage.run(300)
    assert garage.charging_w() == 0 and garage.charger.phases == (0, 1, 2)


async def test_a_charger_that_does_not_stop_is_never_switched():
    garage = await charging(Garage())
    garage.point.deaf = True
    garage.limit(3000)
    await garage.run(2000)
    assert garage.contactor.moves == []
    assert len([fact for fact in garage.said(record.BINDING) if fact[2:] == [1, 0, "protection phases"]]) == 1


async def test_a_charger_that_is_silent_or_cannot_be_stopped_is_never_switched():
    garage = await charging(Garage())
    garage.point_silent = True
    await garage.run(11)
    garage.limit(3000)
    await garage.run(100)
    assert garage.contactor.moves == []
    garage.lift()
    garage.point_silent = False
    await garage.until(lambda: garage.charging_w() == 11040, 90)
    garage.point.line_down = True
    garage.limit(3000)
    await garage.run(100)
    assert garage.contactor.moves == []
    garage.point.line_down = False
    await garage.run(3700)
    assert garage.contactor.moves == [1] and unloaded(garage)


async def test_without_headroom_nothing_is_switched_and_afterwards_time_begins_anew():
    garage = await on_one(Garage(charger={"fallback": 6000}))
    garage.lift()
    await garage.run(500)
    garage.meter_silent = True
    await garage.run(700)
    assert garage.contactor.moves == [1] and garage.charging_w() == ONE_W and garage.charger.phases == (0,)
    garage.meter_silent = False
    await garage.run(580)
    assert garage.contactor.moves == [1]
    await garage.until(lambda: garage.contactor.phases == 3, 90)
    assert unloaded(garage)
    assert [fact[3:] for fact in garage.said(record.FAILSAFE)][-2:] == [[2, True], [2, False]]


async def test_a_move_that_had_begun_is_ended_without_headroom_too():
    garage = await charging(Garage(charger={"fallback": 6000}))
    garage.limit(3000)
    await garage.until(lambda: garage.contactor.phases == 1, 30)
    garage.meter_silent = True
    await garage.run(120)
    assert garage.contactor.moves == [1] and garage.charger.phases == (0,)
    assert garage.charging_w() == 0  # what a limit had held it to
    garage.meter_silent = False
    await garage.until(lambda: garage.charging_w() > 2200, 60)
    assert garage.contactor.moves == [1]


async def test_a_claim_on_the_switch_is_followed_within_its_protection():
    garage = await charging(Garage())
    garage.claim(2, 1)
    taken_s = await garage.until(lambda: garage.contactor.phases == 1, 30)
    assert taken_s > 1 and unloaded(garage)
    await garage.run(1500)
    assert garage.contactor.moves == [1] and garage.charging_w() == 3680 and garage.switch.source == "claim agg"
    garage.claim(2, 3)
    await garage.run(60)
    assert garage.contactor.moves == [1, 3] and unloaded(garage)
    garage.limit(3000)
    await garage.run(900)
    assert garage.contactor.moves == [1, 3] and garage.charging_w() == 0  # who claims three gets three, or nothing
    garage.state.claims.clear()
    await garage.run(60)
    assert garage.contactor.moves == [1, 3, 1]


async def test_a_switch_with_a_default_is_left_there():
    garage = Garage(switch={"default": 1})
    await garage.run(1500)
    assert garage.contactor.moves == [1] and garage.charging_w() == 3680 and unloaded(garage)


async def test_a_target_that_leaves_little_brings_it_to_one_phase_after_ten_minutes():
    garage = await charging(Garage())
    garage.base_w = [-900, -900, -900]  # the sun gives 2.7 kW
    garage.claim(-1, 0, 2)
    await garage.run(560)
    assert garage.contactor.moves == [] and garage.charging_w() == 0
    await garage.until(lambda: garage.contactor.phases == 1, 120)
    await garage.run(200)
    assert unloaded(garage) and 2200 <= garage.charging_w() <= 2800
    garage.base_w = [-2000, -2000, -2000]
    await garage.run(590)
    assert garage.contactor.moves == [1]
    await garage.run(150)
    assert garage.contactor.moves == [1, 3] and unloaded(garage) and garage.charging_w() > THREE_W


async def test_a_car_that_wants_nothing_changes_nothing():
    garage = await charging(Garage())
    garage.claim(1, 0)
    await garage.run(60)
    garage.limit(3000)
    await garage.run(900)
    assert garage.contactor.moves == []


async def test_a_phase_whose_fuse_is_full_does_not_keep_it_from_the_other():
    garage = await charging(Garage())
    garage.base_w = [200, 5000, 200]
    await garage.until(lambda: garage.contactor.phases == 1, 60)
    await garage.run(60)
    assert unloaded(garage) and garage.charging_w() == 3680
    garage = await charging(Garage())
    garage.base_w = [5000, 200, 200]  # it is the first phase that stays
    await garage.run(300)
    assert garage.contactor.moves == [] and garage.charging_w() == 0


async def test_the_phase_that_stays_is_the_switchs_own():
    garage = Garage(switch={"phases": 2})
    garage.wired = 1
    await charging(garage)
    garage.base_w = [200, 200, 5000]
    await garage.until(lambda: garage.contactor.phases == 1, 60)
    garage.base_w[1] = 3000  # 13 of 25 A
    await garage.run(120)
    assert garage.charger.phases == (1,) and 2500 < garage.charging_w() <= 2750 and unloaded(garage)
    assert garage.charger.source == "fuse L2"
