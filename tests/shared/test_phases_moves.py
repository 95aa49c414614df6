"""A charger's phases are moved: stopped, told, waited for, rested, or left where they are: pinned case by case."""

from __future__ import annotations

from agent import record
from agent.phases import Changeover
from agent.step import Outcome
from tests.shared.garage import Garage
from tests.shared.test_phases_units import LONG_MS, NOW_MS, at_work, written


def test_the_switchs_own_timers_are_asked():
    for stands, to, changed_ms, may in (
        (3, 1, NOW_MS - 29999, False),
        (3, 1, NOW_MS - 30000, True),
        (1, 3, NOW_MS - 29999, False),
        (1, 3, NOW_MS - 30000, True),
    ):
        _, pair = at_work(stands)
        pair.switch.guard.changed_ms = changed_ms
        pair.switch.decide(3, "nothing")
        assert pair._may_move(to, NOW_MS) is may
        source = "protection run" if to == 1 else "protection rest"
        assert (pair.switch.next, pair.switch.next_source) == ((3, "nothing") if may else (None, source))


def stopped(pair: Changeover) -> None:
    """Let the charger have taken its stop, and have said so."""
    charger = pair.charger
    charger.setpoint = charger.next = 0
    charger.written, charger.written_ms, charger.guard.moved_ms = written(1, 0, 0), NOW_MS - 2000, NOW_MS - 2000
    pair.seen_ms, charger.said_w = NOW_MS - 2000, 99


def test_a_charger_stands_still_once_it_took_its_stop_and_says_so():
    for reason in ("", "later", "draws", "draws more", "granted", "unwritten", "before", "rejected", "other", "unseen"):
        _, pair = at_work()
        stopped(pair)
        charger = pair.charger
        if reason == "draws":
            charger.said_w = 100
        elif reason == "draws more":
            charger.said_w = 500
        elif reason == "later":
            charger.written_ms, pair.seen_ms = NOW_MS - 1000, NOW_MS
        elif reason == "granted":
            charger.setpoint = 6000
        elif reason == "unwritten":
            charger.written = None
        elif reason == "before":
            charger.guard.moved_ms = NOW_MS - 1999
        elif reason == "rejected":
            charger.written = Outcome(1, 0, record.REJECTED, record.READBACK, 0, "claim agg")
        elif reason == "other":
            charger.written = written(1, 6000, 6000)
        elif reason == "unseen":
            pair.seen_ms = NOW_MS - 2001
        assert pair._stands_still() is (reason in ("", "later")), reason


def test_the_charger_is_stopped_first_and_the_switch_told_when_it_stands_still():
    _, pair = at_work()
    pair.source, pair.strays = "limit dso", True
    pair._move(1, NOW_MS)
    assert (pair.stops_ms, pair.moves_to, pair.again_ms, pair.strays) == (NOW_MS, 0, 0, True)
    pair._move(1, NOW_MS + 59999)
    assert (pair.stops_ms, pair.moves_to, pair.again_ms) == (NOW_MS, 0, 0)
    stopped(pair)
    pair._move(1, NOW_MS + 59999)
    assert (pair.stops_ms, pair.moves_to, pair.told_ms, pair.strays) == (-1, 1, NOW_MS + 59999, False)
    assert (pair.switch.next, pair.switch.next_source) == (1, "limit dso")


def test_a_charger_that_does_not_stop_is_left_for_an_hour():
    _, pair = at_work()
    for since_ms in (60000, 60001):
        pair.stops_ms = NOW_MS - since_ms
        pair._move(1, NOW_MS)
        assert (pair.stops_ms, pair.moves_to, pair.again_ms) == (-1, 0, NOW_MS + 3600000)


def test_a_switch_is_waited_for_and_given_up_after_three_response_times():
    for told_ago_ms, outcome, written_ago_ms, stands, result in (
        (29999, None, 0, 3, "waits"),
        (30000, None, 0, 3, "gives up"),
        (30001, None, 0, 3, "gives up"),
        (5000, written(2, 1, 1), 6000, 1, "waits"),
        (5000, written(2, 1, 1), 1000, 1, "there"),
        (5000, written(2, 1, 1), 5000, 1, "waits"),
        (5000, written(2, 1, 1), 4999, 1, "there"),
        (5000, written(2, 1, 1, record.WRITE_ACK), 1000, 1, "waits"),
        (5000, written(2, 1, 3), 1000, 1, "waits"),
        (5000, written(2, 1, 1), 1000, 3, "waits"),
        (5000, written(2, 1, 1), 1000, 0, "waits"),
    ):
        _, pair = at_work(stands)
        pair.moves_to, pair.told_ms, pair.source = 1, NOW_MS - told_ago_ms, "limit dso"
        pair.switch.written, pair.switch.written_ms = outcome, NOW_MS - written_ago_ms
        pair.switch.decide(None, "default")
        pair._watch(NOW_MS)
        waits = result == "waits"
        assert (pair.switch.next, pair.switch.next_source) == ((1, "limit dso") if waits else (None, "default"))
        assert (pair.moves_to, pair.rest_ms) == ((1, 0) if waits else (0, NOW_MS + 30000)), result
        assert pair.again_ms == (NOW_MS + 3600000 if result == "gives up" else 0)


def test_who_moves_to_three_waits_until_three_are_read():
    _, pair = at_work(3)
    pair.moves_to, pair.told_ms = 3, NOW_MS - 5000
    pair.switch.written, pair.switch.written_ms = written(2, 3, 1), NOW_MS
    pair._watch(NOW_MS)
    assert pair.moves_to == 3


def followed(garage: Garage, pair: Changeover) -> tuple[int | None, str]:
    """Let the switch follow; return what the charger is told and why."""
    pair.charger.decide(10000, "claim agg")
    pair.follow(garage.state, NOW_MS)
    return pair.charger.next, pair.charger.next_source


def test_nobody_waits_where_nothing_is_to_be_moved():
    garage, pair = at_work()
    pair.stops_ms = 5
    assert followed(garage, pair) == (10000, "claim agg") and pair.stops_ms == -1
    assert (pair.switch.next, pair.switch.next_source) == (None, "default")
    pair.switch.wanted = 3
    assert followed(garage, pair) == (10000, "claim agg")


def test_the_charger_waits_while_the_switch_moves_and_rests():
    garage, pair = at_work()
    pair.room_w = pair.room_one_w = 2000
    assert followed(garage, pair) == (0, "protection phases") and pair.stops_ms == NOW_MS
    assert (pair.charger.guard.source, pair.charger.guard.at_ms) == ("protection phases", 0)
    stopped(pair)
    assert followed(garage, pair) == (0, "protection phases") and pair.moves_to == 1
    pair.switch.written, pair.switch.written_ms, pair.stands, pair.told_ms = written(2, 1, 1), NOW_MS, 1, NOW_MS - 1
    assert followed(garage, pair) == (0, "protection phases") and (pair.moves_to, pair.rest_ms) == (0, NOW_MS + 30000)
    assert pair.charger.guard.at_ms == NOW_MS + 30000
    pair.rest_ms = NOW_MS + 1
    assert followed(garage, pair) == (0, "protection phases")
    pair.rest_ms = NOW_MS
    assert followed(garage, pair) == (10000, "claim agg")


def test_it_goes_back_to_three_as_it_went_to_one():
    garage, pair = at_work(1)
    pair.ample_ms = NOW_MS - LONG_MS
    assert followed(garage, pair) == (0, "protection phases") and pair.stops_ms == NOW_MS


def test_after_a_move_that_failed_nothing_is_moved_for_a_while_nor_against_the_switchs_timers():
    for again_ms, changed_ms, moves in (
        (NOW_MS + 1, 0, False),
        (NOW_MS, 0, True),
        (0, NOW_MS - 29999, False),
        (0, NOW_MS - 30000, True),
    ):
        garage, pair = at_work()
        pair.room_w = pair.room_one_w = 2000
        pair.again_ms, pair.switch.guard.changed_ms = again_ms, changed_ms
        told = followed(garage, pair)
        assert told == ((0, "protection phases") if moves else (10000, "claim agg"))
        assert pair.stops_ms == (NOW_MS if moves else -1)
