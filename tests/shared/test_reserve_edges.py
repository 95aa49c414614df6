"""Windows at their edges: just before, just after, one enough, a late tick, what becomes sooner or later, places."""

from __future__ import annotations

from agent import record
from agent.limits import SITE
from agent.reserve import Reservation
from tests.shared.desk import CANCEL, CLAIM, RANDOM_END_S, START_S, name_of
from tests.shared.house import METER
from tests.shared.market import (
    AGG,
    CANCELLED,
    COMPLETED,
    EXPORT,
    RESERVE,
    RESERVED,
    STARTED,
    SUPERSEDED,
    VPP,
    Market,
)  # fmt: skip

ACCEPTED = record.ACCEPTED
CHARGER, PUMP, BATTERY = 1, 2, 3


def test_whoever_came_first_has_the_window_and_what_is_apart_is_free():
    desk = Market()
    desk.reserve(VPP, "charger", 60, 101)
    for start_s, duration_s, expected in (
        (2, 5, ACCEPTED),
        (500, 5, ACCEPTED),
        (150, 5, RESERVED),
        (90, 600, RESERVED),
    ):
        body = ["charger", EXPORT, 1000, duration_s, {START_S: start_s}]
        assert desk.ask(AGG, RESERVE, body) == expected, start_s


def test_one_window_is_enough_to_reserve_and_only_what_can_be_set():
    desk = Market()
    desk.reserving.allowed["agg"] = 1
    desk.state.units[BATTERY].contract = METER
    assert desk.ask(AGG, RESERVE, ["battery", EXPORT, 3000, 60]) == record.UNKNOWN_DEVICE
    desk.reserve(AGG, "", 60)
    assert desk.ask(AGG, RESERVE, ["", EXPORT, 3000, 60]) == record.QUEUE_FULL


def test_a_tick_that_comes_late_ends_a_window_too():
    desk = Market()
    desk.reserve(AGG, "charger", 60)
    desk.pass_s(1)
    desk.pass_ms(90000)
    assert desk.windows() == [] and desk.heard() == [(1, STARTED), (1, COMPLETED)]


def test_who_waits_hears_when_it_is_to_be_sooner_or_later():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 5000, 5])
    desk.reserve(AGG, "charger", 60)
    desk.pass_s(1)
    assert desk.told(record.NOT_BEFORE) == [[name_of(1), 59000]]
    desk.reserve(AGG, "garage", 600)
    desk.pass_s(1)
    assert desk.told(record.NOT_BEFORE) == [[name_of(1), 599000]] and desk.state.claims[0].from_ms == 602000
    desk.want(AGG, CANCEL, [name_of(3)])
    desk.pass_s(1)
    assert desk.told(record.NOT_BEFORE) == [[name_of(1), 57000]]
    assert [each.command for each in desk.reserving.windows] == [name_of(2)]


def test_a_cancelled_claim_that_runs_out_says_so_although_it_waited():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 5000, 5])
    desk.pass_s(1)
    desk.want(VPP, CANCEL, [name_of(1), {RANDOM_END_S: 3600}])
    left_ms = desk.state.claims[0].until_ms - desk.state.now_ms
    assert left_ms > 20000
    desk.reserve(AGG, "charger", 10)
    desk.pass_s(11)
    desk.heard()
    desk.pass_ms(left_ms)
    assert desk.heard() == [(1, CANCELLED)]


def test_what_is_part_of_what():
    desk = Market()
    state, over = desk.state, desk.reserving.over
    desk.reserve(AGG, "annex", 60)
    assert over(state, 0) == []
    assert over(state, CHARGER) == over(state, PUMP) == over(state, SITE - 2) == desk.reserving.windows
    state.units[BATTERY].circuit = 1
    assert over(state, SITE) == [] and over(state, BATTERY) == desk.reserving.windows


def test_a_new_window_has_not_begun_and_knows_no_civil_time():
    new = Reservation(SITE, EXPORT, 3000, "agg", b"")
    assert (new.from_ms, new.until_ms, new.from_civil_ms, new.until_civil_ms) == (0, 0, 0, 0)
    assert (new.scope, new.direction, new.power_w, new.source, new.command) == (SITE, EXPORT, 3000, "agg", b"")
    assert new.due and not new.began and not new.stated


def test_who_asks_in_a_window_for_longer_than_it_lasts_is_accepted_and_waits():
    desk = Market()
    desk.reserve(AGG, "charger", 60)
    desk.pass_s(10)
    desk.want(VPP, CLAIM, ["charger", 8000, 600, 5])
    desk.heard()
    desk.pass_s(1)
    assert desk.heard() == [(2, SUPERSEDED)] and desk.told(record.NOT_BEFORE) == [[name_of(2), 49000]]
    desk.pass_s(49)
    assert desk.heard() == [(1, COMPLETED), (2, STARTED)] and desk.source("charger") == "claim vpp"


def test_a_window_that_ends_before_its_time_is_stated_once_more_and_no_other_is():
    desk = Market()
    desk.reserve(AGG, "charger", 60)
    desk.reserve(AGG, "battery", 60, 100)
    desk.pass_s(10)
    assert desk.told(record.RESERVATION) == []
    desk.ask(AGG, CANCEL, [name_of(2)])
    desk.pass_s(1)
    assert desk.told(record.RESERVATION) == [[name_of(2), "agg", "battery", [BATTERY], EXPORT, 3000, 0, 0]]
    desk.pass_s(49)
    assert desk.windows() == [] and desk.told(record.RESERVATION) == []
