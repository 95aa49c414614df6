"""Two programmes want one thing, nobody has reserved it: each row of docs/arbitration.md, "Without a reservation"."""

from __future__ import annotations

from agent import record
from agent.context import context_of
from tests.shared.desk import CLAIM, LIMIT, MODE
from tests.shared.house import OWNER
from tests.shared.market import COMPLETED, STARTED, SUPERSEDED, UTILITY, VPP, Market

CHARGER, PUMP, BATTERY = 1, 2, 3
CEILING, TARGET = 1, 2


def test_the_lower_primacy_number_is_served_whenever_it_came():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 60, 9])
    desk.pass_s(1)
    desk.want(UTILITY, CLAIM, ["charger", 9000, 60, 4])
    desk.pass_s(1)
    assert sorted(desk.heard()) == [(1, STARTED), (1, SUPERSEDED), (2, STARTED)]
    assert desk.source("charger") == "claim util" and len(desk.state.claims) == 1
    desk.want(VPP, CLAIM, ["charger", 8000, 30, 9])
    desk.pass_s(1)
    assert desk.heard() == [] and desk.source("charger") == "claim util"


def test_of_the_same_primacy_the_later_one_is_served():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 60, 5])
    desk.pass_s(1)
    desk.want(UTILITY, CLAIM, ["charger", 9000, 60, 5])
    desk.heard()
    desk.pass_s(1)
    assert sorted(desk.heard()) == [(1, SUPERSEDED), (2, STARTED)] and desk.source("charger") == "claim util"


def test_who_waited_behind_is_served_when_the_other_has_ended():
    desk = Market()
    desk.want(UTILITY, CLAIM, ["charger", 9000, 10, 4])
    desk.want(VPP, CLAIM, ["charger", 8000, 60, 9])
    desk.pass_s(9)
    assert desk.heard() == [(1, STARTED)]
    desk.pass_s(1)
    assert desk.heard() == [(1, COMPLETED), (2, STARTED)] and desk.source("charger") == "claim vpp"


def test_a_default_rests_while_the_other_lasts_and_is_back_afterwards():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 0, 2])
    desk.pass_s(1)
    desk.want(UTILITY, CLAIM, ["charger", 9000, 10, 9])
    desk.pass_s(1)
    assert desk.source("charger") == "claim util"
    desk.heard()
    desk.pass_s(10)
    assert desk.heard() == [(2, COMPLETED), (1, STARTED)] and desk.source("charger") == "claim vpp"


def test_a_set_point_and_a_ceiling_are_both_served():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 9000, 60, 2])
    desk.want(UTILITY, CLAIM, ["charger", 8000, 60, 9, {MODE: CEILING}])
    desk.pass_s(1)
    assert desk.heard() == [(1, STARTED), (2, STARTED)]
    assert desk.state.units[CHARGER].wanted == 8000 and desk.source("charger") == "claim util"


def test_a_stronger_set_point_takes_its_device_out_of_a_target():
    for primacy, source in ((4, "claim util"), (9, "claim vpp")):
        desk = Market()
        desk.want(VPP, CLAIM, ["", 2000, 600, 5, {MODE: TARGET}])
        desk.want(UTILITY, CLAIM, ["battery", 500, 600, primacy])
        desk.pass_s(30)
        assert desk.heard() == [(1, STARTED), (2, STARTED)]
        assert desk.source("battery") == source, primacy


def test_of_two_limits_the_tighter_one_binds_and_both_are_in_force():
    desk = Market()
    desk.want(UTILITY, LIMIT, ["charger", 0, 5000, 60])
    desk.want(OWNER, LIMIT, ["charger", 0, 6000, 60])
    desk.pass_s(1)
    assert desk.limits() == [(5000, True), (6000, True)] and desk.state.units[CHARGER].source == "limit util"


def test_the_owners_word_goes_before_any_programme_and_the_reading_says_so():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 60, 1])
    desk.pass_s(1)
    desk.want(OWNER, CLAIM, ["charger", 7000, 60, 0])
    desk.heard()
    desk.pass_s(1)
    assert sorted(desk.heard()) == [(1, SUPERSEDED), (2, STARTED)] and desk.source("charger") == "claim owner"
    assert context_of(desk.state, desk.state.units[CHARGER])[record.OPTED_OUT] is True
