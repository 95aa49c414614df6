"""What a command may ask for: every option and its bounds, who may say what, how many places there are, whole sets."""

from __future__ import annotations

from agent import cbor, cose, record
from agent.circuits import Circuit
from agent.command import MESSAGE_BYTES_MAX, Authority, admit, open_message
from agent.limits import IMPORT, SITE, Limit
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
from tests.shared.seeded import Lcg, anything
from tests.shared.test_door_seeded import Believer, sealed

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
        (["charger", 8000, 60, 5, {9: 0}], MALFORMED),
    ):
        assert reason(AGGREGATOR, CLAIM, body) == expected, body


def test_who_may_say_what():
    limit, claim = ["", 0, 4200, 60], ["charger", 8000, 60, 5]
    assert [reason(who, LIMIT, limit) for who in (DSO, OWNER, AGGREGATOR, METERLESS)] == [0, 0, 8, 8]
    assert [reason(who, CLAIM, claim) for who in (DSO, OWNER, AGGREGATOR, METERLESS)] == [8, 0, 0, 8]
    assert [reason(who, SET, [[]]) for who in (OWNER, METERLESS)] == [0, 8]
    assert [reason(who, SET, [[[LIMIT, limit]]]) for who in (DSO, OWNER, AGGREGATOR, METERLESS)] == [0, 0, 8, 8]
    assert [reason(who, SET, [[[CLAIM, claim]]]) for who in (DSO, OWNER, AGGREGATOR, METERLESS)] == [8, 0, 0, 8]
    assert {kind: reason(OWNER, kind, limit) for kind in (0, 5, 255)} == {0: 14, 5: 14, 255: 14}


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


# Places


def fill(desk: Desk, authority: Authority, count: int) -> list[int]:
    """Ask for so many different limits that wait; return the reasons."""
    return [desk.ask(authority, LIMIT, ["", 0, 4200, 60, {START_S: 1000 + n}]) for n in range(count)]


def test_limits_have_places_of_which_eight_are_the_grids():
    desk = Desk()
    assert fill(desk, OWNER, 25) == [ACCEPTED] * 24 + [QUEUE_FULL]
    assert fill(desk, DSO, 9) == [ACCEPTED] * 8 + [QUEUE_FULL]
    assert desk.ask(OWNER, CANCEL, [name_of(1)]) == ACCEPTED
    assert fill(desk, OWNER, 1) == [QUEUE_FULL]
    assert fill(desk, DSO, 2) == [ACCEPTED, QUEUE_FULL]


def test_a_word_that_takes_the_place_of_another_needs_no_place_of_its_own():
    desk = Desk()
    desk.want(DSO, LIMIT, ["charger", 0, 4200, 60])
    assert fill(desk, DSO, 32) == [ACCEPTED] * 31 + [QUEUE_FULL]
    assert desk.ask(DSO, LIMIT, ["charger", 0, 4300, 60]) == ACCEPTED
    assert desk.ask(DSO, LIMIT, ["charger", 0, 4300, 0]) == QUEUE_FULL
    assert desk.ask(DSO, LIMIT, ["charger", 0, 4300, 60, {START_S: 5}]) == QUEUE_FULL
    assert len(desk.state.limits) == 32
    assert [limit.value for limit in desk.state.limits if limit.scope == 1] == [4300]


def test_claims_have_places_of_which_eight_are_the_owners():
    desk = Desk()
    asked = [desk.ask(AGGREGATOR, CLAIM, ["charger", 7000, 60, 5, {START_S: 9 + n}]) for n in range(25)]
    assert asked == [ACCEPTED] * 24 + [QUEUE_FULL]
    asked = [desk.ask(OWNER, CLAIM, ["charger", 7000, 60, 0, {START_S: 9 + n}]) for n in range(9)]
    assert asked == [ACCEPTED] * 8 + [QUEUE_FULL]
    assert desk.ask(DSO, LIMIT, ["", 0, 4200, 60]) == ACCEPTED


def test_a_set_takes_the_places_of_what_it_replaces():
    desk = Desk()
    waiting = [[CLAIM, ["charger", 7000, 60, 5, {START_S: 9 + n}]] for n in range(24)]
    for _ in range(3):
        assert desk.ask(AGGREGATOR, SET, [waiting]) == ACCEPTED
    assert desk.ask(AGGREGATOR, SET, [waiting + waiting[:1]]) == QUEUE_FULL
    assert len(desk.state.claims) == 24
    limits = [[LIMIT, ["", 0, 4200, 60, {START_S: 9 + n}]] for n in range(32)]
    for _ in range(2):
        assert desk.ask(DSO, SET, [limits]) == ACCEPTED
    assert desk.ask(OWNER, SET, [limits[:1]]) == QUEUE_FULL
    assert desk.ask(OWNER, SET, [[]]) == ACCEPTED
    assert (len(desk.state.limits), len(desk.state.claims)) == (32, 24)
    assert desk.ask(DSO, SET, [[]]) == ACCEPTED
    assert (desk.state.limits, len(desk.state.claims)) == ([], 24)


# Whole sets


def test_a_set_replaces_all_that_its_source_said_and_nothing_else():
    desk = Desk()
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    desk.want(OWNER, LIMIT, ["", 0, 9000, 600])
    desk.want(OWNER, LIMIT, ["charger", 0, 9000, 600, {START_S: 100}])
    desk.want(OWNER, CLAIM, ["charger", 8000, 600, 0])
    desk.want(AGGREGATOR, CLAIM, ["battery", 1000, 600, 5])
    desk.pass_s(1)
    desk.heard()
    number = desk.want(OWNER, SET, [[[LIMIT, ["", 0, 8000, 600]], [CLAIM, ["heatpump", 1000, 600, 0]]]])
    desk.pass_s(1)
    assert [(limit.source, limit.value) for limit in desk.state.limits] == [("dso", 4200), ("owner", 8000)]
    assert [(claim.source, claim.value) for claim in desk.state.claims] == [("agg", 1000), ("owner", 1000)]
    gone = [(each, record.SUPERSEDED) for each in (2, 3, 4)]
    assert desk.heard() == gone + [(number, record.STARTED)]


def test_elements_of_a_set_take_their_places_in_order():
    desk = Desk()
    body = [[LIMIT, ["", 0, 4200, 60]], [LIMIT, ["", 0, 9000, 60]], [CLAIM, ["charger", 7000, 60, 5]]]
    desk.want(OWNER, SET, [body + [[CLAIM, ["charger", 8000, 60, 5]]]])
    assert desk.limits() == [(9000, True)]
    desk.pass_s(1)
    assert [claim.value for claim in desk.state.claims if claim.started] == [8000]


def test_one_bad_element_refuses_the_whole_set_and_nothing_has_changed():
    good = [LIMIT, ["", 0, 8000, 600]]
    for bad, expected in (
        ([LIMIT, ["", 0, 99000, 600]], OVER_CEILING),
        ([CLAIM, ["charger", 8050, 600, 0]], OUT_OF_RANGE),
        ([CLAIM, ["nobody", 8000, 600, 0]], UNKNOWN_DEVICE),
        ([CANCEL, [name_of(1)]], UNSUPPORTED),
        ([SET, [[]]], UNSUPPORTED),
        ([LIMIT, []], MALFORMED),
        ([LIMIT, "none"], MALFORMED),
        ([LIMIT, None], MALFORMED),
        ([LIMIT], MALFORMED),
        ([LIMIT, good[1], 1], MALFORMED),
        ([256, good[1]], MALFORMED),
        ([-1, good[1]], MALFORMED),
        ([True, good[1]], MALFORMED),
        (7, MALFORMED),
        ({}, MALFORMED),
    ):
        for body in ([[good, bad]], [[bad, good]]):
            assert reason(OWNER, SET, body) == expected, bad
    for body in ([], [[], []], [[], 1], [{}], [None], [""], [1]):
        assert reason(OWNER, SET, body) == MALFORMED


def test_a_set_is_no_longer_than_all_places_together():
    assert reason(OWNER, SET, [[[LIMIT, ["", 0, 8000, 600]]] * 65]) == MALFORMED
    assert reason(OWNER, SET, [[[LIMIT, ["", 0, 8000, 600]]] * 64]) == QUEUE_FULL


async def through_the_door(kind: int, body: Any) -> tuple[int, int, State]:
    """Send one command to a new house; return its size, what becomes of it, and the state."""
    desk = Desk()
    owner = Authority("dso", Believer.public_key, "owner", 20000)
    raw = sealed(cbor.encode([3, 1, AGENT_ID, 7, 1 << 53, 1 << 40, kind, body]))
    message = await open_message(raw, [owner], Believer())
    return len(raw), admit(desk.state, message, 0), desk.state


async def test_twenty_four_waiting_controls_with_every_option_fit_into_one_message():
    long = Desk().state.units[2].id
    options = {QUANTITY: 1, PHASES: 7, START_S: MONTH_S, ON_EXPIRY: 1, RANDOM_START_S: -3600, RANDOM_END_S: -3600}
    limit = [LIMIT, [long, 0, 1 << 40, MONTH_S, options]]
    size_bytes, found, state = await through_the_door(SET, [[limit] * 24])
    assert (found, len(state.limits)) == (ACCEPTED, 24)
    assert size_bytes < MESSAGE_BYTES_MAX // 2
    options = {START_S: MONTH_S, MODE: 0, RANDOM_START_S: -3600, RANDOM_END_S: -3600, RAMP_S: 3600}
    claim = [CLAIM, [long, 6000, MONTH_S, 255, options]]
    size_bytes, found, state = await through_the_door(SET, [[claim] * 24])
    assert (found, len(state.claims)) == (ACCEPTED, 24)
    assert size_bytes < MESSAGE_BYTES_MAX // 2
    plain = [[LIMIT, ["", 0, 9000, 900, {START_S: 900 * n}]] for n in range(1, 25)]
    plain += [[CLAIM, ["charger", 0, 900, 0, {START_S: 900 * n}]] for n in range(1, 16)]
    size_bytes, found, state = await through_the_door(SET, [plain])
    assert (found, len(state.limits), len(state.claims)) == (ACCEPTED, 24, 15)


# Anything


BODIES: tuple[tuple[int, list[Any]], ...] = (
    (LIMIT, ["charger", 0, 4200, 60, {START_S: 500, ON_EXPIRY: 1, RANDOM_END_S: 5}]),
    (LIMIT, ["", 0, 16000, 0, {QUANTITY: 1, PHASES: 2}]),
    (CLAIM, ["charger", 8000, 60, 5, {START_S: 200, RANDOM_START_S: -60, RAMP_S: 60}]),
    (CLAIM, ["", -1000, 60, 5, {MODE: 3}]),
    (CANCEL, [name_of(1), {RANDOM_END_S: 60}]),
    (SET, [[[LIMIT, ["", 0, 4200, 60]], [CLAIM, ["charger", 8000, 0, 0, {MODE: 1}]]]]),
)


def spoiled(lcg: Lcg, thing: Any, depth: int = 4) -> Any:
    """Return a copy of an item in which something, somewhere, is something else."""
    if depth and type(thing) is list and thing and not lcg.chance(6):
        copy = list(thing)
        at = lcg.below(len(copy))
        copy[at] = spoiled(lcg, copy[at], depth - 1)
        return copy
    if depth and type(thing) is dict and thing and not lcg.chance(6):
        pairs = dict(thing)
        key = sorted(pairs)[lcg.below(len(pairs))]
        pairs[key if lcg.chance(2) else lcg.below(12)] = spoiled(lcg, pairs[key], depth - 1)
        return pairs
    return anything(lcg)


def test_whatever_a_body_is_it_ends_as_a_reason_and_a_refusal_changes_nothing():
    lcg, desk, found = Lcg(21), Desk(), set()
    for round_number in range(700):
        kind, body = lcg.pick(list(BODIES))
        body = body if lcg.chance(5) else spoiled(lcg, body)
        if type(body) is not list:
            continue  # admit has refused that already
        authority = lcg.pick([DSO, OWNER, AGGREGATOR, METERLESS])
        before = picture(desk.state, False)
        outcome = desk.ask(authority, lcg.below(6) if lcg.chance(9) else kind, body)
        found.add(outcome)
        assert 0 <= outcome <= 15
        assert outcome == ACCEPTED or picture(desk.state, False) == before, body
        assert len(desk.state.limits) <= 32 and len(desk.state.claims) <= 32
        if round_number % 10 == 0:
            desk.pass_s(lcg.below(30))
    for expected in (ACCEPTED, MALFORMED, ROLE_FORBIDS, OVER_CEILING, UNKNOWN_DEVICE, UNSUPPORTED, NOTHING):
        assert expected in found, expected


def test_a_limit_that_is_in_force_early_leaves_no_place():
    desk = Desk()
    early = Limit(SITE, IMPORT, 4200, "dso", 60000, name_of(99))
    early.early = True
    desk.state.limits.append(early)
    assert fill(desk, DSO, 31) == [ACCEPTED] * 31
    assert desk.ask(DSO, LIMIT, ["", 0, 9000, 60]) == QUEUE_FULL


def test_a_key_id_of_the_believer_is_that_of_its_key():
    assert cose.key_id_of(Believer.public_key) == Believer.key_id
