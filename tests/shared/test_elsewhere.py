"""What is forecast by itself: batteries, chargers that were told when to charge, and never the device planned here."""

from __future__ import annotations

from agent.claims import CEILING, OWN, Claim, winner
from agent.sources.battery_plan import BatteryPlan
from agent.sources.elsewhere import Elsewhere
from tests.shared.house import House

CHARGER, PUMP, BATTERY = 1, 2, 3
HOUR_MS = 3600000


def house(**drawn_w) -> House:
    """Return a house of which these devices draw so much."""
    found = House()
    for unit in found.state.units:
        unit.drawn_known, unit.drawn_w = True, drawn_w.get(unit.id, 0)
    return found


def told(state, setpoint, from_h, until_h, primacy=190, scope=CHARGER, mode=0) -> Claim:
    """Enter a claim for these hours."""
    claim = Claim(scope, setpoint, primacy, len(state.claims), "night", until_h * HOUR_MS, b"", mode)
    claim.from_ms = from_h * HOUR_MS
    state.claims.append(claim)
    return claim


def beside(state, device="battery") -> Elsewhere:
    """Return what is elsewhere for a plan of one device of the connection."""
    found = Elsewhere(state, state.site, device)
    found.look()
    return found


def test_a_battery_counts_always_and_the_device_that_is_planned_never():
    state = house(charger=7000, heatpump=2000, battery=-1500).state
    assert beside(state, "heatpump").drawn_w() == -1500
    assert beside(state).drawn_w() == 0


def test_a_charger_counts_while_somebody_claims_its_set_point():
    state = house(charger=7000, heatpump=2000).state
    told(state, 3000, 0, 9, scope=PUMP)
    assert beside(state).drawn_w() == 0
    ceiling = told(state, 10000, 0, 9, mode=CEILING)
    assert beside(state).drawn_w() == 0
    ceiling.mode = 0
    assert beside(state).drawn_w() == 7000


def test_what_nobody_sees_is_not_known():
    for unseen, expected in ((BATTERY, None), (CHARGER, None), (PUMP, 8500)):
        found = house(charger=7000, heatpump=2000, battery=1500)
        told(found.state, 16000, 0, 9)
        charger = found.state.units[CHARGER]
        charger.setpoint, charger.source = 16000, "claim night"
        found.state.units[unseen].drawn_known = False
        found.state.units[unseen].drawn_w = 0
        assert beside(found.state, "heatpump").drawn_w() == expected
        charger.setpoint = 0  # whoever was told to rest draws nothing
        assert (beside(found.state, "heatpump").drawn_w() is None) is (unseen == BATTERY)


def test_what_a_charger_will_draw_is_what_the_strongest_claim_of_the_hour_says():
    state = house().state
    told(state, 0, 0, 0, primacy=191)
    told(state, 16000, 2, 3)
    told(state, 6000, 2, 4)
    plans = beside(state)
    charger = state.units[CHARGER]
    for hour, setpoint in ((1, 0), (2, 6000), (3, 6000), (4, 0)):
        assert plans.planned_w(hour * HOUR_MS) == charger.power_of(setpoint), hour
    told(state, 20000, 2, 3, primacy=1)
    assert plans.planned_w(2 * HOUR_MS) == charger.power_of(6000)
    plans.look()
    assert plans.planned_w(2 * HOUR_MS) == charger.power_of(20000) > 0


def test_a_boost_is_no_habit_either_and_goes_before_all_plans():
    state = house(charger=7000).state
    boost = told(state, 20000, 0, 2, primacy=0, mode=OWN)
    told(state, 6000, 0, 4)
    plans, charger = beside(state), state.units[CHARGER]
    assert [plans.planned_w(hour * HOUR_MS) for hour in (1, 3)] == [charger.power_of(20000), charger.power_of(6000)]
    state.claims = [boost]
    assert plans.drawn_w() == 7000


def test_a_default_control_counts_only_where_nothing_with_an_end_does():
    state = house().state
    told(state, 0, 0, 0, primacy=1)
    timed = told(state, 16000, 0, 3)
    assert winner(state.claims, CHARGER) is timed
    plans, charger = beside(state), state.units[CHARGER]
    assert [plans.planned_w(hour * HOUR_MS) for hour in (2, 3)] == [charger.power_of(16000), 0]


def test_a_charger_that_nobody_told_anything_is_expected_as_every_other_load():
    assert beside(house(charger=7000).state).planned_w(HOUR_MS) == 0


class _Bench:
    """What a plan is made with."""

    def __init__(self, state) -> None:
        self.state = state
        self.loop = self
        self.authority = self
        self.name = "store"
        self.power_max_w = 5000


def test_a_plan_expects_a_charger_at_the_hours_that_it_was_told():
    state = house().state
    told(state, 16000, 2, 3)
    options = {"device": "battery", "capacity_wh": 9000, "price": 30000}
    plan = BatteryPlan(_Bench(state), options)
    plan.net.recall([300] * 96 + [0] * 96)
    plan.elsewhere.look()
    charger_w = state.units[CHARGER].power_of(16000)
    assert [plan.expected(slot, 1)[0] - 300 for slot in (7, 8, 11, 12)] == [0, charger_w, charger_w, 0]
    assert plan.expected(6, 4)[0] == 300 + charger_w // 2
