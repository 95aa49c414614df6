"""What a command may ask for, at the edges: the first device, the last millisecond, others' words, a drawn moment."""

from __future__ import annotations

from agent import record
from agent.circuits import Circuit
from agent.command import Authority, Message, admit
from agent.schedule import AT_END, AT_START, drawn_s
from agent.state import State
from agent.unit import Unit
from tests.shared.desk import (
    CANCEL,
    CLAIM,
    LIMIT,
    MODE,
    RANDOM_END_S,
    RANDOM_START_S,
    SET,
    START_S,
    Desk,
    name_of,
)
from tests.shared.house import AGENT_ID, AGGREGATOR, CHARGER, DSO, METER, OWNER, TABLE, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ACCEPTED, MALFORMED, UNSUPPORTED = record.ACCEPTED, record.MALFORMED, record.UNSUPPORTED
QUEUE_FULL, NOTHING = record.QUEUE_FULL, record.NOTHING_TO_CANCEL
TARGET = 2


def asked(state: State, authority: Authority, kind: int, body: Any, counter: int = 1) -> int:
    """Let a command in; return the reason."""
    fields = [3, 1, AGENT_ID, 7, counter, 1 << 30, kind, body]
    return admit(state, Message(name_of(counter), record.ACCEPTED, authority, fields), state.now_ms)


def test_the_first_device_may_be_a_charger_and_the_last_one_a_meter():
    for authority, kind, body, reason in (
        (DSO, LIMIT, ["", 0, 4200, 60], ACCEPTED),
        (DSO, LIMIT, ["box", 0, 4200, 60], ACCEPTED),
        (DSO, LIMIT, ["meter", 0, 4200, 60], record.UNKNOWN_DEVICE),
        (AGGREGATOR, CLAIM, ["box", 8000, 60, 5], ACCEPTED),
        (AGGREGATOR, CLAIM, ["box", 2000, 60, 5, {MODE: TARGET}], UNSUPPORTED),
        (AGGREGATOR, CLAIM, ["", 2000, 60, 5, {MODE: TARGET}], ACCEPTED),
    ):
        units = [Unit(0, row("box", power_max_w=22080), CHARGER), Unit(1, row("meter"), METER)]
        state = State(Circuit(TABLE, 1), units, AGENT_ID, 7, 60, 10000)
        assert asked(state, authority, kind, body) == reason, body


def test_a_claim_may_ask_for_all_that_its_authority_may():
    assert Desk().ask(AGGREGATOR, CLAIM, ["heatpump", 6000, 60, 5]) == ACCEPTED


def test_what_began_already_lasts_to_its_last_millisecond():
    for now_ms, start_s, reason in (
        (100999, 41, ACCEPTED),
        (101000, 41, record.EXPIRED),
        (101000, 40, record.EXPIRED),
        (200000, 40, record.EXPIRED),
    ):
        desk = Desk()
        desk.state.now_ms = now_ms
        assert asked(desk.state, DSO, LIMIT, ["", 0, 4200, 60, {START_S: start_s}]) == reason
        assert [limit.until_ms for limit in desk.state.limits] == ([101000] if reason == ACCEPTED else [])


def test_chance_moves_start_and_end_by_what_is_drawn():
    shortest = 0
    for n in range(1, 20):
        state = Desk().state
        state.now_ms = 100000
        options = {RANDOM_START_S: 600, RANDOM_END_S: -600}
        assert asked(state, DSO, LIMIT, ["", 0, 4200, 300, options], n) == ACCEPTED
        limit = state.limits[0]
        assert limit.from_ms == 100000 + 1000 * drawn_s(600, name_of(n), AGENT_ID, AT_START)
        longer_s = drawn_s(-600, name_of(n), AGENT_ID, AT_END)
        assert limit.until_ms - limit.from_ms == max(300 + longer_s, 1) * 1000
        shortest += longer_s < -300
    assert 0 < shortest < 19


def test_a_set_leaves_what_others_said():
    desk = Desk()
    desk.want(OWNER, LIMIT, ["", 0, 9000, 600])
    desk.want(DSO, LIMIT, ["", 0, 8000, 600])
    desk.want(OWNER, CLAIM, ["charger", 8000, 600, 0])
    desk.want(AGGREGATOR, CLAIM, ["charger", 7000, 600, 5])
    desk.want(DSO, SET, [[]])
    assert [limit.source for limit in desk.state.limits] == ["owner"]
    desk.want(AGGREGATOR, SET, [[]])
    assert [claim.source for claim in desk.state.claims] == ["owner"]


def claims(count: int) -> list[list[Any]]:
    """Return so many claims for a set."""
    return [[CLAIM, ["charger", 8000, 600, 5, {START_S: 1000 + n}]] for n in range(count)]


def test_a_set_takes_no_places_of_others():
    for mine, others, whose, own in ((17, 8, OWNER, AGGREGATOR), (8, 24, AGGREGATOR, OWNER)):
        desk = Desk()
        for _, body in claims(others):
            desk.want(whose, CLAIM, body)
        assert desk.ask(own, SET, [claims(mine)]) == QUEUE_FULL
        assert desk.ask(own, SET, [claims(mine - 1)]) == ACCEPTED
    desk = Desk()
    limits = [[LIMIT, ["", 0, 4200, 600, {START_S: 1000 + n}]] for n in range(24)]
    for _, body in limits:
        desk.want(OWNER, LIMIT, body)
    assert desk.ask(DSO, SET, [limits[:9]]) == QUEUE_FULL
    assert desk.ask(DSO, SET, [limits[:8]]) == ACCEPTED


def test_elements_of_a_set_have_kinds():
    for kind, reason in ((0, UNSUPPORTED), (255, UNSUPPORTED), (256, MALFORMED), (-1, MALFORMED), (LIMIT, ACCEPTED)):
        assert Desk().ask(DSO, SET, [[[kind, ["", 0, 4200, 60]]]]) == reason


def test_nobody_cancels_what_others_said_and_without_chance_it_ends_at_once():
    desk = Desk()
    for own, other in ((OWNER, DSO), (DSO, OWNER)):
        for _ in range(8):
            number = desk.want(own, LIMIT, ["", 0, 4200, 600])
            assert desk.ask(other, CANCEL, [name_of(number)]) == NOTHING
            desk.want(own, CANCEL, [name_of(number)])
            assert desk.state.limits == []
