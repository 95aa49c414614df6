"""What may be asked of the head-end, as the agent takes it: every kind of control, and every mistake in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from agent import record
from agent.limits import HOLD, MILLIAMP
from agent.prices import Prices
from tests.shared.house import AGGREGATOR, DSO, OWNER, House
from tests.shared.test_step import command, reasons, run
from tools import wire
from tools.errors import UsageError
from tools.headend import bodies

NOW_S = 1_790_000_000
AGENT_NOW_S = 30

LIMITS: list[dict[str, Any]] = [
    {"value_w": 4200, "duration_s": 60},
    {"value_w": 4200, "duration_s": 0},
    {"value_w": 0, "duration_s": 60, "scope": "charger", "direction": 0, "on_expiry": "hold"},
    {"value_w": 3000, "duration_s": 60, "direction": 1, "start_in_s": 600},
    {"value_ma": 10000, "duration_s": 60},
    {"value_ma": 10000, "duration_s": 60, "phases": 5, "random_start_s": 300, "random_end_s": -30},
]
CLAIMS: list[dict[str, Any]] = [
    {"device": "charger", "set_point": 6000, "duration_s": 60, "primacy": 5},
    {"device": "battery", "set_point": -1000, "duration_s": 0},
    {"device": "battery", "ceiling": 1000, "duration_s": 60},
    {"device": "battery", "set_point": 1000, "duration_s": 60, "ramp_s": 60},
    {"target_w": -3000, "duration_s": 60, "start_in_s": 2000000},
    {"scope": "", "change_w": -2000, "duration_s": 60, "random_start_s": -600},
    {"target_w": 0, "duration_s": 60, "batteries": 3},
]


def asked(kind: int, **said: Any) -> list[Any]:
    maker = bodies.limit if kind == wire.LIMIT else bodies.claim
    return maker(NOW_S, **said)


def at_agent(kind: int, body: list[Any], later_s: int = 0) -> Any:
    return bodies.for_agent(kind, body, NOW_S + later_s, AGENT_NOW_S + later_s)


def house() -> House:
    made = House()
    run(made, AGENT_NOW_S)
    return made


@pytest.mark.parametrize("said", LIMITS)
def test_the_agent_takes_every_limit(said):
    body = at_agent(wire.LIMIT, asked(wire.LIMIT, **said))
    taken = house()
    assert reasons(run(taken, 1, [command(OWNER, 1, wire.LIMIT, body)])) == [record.ACCEPTED]
    (limit,) = taken.state.limits
    assert limit.value == said.get("value_w", said.get("value_ma"))
    assert (limit.quantity == MILLIAMP) is ("value_ma" in said)
    assert limit.phases == said.get("phases", 7) and (limit.on_expiry == HOLD) is ("on_expiry" in said)
    assert (limit.until_ms == 0) is (said["duration_s"] == 0)
    if "start_in_s" in said:
        assert limit.from_ms == (AGENT_NOW_S + said["start_in_s"]) * 1000 and not limit.due


@pytest.mark.parametrize("said", CLAIMS)
def test_the_agent_takes_every_claim(said):
    body = at_agent(wire.CLAIM, asked(wire.CLAIM, **said))
    taken = house()
    assert reasons(run(taken, 1, [command(AGGREGATOR, 1, wire.CLAIM, body)])) == [record.ACCEPTED]
    (claim,) = taken.state.claims
    assert claim.value in said.values() and claim.primacy == said.get("primacy", 100)
    assert next(name for name, mode in bodies.MODES.items() if mode == claim.mode) in said
    assert claim.ramp_ms == said.get("ramp_s", 0) * 1000
    assert (claim.until_ms == 0) is (said["duration_s"] == 0)


def test_the_agent_takes_a_set_and_its_cancellation():
    controls = [{"cmd": "limit", **said} for said in LIMITS[:5]] + [{"cmd": "claim", **said} for said in CLAIMS]
    body = at_agent(wire.SET, bodies.whole_set(NOW_S, controls))
    assert bodies.kinds_in(wire.SET, body) == {wire.LIMIT, wire.CLAIM}
    taken = house()
    facts = run(taken, 1, [command(OWNER, 1, wire.SET, body)])
    assert reasons(facts) == [record.ACCEPTED]
    assert len(taken.state.limits) == 5 and len(taken.state.claims) == len(CLAIMS)
    end = bodies.cancel((bytes([1]) * 32).hex(), 600)
    assert reasons(run(taken, 1, [command(OWNER, 2, wire.CANCEL, end)])) == [record.ACCEPTED]
    run(taken, 601)
    assert taken.state.limits == [] and taken.state.claims == []
    assert reasons(run(taken, 1, [command(DSO, 1, wire.SET, bodies.whole_set(NOW_S, []))])) == [record.ACCEPTED]


def test_what_is_as_usual_is_left_out():
    assert asked(wire.LIMIT, value_w=1, duration_s=2) == ["", 0, 1, 2]
    assert asked(wire.CLAIM, device="d", set_point=1, duration_s=2) == ["d", 1, 2, 100]
    assert asked(wire.LIMIT, value_ma=1, duration_s=2, phases=7) == ["", 0, 1, 2, {1: 1}]
    assert bodies.cancel("ab" * 32) == [b"\xab" * 32]


def test_a_start_counts_in_the_agent_s_seconds_whenever_it_is_said():
    body = asked(wire.LIMIT, value_w=1, duration_s=60, start_in_s=100)
    assert at_agent(wire.LIMIT, body) == ["", 0, 1, 60, {3: AGENT_NOW_S + 100}]
    assert at_agent(wire.LIMIT, body, 40) == ["", 0, 1, 60, {3: AGENT_NOW_S + 100}]
    assert bodies.for_agent(wire.LIMIT, body, NOW_S + 40, 5) == ["", 0, 1, 60, {3: 65}]  # it started again
    assert at_agent(wire.LIMIT, body, 100) == ["", 0, 1, 60]
    assert at_agent(wire.LIMIT, body, 130) == ["", 0, 1, 30]
    assert at_agent(wire.LIMIT, body, 160) is None
    claim = asked(wire.CLAIM, target_w=1, duration_s=60, start_in_s=100, ramp_s=9)
    assert at_agent(wire.CLAIM, claim, 130) == ["", 1, 30, 100, {5: 2, 8: 9}]
    default = asked(wire.CLAIM, device="d", set_point=1, duration_s=0, start_in_s=100)
    assert at_agent(wire.CLAIM, default, 500) == ["d", 1, 0, 100]
    whole = [[[wire.LIMIT, body], [wire.CLAIM, default]]]
    assert at_agent(wire.SET, whole, 500) == [[[wire.CLAIM, ["d", 1, 0, 100]]]]


@pytest.mark.parametrize(
    ("kind", "said", "sentence"),
    [
        (1, {"duration_s": 1}, "a limit says one of value_w, value_ma; here 0 are given"),
        (1, {"value_w": 1, "value_ma": 1, "duration_s": 1}, "here 2 are given"),
        (1, {"value_w": True, "duration_s": 1}, "value_w = True: expected a whole number from 0"),
        (1, {"value_w": 1, "duration_s": -1}, "duration_s = -1: expected a whole number from 0 to 2592000"),
        (1, {"value_w": 1, "duration_s": 1, "direction": 2}, "direction = 2: expected a whole number from 0 to 1"),
        (1, {"value_ma": 1, "duration_s": 1, "direction": 1}, "direction = 1: expected 0"),
        (1, {"value_ma": 1, "duration_s": 1, "phases": 0}, "phases = 0: expected a whole number from 1 to 7"),
        (1, {"value_w": 1, "duration_s": 1, "phases": 1}, "phases = 1: expected 7"),
        (1, {"value_w": 1, "duration_s": 1, "on_expiry": "stay"}, "expected one of release, hold"),
        (1, {"value_w": 1, "duration_s": 1, "scope": "x" * 17}, "expected an id of at most 16 characters"),
        (1, {"value_w": 1, "duration_s": 1, "scope": None}, "scope = None: expected an id"),
        (1, {"value_w": 1, "duration_s": 1, "start_in_s": -1}, "start_in_s = -1"),
        (1, {"value_w": 1, "duration_s": 1, "random_start_s": 3601}, "random_start_s = 3601"),
        (2, {"device": "d", "duration_s": 1}, "a claim says one of set_point, ceiling, target_w, change_w"),
        (2, {"set_point": 1, "duration_s": 1}, "set_point is asked of a device"),
        (2, {"device": "d", "scope": "", "ceiling": 1, "duration_s": 1}, "ceiling is asked of a device"),
        (2, {"device": "d", "target_w": 1, "duration_s": 1}, "target_w is asked of a scope"),
        (2, {"target_w": 1, "duration_s": 1, "primacy": 256}, "primacy = 256"),
        (2, {"target_w": 1, "duration_s": 1, "ramp_s": 3601}, "ramp_s = 3601"),
        (2, {"device": "d", "ceiling": 1, "duration_s": 1, "ramp_s": 1}, "ramp_s = 1: expected 0"),
        (2, {"target_w": 1.5, "duration_s": 1}, "target_w = 1.5"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(kind, said, sentence):
    with pytest.raises(UsageError) as refused:
        asked(kind, **said)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("controls", "sentence"),
    [
        (None, "controls: expected a list of at most 64"),
        ([{}] * 65, "controls: expected a list of at most 64"),
        ([{"cmd": "cancel"}], "control 1: expected an object with cmd, one of limit, claim"),
        ([{"cmd": "limit", **LIMITS[0]}, {"cmd": "claim", "agent": "x"}], "control 2: "),
        ([{"cmd": "limit", **LIMITS[0], "authority": "dso"}], "control 1: "),
        ([7], "control 1: expected an object"),
    ],
)
def test_a_mistake_in_a_set_is_told_with_its_place(controls, sentence):
    with pytest.raises(UsageError) as refused:
        bodies.whole_set(NOW_S, controls)
    assert sentence in str(refused.value)


def test_the_agent_takes_prices():
    taken = house()
    taken.state.prices = Prices([OWNER.name])
    body = bodies.prices(from_s=NOW_S // 3600 * 3600, slot_s=3600, prices=[30000, None, -5], direction=1)
    assert at_agent(wire.PRICES, body, 5) == body
    assert reasons(run(taken, 1, [command(OWNER, 1, wire.PRICES, body)])) == [record.ACCEPTED]
    first = NOW_S // 3600 * 4
    assert [taken.state.prices.at(taken.state, 1, first + at) for at in (0, 4, 8, 12)] == [30000, None, -5, None]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"slot_s": 60}, "slot_s = 60: expected one of 900, 1800, 3600"),
        ({"from_s": 1}, "from a multiple of slot_s on"),
        ({"from_s": -3600}, "from_s"),
        ({"prices": []}, "a list of 1 to 50 prices"),
        ({"prices": [1] * 51}, "a list of 1 to 50 prices"),
        ({"prices": "5"}, "a list of 1 to 50 prices"),
        ({"prices": [8000001]}, "a price = 8000001"),
        ({"prices": [0.5]}, "a price = 0.5"),
        ({"direction": 2}, "direction = 2"),
    ],
)
def test_a_mistake_in_prices_is_told(said, sentence):
    right: dict[str, Any] = {"from_s": 3600, "slot_s": 3600, "prices": [1]}
    with pytest.raises(UsageError, match=sentence):
        bodies.prices(**(right | said))


def test_a_cancellation_is_not_drawn_from_the_past():
    with pytest.raises(UsageError):
        bodies.cancel("ab" * 32, -1)
