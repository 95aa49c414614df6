"""A tank's and a room's plan at the desk: inside the band where it is cheap, and never out of it for a price."""

from __future__ import annotations

from agent.sources.heat_plan import HeatPlan
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import row
from tests.shared.listening import Listener, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MIDNIGHT_S = 1700006400  # 2023-11-15 00:00 UTC
PUMP = 2
TANK: dict[str, Any] = {
    "device": "heatpump", "temp_min_mc": 45000, "temp_max_mc": 55000, "capacity_wh_k": 350, "loss_w_k": 3,
    "power_w": 1000, "cop_pm": 3000, "outside_mc": 15000, "price": 30000, "windows": ["00:00-04:00 10000"],
    "draw_wh_day": 4800,
}  # fmt: skip


def warming(hour=0, contract=None, **changed) -> Listener:
    """Return a tank of 300 l; `contract` stands where the house has a heat pump."""
    options = dict(TANK)
    options.update(changed)
    source = Listener("owner")
    if contract is not None:
        source.state.units[PUMP].contract = contract
    source.civil_ms = (MIDNIGHT_S + hour * 3600) * 1000
    source.now_ms = 5000
    source.state.site.shown_w, source.state.units[3].drawn_known = 300, True
    return source.using(HeatPlan, **options)


def setpoint(source, temp_mc, seconds=100, quantity=q.TEMP_TANK_MC):
    """Let time pass at a temperature; return the set-point that is said, None where nothing is."""
    said = source.skip(max(seconds - 100, 0)).look([None, None, {quantity: temp_mc}], min(seconds, 100))
    assert len(said) <= 1
    return said[0][1] if said else None


def test_it_runs_where_that_is_cheap_and_rests_where_it_is_dear():
    assert setpoint(warming(3), 47000) == 6000
    assert setpoint(warming(5), 47000) == 500
    assert setpoint(warming(0), 54000) == 500  # there is time, and what is warm is lost


def test_below_the_band_it_runs_and_above_it_rests_whatever_is_planned():
    source = warming(5)
    assert setpoint(source, 47000) == 500
    assert setpoint(source, 44900, 1) == 6000 and setpoint(source, 45400, 1) == 6000
    assert setpoint(source, 46000, 900) == 500
    source = warming(3)
    assert setpoint(source, 47000) == 6000 and setpoint(source, 55000, 1) == 500


def test_out_of_the_band_it_is_told_so_at_once_whether_there_is_a_plan_or_not():
    source = warming(5)
    assert setpoint(source, 44900, 1) == 6000  # nothing was planned yet
    source = warming(3)
    assert setpoint(source, 55000, 1) == 500
    source = warming(5)
    setpoint(source, 47000)
    assert setpoint(source, 47000, 795) == 500 and source.source.plan.first > source.source._now  # the next is ready
    assert setpoint(source, 44900, 1) == 6000
    assert source.controls[0][1][2] <= 120 + 5  # what is left of this quarter hour, and the grace
    assert setpoint(source, 55000, 1) == 500
    source.civil_ms += 3600000  # a clock that is set throws the plan away
    assert setpoint(source, 44900, 1) == 6000 and source.source.plan is None


def test_before_it_would_fall_out_of_the_band_it_runs():
    source, temp_mc, coldest = warming(4), 46000, 99000
    for _ in range(24):
        runs = setpoint(source, temp_mc, 900) == 6000
        temp_mc += (750 if runs else 0) * 1000 // 350 - (3 * (temp_mc - 15000) // 1000 + 200) * 1000 // 1400
        coldest = min(coldest, temp_mc)
    assert coldest > 44500, coldest


def test_own_sun_is_worth_a_run():
    sunny, dull = warming(12, export_price=2000), warming(12, export_price=2000)
    for source in (sunny, dull):
        source.source.net.recall([300] * 96 + [0] * 96)
    sunny.state.site.shown_w = -1000  # and less of it in the quarter hours to come
    found = [(setpoint(source, 50000), setpoint(source, 50000, 900))[1] for source in (sunny, dull)]
    assert found == [6000, 500]


def test_a_silent_sensor_leaves_the_device_alone():
    source = warming(3)
    assert setpoint(source, 47000) == 6000
    assert source.look([None, None, {}]) == []
    assert source.look([None, None, None], 1) == []
    assert setpoint(source, 47000) == 6000


def test_each_kind_of_heater_is_told_in_its_own_way():
    for kind, bounds, expected in (
        (Contract(c.SWITCH, q.ON, (0, 1, 1), None, False, 10000), {}, (1, 0)),
        (Contract(c.SG_READY, q.MODE, (1, 4, 1), None, False, 10000), {}, (q.SG_RECOMMENDED, q.SG_NORMAL)),
        (
            Contract(c.THERMOSTAT, q.TEMP_TARGET_MC, (5000, 30000, 500), None, True, 10000),
            {"temp_min_mc": 19700, "temp_max_mc": 22200, "store": "room", "capacity_wh_k": 4000, "loss_w_k": 100},
            (22000, 20000),
        ),
    ):
        quantity = q.TEMP_ROOM_MC if bounds else q.TEMP_TANK_MC
        middle_mc = 20000 if bounds else 47000
        found = [setpoint(warming(hour, kind, **bounds), middle_mc, 100, quantity) for hour in (3, 12)]
        assert tuple(found) == expected, kind.kind


def test_the_temperature_outside_is_what_a_device_tells_or_else_what_is_set():
    source = warming(outside="battery")
    plan = source.source
    for told, expected in (({}, 15000), ({q.TEMP_OUTSIDE_MC: -5000}, -5000), (None, 15000)):
        source.look([None, None, {q.TEMP_TANK_MC: 47000}, told])
        assert plan._outside_mc == expected
    cold, warm = plan.slot(0, 1, 0), warming(outside_mc=50000, draw_wh_day=0).source.slot(0, 1, 0)
    assert cold[8] == (3 * 30 + 200) // 4 and warm[8] == 0
    assert cold[2] == 750


def test_a_heater_that_draws_more_than_the_source_may_ask_for_is_refused_at_the_start():
    for kind, bounds in ((c.SWITCH, (0, 1, 1)), (c.SG_READY, (1, 4, 1))):
        for most_w, power_max_w, expected in ((5000, 5000, None), (4999, 5000, "power_max_w"), (0, 0, None)):
            source = Listener("owner", most_w)
            unit = source.state.units[PUMP]
            unit.contract, unit.power_max_w = Contract(kind, q.ON, bounds, None, False, 10000), power_max_w
            try:
                source.using(HeatPlan, **TANK)
                found = None
            except ValueError as fault:
                found = fault.args[0]
            assert found == expected, (kind, most_w)


def test_a_sensor_of_its_own_is_read():
    source = warming(3, sensor="charger")
    said = source.look([None, {q.TEMP_TANK_MC: 47000}, {}], 100)
    assert said[0][:2] == ["heatpump", 6000]


def test_what_the_heater_draws_is_no_load_of_the_site():
    source = warming(3)
    plan, unit = source.source, source.state.units[PUMP]
    unit.drawn_known, unit.drawn_w = True, 950
    assert plan.own_w() == 950
    unit.drawn_known = False
    assert plan.own_w() == 0
    setpoint(source, 47000)
    assert plan.own_w() == 1000
    unit.guard.running = False
    assert plan.own_w() == 0


def test_its_plan_is_told_in_degrees():
    source = warming(3)
    setpoint(source, 47000)
    plan = source.source.told(12)
    assert plan["in"] == "mC" and plan["slots"][0]["before"] == 47000
    assert max([slot["after"] for slot in plan["slots"]]) <= 55000


def test_wrong_options_are_refused_by_name():
    assert refused(HeatPlan, **TANK) is None
    for name, wrong in (
        ("device", "battery"), ("device", "grid"), ("sensor", "cellar"), ("outside", 5), ("outside_mc", 60000),
        ("store", "pool"), ("temp_max_mc", 45499), ("capacity_wh_k", 0), ("loss_w_k", -1), ("power_w", 0),
        ("cop_pm", 499), ("draw_wh_day", -1), ("price", None), ("colour", 1),
    ):  # fmt: skip
        changed = dict(TANK)
        changed[name] = wrong
        assert refused(HeatPlan, **changed) == name, (name, wrong)
    for name in ("device", "temp_min_mc", "temp_max_mc", "capacity_wh_k", "power_w", "price"):
        changed = dict(TANK)
        del changed[name]
        assert refused(HeatPlan, **changed) == name
    assert Unit(0, row("rod"), Contract(c.SWITCH, q.ON, (0, 1, 1), None, False, 10000)).lowest() == 0
