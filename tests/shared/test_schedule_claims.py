"""When claims start, lose and end; what a ramp begins at and what a change counts from."""

from __future__ import annotations

from agent import record
from agent.circuits import Circuit
from agent.claims import Claim
from agent.schedule import AT_END, AT_START, cancel, follow_claims, pass_time
from agent.state import State
from agent.unit import Unit
from tests.shared.desk import (
    CLAIM,
    MODE,
    RAMP_S,
    SET,
    START_S,
    Desk,
    name_of,
)
from tests.shared.house import AGENT_ID, AGGREGATOR, METER, OWNER, TABLE, row
from tests.shared.house import BATTERY as BATTERY_CONTRACT

STARTED, COMPLETED, CANCELLED, SUPERSEDED = record.STARTED, record.COMPLETED, record.CANCELLED, record.SUPERSEDED
LAPSED = record.LAPSED
CHARGER, PUMP, BATTERY = 1, 2, 3
CEILING, TARGET, CHANGE = 1, 2, 3


def steady() -> Desk:
    """Return a house that has drawn 3300 W for long enough to have a baseline."""
    desk = Desk()
    desk.house.ev_w = 0
    desk.pass_s(400)
    desk.heard()
    return desk


def test_a_claim_begins_and_ends_exactly_at_its_times():
    desk = Desk()
    desk.pass_s(20)
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 5, 5, {START_S: 25}])
    desk.heard()
    desk.pass_ms(4999)
    unit = desk.state.units[CHARGER]
    desk.state.must_persist = False
    assert unit.wanted_source == "default" and desk.heard() == []
    desk.pass_ms(1)
    assert (unit.wanted_source, unit.wanted) == ("claim agg", 8000) and desk.heard() == [(1, STARTED)]
    assert desk.state.must_persist
    desk.pass_ms(4999)
    assert unit.wanted_source == "claim agg"
    desk.pass_ms(1)
    assert unit.wanted_source == "default" and desk.heard() == [(1, COMPLETED)]


def test_a_claim_whose_start_lies_between_two_ticks_starts_with_the_next():
    desk = Desk()
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 5, 5, {START_S: 3}])
    desk.want(AGGREGATOR, CLAIM, ["battery", 1000, 5, 5])
    desk.pass_ms(2500)
    assert desk.heard() == [(2, STARTED)]  # what waits keeps nobody who was asked for later from starting
    desk.pass_ms(1000)
    assert desk.heard() == [(1, STARTED)]


def test_a_claim_is_superseded_when_the_winner_starts_not_before():
    desk = Desk()
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 100, 5])
    desk.want(AGGREGATOR, CLAIM, ["charger", 7000, 5, 3, {START_S: 10}])
    desk.pass_s(9)
    assert desk.state.units[CHARGER].setpoint == 8000 and desk.heard() == [(1, STARTED)]
    desk.pass_s(1)
    assert desk.state.units[CHARGER].setpoint == 7000 and desk.heard() == [(1, SUPERSEDED), (2, STARTED)]


def test_a_loser_that_never_started_waits_for_its_turn_or_lapses():
    desk = Desk()
    desk.want(OWNER, CLAIM, ["charger", 0, 10, 0])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 5, 5])
    desk.want(AGGREGATOR, CLAIM, ["charger", 7000, 30, 5])
    desk.pass_s(5)
    assert desk.heard() == [(1, STARTED), (2, LAPSED)]
    assert desk.state.units[CHARGER].setpoint == 0  # the owner opted out
    desk.pass_s(5)
    assert desk.heard() == [(1, COMPLETED), (3, STARTED)]
    desk.pass_s(40)
    assert desk.state.units[CHARGER].wanted_source == "default"


def test_a_loser_keeps_the_modes_that_the_winner_does_not_set():
    desk = Desk()
    desk.house.ev_w = 0
    ceiling = desk.want(AGGREGATOR, CLAIM, ["charger", 7000, 50, 9, {MODE: CEILING}])
    wish = desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 20, 3])
    desk.pass_s(2)
    assert desk.heard() == [(ceiling, STARTED), (wish, STARTED)]
    assert desk.state.units[CHARGER].setpoint == 7000
    lower = desk.want(AGGREGATOR, CLAIM, ["charger", 6500, 10, 3, {MODE: CEILING}])
    desk.pass_s(2)
    assert desk.heard() == [(ceiling, SUPERSEDED), (lower, STARTED)]
    assert desk.state.units[CHARGER].setpoint == 6500


def test_a_default_claim_yields_and_is_there_again():
    desk = Desk()
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 0, 1])
    desk.want(AGGREGATOR, CLAIM, ["charger", 7000, 5, 9, {START_S: 5}])
    seen = []
    for _ in range(12):
        desk.pass_s(1)
        seen.append(desk.state.claims[0].started)
    assert seen == [True] * 4 + [False] * 5 + [True] * 3
    assert desk.heard() == [(1, STARTED), (2, STARTED), (2, COMPLETED), (1, STARTED)]
    assert len(desk.state.claims) == 1


def test_a_ramp_begins_at_the_set_point_that_was():
    desk = steady()
    desk.want(OWNER, CLAIM, ["battery", -1000, 100, 5])
    desk.pass_s(60)  # the charger has been given the room, and does not take it
    desk.want(OWNER, CLAIM, ["battery", 1000, 100, 5, {RAMP_S: 10}])
    seen = []
    for _ in range(12):
        desk.pass_s(1)
        seen.append(desk.state.units[BATTERY].setpoint)
    assert seen == [-1000 + 200 * n for n in range(10)] + [1000, 1000]


def test_a_ramp_of_the_first_device_begins_at_its_own_set_point():
    desk = Desk()
    units = [Unit(0, row("battery", power_max_w=5000), BATTERY_CONTRACT), Unit(1, row("grid"), METER)]
    desk.house.state = State(Circuit(TABLE, 1), units, AGENT_ID, 7, 60, 10000)
    units[0].setpoint = -2000
    desk.want(OWNER, CLAIM, ["battery", 1000, 100, 5, {RAMP_S: 10}])
    follow_claims(desk.state, 1000)
    assert (desk.state.claims[0].origin, desk.state.claims[0].started_ms) == (-2000, 1000)


def test_a_ramp_of_a_default_begins_anew_at_what_is_when_it_is_back():
    desk = steady()
    desk.want(OWNER, CLAIM, ["battery", -1000, 5, 5])
    desk.pass_s(2)
    desk.want(OWNER, CLAIM, ["battery", 1000, 0, 5, {RAMP_S: 10}])
    desk.pass_s(20)
    assert desk.state.units[BATTERY].setpoint == 1000
    desk.want(OWNER, CLAIM, ["battery", 2000, 10, 5])
    desk.pass_s(8)
    assert desk.state.units[BATTERY].setpoint == 2000
    seen = []
    for _ in range(14):
        desk.pass_s(1)
        seen.append(desk.state.units[BATTERY].setpoint)
    assert seen == [2000, 2000] + [1900 - 100 * n for n in range(9)] + [1000] * 3


def test_a_change_waits_until_its_baseline_is_known_and_lapses_when_it_never_is():
    desk = Desk()
    desk.house.silent = [0]
    desk.want(AGGREGATOR, CLAIM, ["", -1000, 30, 5, {MODE: CHANGE}])
    desk.pass_s(30)
    assert desk.heard() == [(1, LAPSED)]
    desk.house.silent = []
    desk.want(AGGREGATOR, CLAIM, ["", -1000, 300, 5, {MODE: CHANGE}])
    desk.pass_s(20)
    assert desk.state.claims[0].base is None and desk.heard() == []
    desk.state.must_persist = False
    desk.pass_s(80)
    assert desk.state.claims[0].base is not None and desk.heard() == [(2, STARTED)] and desk.state.must_persist


def test_a_change_after_a_change_counts_from_what_was_before_both():
    desk = steady()
    desk.want(AGGREGATOR, CLAIM, ["", 1000, 600, 5, {MODE: CHANGE}])
    desk.pass_s(301)
    base = desk.state.claims[0].base
    assert base == 3300
    desk.want(AGGREGATOR, CLAIM, ["", 1500, 600, 5, {MODE: CHANGE}])
    desk.pass_s(1)
    assert [(claim.base, claim.value_at(desk.state.now_ms)) for claim in desk.state.claims] == [(3300, 4800)]
    desk.want(AGGREGATOR, CLAIM, ["", 500, 600, 5, {MODE: CHANGE, START_S: 1301}])
    desk.pass_s(600)
    assert [(claim.base, claim.value_at(desk.state.now_ms)) for claim in desk.state.claims] == [(3300, 3800)]


def test_a_change_after_a_target_counts_from_what_the_meter_showed():
    desk = steady()
    desk.want(AGGREGATOR, CLAIM, ["", 2000, 1000, 5, {MODE: TARGET}])
    desk.pass_s(400)
    desk.want(AGGREGATOR, CLAIM, ["", 1000, 600, 5, {MODE: CHANGE}])
    desk.pass_s(1)
    base = desk.state.claims[0].base
    assert base is not None and 1900 <= base <= 2100


def test_a_ramp_of_a_target_begins_at_the_baseline_or_where_the_target_before_stood():
    desk = steady()
    desk.want(AGGREGATOR, CLAIM, ["", 4300, 600, 5, {MODE: TARGET, RAMP_S: 100}])
    desk.pass_s(51)
    claim = desk.state.claims[0]
    assert (claim.origin, claim.base, claim.value_at(desk.state.now_ms)) == (3300, None, 3800)
    desk.want(AGGREGATOR, CLAIM, ["", 1000, 600, 5, {MODE: CHANGE, RAMP_S: 100}])
    desk.pass_s(1)
    claim = desk.state.claims[0]
    assert claim.origin == 3810 == claim.value_at(desk.state.now_ms)
    assert claim.mode == CHANGE and claim.base is not None


def test_a_whole_set_that_says_the_same_again_moves_nothing():
    desk = steady()
    wishes = [
        [CLAIM, ["battery", -1000, 600, 5]],
        [CLAIM, ["charger", 7000, 600, 5, {START_S: 1, RAMP_S: 600}]],
        [CLAIM, ["heatpump", 3000, 0, 5, {MODE: CEILING}]],
    ]
    assert desk.want(AGGREGATOR, SET, [wishes]) == 1
    desk.pass_s(60)
    units = desk.state.units
    before = [(units[n].wanted, units[n].setpoint, units[n].source) for n in (PUMP, BATTERY)]
    heard = desk.heard()
    assert heard == [(1, STARTED)] * 3
    origin = (desk.state.claims[1].origin, desk.state.claims[1].started_ms)
    for number in range(2, 5):
        desk.want(AGGREGATOR, SET, [wishes])
        desk.pass_s(1)
        assert [(units[n].wanted, units[n].setpoint, units[n].source) for n in (PUMP, BATTERY)] == before
        assert desk.heard() == [(number - 1, SUPERSEDED)] * 3 + [(number, STARTED)] * 3
        assert (desk.state.claims[1].origin, desk.state.claims[1].started_ms) == origin


def test_a_whole_set_that_says_the_same_change_again_counts_from_the_same():
    desk = steady()
    for _ in range(5):
        desk.want(AGGREGATOR, SET, [[[CLAIM, ["", 1000, 600, 5, {MODE: CHANGE, RAMP_S: 300}]]]])
        desk.pass_s(100)
    claim = desk.state.claims[0]
    assert (claim.base, claim.started_ms, claim.value_at(desk.state.now_ms)) == (3300, 401000, 4300)


def wanted(desk: Desk, scope: int, n: int, primacy: int = 5, until_ms: int = 900000) -> Claim:
    """Put a claim among those of a house; the n-th gets its n-th name."""
    claim = Claim(scope, 0, primacy, n, "agg", until_ms, name_of(n))
    desk.state.claims.append(claim)
    return claim


def test_the_ends_that_chance_moves_have_the_numbers_by_which_anybody_can_check_a_draw():
    assert (AT_START, AT_END) == (0, 1)


def test_a_claim_is_over_however_late_that_is_seen():
    for now_ms, left in ((4999, 1), (5000, 0), (5001, 0)):
        desk = Desk()
        wanted(desk, CHARGER, 1, until_ms=5000)
        pass_time(desk.state, now_ms)
        assert len(desk.state.claims) == left


def test_a_cancelled_claim_is_gone_at_once():
    for until_ms in (0, 900000):
        desk = Desk()
        claim = wanted(desk, CHARGER, 1, until_ms=until_ms)
        claim.started = True
        cancel(desk.state, claim, 0, 1000)
        assert desk.state.claims == []


def test_claims_are_followed_in_their_order():
    desk = Desk()
    wanted(desk, CHARGER, 1).started = True
    wanted(desk, CHARGER, 2, 4)
    wanted(desk, PUMP, 3)
    follow_claims(desk.state, 1000)
    assert [(fact[2], fact[3]) for fact in desk.state.records] == [
        (name_of(1), SUPERSEDED),
        (name_of(2), STARTED),
        (name_of(3), STARTED),
    ]
