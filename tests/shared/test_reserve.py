"""Windows of one programme: who is served in them, who waits, what each is told, and what survives a reboot."""

from __future__ import annotations

from agent import record, why
from agent.command import Message
from agent.orders import Refused, alone
from agent.reserve import RESERVATIONS_MAX
from agent.state import REFUSALS_PER_MINUTE
from agent.step import step
from tests.shared.desk import CANCEL, CLAIM, LIMIT, MODE, RAMP_S, SET, START_S, name_of, picture
from tests.shared.house import DSO, OWNER
from tests.shared.market import (
    AGG,
    CANCELLED,
    COMPLETED,
    EXPORT,
    IMPORT,
    LAPSED,
    RESERVE,
    RESERVED,
    STARTED,
    SUPERSEDED,
    UTILITY,
    VPP,
    Market,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.command import Authority

ACCEPTED, MALFORMED, ROLE_FORBIDS = record.ACCEPTED, record.MALFORMED, record.ROLE_FORBIDS
TARGET = 2
MONTH_S = 2592000
CHARGER, PUMP, BATTERY = 1, 2, 3


def reason(authority: Authority, body: Any) -> int:
    """Return what becomes of a reservation in a new house; a refusal changes nothing but the counter."""
    desk = Market()
    before = picture(desk.state, False)
    found = desk.ask(authority, RESERVE, body)
    assert (found == ACCEPTED) is (picture(desk.state, False) != before)
    return found


def test_a_reservation_needs_a_scope_a_direction_a_power_and_a_duration():
    for body, expected in (
        (["", EXPORT, 3000, 60], ACCEPTED),
        (["garage", IMPORT, 1, 1], ACCEPTED),
        (["charger", EXPORT, 6000, MONTH_S], ACCEPTED),
        (["charger", EXPORT, 3000, 60, {START_S: 1 + MONTH_S}], ACCEPTED),
        (["charger", EXPORT, 3000, 60, {START_S: 2 + MONTH_S}], MALFORMED),
        (["charger", EXPORT, 3000, 60, {MODE: 0}], MALFORMED),
        (["", 2, 3000, 60], MALFORMED),
        (["", -1, 3000, 60], MALFORMED),
        (["", EXPORT, 0, 60], MALFORMED),
        (["", EXPORT, (1 << 40) + 1, 60], MALFORMED),
        (["", EXPORT, 1 << 40, 60], record.OVER_CEILING),
        (["", EXPORT, 6001, 60], record.OVER_CEILING),
        (["", EXPORT, 3000, 0], MALFORMED),
        (["", EXPORT, 3000, MONTH_S + 1], MALFORMED),
        (["", EXPORT, 3000], MALFORMED),
        ([1, EXPORT, 3000, 60], MALFORMED),
        (["nobody", EXPORT, 3000, 60], record.UNKNOWN_DEVICE),
        (["grid", EXPORT, 3000, 60], record.UNKNOWN_DEVICE),
    ):
        assert reason(AGG, body) == expected, body


def test_only_who_was_given_windows_may_reserve():
    for authority, expected in ((AGG, ACCEPTED), (VPP, ACCEPTED), (UTILITY, ROLE_FORBIDS), (OWNER, ROLE_FORBIDS)):
        assert reason(authority, ["", EXPORT, 3000, 60]) == expected
    assert reason(DSO, ["", EXPORT, 3000, 60]) == ROLE_FORBIDS
    desk = Market()
    desk.state.reserving = None
    assert desk.ask(AGG, RESERVE, ["", EXPORT, 3000, 60]) == record.UNSUPPORTED


def test_a_window_begins_and_ends_by_itself_and_says_so():
    desk = Market()
    desk.reserve(AGG, "charger", 60, 11)
    desk.state.must_persist = False
    desk.pass_s(9)
    assert desk.windows() == [(11, 71, False)] and desk.heard() == [] and not desk.state.must_persist
    desk.pass_s(1)
    assert desk.windows() == [(11, 71, True)] and desk.heard() == [(1, STARTED)] and desk.state.must_persist
    desk.pass_ms(59999)
    assert desk.heard() == []
    desk.state.must_persist = False
    desk.pass_ms(1)
    assert desk.windows() == [] and desk.heard() == [(1, COMPLETED)] and desk.state.must_persist


def test_what_a_window_holds_is_said_once_with_its_devices():
    desk = Market()
    desk.reserve(AGG, "annex", 60, 11)
    desk.pass_s(1)
    assert desk.told(record.RESERVATION) == [[name_of(1), "agg", "annex", [CHARGER, PUMP], EXPORT, 3000, 9000, 69000]]
    desk.pass_s(1)
    assert desk.told(record.RESERVATION) == []
    desk.want(AGG, RESERVE, ["", IMPORT, 500, 60])
    desk.pass_s(1)
    told = desk.told(record.RESERVATION)
    assert told == [[name_of(2), "agg", "", [CHARGER, PUMP, BATTERY], IMPORT, 500, 0, 59000]]
    assert desk.heard() == [(2, STARTED)]


def test_another_programme_is_not_served_and_is_served_again_afterwards():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 600, 1])
    desk.pass_s(1)
    assert desk.source("charger") == "claim vpp" and desk.heard() == [(1, STARTED)]
    desk.reserve(AGG, "charger", 60)
    desk.pass_s(1)
    assert desk.heard() == [(2, STARTED), (1, SUPERSEDED)]
    assert desk.told(record.NOT_BEFORE) == [[name_of(1), 59000]]
    assert desk.source("charger") == "default"
    desk.pass_s(58)
    assert desk.heard() == [] and desk.told(record.NOT_BEFORE) == []
    desk.pass_s(1)
    assert desk.heard() == [(2, COMPLETED), (1, STARTED)] and desk.source("charger") == "claim vpp"
    desk.pass_s(600)
    assert desk.heard() == [(1, COMPLETED)]


def test_the_holder_is_served_however_weak_its_claim_is():
    desk = Market()
    desk.reserve(AGG, "charger", 600)
    desk.want(VPP, CLAIM, ["charger", 9000, 700, 1])
    desk.want(AGG, CLAIM, ["charger", 8000, 600, 200])
    desk.pass_s(1)
    assert desk.state.units[CHARGER].wanted == 8000
    assert desk.heard() == [(1, STARTED), (2, SUPERSEDED), (3, STARTED)]


def test_owner_grid_and_utility_limits_are_as_without_a_window():
    desk = Market()
    desk.reserve(AGG, "", 600)
    desk.want(AGG, CLAIM, ["charger", 8000, 600, 5])
    desk.want(OWNER, CLAIM, ["battery", 1000, 600, 150])
    desk.want(UTILITY, LIMIT, ["charger", 0, 5000, 600])
    desk.pass_s(1)
    assert desk.source("charger") == "claim agg" and desk.source("battery") == "claim owner"
    assert desk.state.units[CHARGER].source == "limit util"
    desk.want(OWNER, CLAIM, ["charger", 7000, 600, 0])
    desk.pass_s(1)
    assert desk.source("charger") == "claim owner"


def test_a_window_holds_what_is_below_and_above_it_but_not_beside_it():
    for held, asked in (
        ("charger", "charger"), ("garage", "charger"), ("annex", "charger"), ("", "charger"), ("annex", "heatpump"),
        ("", "battery"),
    ):  # fmt: skip
        assert is_held(held, asked, 0), (held, asked)
    for held, asked in (("charger", "battery"), ("charger", "heatpump"), ("garage", "heatpump"), ("annex", "battery")):
        assert not is_held(held, asked, 0), (held, asked)
    for held, asked in (("charger", ""), ("annex", ""), ("", "")):
        assert is_held(held, asked, TARGET), (held, asked)


def is_held(held: str, asked: str, mode: int) -> bool:
    """Tell whether a window keeps another programme's claim from being served; the other way round it is the same."""
    desk = Market()
    desk.reserve(AGG, held, 600)
    again = desk.ask(VPP, RESERVE, [asked, EXPORT, 3000, 600])
    setpoint = {"charger": 8000, "heatpump": 1000, "battery": 1000, "": 0}[asked]
    desk.want(VPP, CLAIM, [asked, setpoint, 900, 5, {MODE: mode}])
    desk.pass_s(1)
    waits = desk.reserving.waiting == desk.state.claims
    assert waits is (again == RESERVED) and desk.state.claims[0].due is not waits
    return waits


def test_windows_of_one_programme_may_overlap_and_those_of_two_may_not():
    for scope, start_s, expected in (
        ("charger", 70, RESERVED),
        ("charger", 71, ACCEPTED),
        ("charger", 0, ACCEPTED),
        ("garage", 11, RESERVED),
        ("battery", 11, ACCEPTED),
    ):
        for authority in (AGG, VPP):
            desk = Market()
            desk.reserve(AGG, "charger", 60, 11)
            duration_s = 10 if not start_s else 600
            found = desk.ask(authority, RESERVE, [scope, IMPORT, 1000, duration_s, {START_S: start_s}])
            assert found == (ACCEPTED if authority is AGG else expected), (scope, start_s)
            assert len(desk.reserving.windows) == (2 if found == ACCEPTED else 1)
    desk = Market()
    desk.reserve(AGG, "charger", 60, 11)
    assert desk.ask(VPP, RESERVE, ["charger", IMPORT, 1000, 11]) == RESERVED
    desk.pass_s(1)
    assert desk.told(record.NOT_BEFORE) == [[name_of(2), 70000]]


def test_a_claim_with_no_time_of_its_own_is_refused_and_told_until_when():
    for duration_s, expected in ((0, ACCEPTED), (69, RESERVED), (70, RESERVED), (71, ACCEPTED)):
        desk = Market()
        desk.reserve(AGG, "charger", 60, 2)
        desk.reserve(AGG, "garage", 20, 52)
        desk.pass_s(1)
        assert desk.ask(VPP, CLAIM, ["charger", 8000, duration_s, 5]) == expected
        desk.pass_s(1)
        if expected == RESERVED:
            assert desk.told(record.NOT_BEFORE) == [[name_of(3), 70000]]
    desk = Market()
    desk.reserve(AGG, "charger", 60, 11)
    assert desk.ask(VPP, CLAIM, ["charger", 8000, 60, 5, {START_S: 11}]) == RESERVED
    for start_s, duration_s in ((10, 60), (11, 61), (71, 5)):
        assert desk.ask(VPP, CLAIM, ["charger", 8000, duration_s, 5, {START_S: start_s}]) == ACCEPTED
    assert desk.ask(AGG, CLAIM, ["charger", 8000, 60, 5, {START_S: 11}]) == ACCEPTED
    assert desk.ask(OWNER, CLAIM, ["charger", 8000, 60, 200, {START_S: 11}]) == ACCEPTED
    assert desk.ask(UTILITY, LIMIT, ["charger", 0, 8000, 60, {START_S: 11}]) == ACCEPTED


def test_between_two_windows_of_others_there_is_no_time_for_a_claim_on_both():
    desk = Market()
    desk.reserve(AGG, "charger", 60)
    desk.reserve(VPP, "battery", 600)
    assert desk.ask(UTILITY, CLAIM, ["", 0, 60, 5, {MODE: TARGET}]) == RESERVED
    desk.want(UTILITY, CLAIM, ["", 0, 6000, 5, {MODE: TARGET}])
    desk.pass_s(1)
    assert desk.told(record.NOT_BEFORE)[-1] == [name_of(4), 599000]
    desk.pass_s(60)
    assert desk.state.claims[0] in desk.reserving.waiting
    desk.ask(VPP, CANCEL, [name_of(2)])
    desk.pass_s(1)
    assert desk.state.claims[0].due and desk.reserving.waiting == []


def test_who_waits_for_one_window_is_told_when_the_next_keeps_it():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 600, 5])
    desk.pass_s(1)
    desk.reserve(AGG, "charger", 10)
    desk.reserve(AGG, "garage", 20, 12)
    desk.pass_s(1)
    assert desk.told(record.NOT_BEFORE) == [[name_of(1), 9000]]
    desk.heard()
    desk.pass_s(9)
    assert desk.told(record.NOT_BEFORE) == [[name_of(1), 20000]]
    assert desk.heard() == [(2, COMPLETED), (3, STARTED), (1, SUPERSEDED)]
    desk.pass_s(20)
    assert desk.heard() == [(3, COMPLETED), (1, STARTED)]


def test_a_claim_that_ends_while_it_waits_says_what_it_was():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 30, 5])
    desk.pass_s(1)
    desk.want(VPP, SET, [[[CLAIM, ["charger", 9000, 30, 5]], [CLAIM, ["heatpump", 1000, 20, 5]]]])
    desk.pass_s(1)
    desk.reserve(AGG, "annex", 60)
    desk.heard()
    desk.pass_s(1)
    assert desk.heard() == [(3, STARTED), (2, SUPERSEDED), (2, SUPERSEDED)]
    desk.pass_s(30)
    assert desk.heard() == [(2, SUPERSEDED), (2, SUPERSEDED)]
    desk.want(UTILITY, SET, [[[CLAIM, ["charger", 9000, 10, 5]]]])
    desk.pass_s(10)
    assert desk.heard() == [(4, SUPERSEDED), (4, LAPSED)]
    assert desk.reserving.waiting == [] and desk.state.claims == []


def test_a_claim_that_was_served_before_and_after_ends_as_any_other():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 30, 5])
    desk.pass_s(1)
    desk.reserve(AGG, "charger", 10)
    desk.pass_s(11)
    desk.heard()
    desk.pass_s(19)
    assert desk.heard() == [(1, COMPLETED)]


def test_a_ramp_begins_anew_and_a_claim_of_its_own_time_waits_for_that():
    desk = Market()
    desk.want(OWNER, CLAIM, ["battery", 0, 0, 5])
    desk.pass_s(1)
    desk.want(VPP, CLAIM, ["battery", 4000, 600, 5, {RAMP_S: 40}])
    desk.want(VPP, CLAIM, ["charger", 8000, 600, 5, {START_S: 100}])
    desk.pass_s(21)
    assert desk.state.units[BATTERY].wanted == 2000
    desk.reserve(AGG, "", 30)
    desk.pass_s(30)
    claim = desk.state.claims[1]
    assert claim.started and claim.started_ms == desk.state.now_ms and claim.origin is not None
    assert not desk.state.claims[2].due and desk.state.claims[2].from_ms == 100000


def test_the_holder_takes_a_window_back_and_nobody_else_does():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 600, 5])
    desk.reserve(AGG, "charger", 60)
    desk.pass_s(1)
    assert desk.ask(VPP, CANCEL, [name_of(2)]) == record.NOTHING_TO_CANCEL
    assert desk.ask(AGG, CANCEL, [b""]) == record.NOTHING_TO_CANCEL
    assert desk.ask(AGG, CANCEL, [name_of(1)]) == record.NOTHING_TO_CANCEL
    desk.heard()
    desk.want(AGG, CANCEL, [name_of(2)])
    desk.pass_s(1)
    assert desk.heard() == [(2, CANCELLED), (1, STARTED)] and desk.windows() == []
    desk.reserve(AGG, "charger", 60, 100)
    desk.want(AGG, CANCEL, [name_of(desk.asked)])
    assert desk.windows() == []


def test_a_set_holds_its_sources_windows_too_and_none_of_another_is_touched():
    desk = Market()
    desk.reserve(AGG, "charger", 60)
    desk.reserve(VPP, "battery", 60)
    body: Any = [[[RESERVE, ["garage", EXPORT, 2000, 60]], [RESERVE, ["heatpump", EXPORT, 2000, 60]]]]
    desk.want(AGG, SET, body)
    desk.pass_s(1)
    assert [(each.source, each.scope) for each in desk.reserving.windows] == [("vpp", BATTERY), ("agg", -3), ("agg", 2)]
    assert desk.heard() == [(1, SUPERSEDED), (2, STARTED), (3, STARTED), (3, STARTED)]
    kept = desk.windows()
    assert desk.ask(VPP, SET, [[[RESERVE, ["garage", EXPORT, 2000, 60]]]]) == RESERVED
    assert desk.windows() == kept
    desk.want(AGG, SET, [[]])
    assert [each.source for each in desk.reserving.windows] == ["vpp"]


def test_a_claim_in_a_set_waits_where_it_would_be_refused_alone():
    desk = Market()
    desk.reserve(AGG, "charger", 60)
    desk.want(VPP, SET, [[[CLAIM, ["charger", 8000, 30, 5]], [CLAIM, ["battery", 1000, 30, 5]]]])
    desk.pass_s(1)
    assert desk.heard() == [(1, STARTED), (2, SUPERSEDED), (2, STARTED)]
    assert desk.source("battery") == "claim vpp"
    try:
        alone(desk.state, VPP, CLAIM, ["charger", 8000, 30, 5], b"")
        raise AssertionError("it was not refused")
    except Refused as refused:
        assert refused.args == (RESERVED, 59000)


def test_windows_are_bounded_for_each_and_for_all():
    desk = Market()
    for at in range(3):
        desk.reserve(AGG, "charger", 10, 100 + 20 * at)
    assert desk.ask(AGG, RESERVE, ["charger", EXPORT, 1, 10]) == record.QUEUE_FULL
    three: Any = [[RESERVE, ["charger", EXPORT, 1, 10]]] * 3
    assert desk.ask(AGG, SET, [three]) == ACCEPTED and len(desk.reserving.windows) == 3
    assert desk.ask(AGG, SET, [three + three[:1]]) == record.QUEUE_FULL
    desk.want(VPP, RESERVE, ["battery", EXPORT, 1, 10])
    desk.reserving.allowed["agg"] = 99
    for _ in range(RESERVATIONS_MAX - 4):
        desk.want(AGG, RESERVE, ["charger", EXPORT, 1, 10])
    assert desk.ask(AGG, RESERVE, ["charger", EXPORT, 1, 10]) == record.QUEUE_FULL
    assert desk.ask(AGG, SET, [[[RESERVE, ["charger", EXPORT, 1, 10]]] * (RESERVATIONS_MAX - 1)]) == ACCEPTED
    assert desk.ask(AGG, SET, [[[RESERVE, ["charger", EXPORT, 1, 10]]] * RESERVATIONS_MAX]) == record.QUEUE_FULL
    assert len(desk.reserving.windows) == RESERVATIONS_MAX == 32


def test_refusals_that_are_only_counted_add_nothing_to_the_journal():
    desk = Market()
    desk.reserve(AGG, "charger", 600)
    state, house = desk.state, desk.house
    inbox: Any = []
    for counter in range(2, 2 + REFUSALS_PER_MINUTE + 5):
        fields = [3, 1, state.agent_id, state.epoch, counter, 1 << 30, CLAIM, ["charger", 8000, 60, 5]]
        inbox.append(Message(name_of(counter), ACCEPTED, VPP, fields))
    house.now_ms += 1000
    kinds = [fact[0] for fact in step(state, house.now_ms, house.measure(), inbox)[1]]
    assert kinds.count(record.DECISION) == kinds.count(record.NOT_BEFORE) == REFUSALS_PER_MINUTE
    first = kinds.index(record.DECISION)
    assert kinds[first : first + 2] == [record.DECISION, record.NOT_BEFORE]


def test_why_tells_for_whom_a_device_is_reserved_and_who_waits():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 600, 5])
    desk.reserve(AGG, "garage", 60)
    desk.reserve(AGG, "charger", 30, 41)
    desk.pass_s(1)
    state, image, now_ms = desk.state, desk.house.measure(), desk.state.now_ms
    told = why.device(state, image, [AGG, VPP, OWNER], state.units[CHARGER], now_ms)
    windows = [(each["authority"], each["scope"], each["starts_ms"], each["left_ms"]) for each in told["reserved"]]
    assert windows == [("agg", "garage", None, 59000), ("agg", "charger", 39000, 69000)]
    assert told["reserved"][0]["direction"] == EXPORT and told["reserved"][0]["power_w"] == 3000
    assert [(each["put_off"], each["starts_ms"]) for each in told["claims"]] == [(True, 59000)]
    assert [each["wins"] for each in told["may_change"]] == [True, False, True]
    circuits = why.site(state, image, [], now_ms)
    assert [each["reserved"] != [] for each in [circuits] + circuits["circuits"]] == [False, False, True]
    assert why.device(state, image, [VPP], state.units[BATTERY], now_ms)["reserved"] == []
