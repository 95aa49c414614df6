"""How many places there are, whole sets that come in as a whole or not at all, and bodies of any shape."""

from __future__ import annotations

from agent import cbor, cose, record
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
from tests.shared.house import AGENT_ID, AGGREGATOR, DSO, OWNER
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


def test_claims_have_places_of_which_eight_are_the_owners_and_one_of_these_is_for_an_opt_out():
    desk = Desk()
    asked = [desk.ask(AGGREGATOR, CLAIM, ["charger", 7000, 60, 5, {START_S: 9 + n}]) for n in range(25)]
    assert asked == [ACCEPTED] * 24 + [QUEUE_FULL]
    asked = [desk.ask(OWNER, CLAIM, ["charger", 7000, 60, 0, {START_S: 9 + n}]) for n in range(9)]
    assert asked == [ACCEPTED] * 7 + [QUEUE_FULL] * 2
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
