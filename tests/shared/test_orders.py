"""What a command may ask for: every option and its bounds, who may say what, how many places there are, whole sets."""

from __future__ import annotations

from agent import record
from agent.circuits import Circuit
from agent.command import Authority
from agent.limits import SITE
from agent.state import State
from tests.shared.desk import (
    CANCEL,
    CLAIM,
    LIMIT,
    MODE,
    ON_EXPIRY,
    PHASES,
    QUANTITY,
    RAMP_S,
    RANDOM_END_S,
    RANDOM_START_S,
    SET,
    START_S,
    Desk,
    name_of,
    picture,
)
from tests.shared.house import AGENT_ID, AGGREGATOR, DSO, OWNER, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ACCEPTED, MALFORMED, ROLE_FORBIDS, OVER_CEILING = (
    record.ACCEPTED,
    record.MALFORMED,
    record.ROLE_FORBIDS,
    record.OVER_CEILING,
)
UNKNOWN_DEVICE, OUT_OF_RANGE, UNSUPPORTED = record.UNKNOWN_DEVICE, record.OUT_OF_RANGE, record.UNSUPPORTED
QUEUE_FULL, EXPIRED, NOTHING = record.QUEUE_FULL, record.EXPIRED, record.NOTHING_TO_CANCEL
METERLESS = Authority("nobody", b"\x04" + b"n" * 64, "receipt", 99999)
CEILING, TARGET, CHANGE = 1, 2, 3
MONTH_S = 2592000


def reason(authority: Authority, kind: int, body: Any, now_s: int = 100) -> int:
    """Return what becomes of a command in a new house; a refusal changes nothing but the counter."""
    desk = Desk()
    desk.state.now_ms = now_s * 1000
    desk.want(OWNER, LIMIT, ["battery", 0, 1000, 600])
    desk.want(OWNER, CLAIM, ["heatpump", 1000, 600, 0])
    desk.state.counters[authority.key_id] = 3
    desk.asked = 3
    before = picture(desk.state, False)
    found = desk.ask(authority, kind, body)
    assert (found == ACCEPTED) is (picture(desk.state, False) != before)
    return found


def test_a_limit_needs_a_scope_a_direction_a_value_and_a_duration():
    for body, expected in (
        (["", 0, 4200, 60], ACCEPTED),
        (["charger", 1, 0, 1], ACCEPTED),
        (["", 0, 20000, MONTH_S], ACCEPTED),
        (["", 0, 0, 0], ACCEPTED),
        (["", 0, 4200, 60, {}], ACCEPTED),
        (["", 2, 4200, 60], MALFORMED),
        (["", -1, 4200, 60], MALFORMED),
        (["", 0, -1, 60], MALFORMED),
        (["", 0, (1 << 40) + 1, 60, {QUANTITY: 1}], MALFORMED),
        (["", 0, 1 << 40, 60, {QUANTITY: 1}], ACCEPTED),
        (["", 0, 4200, -1], MALFORMED),
        (["", 0, 4200, MONTH_S + 1], MALFORMED),
        (["", 0, 4200, True], MALFORMED),
        (["", False, 4200, 60], MALFORMED),
        (["", 0, None, 60], MALFORMED),
        ([b"", 0, 4200, 60], MALFORMED),
        ([0, 0, 4200, 60], MALFORMED),
        (["", 0, 4200], MALFORMED),
        ([], MALFORMED),
        (["", 0, 4200, 60, []], MALFORMED),
        (["", 0, 4200, 60, 1], MALFORMED),
        (["", 0, 4200, 60, {}, {}], MALFORMED),
        (["", 0, 20001, 60], OVER_CEILING),
        (["nobody", 0, 4200, 60], UNKNOWN_DEVICE),
        (["grid", 0, 4200, 60], UNKNOWN_DEVICE),
    ):
        assert reason(DSO, LIMIT, body) == expected, body


def test_options_of_a_limit():
    for options, expected in (
        ({QUANTITY: 0}, ACCEPTED),
        ({QUANTITY: 1}, ACCEPTED),
        ({QUANTITY: 2}, MALFORMED),
        ({QUANTITY: -1}, MALFORMED),
        ({QUANTITY: 1, PHASES: 1}, ACCEPTED),
        ({QUANTITY: 1, PHASES: 7}, ACCEPTED),
        ({QUANTITY: 1, PHASES: 0}, MALFORMED),
        ({QUANTITY: 1, PHASES: 8}, MALFORMED),
        ({PHASES: 7}, ACCEPTED),
        ({PHASES: 1}, UNSUPPORTED),
        ({ON_EXPIRY: 0}, ACCEPTED),
        ({ON_EXPIRY: 1}, ACCEPTED),
        ({ON_EXPIRY: 2}, MALFORMED),
        ({START_S: 0}, ACCEPTED),
        ({START_S: 100 + MONTH_S}, ACCEPTED),
        ({START_S: 101 + MONTH_S}, MALFORMED),
        ({START_S: -1}, MALFORMED),
        ({START_S: (1 << 40) + 1}, MALFORMED),
        ({START_S: 41}, ACCEPTED),
        ({START_S: 40}, EXPIRED),
        ({RANDOM_START_S: 3600, RANDOM_END_S: -3600}, ACCEPTED),
        ({RANDOM_START_S: -3600, RANDOM_END_S: 3600}, ACCEPTED),
        ({RANDOM_START_S: 3601}, MALFORMED),
        ({RANDOM_START_S: -3601}, MALFORMED),
        ({RANDOM_END_S: 3601}, MALFORMED),
        ({RANDOM_END_S: -3601}, MALFORMED),
        ({START_S: 100 + MONTH_S, RANDOM_START_S: 3600}, ACCEPTED),
        ({MODE: 0}, MALFORMED),
        ({RAMP_S: 0}, MALFORMED),
        ({0: 0}, MALFORMED),
        ({9: 0}, MALFORMED),
        ({QUANTITY: True}, MALFORMED),
        ({QUANTITY: None}, MALFORMED),
        ({START_S: "7"}, MALFORMED),
        ({START_S: b"7"}, MALFORMED),
        ({START_S: []}, MALFORMED),
        ({START_S: {}}, MALFORMED),
    ):
        assert reason(DSO, LIMIT, ["", 0, 4200, 60, options]) == expected, options
    assert reason(DSO, LIMIT, ["", 1, 4200, 60, {QUANTITY: 1}]) == UNSUPPORTED  # current has no direction to export in
    assert reason(DSO, LIMIT, ["", 0, 20001, 60, {QUANTITY: 1}]) == ACCEPTED  # the ceiling is one of power
    assert reason(DSO, LIMIT, ["", 0, 4200, 0, {START_S: 40}]) == ACCEPTED  # a default has no end to be past


def test_a_claim_needs_a_device_a_set_point_a_duration_and_a_primacy():
    for body, expected in (
        (["charger", 8000, 60, 5], ACCEPTED),
        (["charger", 0, 0, 255], ACCEPTED),
        (["charger", 8600, MONTH_S, 1], ACCEPTED),
        (["battery", -5000, 60, 5], ACCEPTED),
        (["charger", 8000, 60, 5, {}], ACCEPTED),
        (["charger", 8000, 60, 256], MALFORMED),
        (["charger", 8000, 60, -1], MALFORMED),
        (["charger", 8000, MONTH_S + 1, 5], MALFORMED),
        (["charger", 8000, -1, 5], MALFORMED),
        (["charger", (1 << 40) + 1, 60, 5], MALFORMED),
        (["charger", -(1 << 40) - 1, 60, 5], MALFORMED),
        (["charger", 1 << 40, 60, 5], OUT_OF_RANGE),
        (["charger", -(1 << 40), 60, 5], OUT_OF_RANGE),
        (["charger", "8000", 60, 5], MALFORMED),
        (["charger", 8000, 60], MALFORMED),
        (["charger", 8050, 60, 5], OUT_OF_RANGE),
        (["charger", 8700, 60, 5], OVER_CEILING),
        (["charger", 8000, 60, 0], ROLE_FORBIDS),
        (["grid", 0, 60, 5], UNKNOWN_DEVICE),
        (["nobody", 0, 60, 5], UNKNOWN_DEVICE),
        (["", 1000, 60, 5], UNKNOWN_DEVICE),
    ):
        assert reason(AGGREGATOR, CLAIM, body) == expected, body
    assert reason(OWNER, CLAIM, ["charger", 8000, 60, 0]) == ACCEPTED
    assert reason(OWNER, CLAIM, ["charger", 29000, 60, 0]) == OVER_CEILING
    assert reason(OWNER, CLAIM, ["charger", 28900, 60, 0]) == ACCEPTED


def test_options_of_a_claim():
    for body, expected in (
        (["charger", 8000, 60, 5, {MODE: 0}], ACCEPTED),
        (["charger", 8000, 60, 5, {MODE: CEILING}], ACCEPTED),
        (["charger", 8000, 60, 5, {MODE: TARGET}], UNSUPPORTED),
        (["charger", 8000, 60, 5, {MODE: CHANGE}], UNSUPPORTED),
        (["charger", 8000, 60, 5, {MODE: 4}], MALFORMED),
        (["charger", 8000, 60, 5, {MODE: -1}], MALFORMED),
        (["", 6000, 60, 5, {MODE: TARGET}], ACCEPTED),
        (["", -6000, 60, 5, {MODE: CHANGE}], ACCEPTED),
        (["", 6001, 60, 5, {MODE: TARGET}], OVER_CEILING),
        (["", -6001, 60, 5, {MODE: CHANGE}], OVER_CEILING),
        (["", 6000, 60, 5, {MODE: CEILING}], UNKNOWN_DEVICE),
        (["charger", 8000, 60, 5, {RAMP_S: 3600}], ACCEPTED),
        (["charger", 8000, 60, 5, {RAMP_S: 3601}], MALFORMED),
        (["charger", 8000, 60, 5, {RAMP_S: -1}], MALFORMED),
        (["charger", 8000, 60, 5, {RAMP_S: 0, MODE: CEILING}], ACCEPTED),
        (["charger", 8000, 60, 5, {RAMP_S: 1, MODE: CEILING}], UNSUPPORTED),
        (["", 1000, 60, 5, {RAMP_S: 1, MODE: TARGET}], ACCEPTED),
        (["", 1000, 60, 5, {RAMP_S: 1, MODE: CHANGE}], ACCEPTED),
        (["charger", 8000, 60, 5, {START_S: 200, RANDOM_START_S: 60, RANDOM_END_S: 60}], ACCEPTED),
        (["charger", 8000, 60, 5, {START_S: 40}], EXPIRED),
        (["charger", 8000, 60, 5, {QUANTITY: 0}], MALFORMED),
        (["charger", 8000, 60, 5, {PHASES: 7}], MALFORMED),
        (["charger", 8000, 60, 5, {ON_EXPIRY: 0}], MALFORMED),
        (["charger", 8000, 60, 5, {9: 0}], ACCEPTED),
        (["charger", 8000, 60, 5, {9: 4}], MALFORMED),
        (["charger", 8000, 60, 5, {10: 0}], MALFORMED),
    ):
        assert reason(AGGREGATOR, CLAIM, body) == expected, body


def test_who_may_say_what():
    limit, claim = ["", 0, 4200, 60], ["charger", 8000, 60, 5]
    assert [reason(who, LIMIT, limit) for who in (DSO, OWNER, AGGREGATOR, METERLESS)] == [0, 0, 8, 8]
    assert [reason(who, CLAIM, claim) for who in (DSO, OWNER, AGGREGATOR, METERLESS)] == [8, 0, 0, 8]
    assert [reason(who, SET, [[]]) for who in (OWNER, METERLESS)] == [0, 8]
    assert [reason(who, SET, [[[LIMIT, limit]]]) for who in (DSO, OWNER, AGGREGATOR, METERLESS)] == [0, 0, 8, 8]
    assert [reason(who, SET, [[[CLAIM, claim]]]) for who in (DSO, OWNER, AGGREGATOR, METERLESS)] == [8, 0, 0, 8]
    assert {kind: reason(OWNER, kind, limit) for kind in (0, 6, 255)} == {0: 14, 6: 14, 255: 14}


def test_form_of_a_cancellation():
    for body, expected in (
        ([name_of(1)], ACCEPTED),
        ([name_of(2)], ACCEPTED),
        ([name_of(1), {}], ACCEPTED),
        ([name_of(1), {RANDOM_END_S: 3600}], ACCEPTED),
        ([name_of(1), {RANDOM_END_S: 3601}], MALFORMED),
        ([name_of(1), {RANDOM_END_S: -1}], MALFORMED),
        ([name_of(1), {RANDOM_START_S: 1}], MALFORMED),
        ([name_of(1), {START_S: 1}], MALFORMED),
        ([name_of(1), 5], MALFORMED),
        ([name_of(1), {}, {}], MALFORMED),
        ([], MALFORMED),
        ([""], MALFORMED),
        ([name_of(3)], NOTHING),
        ([b""], NOTHING),
    ):
        assert reason(OWNER, CANCEL, body) == expected, body
    assert reason(DSO, CANCEL, [name_of(1)]) == NOTHING


def test_a_target_needs_a_meter():
    house = Desk().house
    below = {"id": "garage", "import_limit_w": 9000, "export_limit_w": 0, "fuse_ma": 16000, "meter_stale_ms": 10000}
    for meter, expected in ((None, UNSUPPORTED), (0, ACCEPTED)):
        desk = Desk()
        circuits = [Circuit(below, meter, SITE - 1)]
        desk.house.state = State(Circuit(TABLE, 0), house.state.units, AGENT_ID, 7, 60, 10000, circuits)
        assert desk.ask(AGGREGATOR, CLAIM, ["garage", 1000, 60, 5, {MODE: TARGET}]) == expected
        assert desk.ask(DSO, LIMIT, ["garage", 0, 1000, 60]) == ACCEPTED
        assert [limit.scope for limit in desk.state.limits] == [SITE - 1]


def test_what_is_accepted_is_what_was_asked_for():
    desk = Desk()
    desk.state.now_ms = 5000
    desk.want(DSO, LIMIT, ["charger", 1, 4200, 60, {START_S: 7, ON_EXPIRY: 1}])
    desk.want(DSO, LIMIT, ["", 0, 9000, 0, {QUANTITY: 1, PHASES: 5}])
    desk.want(AGGREGATOR, CLAIM, ["battery", -1000, 60, 5, {START_S: 2, RAMP_S: 9}])
    desk.want(AGGREGATOR, CLAIM, ["", -1000, 0, 7, {MODE: CHANGE}])
    first, second = desk.state.limits
    third, fourth = desk.state.claims
    assert (first.scope, first.direction, first.value, first.source) == (1, 1, 4200, "dso")
    assert (first.from_ms, first.until_ms, first.on_expiry, first.due, first.live) == (7000, 67000, 1, False, False)
    assert (second.scope, second.direction, second.value, second.quantity, second.phases) == (SITE, 0, 9000, 1, 5)
    assert (second.until_ms, second.due, second.live, second.command) == (0, True, True, name_of(2))
    assert (third.scope, third.value, third.primacy, third.source, third.mode) == (3, -1000, 5, "agg", 0)
    assert (third.from_ms, third.until_ms, third.due, third.ramp_ms) == (5000, 62000, True, 9000)
    assert (fourth.scope, fourth.value, fourth.primacy, fourth.mode, fourth.until_ms) == (SITE, -1000, 7, 3, 0)
    assert (third.created, fourth.created, desk.state.created) == (1, 2, 2)
