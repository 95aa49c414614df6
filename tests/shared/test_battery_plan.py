"""A battery's plan at the desk: what is said at which price, for how long, clocks, prices that come, and options."""

from __future__ import annotations

from agent.console_why import _plans
from agent.limits import EXPORT, IMPORT
from agent.prices import Prices
from agent.sources.battery_plan import BatteryPlan
from agent.sources.desk import Sources
from agent.sources.net_load import NetLoad
from agent.sources.planner import places_of, span_of
from agent.sources.price_table import PriceTable
from tests.shared.listening import Listener, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MIDNIGHT_S = 1700006400  # 2023-11-15 00:00 UTC
FIRST = MIDNIGHT_S // 900
BATTERY = 3


def planning(hour=0, soc_pm=500, load_w=500, **changed) -> Listener:
    """Return a battery of 10 kWh with small losses and no floor at a site that draws 500 W; nights are cheap."""
    options: dict[str, Any] = {
        "device": "battery", "capacity_wh": 10000, "charge_pm": 990, "discharge_pm": 990, "price": 30000,
        "windows": ["00:00-04:00 10000"], "charge_w": 2000, "discharge_w": 2000,
    }  # fmt: skip
    options.update(changed)
    source = Listener("owner")
    source.state.units[BATTERY].guard.soc_min_pm, source.state.units[BATTERY].drawn_known = 0, True
    source.civil_ms = (MIDNIGHT_S + hour * 3600) * 1000
    source.now_ms = 5000
    source.using(BatteryPlan, **options)
    source.source.net.recall([load_w] * 96 + [0] * 96)
    stored(source, soc_pm)
    source.state.site.shown_w = load_w
    return source


def stored(source, soc_pm) -> None:
    """Let the battery be so full."""
    source.state.units[BATTERY].soc_pm = soc_pm


def told(source, direction, prices, at=0) -> None:
    """Tell prices by the hour, from hour `at` of the day on."""
    state = source.state
    if state.prices is None:
        state.prices = Prices(["source"])
    assert state.prices.take(state, source.authority, [direction, MIDNIGHT_S + at * 3600, 3600, prices]) == 0


def test_it_charges_where_that_pays_and_the_word_ends_with_the_run():
    source = planning()
    said = source.look([], 100)
    assert [body[:2] + body[3:4] for body in said] == [["battery", 2000, 192]]
    run_s = said[0][2] - 120
    assert 4 * 3600 >= run_s > 1800 and (MIDNIGHT_S * 1000 + 100000) // 1000 + run_s <= MIDNIGHT_S + 4 * 3600 + 100


def test_what_is_said_is_not_said_anew_while_it_is_planned():
    source = planning()
    source.look([], 100)
    for _ in range(3):
        source.skip(800).look([], 100)
    assert source.changes == 1


def test_the_same_word_again_is_another_one():
    source, said = planning(12, 500), []
    for _ in range(8):
        source.source._until = -1  # as if what was said ended with this quarter hour
        said += [str(source.skip(800).look([], 100))]
    assert len(set(said)) == len(said) == 8


def test_when_energy_is_dear_it_gives_what_the_site_draws_and_no_more():
    source = planning(5, 800)
    assert source.look([], 100)[0][4] == {3: 51, 5: 2, 9: 3}
    assert source.controls[0][1][:2] == ["", 0]
    assert planning(5, 0).look([], 100)[0][4][9] == 1  # what the sun would leave is taken


def test_it_rests_when_it_does_not_pay_for_its_losses():
    for pm, wear, expected in ((990, 0, 2000), (600, 0, 0), (990, 17000, 2000), (990, 21000, 0)):
        source = planning(0, 0, windows=["00:00-04:00 12000"], charge_pm=pm, discharge_pm=pm, wear=wear, price=32000)
        assert next(body[1] for body in source.look([], 100)) == expected, (pm, wear)


def test_until_a_day_was_seen_it_follows_the_meter_both_ways_at_any_price():
    source = planning()
    for known, follows in ((0, True), (83, True), (84, False), (96, False)):
        source.source.net = NetLoad()
        source.source.net.recall([500] * known + [1 << 30] * (96 - known) + [0] * 96)
        said = source.skip(900).look([], 100)
        assert (said[0][4].get(9) == 3 and said[0][:2] == ["", 0]) is follows, known


def test_it_sells_where_that_brings_more_than_to_wait():
    source = planning(5, 1000, 100)
    told(source, IMPORT, [30000] * 24)
    told(source, EXPORT, [0] * 5 + [29000] + [0] * 18)
    assert source.look([], 100)[0][:2] == ["battery", -2000]


def test_prices_that_come_are_planned_with_at_once():
    source = planning(12, 500)
    assert source.look([], 100)[0][4][9] & 2
    told(source, IMPORT, [1000] + [90000] * 11, 12)
    assert source.look([], 65)[0][:2] == ["battery", 2000]
    assert source.changes == 2


def test_behind_what_is_told_a_day_is_as_the_day_before_but_not_for_what_is_done():
    source = planning(23)
    prices = source.source.prices
    told(source, IMPORT, list(range(24)))
    now = FIRST + 92
    prices.look(now)
    assert [prices.import_at(now + at) for at in (0, 3, 4, 8, 96, 192)] == [23, 23, 0, 1, 23, 23]
    assert prices.end() == FIRST + 96
    now = FIRST + 96  # nobody has told this one
    prices.look(now)
    assert [prices.import_at(now + at) for at in (0, 4, 16)] == [10000, 10000, 30000]
    assert prices.end() == now and prices.export_at(now, 9) == 0


def test_what_is_fed_in_never_brings_more_than_what_is_drawn_costs():
    source = planning()
    told(source, IMPORT, [-500] * 24)
    told(source, EXPORT, [2000] * 24)
    assert source.source.prices.export_at(FIRST, source.source.prices.import_at(FIRST)) == -500


def test_absurd_prices_plan_something_and_break_nothing():
    for prices in ([8000000] * 24, [-8000000] * 24, [-8000000, 8000000] * 12, [0] * 24):
        source = planning(0, 500, wear=8000000, export_price=-8000000)
        told(source, IMPORT, prices)
        told(source, EXPORT, prices)
        source.look([], 100)
        assert abs(source.controls[0][1][1]) in (0, 2000)


def test_without_a_clock_or_a_charge_nothing_is_said():
    source = planning()
    assert len(source.look([], 100)) == 1
    at_ms, source.civil_ms = source.civil_ms, 0
    assert source.look([], 1) == []
    source.civil_ms = at_ms
    assert source.look([], 20) == [] and len(source.look([], 60)) == 1
    stored(source, None)
    assert source.look([], 1) == []
    stored(source, 500)
    assert source.look([], 20) == [] and len(source.look([], 60)) == 1


def test_a_site_that_draws_something_else_is_planned_anew_once():
    source = planning(12, 500)
    source.look([], 100)
    source.skip(790).look([], 110)
    plan = source.source.plan
    source.look([], 20)
    assert source.source.plan is plan
    source.state.site.shown_w = 9000
    source.look([], 200)
    assert source.source.plan is not plan
    plan = source.source.plan
    source.look([], 120)
    assert source.source.plan is plan


def test_a_silent_meter_teaches_nothing_and_the_plan_goes_on():
    source = planning()
    source.state.site.shown_w = None
    assert len(source.look([], 100)) == 1


def test_what_a_battery_does_unseen_is_not_learned_as_what_the_site_draws():
    source = planning()
    unit, before = source.state.units[BATTERY], source.source.net.numbers()
    for seen, load_w in ((False, 500), (True, 1000)):
        unit.drawn_known, source.state.site.shown_w = seen, 1300
        source.skip(900).look([], 10)
        source.skip(900).look([], 10)
        assert max(source.source.net.numbers()[:96]) == load_w, seen
        assert (source.source.net.numbers() == before) is not seen


def test_slots_are_quarter_hours_then_hours_and_leave_no_gap():
    for first in range(FIRST, FIRST + 4):
        for quarters in (96, 100, 117, 144):
            at = first
            for place in range(places_of(first, quarters)):
                slot, count = span_of(first, place)
                assert slot == at and count == (1 if place < 24 or at % 4 else 4)
                at += count
            assert first + quarters - 4 < at <= first + quarters


def test_charge_below_the_floor_and_above_the_ceiling_is_none():
    source = planning()
    unit, found = source.state.units[BATTERY], []
    unit.guard.soc_min_pm, unit.guard.soc_max_pm = 100, 900
    for soc_pm in (0, 100, 500, 950):
        stored(source, soc_pm)
        found.append(source.source.stored_wh(0, None))
    assert found == [0, 0, 4000, 8000] and source.source.level(4000) == 5000


def test_powers_are_what_the_product_and_its_source_may():
    for changed, expected in (({}, (2000, 2000)), ({"charge_w": 777, "discharge_w": 777}, (750, 750)),
                              ({"charge_w": 90000, "discharge_w": 90000}, (5000, 5000))):  # fmt: skip
        assert planning(**changed).source._powers_w() == expected


def test_what_is_planned_can_be_told():
    source = planning()
    assert source.source.told(12)["slots"] == []
    source.look([], 100)
    plan = source.source.told(12)
    rows = plan["slots"]
    assert (plan["source"], plan["device"], plan["in"]) == ("source", "battery", "Wh")
    assert 2 <= len(rows) <= 12 and rows[0]["from_s"] == MIDNIGHT_S and rows[0]["before"] == 5000
    assert [rows[at]["until_s"] == rows[at + 1]["from_s"] for at in range(len(rows) - 1)].count(False) == 0
    assert rows[0]["price"] == 10000 and rows[-1]["price"] == 30000
    assert max([row["after"] for row in rows]) > 8000


def test_the_console_tells_plans_of_a_device_and_in_short_those_of_all():
    source = planning()
    source.sources = None
    assert _plans(source) == []
    source.sources = Sources()
    source.sources.lookers += [source.source, PriceTable(source, {"from": ["agg"]})]
    source.look([], 100)
    assert [plan["device"] for plan in _plans(source)] == ["battery"] and _plans(source, "charger") == []
    assert len(_plans(source)[0]["slots"]) < len(_plans(source, "battery")[0]["slots"])


def test_wrong_options_are_refused_by_name():
    right = {"device": "battery", "capacity_wh": 10000, "price": 30000}
    assert refused(BatteryPlan, **right) is None
    for name, wrong in (
        ("device", "charger"), ("device", "cellar"), ("capacity_wh", 99), ("charge_pm", 499), ("discharge_pm", 1001),
        ("wear", -1), ("charge_w", 0), ("price", "30"), ("export_price", None), ("scope", "cellar"), ("windows", []),
        ("windows", ["22:00 5"]), ("summer", "us"), ("primacy", 0), ("colour", 1),
    ):  # fmt: skip
        changed: dict[str, Any] = dict(right)
        changed[name] = wrong
        assert refused(BatteryPlan, **changed) == name, (name, wrong)
    for name in right:
        changed = dict(right)
        del changed[name]
        assert refused(BatteryPlan, **changed) == name
