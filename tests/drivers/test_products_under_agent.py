"""Simulated products under a living, a dead and a disowned agent, in virtual time: one row a product."""

from __future__ import annotations

from typing import Any

import pytest

from agent import record
from agent.step import Outcome
from hal import quantities as q
from tests.drivers.rows import CHARGERS, PUMPS_STEERED
from tests.drivers.twins import Row, TwinBench

RDF302 = Row("siemens-rdf302")
RELAY = Row("wiren-board-mr6c", product={"channels": {"0": "boiler"}})
ORDERS = (
    *[("charger", row, 12000) for row in CHARGERS],
    *[("heat-pump", row, q.SG_RECOMMENDED) for row in PUMPS_STEERED],
    ("room", RDF302, 18500),
    ("relay", RELAY, 1),
)
each = pytest.mark.parametrize(("device", "row", "order"), ORDERS, ids=lambda given: getattr(given, "model", ""))


async def begun(device: str, row: Row, order: int) -> TwinBench:
    """Return a product that has its first order from a living agent."""
    bench = TwinBench(device, row)
    bench.setpoint = order
    await bench.run(12)
    assert bench.outcomes() == [record.APPLIED] and bench.states() == []
    return bench


def stands(bench: TwinBench, order: int) -> bool:
    """Tell whether the house is as it was told to be."""
    house: Any = bench.home.house
    if order == 12000:
        return 11900 < house.charge_point.limit_a * 1000 <= 12001
    if order == q.SG_RECOMMENDED:
        return house.heat_pump.contacts == (False, True)
    return house.loads["boiler"].on if order == 1 else bench.product.comfort_c == 18.5


@each
async def test_an_unchanged_order_stands_and_nobody_is_suspected(device, row, order):
    bench = await begun(device, row, order)
    for _ in range(30):
        await bench.run(10)
        assert stands(bench, order)
    assert bench.outcomes() == [record.APPLIED] and bench.states() == []


@each
async def test_the_proof_is_what_the_product_allows(device, row, order):
    bench = await begun(device, row, order)
    told = next(told for told in bench.heard if type(told) is Outcome)
    if row.asked_back:
        assert told.evidence == record.READBACK and order - 60 < told.kept <= order
    else:
        assert (told.evidence, told.kept) == (record.WRITE_ACK, None)


@each
async def test_after_the_lease_it_is_given_back_and_left_alone(device, row, order):
    bench = await begun(device, row, order)
    bench.renewed = False
    await bench.run(15)
    assert bench.outcomes() == [record.APPLIED, record.DEFAULTED] and not stands(bench, order)
    await bench.run(60)
    assert bench.outcomes() == [record.APPLIED, record.DEFAULTED] and not stands(bench, order)


@each
async def test_when_the_agent_dies_it_falls_back_in_its_own_time_or_never_as_its_driver_says(device, row, order):
    bench = await begun(device, row, order)
    bench.alive = False
    await bench.run(max(bench.driver.fallback_ms // 1000, 600) + 2)
    assert stands(bench, order) is (bench.driver.fallback_ms == 0)


@each
async def test_no_fault_of_the_line_is_taken_for_somebody_else_and_the_order_is_back(device, row, order):
    bench = await begun(device, row, order)
    for kind in ("silence", "exception", "garbage", "zeros", "restart"):
        bench.home.fault(device, kind, seconds=7)
        await bench.run(40)
    await bench.run(40)
    assert record.FOREIGN_CONTROLLER not in bench.states() and stands(bench, order)
