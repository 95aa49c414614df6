"""What plans of batteries and of heat have in common: what they learn and keep, how long a word holds, options."""

from __future__ import annotations

from agent.claims import Claim
from agent.limits import IMPORT
from agent.sources.heat_plan import HeatPlan
from tests.shared.listening import refused
from tests.shared.test_battery_plan import BATTERY, FIRST, planning, told
from tests.shared.test_heat_plan import TANK

CHARGER = 1


def charge(source, from_h, until_h) -> None:
    """Tell the charger to draw 16 A between these hours of the day."""
    state = source.state
    claim = Claim(CHARGER, 16000, 190, len(state.claims), "night", 0, b"")
    begin_ms = FIRST * 900000 - (source.civil_ms - source.now_ms)
    claim.from_ms, claim.until_ms = begin_ms + from_h * 3600000, begin_ms + until_h * 3600000
    state.claims.append(claim)


def test_what_a_site_draws_is_what_its_meter_shows_without_battery_and_told_charger():
    for battery_w, charger_w in ((2000, 0), (-1500, 0), (-1500, 7000)):
        source = planning(1)
        source.source.net.recall([0] * 96 + [0] * 96)
        battery, charger = source.state.units[BATTERY], source.state.units[CHARGER]
        charge(source, 0, 9)
        battery.drawn_w, charger.drawn_known, charger.drawn_w = battery_w, True, charger_w
        source.state.site.shown_w = 800 + battery_w + charger_w
        source.look([], 20)
        source.skip(900).look([], 20)
        assert max(source.source.net.numbers()[:96]) == 800 * 5 // 8


def test_what_was_learned_is_kept_every_six_hours_and_known_again():
    source = planning(5)
    source.look([], 20)
    for quarter in range(1, 5):
        source.state.must_persist = False
        source.state.site.shown_w = 1000 * quarter
        source.skip(880).look([], 20)
        assert source.state.must_persist is (quarter == 4) and ("source" in source.state.kept) is (quarter == 4)
    kept = source.state.kept["source"]
    assert kept == source.source.net.numbers() and kept[21] != 500
    again = type(source.source)(source, {"device": "battery", "capacity_wh": 10000, "price": 30000})
    assert again.net.numbers() == kept


def test_a_word_ends_two_minutes_after_the_quarter_hours_that_it_is_for_four_hours_at_most():
    source = planning(12)
    source.look([], 100)
    source.source.plan.action = lambda place, stored: 0  # rests for ever
    body = source.skip(800).look([], 1)[0]
    now, ahead_s = FIRST + 49, (source.civil_ms - source.now_ms) // 1000
    assert source.source._until == now + 16 and body[:2] == ["battery", 0]
    assert body[4][3] == source.now_ms // 1000
    assert body[4][3] + body[2] + ahead_s == (now + 16) * 900 + 120


def test_a_run_that_ends_sooner_is_said_for_no_longer():
    source = planning(2)  # the night's price ends at 04:00
    source.look([], 100)
    rows = source.source._ahead(24, source.source._stored)
    same = [row[2] == source.source.said for row in rows] + [False]
    assert source.source._until == FIRST + 8 + same.index(False) <= FIRST + 16


def test_each_slot_is_planned_for_more_and_for_less_than_is_expected():
    source, asked = planning(12), []
    source.source.net.recall([500] * 96 + [300] * 96)
    slot_of = source.source.slot

    def slot(slot, quarters, more_w):
        asked.append(more_w)
        return slot_of(slot, quarters, more_w)

    source.source.slot = slot
    source.look([], 20)
    assert len(asked) > 20 and set(asked) == {300, -300} and asked[:2] == [300, -300]


def test_a_plan_knows_what_came_since_the_last_one():
    source = planning(12)
    source.look([], 100)
    charge(source, 13, 14)
    told(source, IMPORT, list(range(24)))
    source.look([], 100)
    plan, draws_w = source.source, source.state.units[CHARGER].power_of(16000)
    loads_w = [plan.expected(FIRST + hour * 4, 4)[0] for hour in (13, 15)]
    assert loads_w[0] - loads_w[1] == draws_w
    assert plan.prices.end() == FIRST + 96 and plan.expected(FIRST + 96 + 4, 4)[1] == 1


def test_options_reach_exactly_so_far():
    for name, lowest, highest in (
        ("price", -8000000, 8000000), ("export_price", -8000000, 8000000), ("offset_min", -720, 840),
        ("primacy", 1, 255),
    ):  # fmt: skip
        for number, expected in ((lowest - 1, name), (lowest, None), (highest, None), (highest + 1, name)):
            options = dict(TANK)
            options[name] = number
            assert refused(HeatPlan, **options) == expected, (name, number)
