"""When controls begin and end: at the very tick, by chance, by their source's newer word, and what is said of it."""

from __future__ import annotations

from agent import record
from agent.claims import Claim
from agent.limits import HOLD, IMPORT, MILLIAMP, SITE, tightest, tightest_ma
from agent.schedule import AT_END, AT_START, cancel, drawn_s, plan
from tests.shared.desk import (
    CANCEL,
    CIVIL_MS,
    CLAIM,
    LIMIT,
    ON_EXPIRY,
    PHASES,
    QUANTITY,
    RANDOM_END_S,
    RANDOM_START_S,
    START_S,
    Desk,
    name_of,
)
from tests.shared.house import AGENT_ID, AGGREGATOR, DSO, OWNER

STARTED, COMPLETED, CANCELLED, SUPERSEDED = record.STARTED, record.COMPLETED, record.CANCELLED, record.SUPERSEDED
LAPSED = record.LAPSED
CHARGER, PUMP, BATTERY = 1, 2, 3
CEILING, TARGET, CHANGE = 1, 2, 3


def binding(desk: Desk) -> int | None:
    """Return the site's import limit in force."""
    limit = tightest(desk.state.limits, SITE, IMPORT)
    return None if limit is None else limit.value


# Chance


def test_a_draw_is_within_its_bound_and_keeps_its_sign():
    for bound_s in (1, 2, 7, 600, 3600):
        drawn = [drawn_s(bound_s, name_of(n), AGENT_ID, AT_START) for n in range(60)]
        assert 0 <= min(drawn) <= max(drawn) <= bound_s
        assert [drawn_s(-bound_s, name_of(n), AGENT_ID, AT_START) for n in range(60)] == [-each for each in drawn]
    assert drawn_s(0, name_of(1), AGENT_ID, AT_START) == 0


def test_draws_are_uniform_with_both_bounds_among_them():
    counts = [0] * 10
    for n in range(2000):
        counts[drawn_s(9, name_of(n), AGENT_ID, AT_END)] += 1
    assert min(counts) > 150 and max(counts) < 250, counts


def test_a_draw_is_the_same_each_time_and_another_for_each_command_agent_and_end():
    first = drawn_s(3600, name_of(1), AGENT_ID, AT_START)
    assert first == drawn_s(3600, name_of(1), AGENT_ID, AT_START)
    others = [(name_of(2), AGENT_ID, AT_START), (name_of(1), b"agent-02", AT_START), (name_of(1), AGENT_ID, AT_END)]
    assert len(set([first] + [drawn_s(3600, other[0], other[1], other[2]) for other in others])) == 4


def test_anybody_who_knows_command_and_agent_can_check_a_draw():
    # SHA-256 of command, agent and which end; its first 48 bits modulo bound + 1
    assert drawn_s(3600, bytes(32), b"agent-01", 0) == 0x6B9D0C3A5B78 % 3601
    assert drawn_s(-600, bytes(32), b"agent-01", 1) == -(0xD4F87367A0C3 % 601)


def test_a_random_start_moves_the_whole_control_and_never_before_now():
    spans = set()
    for bound_s in (300, -300):
        for _ in range(12):
            desk = Desk()
            desk.asked = len(spans) * 50
            desk.pass_s(1)
            desk.want(DSO, LIMIT, ["", 0, 4200, 900, {START_S: 1000, RANDOM_START_S: bound_s}])
            limit = desk.state.limits[0]
            moved_s = drawn_s(bound_s, limit.command, AGENT_ID, AT_START)
            assert (limit.from_ms, limit.until_ms) == ((1000 + moved_s) * 1000, (1900 + moved_s) * 1000)
            spans.add(moved_s)
    assert len(spans) > 10 and min(spans) < 0 < max(spans)


def test_a_random_start_before_now_is_now():
    for asked in range(8):
        desk = Desk()
        desk.asked = asked
        desk.pass_s(5)
        desk.want(DSO, LIMIT, ["", 0, 4200, 900, {RANDOM_START_S: -300}])
        limit = desk.state.limits[0]
        assert (limit.from_ms, limit.due, limit.until_ms) == (5000, True, 905000)
        desk.want(DSO, LIMIT, ["", 0, 4100, 900, {START_S: 6, RANDOM_START_S: -300}])
        limit = desk.state.limits[-1]
        moved_ms = 1000 * drawn_s(-300, limit.command, AGENT_ID, AT_START)
        assert (limit.from_ms, limit.until_ms) == (max(5000, 6000 + moved_ms), 906000 + moved_ms)


def test_a_random_end_makes_a_control_longer_or_shorter_but_never_less_than_a_second():
    lengths = set()
    for bound_s in (100, -100):
        for asked in range(12):
            desk = Desk()
            desk.asked = asked
            desk.want(DSO, LIMIT, ["", 0, 4200, 50, {RANDOM_END_S: bound_s}])
            limit = desk.state.limits[0]
            length_s = limit.until_ms // 1000
            assert length_s == max(1, 50 + drawn_s(bound_s, limit.command, AGENT_ID, AT_END))
            lengths.add(length_s)
    assert min(lengths) == 1 and max(lengths) > 50


def test_chance_leaves_a_default_endless():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 0, {RANDOM_END_S: -3600}])
    assert desk.state.limits[0].until_ms == 0


# Limits


def test_a_limit_ends_exactly_at_its_end():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 3])
    desk.pass_ms(2999)
    assert binding(desk) == 4200 and desk.heard() == []
    desk.pass_ms(1)
    assert binding(desk) is None and desk.heard() == [(1, COMPLETED)]


def test_a_limit_begins_exactly_at_its_start_and_is_announced():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 10, {START_S: 3}])
    desk.pass_ms(2999)
    assert binding(desk) is None and desk.heard() == []
    desk.state.must_persist = False
    desk.pass_ms(1)
    assert binding(desk) == 4200 and desk.heard() == [(1, STARTED)] and desk.state.must_persist
    desk.pass_ms(9999)
    assert binding(desk) == 4200
    desk.pass_ms(1)
    assert binding(desk) is None and desk.heard() == [(1, COMPLETED)]


def test_a_limit_that_was_over_before_it_could_begin_lapsed():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 10, {START_S: 3}])
    desk.pass_ms(20000)
    assert desk.heard() == [(1, LAPSED)] and desk.limits() == []


def test_all_that_is_over_ends_in_one_tick():
    desk = Desk()
    for scope in ("", "charger", "battery"):
        desk.want(DSO, LIMIT, [scope, 0, 4200, 3])
    for scope in ("charger", "battery", "heatpump"):
        desk.want(OWNER, CLAIM, [scope, 1000 if scope != "charger" else 8000, 3, 0])
    desk.pass_s(2)
    desk.heard()
    desk.pass_s(1)
    assert desk.heard() == [(number, COMPLETED) for number in range(1, 7)]


def test_one_limit_follows_another_without_a_gap():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 5])
    desk.want(DSO, LIMIT, ["", 0, 6000, 5, {START_S: 5}])
    seen = []
    for _ in range(10):
        desk.pass_s(1)
        seen.append(binding(desk))
    assert seen == [4200] * 4 + [6000] * 5 + [None]
    assert desk.heard() == [(1, COMPLETED), (2, STARTED), (2, COMPLETED)]


def test_a_later_word_takes_the_earlier_ones_place_only_when_it_is_due():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 100])
    desk.want(DSO, LIMIT, ["", 0, 9000, 10, {START_S: 5}])
    desk.pass_s(4)
    assert desk.limits() == [(4200, True), (9000, False)]
    desk.pass_s(1)
    assert desk.limits() == [(9000, True)]
    assert desk.heard() == [(2, STARTED), (1, SUPERSEDED)]
    desk.pass_s(10)
    assert desk.limits() == []


def test_of_two_that_come_due_in_one_tick_the_later_start_stays():
    for order in ((2, 3), (3, 2)):
        desk = Desk()
        for start_s in order:
            desk.want(DSO, LIMIT, ["", 0, 1000 * start_s, 100, {START_S: start_s}])
        desk.pass_ms(5000)
        assert desk.limits() == [(3000, True)]
    desk = Desk()
    for value in (4000, 5000):
        desk.want(DSO, LIMIT, ["", 0, value, 100, {START_S: 4}])
    desk.pass_ms(5000)
    assert desk.limits() == [(5000, True)]


def test_limits_of_other_sources_matters_and_phases_stay():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 9000, 100])
    desk.want(OWNER, LIMIT, ["", 0, 5000, 100])
    desk.want(DSO, LIMIT, ["", 1, 3000, 100])
    desk.want(DSO, LIMIT, ["charger", 0, 3000, 100])
    desk.want(DSO, LIMIT, ["", 0, 16000, 100, {QUANTITY: 1}])
    desk.want(DSO, LIMIT, ["", 0, 10000, 100, {QUANTITY: 1, PHASES: 2}])
    desk.pass_s(1)
    assert desk.limits() == [(9000, True), (5000, True), (3000, True), (3000, True), (16000, True), (10000, True)]
    assert binding(desk) == 5000
    limits = desk.state.limits
    bound = [tightest_ma(limits, SITE, IMPORT, phase) for phase in (0, 1, 2)]
    assert [each.value for each in bound if each is not None] == [16000, 10000, 16000]
    assert {limit.quantity for limit in limits[4:]} == {MILLIAMP}
    desk.want(DSO, LIMIT, ["", 0, 12000, 100, {QUANTITY: 1, PHASES: 2}])
    assert [limit.value for limit in limits] == [9000, 5000, 3000, 3000, 16000, 12000]


def test_a_default_limit_rests_while_its_source_says_something_else_and_is_back():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    desk.want(OWNER, LIMIT, ["", 0, 15000, 3])
    desk.pass_s(1)
    assert binding(desk) == 4200
    desk.want(DSO, LIMIT, ["", 0, 9000, 3, {START_S: 3}])
    seen = []
    for _ in range(6):
        desk.pass_s(1)
        seen.append(binding(desk))
    assert seen == [4200, 9000, 9000, 9000, 4200, 4200]
    desk.pass_ms(1 << 36)
    assert binding(desk) == 4200


def test_a_new_default_takes_the_place_of_the_old_one():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    desk.want(DSO, LIMIT, ["", 0, 5000, 0, {START_S: 3}])
    desk.pass_s(2)
    assert desk.limits() == [(4200, True), (5000, False)]
    desk.pass_s(1)
    assert desk.limits() == [(5000, True)]
    assert desk.heard() == [(2, STARTED), (1, SUPERSEDED)]


def test_a_limit_that_holds_stays_until_its_source_says_something_else():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 2, {ON_EXPIRY: 1}])
    desk.want(OWNER, LIMIT, ["", 0, 9000, 2])
    desk.pass_s(60)
    assert binding(desk) == 4200 and desk.heard() == [(2, COMPLETED)]
    desk.want(DSO, LIMIT, ["", 0, 9000, 2])
    desk.pass_s(1)
    assert binding(desk) == 9000 and desk.heard() == [(1, SUPERSEDED)]
    desk.pass_s(1)
    assert binding(desk) is None


def test_a_limit_that_holds_gives_way_to_its_sources_default():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 2, {ON_EXPIRY: 1}])
    desk.pass_s(10)
    desk.want(DSO, LIMIT, ["", 0, 9000, 0])
    desk.pass_s(1)
    assert binding(desk) == 9000 and desk.heard() == [(1, COMPLETED)]
    desk.want(DSO, LIMIT, ["", 0, 3000, 2, {ON_EXPIRY: 1}])
    desk.pass_s(1)
    assert binding(desk) == 3000
    desk.pass_s(1)
    assert binding(desk) == 9000 and desk.heard() == [(3, COMPLETED)]


# Cancelling


def cancelled(desk: Desk, number: int, random_s: int = 0) -> None:
    """Cancel a command; its sender is who it belongs to."""
    controls = desk.state.limits + desk.state.claims
    sources = [control.source for control in controls if control.command == name_of(number)]
    authority = {"dso": DSO, "agg": AGGREGATOR, "owner": OWNER}[sources[0]]
    body = [name_of(number), {RANDOM_END_S: random_s}] if random_s else [name_of(number)]
    desk.want(authority, CANCEL, body)


def test_cancelling_ends_at_once():
    desk = Desk()
    limit = desk.want(DSO, LIMIT, ["", 0, 4200, 100])
    hold = desk.want(DSO, LIMIT, ["charger", 0, 4200, 100, {ON_EXPIRY: 1}])
    default = desk.want(DSO, LIMIT, ["battery", 0, 4200, 0])
    later = desk.want(DSO, LIMIT, ["heatpump", 0, 4200, 100, {START_S: 50}])
    claim = desk.want(OWNER, CLAIM, ["charger", 8000, 100, 0])
    desk.pass_s(1)
    desk.heard()
    for number in (limit, hold, default, later, claim):
        cancelled(desk, number)
    desk.pass_s(1)
    assert desk.heard() == [(number, CANCELLED) for number in (limit, hold, default, later, claim)]
    assert desk.state.limits == [] and desk.state.claims == []


def test_cancelling_by_chance_ends_within_the_bound_and_says_so():
    for options, duration_s in (({}, 1000), ({}, 0), ({ON_EXPIRY: 1}, 1000), ({ON_EXPIRY: 1}, 2)):
        desk = Desk()
        number = desk.want(DSO, LIMIT, ["", 0, 4200, duration_s, dict(options)])
        desk.pass_s(4)
        cancelled(desk, number, 30)
        left_s = drawn_s(30, name_of(number), AGENT_ID, AT_END)
        assert left_s > 1
        desk.pass_s(left_s - 1)
        assert binding(desk) == 4200 and desk.heard() == []
        desk.pass_s(1)
        assert binding(desk) is None and desk.heard() == [(number, CANCELLED)]


def test_cancelling_by_chance_never_makes_a_control_longer():
    desk = Desk()
    number = desk.want(DSO, LIMIT, ["", 0, 4200, 3])
    claim = desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 3, 5])
    desk.pass_s(1)
    for each in (number, claim):
        assert drawn_s(3600, name_of(each), AGENT_ID, AT_END) > 2
        cancelled(desk, each, 3600)
    desk.pass_s(1)
    assert binding(desk) == 4200 and len(desk.state.claims) == 1
    desk.heard()
    desk.pass_s(1)
    assert desk.heard() == [(number, CANCELLED), (claim, CANCELLED)]


def test_cancelling_by_chance_ends_a_running_claim_later_a_default_one_too():
    for duration_s in (1000, 0):
        desk = Desk()
        number = desk.want(AGGREGATOR, CLAIM, ["charger", 8000, duration_s, 5])
        desk.pass_s(1)
        desk.heard()
        cancelled(desk, number, 30)
        left_s = drawn_s(30, name_of(number), AGENT_ID, AT_END)
        desk.pass_s(left_s - 1)
        assert desk.state.units[CHARGER].wanted_source == "claim agg" and desk.heard() == []
        desk.pass_s(1)
        assert desk.state.units[CHARGER].wanted_source == "default" and desk.heard() == [(number, CANCELLED)]


def test_what_is_not_in_force_is_cancelled_at_once_by_chance_too():
    desk = Desk()
    default = desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    word = desk.want(DSO, LIMIT, ["", 0, 9000, 100])
    later = desk.want(DSO, LIMIT, ["", 0, 2000, 100, {START_S: 50}])
    first = desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 1000, 3])
    loser = desk.want(AGGREGATOR, CLAIM, ["charger", 7500, 1000, 5])
    resting = desk.want(AGGREGATOR, CLAIM, ["charger", 7000, 0, 1])
    desk.pass_s(1)
    desk.heard()
    for number in (default, later, loser, resting):
        cancelled(desk, number, 3600)
    desk.pass_s(1)
    assert desk.heard() == [(number, CANCELLED) for number in (default, later, loser, resting)]
    assert desk.limits() == [(9000, True)] and desk.state.units[CHARGER].wanted == 8000
    assert {control.command for control in desk.state.limits + desk.state.claims} == {name_of(word), name_of(first)}


def test_a_second_cancellation_may_end_sooner_but_not_later():
    desk = Desk()
    number = desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    limit = desk.state.limits[0]
    cancel(desk.state, limit, 60, 0)
    until_ms = limit.until_ms
    assert until_ms == 1000 * drawn_s(60, limit.command, AGENT_ID, AT_END) > 0
    cancel(desk.state, limit, 3600, 0)
    assert limit.until_ms == until_ms
    cancel(desk.state, limit, 0, 0)
    desk.pass_s(1)
    assert desk.limits() == [] and desk.heard() == [(number, CANCELLED)]


def test_the_end_of_a_cancelled_control_is_known_on_the_civil_clock():
    desk = Desk(CIVIL_MS)
    desk.pass_s(1)
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    limit = desk.state.limits[0]
    desk.state.must_persist = False
    cancel(desk.state, limit, 600, desk.state.now_ms)
    assert limit.until_civil_ms == limit.until_ms + desk.house.civil_ms - desk.house.now_ms
    assert desk.state.must_persist


# Times


def test_plan_gives_monotonic_times_and_civil_ones_where_those_are_known():
    for ahead_ms in (0, CIVIL_MS):
        claim = Claim(1, 0, 5, 1, "agg", 0, b"")
        plan(claim, 5000, 9000, 2000, ahead_ms)
        assert (claim.due, claim.from_ms, claim.until_ms) == (False, 9000, 11000)
        civil = (CIVIL_MS + 9000, CIVIL_MS + 11000) if ahead_ms else (0, 0)
        assert (claim.from_civil_ms, claim.until_civil_ms) == civil
        plan(claim, 5000, 5000, 2000, ahead_ms)
        assert (claim.due, claim.from_ms, claim.until_ms) == (True, 5000, 7000)
        assert (claim.from_civil_ms, claim.until_civil_ms) == ((0, CIVIL_MS + 7000) if ahead_ms else (0, 0))
        plan(claim, 5000, 9000, 0, ahead_ms)
        assert (claim.due, claim.until_ms, claim.until_civil_ms) == (False, 0, 0)
        plan(claim, 5000, 4000, 2000, ahead_ms)
        assert (claim.due, claim.from_ms, claim.until_ms) == (True, 5000, 7000)


def test_a_default_that_shall_hold_is_a_default_as_any_other():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 0, {ON_EXPIRY: 1}])
    assert desk.state.limits[0].on_expiry == HOLD
    desk.want(DSO, LIMIT, ["", 0, 9000, 2])
    desk.pass_s(1)
    assert binding(desk) == 9000
    desk.pass_s(1)
    assert binding(desk) == 4200
