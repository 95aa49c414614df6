"""Steps of a peer's wishes as controls of an agent that has run for long."""

from agent.limits import IMPORT, SITE
from agent.sources.peer_desk import PeerDesk
from boards.cpython.steps import CLAIM, LIMIT, Step, controls
from tests.openadr.documents import DAY_MS, NOON_MS
from tests.shared.sourced import SourcedSite

DAY_S = 86400


def entered(start_days, end_days, matter=(LIMIT, SITE, IMPORT), up_days=100):
    """Return the body of a step between two days from now, on an agent that has been up for so many."""
    site = SourcedSite(PeerDesk, "utility")
    site.civil_ms = NOON_MS - up_days * DAY_MS
    site.boot()
    site.clock.advance(up_days * DAY_MS)
    end_ms = None if end_days is None else NOON_MS + end_days * DAY_MS
    step = Step(matter, 0, 5000, NOON_MS + start_days * DAY_MS, end_ms, "e1")
    found = controls(site.desk, [step], NOON_MS, NOON_MS + 3600000, 1)
    return found[step][1] if found else None


def test_a_step_of_this_hour_begins_and_ends_as_it_says():
    assert entered(1, 2) == ["", IMPORT, 5000, DAY_S, {3: 101 * DAY_S}]


def test_what_began_longer_ago_than_a_control_lasts_begins_later_and_ends_as_it_says():
    assert entered(-60, 10) == ["", IMPORT, 5000, 29 * DAY_S, {3: 81 * DAY_S}]


def test_a_limit_that_ends_later_than_a_control_can_say_is_a_default():
    assert entered(-1, 60) == entered(-1, None) == ["", IMPORT, 5000, 0]
    assert entered(1, None) == ["", IMPORT, 5000, 0, {3: 101 * DAY_S}]


def test_a_claim_without_an_end_is_a_lease():
    assert entered(-1, None, (CLAIM, 1, 0)) == ["charger", 5000, DAY_S + 3600, 1, {3: 99 * DAY_S}]


def test_what_is_over_is_left_out():
    assert entered(-2, -1) is None
