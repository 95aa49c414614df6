"""Simulated products with watchdogs of their own, under a living, a dead and a disowned agent, in virtual time."""

from __future__ import annotations

import pytest

from agent import record
from tests.drivers.virtual import Bench
from tests.sim_devices.homes import f32_words


def charger() -> Bench:
    return Bench("charger", "alfen-eve")


def battery() -> Bench:
    return Bench("inverter", "fronius-gen24")


def room() -> Bench:
    return Bench("room", "heatmiser-edge", hold_min=60)


def _id(bench: Bench) -> str:
    return next(name for name, device in bench.home.devices.items() if device.product is bench.product)


OWN = [pytest.param(charger, 10000, id="charger"), pytest.param(battery, 1500, id="battery"),
    pytest.param(room, 18500, id="room")]  # fmt: skip


@pytest.mark.parametrize(("made", "setpoint"), OWN)
async def test_a_killed_agent_leaves_a_product_that_falls_back_in_its_own_time(made, setpoint):
    bench = made()
    await bench.begin(setpoint)
    await bench.run(20)
    bench.alive = False
    await bench.run(bench.driver.fallback_ms // 1000)
    assert await bench.driver.kept() is None


@pytest.mark.parametrize(("made", "setpoint"), OWN)
async def test_an_unchanged_set_point_stands_for_an_hour_and_longer(made, setpoint):
    bench = made()
    await bench.begin(setpoint)
    for _ in range(250):
        await bench.run(20)
        assert await bench.driver.kept() == setpoint
    assert bench.outcomes() == [record.APPLIED] and bench.states() == []


@pytest.mark.parametrize(("made", "address"), [(charger, 1210), (battery, 40348), (room, 32)])
async def test_a_product_that_refuses_its_default_mode_trips_by_itself(made, address):
    bench = made()
    await bench.begin({1210: 10000, 40348: 1500, 32: 18500}[address])
    bench.home.fault(_id(bench), "refuse", address=address)
    bench.renewed = False
    await bench.run(bench.driver.fallback_ms // 1000 + 10)
    assert await bench.driver.kept() is None
    assert bench.outcomes()[:2] == [record.APPLIED, record.REJECTED]


async def test_a_charger_in_safe_current_after_the_lease_is_not_kept_there_by_us():
    bench = charger()
    await bench.begin(10000)
    bench.renewed = False
    await bench.run(12)
    assert bench.outcomes() == [record.APPLIED, record.DEFAULTED] and bench.product.applied_a == 6
    await bench.run(60)
    assert bench.product.valid_s == 0 and bench.product.applied_a == 6


async def test_somebody_else_who_sets_the_charger_is_found_and_outlasted():
    bench = charger()
    await bench.begin(10000)
    bench.home.fault("charger", "foreign", address=1210, words=f32_words(32.0))
    await bench.run(8)
    assert bench.states() == [record.FOREIGN_CONTROLLER] and bench.post.actuator.foreign_kept == 32000
    await bench.run(2)
    assert bench.product.applied_a == 10
    await bench.run(65)
    assert bench.states() == [record.FOREIGN_CONTROLLER, record.CONTROL_REGAINED]


async def test_no_fault_of_the_line_or_the_product_is_taken_for_somebody_else():
    for kind in ("silence", "exception", "garbage", "zeros", "stuck", "restart", "watchdog", "lying"):
        for made, setpoint in ((charger, 10000), (battery, 1500)):
            bench = made()
            await bench.begin(setpoint)
            for at in range(3):
                await bench.run(11 + 2 * at)
                seconds = {} if kind == "watchdog" else {"seconds": 7}
                bench.home.fault(_id(bench), kind, **seconds)
                await bench.run(13)
            await bench.run(60)
            assert record.FOREIGN_CONTROLLER not in bench.states(), (kind, made.__name__)
            assert await bench.driver.kept() == setpoint, (kind, made.__name__)
