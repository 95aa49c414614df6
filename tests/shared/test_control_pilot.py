"""A charging point of our own with a simulated vehicle: what it offers, when it closes, how fast it opens."""

from __future__ import annotations

from hal import quantities as q
from hal.errors import LineDown, NotObeyed, OutOfRange
from hal.iec61851 import stage as s
from hal.iec61851.pilot import STEADY_PM
from tests.shared.modbus_units import failure_of
from tests.shared.seeded import Lcg
from tests.shared.wallbox import Wallbox


async def test_without_an_order_it_offers_nothing_and_stays_open():
    box = Wallbox()
    await box.begin()
    box.vehicle.plugged = True
    await box.run(30000)
    assert box.pins.duties["cp"] == STEADY_PM and box.closings == 0
    numbers = await box.driver.read()
    assert numbers == {q.EV_STATE: q.EV_B, q.LIMIT_MA: 0, q.FAULT: 0, q.ON: 0, q.POWER_W: 0, q.ENERGY_IMPORT_WH: 0}


async def test_a_vehicle_is_offered_its_current_and_the_contactor_closes_within_three_seconds_of_its_wish():
    box = Wallbox()
    await box.begin(16000)
    assert box.pins.duties["cp"] == STEADY_PM  # nobody is there
    box.vehicle.plugged = True
    await box.run(100)
    assert box.pins.duties["cp"] == 266
    while not box.vehicle.ready():
        await box.run(10)
    asked_ms = box.clock.now_ms()
    while not box.mains:
        await box.run(10)
    assert box.clock.now_ms() - asked_ms <= 3000 and box.closings == 1
    await box.run(5000)
    assert box.vehicle.current_ma == 15960
    for _ in range(7):
        await box.driver.read()
        await box.run(10000)
        await box.driver.obey(16000)
    numbers = await box.driver.read()
    assert (numbers[q.EV_STATE], numbers[q.LIMIT_MA], numbers[q.FAULT], numbers[q.ON]) == (q.EV_C, 15960, 0, 1)
    assert abs(numbers[q.POWER_W] - 11012) < 250 and 100 < numbers[q.ENERGY_IMPORT_WH] <= box.meter.pulses


async def test_a_lower_current_goes_out_at_once_and_the_vehicle_has_followed_within_five_seconds():
    box = Wallbox()
    await box.charging(32000)
    assert box.vehicle.current_ma == 31980
    for limit_ma in (20000, 10000, 6000):
        assert await box.driver.obey(limit_ma) <= limit_ma
        assert box.pins.duties["cp"] == limit_ma // 60
    await box.run(5000)
    assert box.vehicle.current_ma == 6000 and box.mains


async def test_a_higher_current_waits_until_five_seconds_after_the_last_change():
    box = Wallbox()
    await box.charging(10000)
    await box.driver.obey(6000)
    await box.run(1000)
    assert await box.driver.obey(20000) == 6000
    assert await box.driver.kept() == 20000
    await box.run(3900)
    assert box.pins.duties["cp"] == 100
    await box.run(200)
    assert box.pins.duties["cp"] == 333 and await box.driver.kept() == 20000


async def test_a_pause_lets_the_vehicle_stop_before_the_contactor_opens():
    box = Wallbox()
    await box.charging()
    assert await box.driver.obey(0) == 0
    assert box.pins.duties["cp"] == STEADY_PM
    await box.run(1000)
    assert box.mains
    await box.run(2000)
    assert not box.mains and box.broken_ma == 0
    await box.driver.obey(8000)
    await box.run(8000)
    assert box.mains and box.vehicle.current_ma == 7980 and box.closings == 2


async def test_a_vehicle_that_does_not_stop_is_cut_off_after_six_seconds():
    box = Wallbox()
    await box.charging()
    box.vehicle.deaf = True
    await box.driver.obey(0)
    await box.run(5900)
    assert box.mains
    await box.run(200)
    assert not box.mains and box.broken_ma > 0
    await box.run(60000)
    assert box.closings == 1


async def test_whatever_ends_the_wish_to_charge_opens_the_contactor_within_a_tenth_of_a_second():
    for event in ("unplugged", "done", "shorted", "no diode", "wrong resistor", "ventilation"):
        box = Wallbox()
        await box.charging()
        vehicle = box.vehicle
        if event == "unplugged":
            vehicle.plugged = False
        elif event == "done":
            vehicle.ohm = 2740.0
        elif event == "shorted":
            vehicle.shorted = True
        elif event == "no diode":
            vehicle.no_diode = True
        elif event == "wrong resistor":
            vehicle.ohm = 1400.0
        else:
            vehicle.ohm = 246.0
        await box.run(100)
        assert not box.mains, event


async def test_each_fault_is_told_kept_and_left_by_itself():
    for event, state, fault in (
        ("shorted", q.EV_E, s.SHORTED), ("no diode", q.EV_F, s.DIODE), ("wrong resistor", q.EV_UNKNOWN, s.UNKNOWN),
        ("ventilation", q.EV_D, s.VENTILATION),
    ):  # fmt: skip
        box = Wallbox()
        await box.charging()
        vehicle = box.vehicle
        vehicle.shorted, vehicle.no_diode = event == "shorted", event == "no diode"
        vehicle.ohm = {"wrong resistor": 1400.0, "ventilation": 246.0}.get(event)
        await box.run(10000)
        numbers = await box.driver.read()
        assert (numbers[q.EV_STATE], numbers[q.FAULT], numbers[q.LIMIT_MA]) == (state, fault, 0), event
        assert box.pins.duties["cp"] == STEADY_PM and box.closings == 1
        vehicle.shorted = vehicle.no_diode = False
        vehicle.ohm = None
        await box.run(2900)
        assert (await box.driver.read())[q.FAULT] == fault, event
        if event == "no diode":
            await box.run(20000)
            assert (await box.driver.read())[q.FAULT] == s.DIODE  # until it was unplugged
            vehicle.plugged = False
            await box.run(4000)
            vehicle.plugged = True
        await box.run(9000)
        assert (await box.driver.read())[q.FAULT] == 0 and box.mains and box.closings == 2, event


async def test_a_welded_contactor_brings_state_f_and_nothing_is_offered_until_it_has_opened():
    box = Wallbox()
    await box.charging()
    box.stuck = 1
    box.vehicle.plugged = False
    await box.run(1000)
    numbers = await box.driver.read()
    assert (numbers[q.EV_STATE], numbers[q.FAULT], numbers[q.ON]) == (q.EV_F, s.WELDED, 1)
    assert box.pins.duties["cp"] == 0
    box.vehicle.plugged = True
    await box.run(30000)
    assert box.pins.duties["cp"] == 0 and box.pins.driven["k1"] == 0
    await box.driver.obey(16000)
    box.stuck = None
    await box.run(15000)
    assert box.mains and (await box.driver.read())[q.FAULT] == 0


async def test_a_contactor_that_does_not_close_is_tried_again_after_a_minute():
    box = Wallbox()
    box.stuck = 0
    await box.begin(16000)
    box.vehicle.plugged = True
    await box.run(4000)
    assert box.pins.duties["cp"] == 0 and (await box.driver.read())[q.FAULT] == s.NOT_CLOSED
    box.stuck = None
    await box.run(50000)
    assert box.closings == 0
    await box.driver.obey(16000)
    await box.run(16000)
    assert box.mains


async def test_a_cut_feedback_wire_is_a_contactor_that_says_closed():
    box = Wallbox()
    await box.begin(16000)
    box.pins.on_step = lambda ms: box.pins.closed.update({"k1-aux": 0})
    await box.run(500)
    assert (await box.driver.read())[q.FAULT] == s.WELDED and box.pins.driven["k1"] == 0


async def test_power_is_nothing_while_open_follows_the_pulses_and_is_unknown_when_they_stop():
    box = Wallbox()
    await box.begin(16000)
    box.vehicle.plugged = True
    closed = None
    for _ in range(40):
        await box.run(1000)
        await box.driver.obey(16000)
        numbers = await box.driver.read()
        if not box.mains:
            assert numbers[q.POWER_W] == 0
        else:
            closed = closed or box.clock.now_ms()
            assert 0 <= numbers[q.POWER_W] <= 12500
            if box.clock.now_ms() - closed > 6000:
                assert abs(numbers[q.POWER_W] - 11012) < 3000
    box.pins.pulse = lambda channel: None  # the wire is cut
    for _ in range(310):
        await box.run(1000)
        await box.driver.obey(16000)
        numbers = await box.driver.read()
    assert box.mains and q.POWER_W not in numbers


async def test_state_d_charges_only_where_there_is_ventilation():
    for ventilation in (False, True):
        box = Wallbox(ventilation=ventilation)
        box.vehicle.ventilated = True
        await box.begin(16000)
        box.vehicle.plugged = True
        await box.run(30000)
        assert box.mains is ventilation and (box.closings > 0) is ventilation


async def test_an_order_that_nobody_renews_lapses_after_a_minute():
    box = Wallbox()
    await box.charging()
    await box.run(box.driver.fallback_ms - 9000 - 100)
    assert box.mains and await box.driver.kept() == 16000
    await box.run(5000)
    assert not box.mains and await box.driver.kept() is None
    await box.driver.obey(16000)
    await box.run(8000)
    assert box.mains


async def test_default_mode_ends_with_steady_voltage_and_an_open_contactor():
    for deaf in (False, True):
        box = Wallbox()
        await box.charging()
        box.vehicle.deaf = deaf
        began_ms = box.clock.now_ms()
        assert await box.done(box.driver.default_mode()) == 0
        assert box.pins.duties["cp"] == STEADY_PM and box.pins.driven["k1"] == 0
        assert box.clock.now_ms() - began_ms <= (6100 if deaf else 3100)
    box = Wallbox()
    await box.charging()
    box.pins.closed["k1"] = 1
    assert type(await failure_of(box.done(box.driver.default_mode()))) is NotObeyed


async def test_who_no_longer_looks_is_noticed_and_the_contactor_opens():
    box = Wallbox()
    await box.charging()
    box.pins._watchers.clear()
    await box.run(500)
    assert type(await failure_of(box.driver.read())) is LineDown
    assert box.pins.driven["k1"] == 0 and box.pins.duties["cp"] == STEADY_PM
    box = Wallbox()
    await box.charging()
    box.pins._watchers.clear()
    assert await box.done(box.driver.default_mode()) == 0
    assert box.pins.driven["k1"] == 0


async def test_a_duty_cycle_that_is_not_what_was_written_is_not_obeyed():
    box = Wallbox()
    await box.charging()
    box.pins.duties["cp"] = 533
    assert (await failure_of(box.driver.kept())).args == ("duty", (266,), (533,))
    box.pins.set_duty_pm = lambda channel, duty_pm: None
    assert type(await failure_of(box.driver.obey(10000))) is NotObeyed


async def test_only_currents_of_the_table_are_orders():
    box = Wallbox(maximum_ma=20050)
    await box.begin()
    assert box.driver.maximum == 20000
    for limit_ma in (3000, 5999, 20100, -1, 6050, None, True):
        assert type(await failure_of(box.driver.obey(limit_ma))) is OutOfRange
    assert box.stage.asked_ma == 0


async def test_noise_within_the_bands_changes_nothing():
    box = Wallbox()
    box.vehicle.noise_mv = 700
    await box.charging()
    await box.run(30000)
    assert box.mains and box.closings == 1 and (await box.driver.read())[q.FAULT] == 0


async def test_a_contactor_that_was_opened_rests_for_two_seconds():
    box = Wallbox()
    await box.charging()
    opened_ms = 0
    for _ in range(90):
        box.vehicle.ohm = 2740.0 if box.mains else None
        before = box.mains
        await box.run(100)
        if before and not box.mains:
            opened_ms = box.clock.now_ms()
        elif box.mains and not before:
            assert box.clock.now_ms() - opened_ms >= 1900
    assert box.closings > 2


async def test_voltages_from_nowhere_never_close_the_contactor():
    for seed in range(6):
        dice = Lcg(seed)
        box = Wallbox()
        await box.begin(16000)
        box.pins.far_end = lambda channel, duty_pm, dice=dice: (dice.below(32000) - 16000, dice.below(32000) - 16000)
        for _ in range(200):
            await box.run(20)
            if dice.below(10) == 0:
                await box.driver.obey((0, 6000, 32000)[dice.below(3)])
        assert box.closings == 0


async def test_the_contactor_is_closed_only_over_a_vehicle_that_wants_and_an_offer_that_stands():
    for seed in range(8):
        dice = Lcg(100 + seed)
        box = Wallbox()
        vehicle = box.vehicle
        await box.begin(16000)
        bad_ms = idle_ms = 0
        for _ in range(1500):
            what = dice.below(60)
            if what == 0:
                vehicle.plugged = not vehicle.plugged
            elif what == 1:
                vehicle.shorted = not vehicle.shorted
            elif what == 2:
                vehicle.no_diode = not vehicle.no_diode
            elif what == 3:
                vehicle.ohm = (None, 2740.0, 882.0, 246.0, 1400.0, 5000.0)[dice.below(6)]
            elif what == 4:
                await box.driver.obey((0, 6000, 20000, 32000)[dice.below(4)])
            elif what == 5:
                vehicle.deaf = not vehicle.deaf
            elif what == 6:
                vehicle.wants = not vehicle.wants
            await box.run(20)
            fit = vehicle.plugged and not vehicle.shorted and vehicle._ohm() == 882.0
            bad_ms = 0 if fit or not box.mains else bad_ms + 20
            idle_ms = 0 if box.pins.duties["cp"] != STEADY_PM or not box.mains else idle_ms + 20
            assert bad_ms <= 100 and idle_ms <= 6100, (seed, bad_ms, idle_ms)
