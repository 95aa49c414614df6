"""The cost bench: its bound is one, and the program's house is the simulated one."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sim_devices.physics.heating import Building, Tank
from tests.needs import lacking
from tools.cost import __main__ as main
from tools.cost import bound, compare, picture, plan, prices, report, thermal
from tools.cost.home import Parts
from tools.cost.prices import QUARTER, Price
from tools.cost.program import Program
from tools.cost.sessions import ENERGY_WH, sessions
from tools.cost.walk import Mark, unix_ms

NOON = datetime(2024, 5, 11, 12, tzinfo=UTC)
EMPTY_WH = Parts.battery.soc_min * Parts.battery.capacity_wh


@pytest.fixture
def solver():
    if importlib.util.find_spec("highspy") is None:
        lacking("highspy is not installed: make build/cost/ready")


def marks_of(*rows):
    """Return marks a quarter hour apart: (base kWh, PV kWh, car kWh) so far."""
    first = Mark(NOON, 0, 0, 0, 0, 0, 0, EMPTY_WH, 38, 20, 19, 5)
    return [
        replace(first, at=NOON + at * QUARTER, base_wh=base * 1000, pv_wh=sun * 1000, car_wh=car * 1000)
        for at, (base, sun, car) in enumerate(rows)
    ]


def test_the_smallest_program_is_solved(solver):
    program = Program()
    dear, cheap = program.variable(0, 9, 2.0), program.variable(0, 3, 1.0)
    program.equal({dear: 1.0, cheap: 1.0}, 5.0)
    assert program.solve().bound == pytest.approx(2 * 2 + 3)


def test_a_store_moves_energy_from_the_cheap_quarter_hour_to_the_dear_one_and_pays_its_losses(solver):
    marks = marks_of((0, 0, 0), (0, 0, 0), (1, 0, 0))
    case = bound.Case(("battery",), marks[0], marks, [Price(0.1, 0.0), Price(0.5, 0.0)], [False, False])
    bought_kwh = 1 / (Parts.battery.efficiency * Parts.inverter.efficiency) ** 2
    assert bound.least(case).bound_eur == pytest.approx(0.1 * bought_kwh, rel=1e-3)


def test_sun_cannot_be_thrown_away_while_feeding_in_costs_money(solver):
    marks = marks_of((0, 0, 0), (0, 1, 0))
    case = bound.Case((), marks[0], marks, [Price(0.2, -0.1)], [False])
    assert bound.least(case).bound_eur == pytest.approx(0.1 * Parts.inverter.efficiency)


def test_a_car_is_charged_in_the_cheapest_of_its_stay(solver):
    marks = marks_of(*[(0, 0, 0)] * 8)
    offered = [Price(eur, 0.0) for eur in (0.3, 0.2, 0.2, 0.3, 0.2, 0.2, 0.1)]
    case = bound.Case(("car",), marks[0], marks, offered, [True] * 6 + [False])
    found = bound.least(case)
    assert found.bound_eur == pytest.approx(ENERGY_WH / 1000 * 0.2)
    assert found.paid_eur[0] == found.paid_eur[3] == pytest.approx(0)


def test_a_room_that_is_warm_enough_costs_standby_alone(solver):
    marks = [replace(mark, air_c=21.0, walls_c=21.0, outside_c=20.0) for mark in marks_of((0, 0, 0), (0, 0, 0))]
    case = bound.Case(("heat",), marks[0], marks, [Price(0.2, 0.0)], [False])
    assert bound.least(case).bound_eur == pytest.approx(0.2 * Parts.pump.standby_w / 1000 / 4, abs=1e-4)


def test_a_quarter_hour_of_the_program_is_one_of_the_simulated_house():
    tank, house = Tank(water_c=39.0), Building(air_c=20.0, walls_c=18.0)
    for _ in range(15):
        air_c = house.air_c
        tank.step(4000.0, 2500.0, air_c, 60)
        house.step(2500.0, -3.0, 60)
    for part, found in zip(thermal.coefficients(), (tank.water_c, house.air_c, house.walls_c), strict=True):
        before = sum(share * start for share, start in zip(part.before, (39.0, 20.0, 18.0), strict=True))
        assert found == pytest.approx(before + part.heat * 4000 + part.flow * 2500 - part.outside * 3 + part.gains)


def test_prices_are_told_for_the_day_after_and_for_what_is_left_of_today():
    span = replace(compare.span_of("spring", 0, 1), start=NOON)
    first, _, tomorrow, _, *_ = plan.tellings(span)
    assert first.args[2][1] == unix_ms(NOON) // 1000 and len(first.args[2][3]) == 12
    assert tomorrow.at_ms == 3_600_000 and len(tomorrow.args[2][3]) == 24
    assert tomorrow.args[2][3][0] == prices.told(prices.price_at(datetime(2024, 5, 12, tzinfo=UTC)).taken)


def test_cars_come_home_in_the_evening_and_the_same_days_are_the_same_again():
    found = sessions(NOON, 20)
    assert found == sessions(NOON, 20) and len({stay.arrives.time() for stay in found}) > 5
    for stay in found:
        assert 15 <= stay.arrives.hour <= 22 and timedelta(hours=8) < stay.leaves - stay.arrives < timedelta(hours=17)


def test_what_is_left_is_taken_off_and_what_the_car_lacks_is_put_on():
    before, after = marks_of((0, 0, 0), (0, 0, 1))
    after = replace(after, import_wh=2000.0, export_wh=500.0)
    found = report.outcome([before, after], [Price(0.3, 0.1)], left_eur=0.2, car_kwh=3.0)
    assert found.pays_eur == pytest.approx(2 * 0.3 - 0.5 * 0.1 - 0.2 + 2 * report.MISSING_EUR_KWH)


def test_the_agent_pays_no_less_than_the_bound_and_no_more_than_who_is_left_alone(solver):
    row, _ = compare.compare(compare.span_of("autumn", 0, 1), ("car",))
    assert row.bound_eur <= row.agent.pays_eur <= row.uncontrolled.pays_eur


def made_row(span):
    came_to = {eur: report.Outcome(eur, 0.0, 9.0, 1.0, 0.0, 0.0) for eur in (3.0, 2.0, 5.0)}
    return report.Compared(span, ("battery",), came_to[3.0], came_to[5.0], came_to[2.0], 1.5)


def test_a_line_tells_what_each_way_costs_and_how_far_the_agent_came():
    told = main.line(made_row("winter")).split()
    assert told[:6] == ["winter", "battery", "5.00", "3.00", "2.00", "1.50"] and told[7:11:2] == ["33.3", "66.7"]
    summed = main.total([made_row("winter"), made_row("spring")]).split()
    assert summed[:5] == ["all", "battery", "6.00", "4.00", "3.00"] and summed[6:9:2] == ["33.3", "66.7"]


def test_the_same_figures_are_the_same_picture(tmp_path):
    rows, walks = [made_row("autumn")], {("autumn", ("battery",)): marks_of((0, 0, 0), (1, 0, 0), (1, 1, 0))}
    for name in ("one.svg", "two.svg"):
        picture.draw(tmp_path / name, rows, walks)
    drawn = (tmp_path / "one.svg").read_text()
    assert drawn == (tmp_path / "two.svg").read_text() and "uncontrolled" in drawn and "autumn" in drawn
