"""Simulated batteries and inverters under a living, a dead and a disowned agent, in virtual time: one row a product."""

from __future__ import annotations

from math import inf

import pytest

from agent import record
from tests.drivers.twins import Row, TwinBench

STRIPPED = {"revert": "absent"}
BATTERIES = (
    Row("sungrow-sh"),
    Row("huawei-luna2000"),
    Row("goodwe-et-storage"),
    Row("marstek-venus"),
    Row("marstek-venus-v3"),
    Row("solaredge-storedge"),
    Row("sma-storage", unit=3),
    Row("sma-storage", unit=3, product={"tells": False}, asked_back=False),
    Row("victron-gx", unit=100),
    Row("victron-gx", unit=100, product={"vebus_phases": 3}, options={"vebus_phases": 3, "ess_mode": 2}),
    Row("sunspec-storage"),
    Row("sunspec-storage", product=STRIPPED),
    Row("sunspec-der"),
    Row("sunspec-der", options={"set_as": "percent"}),
    Row("sunspec-der", product=STRIPPED),
)
INVERTERS = (
    Row("sunspec-inverter"),
    Row("sunspec-inverter", product={"newer": True}),
    Row("sunspec-inverter", product={"newer": True, **STRIPPED}),
)
ORDER_W = -1500  # a battery discharges, an inverter feeds in no more
each = pytest.mark.parametrize("row", BATTERIES + INVERTERS, ids=lambda row: row.model)


async def begun(row: Row) -> TwinBench:
    """Return a product that has its first order from a living agent."""
    bench = TwinBench("inverter", row)
    bench.setpoint = ORDER_W
    await bench.run(12)
    assert bench.outcomes() == [record.APPLIED] and bench.states() == []
    return bench


def stands(bench: TwinBench) -> bool:
    """Tell whether the product does as it was told to."""
    hybrid = bench.home.house.inverter
    assert hybrid is not None
    limited = hybrid.output_w_max == -ORDER_W
    return limited or (hybrid.battery_w_least, hybrid.battery_w_most) == (ORDER_W, ORDER_W)


def is_free(bench: TwinBench) -> bool:
    """Tell whether the product regulates by itself."""
    hybrid = bench.home.house.inverter
    assert hybrid is not None
    return (hybrid.output_w_max, hybrid.battery_w_least, hybrid.battery_w_most) == (inf, -inf, inf)


@each
async def test_an_unchanged_order_stands_and_nobody_is_suspected(row):
    bench = await begun(row)
    for _ in range(15):
        await bench.run(20)
        assert stands(bench)
    assert bench.outcomes() == [record.APPLIED] and bench.states() == []


@each
async def test_after_the_lease_it_is_given_back_and_left_alone(row):
    bench = await begun(row)
    bench.renewed = False
    await bench.run(60)
    assert bench.outcomes() == [record.APPLIED, record.DEFAULTED] and is_free(bench)


@each
async def test_when_the_agent_dies_it_falls_back_in_its_own_time_or_never_as_its_driver_says(row):
    bench = await begun(row)
    bench.alive = False
    await bench.run(bench.driver.fallback_ms // 1000 + 2 if bench.driver.fallback_ms else 3600)
    assert stands(bench) is (bench.driver.fallback_ms == 0)


@each
async def test_an_agent_that_is_back_gives_back_what_its_last_life_left_behind(row):
    bench = await begun(row)
    bench.setpoint = None
    bench.post.actuator.forget()
    bench.driver._found = None  # a new life knows nothing of the old one
    await bench.run(12)
    assert is_free(bench)


@each
async def test_no_fault_of_the_line_is_taken_for_somebody_else_and_the_order_is_back(row):
    bench = await begun(row)
    for kind in ("silence", "exception", "garbage", "zeros", "restart"):
        bench.home.fault("inverter", kind, seconds=7)
        await bench.run(40)
    await bench.run(40)
    assert record.FOREIGN_CONTROLLER not in bench.states() and stands(bench)
