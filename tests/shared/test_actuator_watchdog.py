"""A product's own watchdog: fed while a set-point is granted and never after, so that it trips when nobody is left."""

from __future__ import annotations

from agent import record
from agent.step import Notice, Outcome
from drivers import catalogue
from tests.shared.products import inverter_unit, pump_unit
from tests.shared.timed import Bench, nothing_passes, refuse_writes, timed_battery, timed_charger, timed_room

OWN = (  # model, product, options, set-point, what it holds when it has fallen back
    ("alfen-eve", timed_charger, {}, 10000, None),
    ("fronius-gen24", timed_battery, {}, 1500, None),
    ("heatmiser-edge", timed_room, {"hold_min": 60}, 18500, None),
)


def test_every_driver_says_whether_its_product_falls_back_and_is_fed_twice_as_often_at_least():
    for row in catalogue.PRODUCTS:
        kind = catalogue.load(row[0])
        if row[3] == "meter":
            continue
        assert kind.fallback_ms >= 2 * kind.refresh_ms, row[0]
        assert 4 * kind.refresh_ms <= 3 * kind.fallback_ms, row[0]
    for model, product, options, _, _ in OWN:
        driver = Bench(model, product(), options).driver
        assert 4 * driver.refresh_ms <= 3 * driver.fallback_ms


async def test_a_product_whose_agent_is_killed_falls_back_in_its_own_time():
    for model, product, options, setpoint, fallen in OWN:
        bench = Bench(model, product(), options)
        await bench.begin(setpoint)
        await bench.run(40000)
        assert await bench.driver.kept() == setpoint
        assert not bench.unit.fallen
        bench.silent(bench.driver.fallback_ms)
        assert bench.unit.fallen and await bench.driver.kept() is fallen, model


async def test_an_unchanged_set_point_lives_as_long_as_it_is_granted():
    for model, product, options, setpoint, _ in OWN:
        for tick_ms in (1000, 5000):
            bench = Bench(model, product(), options)
            await bench.begin(setpoint)
            await bench.run(3600000, tick_ms)
            assert not bench.unit.fallen and await bench.driver.kept() == setpoint, (model, tick_ms)
            outcomes = [told for told in bench.heard if type(told) is Outcome]
            assert len(outcomes) == 1, model  # and nothing was said of feeding it


async def test_at_the_end_of_the_lease_the_product_is_told_and_then_left_alone():
    for model, product, options, setpoint, _ in OWN:
        bench = Bench(model, product(), options)
        await bench.begin(setpoint)
        bench.alive = False
        await bench.run(11000)
        assert await bench.driver.kept() in (None, 6000), model
        bench.unit.asked = []
        for _ in range(bench.driver.fallback_ms // 1000 + 1):
            await bench.run(1000)
            assert [asked for asked in bench.unit.asked if asked[0] in (6, 16)] == [], model
            bench.unit.asked = []
        assert await bench.driver.kept() is None
        assert bench.heard[-1].outcome == record.DEFAULTED and bench.heard[-1].source == "lease ended"


async def test_a_product_that_refuses_its_default_mode_trips_by_itself():
    for model, product, options, setpoint, _ in OWN:
        bench = Bench(model, product(), options)
        await bench.begin(setpoint)
        mode = {"alfen-eve": 1210, "heatmiser-edge": 32}.get(model) or bench.driver.at[124][0] + 5
        refuse_writes(bench.unit, mode)
        bench.alive = False
        await bench.run(bench.driver.fallback_ms + 11000)
        assert bench.unit.fallen and await bench.driver.kept() is None, model
        told = [told.outcome for told in bench.heard if type(told) is Outcome]
        assert told[:2] == [record.APPLIED, record.REJECTED], model


async def test_standing_down_feeds_nothing_but_the_default():
    bench = Bench("alfen-eve", timed_charger())
    await bench.begin(10000)
    refuse_writes(bench.unit, 1210)
    await bench.worker.stand_down()
    bench.silent(60000)
    assert bench.unit.fallen and await bench.driver.kept() is None


async def test_a_controller_that_comes_for_once_is_met_within_seconds():
    unit = pump_unit()
    bench = Bench("luxtronik-shi", (unit, nothing_passes))
    await bench.begin(4200)
    await bench.run(20000)
    unit.registers[10041] = 60
    await bench.run(8000)
    assert await bench.driver.kept() == 4200
    await bench.run(70000)
    assert [told.state for told in bench.heard if type(told) is Notice] == [
        record.FOREIGN_CONTROLLER,
        record.CONTROL_REGAINED,
    ]


async def test_a_restart_is_no_controller():
    unit = pump_unit()
    bench = Bench("luxtronik-shi", (unit, nothing_passes))
    await bench.begin(4200)
    for _ in range(3):
        await bench.run(17000)
        del bench.line.units[1]
        unit.registers[10040], unit.registers[10041] = 0, 300
        await bench.run(5000)
        bench.line.units[1] = unit
        await bench.run(17000)
        assert await bench.driver.kept() == 4200
    assert [told for told in bench.heard if type(told) is Notice] == []


async def test_a_battery_without_a_revert_timer_is_fed_nothing():
    unit, at = inverter_unit(revert=0xFFFF)
    bench = Bench("fronius-gen24", (unit, nothing_passes))
    await bench.begin(1500)
    unit.asked = []
    for _ in range(600):
        await bench.run(1000)
        assert [asked for asked in unit.asked if asked[0] == 16] == []
        unit.asked = []
    assert unit.registers[at + 5] == 3
