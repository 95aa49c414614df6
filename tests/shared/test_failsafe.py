"""When a meter is believed, what is said about that, and what a device does meanwhile: pinned case by case."""

from __future__ import annotations

from agent import failsafe, record
from agent.circuits import UNKNOWN_W
from agent.failsafe import cause_of, is_absurd, look, without_headroom
from agent.image import Image, Sample
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.plant import Load
from tests.shared.wiring import Branch, Wiring, battery, ev

NOW_MS = 100000


def garage() -> Wiring:
    """Return a car on the connection and one behind a circuit with a meter of its own, which is device 3."""
    return Wiring([ev("out"), ev("in", "box")], [Branch("box", metered=True), Branch("dark")], meter_stale_ms=7000)


def looked(site: Wiring, now_ms: int, main: Sample | None, below: Sample | None) -> tuple[int, int]:
    """Look at both meters; return the causes in force."""
    del site.state.records[:]
    look(site.state, Image([main, None, None, below], 0, q.CLOCK_UNKNOWN, 0), now_ms)
    return site.circuit("").failsafe, site.circuit("box").failsafe


def good(at_ms: int, power_w: int = 3000) -> Sample:
    """Return an answer that can be believed."""
    return Sample(at_ms, {q.POWER_W: power_w})


NOTHING_SAID = Sample(NOW_MS, {q.CURRENT_L1_MA: 1000})


# Is it a reading


def test_what_is_more_than_what_feeds_it_carries_is_no_reading():
    for values, absurd in (
        ({q.POWER_W: 51750}, False),
        ({q.POWER_W: 51751}, True),
        ({q.POWER_W: -51750}, False),
        ({q.POWER_W: -51751}, True),
        ({}, False),
        ({q.CURRENT_L1_MA: 75000}, False),
        ({q.CURRENT_L1_MA: 75001}, True),
        ({q.CURRENT_L2_MA: 75001}, True),
        ({q.CURRENT_L3_MA: 75001}, True),
        ({q.CURRENT_L3_MA: 75001, q.POWER_L3_W: -17000}, True),
        ({q.CURRENT_L1_MA: 0, q.CURRENT_L2_MA: 0, q.CURRENT_L3_MA: 75000}, False),
    ):
        assert is_absurd(25000, Sample(0, values)) is absurd, values


def test_why_a_meter_gives_no_headroom():
    for main, cause in (
        (None, record.METER_NEVER_SEEN),
        (good(NOW_MS - 7000), record.METER_STALE),
        (good(NOW_MS - 6999), 0),
        (NOTHING_SAID, record.METER_ABSURD),
        (good(NOW_MS, 1000000), record.METER_ABSURD),
        (good(NOW_MS, 0), 0),
    ):
        site = garage()
        assert looked(site, NOW_MS, main, good(NOW_MS)) == (cause, 0)
        assert (site.state.site.shown_w is None) is (cause != 0)
        assert site.state.records == ([[record.FAILSAFE, NOW_MS, None, cause, True]] if cause else [])


def test_a_circuit_that_nobody_measures_has_no_cause():
    site = garage()
    assert looked(site, NOW_MS, good(NOW_MS), good(NOW_MS)) == (0, 0)
    assert site.circuit("dark").failsafe == 0 and site.circuit("dark").shown_w is None
    assert site.circuit("box").shown_w == 3000


def test_a_connection_without_a_meter_never_has_headroom():
    site = garage()
    site.state.site.meter = None
    assert looked(site, NOW_MS, good(NOW_MS), good(NOW_MS)) == (record.METER_NEVER_SEEN, 0)


# Leaving it


def test_a_meter_that_was_lost_must_be_good_for_a_while_and_its_answers_count_not_its_silence():
    site = garage()
    looked(site, NOW_MS, NOTHING_SAID, good(NOW_MS))
    assert site.state.site.meter_bad_ms == NOW_MS
    for later_ms, answered_ms, cause in (
        (1000, 1000, record.METER_ABSURD),
        (4999, 4999, record.METER_ABSURD),
        (6000, 4999, record.METER_ABSURD),
        (6000, 5000, 0),
    ):
        now_ms = NOW_MS + later_ms
        assert looked(site, now_ms, good(NOW_MS + answered_ms), good(now_ms))[0] == cause, later_ms
        assert site.state.site.shown_w == (None if cause else 3000)
    assert site.state.records == [[record.FAILSAFE, NOW_MS + 6000, None, record.METER_ABSURD, False]]
    assert site.state.site.meter_bad_ms == NOW_MS


def test_a_meter_that_was_never_seen_is_believed_at_once():
    site = garage()
    assert looked(site, NOW_MS, None, None) == (record.METER_NEVER_SEEN, record.METER_NEVER_SEEN)
    assert looked(site, NOW_MS + 1000, good(NOW_MS + 1000), good(NOW_MS + 1000)) == (0, 0)


def test_another_cause_ends_the_first_and_is_said_once():
    site = garage()
    looked(site, NOW_MS, good(NOW_MS), good(NOW_MS - 10000))
    assert site.state.records == [[record.FAILSAFE, NOW_MS, 3, record.METER_STALE, True]]
    looked(site, NOW_MS + 1000, good(NOW_MS), good(NOW_MS - 10000))
    assert site.state.records == []
    looked(site, NOW_MS + 2000, good(NOW_MS), Sample(NOW_MS + 2000, {}))
    assert site.state.records == [
        [record.FAILSAFE, NOW_MS + 2000, 3, record.METER_STALE, False],
        [record.FAILSAFE, NOW_MS + 2000, 3, record.METER_ABSURD, True],
    ]


def test_what_limits_held_down_is_remembered_when_it_begins():
    site = garage()
    out, inside = site["out"], site["in"]
    out.setpoint, out.held = 8000, True
    inside.setpoint, inside.held = 10000, True
    looked(site, NOW_MS, good(NOW_MS), NOTHING_SAID)
    assert (out.kept, inside.kept) == (None, 10000)
    inside.setpoint = 6000
    looked(site, NOW_MS + 1000, good(NOW_MS), None)
    assert inside.kept == 10000
    looked(site, NOW_MS + 2000, NOTHING_SAID, None)
    assert (out.kept, inside.kept) == (8000, 6000)
    out.held = False
    looked(site, NOW_MS + 20000, good(NOW_MS + 20000), None)
    looked(site, NOW_MS + 21000, NOTHING_SAID, None)
    assert out.kept is None


def test_the_nearest_circuits_cause_goes_before_that_of_one_above():
    site = garage()
    assert cause_of(site["in"]) == 0
    site.state.site.failsafe = record.METER_STALE
    assert cause_of(site["in"]) == cause_of(site["out"]) == record.METER_STALE
    site.circuit("box").failsafe = record.METER_ABSURD
    assert cause_of(site["in"]) == record.METER_ABSURD and cause_of(site["out"]) == record.METER_STALE


# What a device does meanwhile


def decided(site: Wiring, unit: Unit, wish: int | None, kept: int | None = None) -> tuple[int | None, str]:
    """Return what a device without headroom is told."""
    unit.next, unit.next_source, unit.kept = wish, "default", kept
    unit.held, unit.risen_ms, unit.cap_w = False, 0, 5
    without_headroom(site.state, unit, record.METER_STALE, NOW_MS)
    assert unit.held and unit.risen_ms == NOW_MS
    return unit.next, unit.next_source


def test_a_device_without_headroom_has_its_fallback_or_less():
    for fallback, wish, kept, told in (
        (None, 10000, None, 0),
        (8000, 10000, None, 8000),
        (8050, 10000, None, 8000),
        (8000, None, None, 8000),
        (8000, 6000, None, 6000),
        (8000, 8000, None, 8000),
        (8000, 10000, 6000, 6000),
        (8000, 6000, 7000, 6000),
        (8000, 7000, 6000, 6000),
        (8000, 10000, 0, 0),
    ):
        site = Wiring([ev("car", fallback=fallback)], [])
        assert decided(site, site["car"], wish, kept) == (told, "meter stale"), (fallback, wish, kept)


def test_a_battery_without_headroom_has_its_fallback_whatever_was_wished():
    for fallback, wish, told in ((None, -3000, 0), (500, -3000, 500), (-500, -3000, -500), (500, None, 500)):
        site = Wiring([battery("bat", fallback=fallback)], [])
        assert decided(site, site["bat"], wish, -2000) == (told, "meter stale")


def test_a_limit_on_the_device_holds_without_headroom_too():
    for limit_w, told in ((5520, (8000, "meter stale")), (5519, (7900, "limit dso")), (4139, (0, "limit dso"))):
        site = Wiring([ev("car", fallback=8000)], [])
        site.limit(limit_w, "car")
        assert decided(site, site["car"], 10000) == told


def test_each_cause_has_its_name():
    fine = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, False, 10000)
    site = Wiring([("pump", fine, {}, Load(0))], [])
    for cause, name in (
        (record.METER_NEVER_SEEN, "meter never seen"),
        (record.METER_STALE, "meter stale"),
        (record.METER_ABSURD, "meter absurd"),
    ):
        without_headroom(site.state, site["pump"], cause, NOW_MS)
        assert (site["pump"].next, site["pump"].next_source, site["pump"].cap_w) == (0, name, UNKNOWN_W)
        assert failsafe.CAUSES[cause] == name
