"""Regulation 11 of SI 2021/1467: what waits for how long, what does not, and that it is drawn once."""

from __future__ import annotations

from agent import record
from agent.claims import CEILING, TARGET
from agent.command import Message
from agent.delay import RANDOM, RandomDelay
from agent.kept import dump, load
from agent.limits import IMPORT, SITE, Limit
from agent.orders import take
from agent.sources.random_delay import Regulation11
from agent.state import State
from tests.shared.house import AGGREGATOR, DSO, OWNER
from tests.shared.listening import Listener, refused
from tests.shared.steered import battery, claim, ev, plant
from tests.shared.taped import Tape, played

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.claims import Claim
    from tests.shared.plant import Plant


class Order:
    """What a door lets through, as far as its body matters here."""

    digest = b"o" * 32

    def __init__(self, authority) -> None:
        self.authority = authority


def street(max_s=600, free=(), started=True) -> Plant:
    """Return a car at a charging point that delays; `started`: it has charged since long ago."""
    site = plant(ev(default=16000))
    unit = site.state.units[1]
    unit.delay = RandomDelay(max_s, list(free))
    site.state.agent_id = b"agent-02"
    if started:
        unit.delay.begun, unit.delay.passed = True, 16000
        site.run(5)
        assert unit.setpoint == 16000
    return site


def asked(site, setpoint, source="agg", **keys) -> Claim:
    """Let an authority want a set-point of the charger."""
    made = claim(site, setpoint, 0, 1, **keys)
    made.source, made.name = source, "claim " + source
    return made


def waited_s(site, setpoint, most_s=1900) -> int:
    """Return after how many seconds the charger is told this."""
    for second in range(most_s):
        if site.state.units[1].setpoint == setpoint:
            return second
        site.run(1)
    raise AssertionError(site.state.units[1].setpoint)


def delays(site) -> list[object]:
    """Return the delays on record."""
    return [fact for fact in site.facts if fact[0] == record.DELAY and fact[4] == RANDOM]


def test_a_rise_and_a_fall_wait_and_the_draw_is_on_record():
    for number in range(3):
        site = street(60)
        site.run(number)
        asked(site, 8000)
        fell_s = waited_s(site, 8000)
        site.state.end_claim(site.state.claims[0], record.CANCELLED, site.now_ms)
        rose_s = waited_s(site, 16000)
        assert [(fact[3], fact[5]) for fact in delays(site)] == [
            (16000, (fell_s - 1) * 1000), (8000, (rose_s - 1) * 1000),
        ]  # fmt: skip


def test_draws_are_whole_seconds_up_to_600_by_default_1800_at_most_and_none_is_none():
    for max_s in (600, 1800):
        site, drawn = street(max_s), []
        first = asked(site, 8000)
        for number in range(60):
            first.value = 8000 + 100 * (number % 2)
            site.state.units[1].delay.until_ms = 0  # let it draw anew
            site.run(1)
            drawn.append(site.state.units[1].delay.until_ms - site.now_ms)
        assert min(drawn) >= 0 and max(drawn) <= max_s * 1000 and all(each % 1000 == 0 for each in drawn)
        assert min(drawn) < max_s * 200 and max(drawn) > max_s * 800 and len(set(drawn)) > 40
    assert Regulation11.max_s == 600 and refused(Regulation11, device="charger", max_s=1801) == "max_s"
    site = street(0)
    asked(site, 8000)
    assert waited_s(site, 8000) == 1


def test_after_a_start_charging_waits_too():
    site = street(60, started=False)
    site.run(1)
    assert site.state.units[1].setpoint == 0 and delays(site)[0][4] == RANDOM
    assert 0 < waited_s(site, 16000) <= 61


def test_an_owners_override_a_response_service_and_chance_applied_before_do_not_wait():
    site = street()
    asked(site, 8000, "me", primacy=0)
    assert waited_s(site, 8000) == 1
    site = street(free=["flex"])
    asked(site, 8000, "flex")
    assert waited_s(site, 8000) == 1
    site = street()
    asked(site, 8000).drawn = True
    assert waited_s(site, 8000) == 1


def test_the_word_for_another_device_frees_nothing():
    site = plant(battery(), ev(default=16000), battery("cellar"))
    unit = site.state.units[2]
    unit.delay = RandomDelay(60, [])
    unit.delay.begun, unit.delay.passed = True, 16000
    site.run(5)
    for scope in (1, 3):
        claim(site, 1000, 0, scope, 0)  # the owner's, by the same name
    claim(site, 8000, 0, 2, 5)
    waiting = claim(site, 8000, 0, 2, 0)
    waiting.due, waiting.from_ms = False, 60000
    site.run(1)
    assert unit.setpoint == 16000 and unit.source == RANDOM


def test_the_draw_is_that_of_the_second_on_the_wall():
    drawn = []
    for began_ms, civil_ms in ((0, 1700000000000), (7000, 1700000000999), (0, 1700000001000)):
        site = street(started=False)
        site.now_ms, site.civil_ms = began_ms, civil_ms
        site.run(1)
        drawn.append(site.state.units[1].delay.until_ms - site.now_ms)
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_claim_whose_start_was_drawn_says_so():
    site = street(started=False)
    site.run(1)
    body = ["charger", 8000, 600, 5, {6: 60}]
    assert take(site.state, Order(AGGREGATOR), 2, body) == record.ACCEPTED
    assert take(site.state, Order(AGGREGATOR), 2, body[:4]) == record.ACCEPTED
    assert [each.drawn for each in site.state.claims] == [True, False]


def test_what_is_asked_again_is_drawn_once():
    site = street()
    asked(site, 8000)
    site.run(5)
    until_ms = site.state.units[1].delay.until_ms
    assert until_ms > site.now_ms
    site.state.end_claim(site.state.claims[0], record.SUPERSEDED, site.now_ms)
    asked(site, 8000)
    site.run(5)
    assert site.state.units[1].delay.until_ms == until_ms


def test_who_wants_something_else_each_moment_waits_once_and_what_is_taken_back_waits_for_nothing():
    site = street()
    first = asked(site, 8000)
    site.run(2)
    until_ms = site.state.units[1].delay.until_ms
    assert until_ms > site.now_ms + 60000
    while site.now_ms < until_ms - 2000:
        first.value = 10000 if first.value == 8000 else 8000
        site.run(2)
        assert site.state.units[1].setpoint == 16000
    site.run(2)
    assert site.state.units[1].setpoint == first.value
    before, first.value = first.value, 12000
    site.run(2)
    assert site.state.units[1].delay.until_ms > site.now_ms
    first.value = before
    site.run(2)
    assert site.state.units[1].delay.until_ms == 0 and site.state.units[1].source == "claim agg"


def test_a_ramp_begins_once_its_wait_is_over_and_then_waits_no_more():
    site = street(60)
    asked(site, 8000, ramp_s=40)
    until_ms = site.now_ms + 1000 * (waited_s(site, 15800) - 1)
    assert delays(site)[0][5] > 1000 and len(delays(site)) == 1
    assert waited_s(site, 8000) == 39 and len(delays(site)) == 1
    assert site.state.claims[0].started_ms == until_ms


def test_while_it_waits_protection_holds_all_the_same():
    site = plant(ev(default=16000, ramp_w_s=100))
    unit = site.state.units[1]
    site.run(1)
    unit.setpoint, unit.delay = 6000, RandomDelay(600, [])
    unit.delay.begun, unit.delay.passed = True, 16000
    unit.delay.until_ms = 600000
    asked(site, 10000)
    site.run(10)
    assert 6000 < unit.setpoint < 8000 and unit.source == "protection ramp"
    site.run(120)
    assert unit.setpoint == 16000 and unit.source == RANDOM


def test_the_claim_that_decides_is_asked_whether_it_waits_and_not_another_of_its_source():
    site = street()
    default = asked(site, 12000, "me", primacy=0, until_ms=0)  # whatever has an end goes before it
    default.drawn = True
    asked(site, 8000, "me")
    site.run(1)
    assert site.state.units[1].setpoint == 16000 and site.state.units[1].source == RANDOM


def test_another_claim_that_decides_nothing_frees_nobody():
    for free, other in (("aa", "zz"), ("zz", "aa")):
        site = street(free=[free])
        asked(site, 16000, free)
        asked(site, 8000, other).mode = CEILING
        site.run(1)
        assert site.state.units[1].setpoint == 16000 and site.state.units[1].source == RANDOM


def test_a_ramp_of_another_time_is_not_the_one_that_was_let_through():
    site = street()
    site.state.units[1].delay.ramp_ms = site.now_ms + 10000
    asked(site, 8000)
    site.run(1)
    assert site.state.units[1].source == RANDOM


def test_a_wait_that_ends_between_two_ticks_is_over_at_the_next():
    site = street(60)
    asked(site, 8000)
    site.run(1)
    assert site.state.units[1].delay.until_ms > site.now_ms
    site.now_ms += 500
    assert waited_s(site, 8000) <= 61


def test_the_rise_at_the_end_of_a_limit_waits_and_its_beginning_does_not():
    site = street(60)
    site.state.limits += [Limit(SITE, IMPORT, 90000, name, 0, name.encode() * 16) for name in ("aa", "zz")]
    ending = Limit(SITE, IMPORT, 9000, "dso", 0, b"l" * 32)
    site.state.limits.append(ending)
    site.run(30)
    limited = site.state.units[1].setpoint
    assert limited < 10000
    before = len(delays(site))
    site.state.limits.remove(ending)
    rose_s = waited_s(site, 16000)
    fact = delays(site)[before]
    assert (fact[3], fact[5]) == (limited, (rose_s - 1) * 1000) and rose_s > 11


def test_room_that_the_house_leaves_is_not_waited_for():
    site = street()
    site.base_w = [4000, 4000, 4000]
    site.run(20)
    assert site.state.units[1].setpoint < 10000
    before = len(delays(site))
    site.base_w = [0, 0, 0]
    site.run(30)
    assert site.state.units[1].setpoint == 16000 and len(delays(site)) == before


def test_two_charging_points_draw_apart():
    drawn = []
    for agent in (b"agent-0a", b"agent-0b", b"agent-0c"):
        site = street()
        site.state.agent_id = agent
        asked(site, 8000)
        site.run(1)
        drawn.append(site.state.units[1].delay.until_ms)
    assert len(set(drawn)) == 3


def test_a_limit_waits_for_nothing():
    site = street()
    site.state.limits.append(Limit(SITE, IMPORT, 9000, "dso", 0, b"l" * 32))
    assert waited_s(site, site.state.units[1].setpoint) == 0
    site.run(2)
    assert site.state.units[1].setpoint < 10000 and site.state.units[1].source == "limit dso"


def test_a_ceiling_waits_as_a_set_point_does():
    site = street(60)
    asked(site, 8000).mode = CEILING
    assert 1 < waited_s(site, 8000) <= 61


def test_a_target_that_follows_the_meter_waits_for_nothing():
    site = street()
    before = len(delays(site))
    claim(site, 9000, TARGET)
    site.run(30)
    assert 0 < site.state.units[1].setpoint < 16000 and len(delays(site)) == before


def test_the_maximum_is_set_remotely_and_kept():
    site = street()
    for body in (["charger", 1801], ["charger", -1], ["charger", True], ["charger"], ["charger", 1, 1], [1, 1]):
        assert take(site.state, Order(AGGREGATOR), 5, body) == record.MALFORMED, body
    assert take(site.state, Order(OWNER), 99, ["charger", 60]) == record.UNSUPPORTED
    assert take(site.state, Order(DSO), 5, ["charger", 60]) == record.ROLE_FORBIDS
    assert take(site.state, Order(OWNER), 5, ["grid", 60]) == record.UNKNOWN_DEVICE
    assert take(site.state, Order(OWNER), 5, ["cellar", 60]) == record.UNKNOWN_DEVICE
    for max_s in (1800, 0):
        assert take(site.state, Order(AGGREGATOR), 5, ["charger", max_s]) == record.ACCEPTED
        assert site.state.delays_s == {"charger": max_s}
    blob = dump(site.state)
    again = plant(ev(default=16000)).state
    load(again, blob, 0)
    assert again.delays_s == {"charger": 0} and dump(again) == blob
    asked(site, 8000)
    assert waited_s(site, 8000) == 1


def test_without_a_delay_that_was_set_the_kept_state_is_as_before():
    state = State(plant(ev(default=16000)).state.site, [], b"agent-01", 7, 60, 10000)
    assert dump(state)[:2] == b"\x86\x03"


def test_a_replay_draws_the_same():
    site = street(60, started=False)
    tape = Tape(site)
    site.run(3)
    fields = [3, 1, site.state.agent_id, 7, 1, 600, 2, ["charger", 8000, 900, 5]]
    site.run(150, [Message(b"m" * 32, record.ACCEPTED, AGGREGATOR, fields)])
    tape.recorder.close()
    replay, _ = played(tape.segments())
    assert replay.differing == 0 and replay.ticks == 153 and site.state.units[1].setpoint == 8000


def test_the_source_puts_the_delay_on_one_charger():
    source = Listener("owner").using(Regulation11, device="charger", max_s=300, response=["flex"], randomised=["vtn"])
    unit = source.state.units[1]
    assert unit.delay is not None and unit.delay.max_s == 300 and unit.delay.free == ["vtn", "flex"]
    assert refused(Regulation11) == "device" and refused(Regulation11, device="battery") == "device"
    assert refused(Regulation11, device="charger", response="flex") == "response"
    assert refused(Regulation11, device="charger", randomised=[1]) == "randomised"
    try:
        source.using(Regulation11, device="charger")
    except ValueError as fault:
        assert fault.args[0] == "device"
    else:
        raise AssertionError("two delays")
