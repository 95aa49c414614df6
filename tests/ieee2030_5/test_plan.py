"""What modes mean at a site, and how what is in force becomes bodies that the core takes."""

from __future__ import annotations

from typing import Any

import pytest

from boards.cpython.ieee2030_5 import resources as r
from boards.cpython.ieee2030_5.events import Span
from boards.cpython.ieee2030_5.plan import PART_S, RAMP_STEPS, Plan, planned
from boards.cpython.ieee2030_5.site import CLAIM, INTO, LIMIT, OUT_OF, Site

SITE = Site("battery", 5000, 4000, 3000, "", True, 50)
NOW_S = 10000
AHEAD_S = 9000  # the server's clock is so far ahead of the agent's seconds


@pytest.mark.parametrize(
    ("modes", "said"),
    [
        ({r.IMPORT: 7, r.EXPORT: 8}, {(LIMIT, "", INTO): 7, (LIMIT, "", OUT_OF): 8}),
        ({r.LOAD: 7, r.GENERATION: 8}, {(LIMIT, "battery", INTO): 7, (LIMIT, "battery", OUT_OF): 8}),
        ({r.MAXIMUM: 2500}, {(LIMIT, "battery", OUT_OF): 1250}),
        ({r.MAXIMUM: 2500, r.GENERATION: 900}, {(LIMIT, "battery", OUT_OF): 900}),
        ({r.CONNECT: 0}, {(LIMIT, "battery", INTO): 0, (LIMIT, "battery", OUT_OF): 0}),
        ({r.ENERGIZE: 0, r.LOAD: 5}, {(LIMIT, "battery", INTO): 0, (LIMIT, "battery", OUT_OF): 0}),
        ({r.CONNECT: 1, r.ENERGIZE: 1}, {}),
        ({r.FIXED: 10000}, {(CLAIM, "battery", 0): -3000}),  # of the discharge rating: it delivers
        ({r.FIXED: -5000}, {(CLAIM, "battery", 0): 2000}),  # of the charge rating
        ({r.FIXED: 0}, {(CLAIM, "battery", 0): 0}),
        ({r.STORAGE_TARGET: 1234}, {(CLAIM, "battery", 0): -1200}),  # a multiple of what the device can be set to
        ({r.STORAGE_TARGET: -9999}, {(CLAIM, "battery", 0): 4000}),
        ({r.TARGET: -777}, {(CLAIM, "battery", 0): 750}),
        ({r.FIXED: 1000, r.TARGET: -777}, {(CLAIM, "battery", 0): -300}),
    ],
)
def test_each_mode_means_one_thing(modes, said):
    assert SITE.words(modes) == said


def test_without_set_points_they_mean_nothing_and_an_isolator_opens():
    limits_only = Site("battery", 5000, 4000, 3000, "k1")
    assert limits_only.words({r.FIXED: 1000, r.TARGET: 5}) == {} and not limits_only.carries_out(r.FIXED)
    assert limits_only.words({r.CONNECT: 0})[(CLAIM, "k1", 0)] == 0
    assert (CLAIM, "k1", 0) not in limits_only.words({r.ENERGIZE: 0})


def span(mode: str, from_s: int, until_s: int, number: int, **more: Any) -> Span:
    """Return a mode in force, seconds after NOW_S."""
    made = r.Control("A", more.pop("primacy", 5), 1, NOW_S + from_s, until_s - from_s, r.ACTIVE, {mode: number}, **more)
    return Span(mode, NOW_S + from_s, NOW_S + until_s, made)


def program(primacy: int = 5, grad_w: int | None = None, **modes: int) -> r.Program:
    """Return a program with a default."""
    named = {"exports": r.EXPORT, "imports": r.IMPORT, "generates": r.GENERATION, "most": r.MAXIMUM}
    held = r.Default("D", {named[name]: number for name, number in modes.items()}, (), grad_w)
    return r.Program(f"/derp/{primacy}", "P", primacy, "", "", held)


def plan(spans: list[Span], *programs: r.Program, now_s: int = NOW_S) -> Plan:
    """Return the plan of the site."""
    return planned(spans, list(programs), SITE, now_s, AHEAD_S)


def timed(made: Plan) -> list[tuple[int, int, int]]:
    """Return (start after NOW_S, duration, W) of each body with an end."""
    return [(body[-1][3] + AHEAD_S - NOW_S, body[3], body[2]) for _, body in [each.body for each in made.timed]]


def test_a_default_never_ends_and_the_strictest_of_the_first_rank_counts():
    made = plan([], program(5, exports=3000), program(5, exports=2000, imports=9), program(6, exports=10, generates=4))
    assert [body for body, _ in made.lasting] == [
        [LIMIT, ["", INTO, 9, 0]], [LIMIT, ["", OUT_OF, 2000, 0]], [LIMIT, ["battery", OUT_OF, 4, 0]],
    ]  # fmt: skip
    assert made.timed == []


def test_a_control_is_said_in_the_agents_seconds_and_with_its_end():
    made = plan([span(r.EXPORT, 60, 160, 700)])
    assert [each.body for each in made.timed] == [[LIMIT, ["", OUT_OF, 700, 100, {3: 1060}]]]
    claim = plan([span(r.FIXED, 60, 160, 5000, primacy=0)])
    assert [each.body for each in claim.timed] == [[CLAIM, ["battery", -1500, 100, 1, {3: 1060}]]]  # 0 is the owner's


def test_what_has_begun_keeps_its_start_so_that_it_stays_the_same_from_poll_to_poll():
    spans = [span(r.EXPORT, -30, 70, 700)]
    assert plan(spans).timed == plan(spans, now_s=NOW_S + 60).timed
    assert timed(plan(spans)) == [(-30, 100, 700)]


def test_what_is_about_to_be_over_is_left_out_and_what_is_too_far_too():
    assert plan([span(r.EXPORT, 0, 2, 1)]).timed == [] and len(plan([span(r.EXPORT, 0, 3, 1)]).timed) == 1
    assert plan([span(r.EXPORT, PART_S, PART_S + 9, 1)]).timed == []
    assert timed(plan([span(r.EXPORT, PART_S - 1, PART_S + 9, 1)])) == [(PART_S - 1, 10, 1)]


def test_what_lasts_longer_than_the_agent_takes_is_cut_in_the_same_places_each_time():
    spans = [span(r.FIXED, 0, 3 * PART_S + 100, -10000, ramp_cs=2000)]
    assert [each.body for each in plan(spans).timed] == [[CLAIM, ["battery", 4000, PART_S, 5, {3: 1000, 8: 20}]]]
    later = [
        (at_s, [(body[2], body[-1]) for _, body in [each.body for each in plan(spans, now_s=NOW_S + at_s).timed]])
        for at_s in (1, PART_S - 2, PART_S, 3 * PART_S + 1, 3 * PART_S + 98)
    ]
    first, second = (PART_S, {3: 1000, 8: 20}), (PART_S, {3: 1000 + PART_S})
    assert later == [
        (1, [first, second]), (PART_S - 2, [second]), (PART_S, [second]),
        (3 * PART_S + 1, [(100, {3: 1000 + 3 * PART_S})]), (3 * PART_S + 98, []),
    ]  # fmt: skip


def test_before_the_agent_began_is_its_first_second():
    made = planned([span(r.EXPORT, -AHEAD_S, 50, 1)], [], SITE, NOW_S, NOW_S - 5)
    assert made.timed[0].body == [LIMIT, ["", OUT_OF, 1, 54, {3: 1}]]


def test_modes_on_one_matter_are_one_limit_the_strictest_with_defaults_of_the_others():
    made = plan([span(r.MAXIMUM, 0, 50, 5000), span(r.GENERATION, 20, 80, 1000)], program(5, generates=2000))
    assert timed(made) == [(0, 20, 2000), (20, 60, 1000)]
    loose = plan([span(r.EXPORT, 0, 50, 9000)], program(5, exports=1500))
    assert timed(loose) == [(0, 50, 9000)]  # a control may be looser than the default


def test_a_ramp_goes_in_steps_that_are_never_looser_than_the_way():
    # setGradW 100: 1 % of 5000 W a second, from 0 to 3000 W in 60 s
    up = timed(plan([span(r.EXPORT, 0, 200, 3000)], program(5, 100, exports=0)))
    assert up[: RAMP_STEPS + 1] == [(at * 10, 10, 500 * at) for at in range(RAMP_STEPS)] + [(60, 140, 3000)]
    down = up[RAMP_STEPS + 1 :]
    assert down == [(200 + at * 10, 10, 2500 - 500 * at) for at in range(RAMP_STEPS - 1)]  # then the default is there


def test_ramp_tms_goes_before_the_gradient_and_zero_is_at_once():
    base = program(5, 100, exports=0)
    assert timed(plan([span(r.EXPORT, 0, 50, 3000, ramp_cs=1000)], base))[:3] == [
        (0, 5, 0),
        (5, 5, 1500),
        (10, 40, 3000),
    ]
    assert timed(plan([span(r.EXPORT, 0, 50, 3000, ramp_cs=0)], base))[0] == (0, 50, 3000)
    assert timed(plan([span(r.EXPORT, 0, 50, 3000)], program(5, 0, exports=0))) == [(0, 50, 3000)]


def test_a_ramp_that_is_cut_short_goes_on_from_where_it_was():
    # 0.27 % of 5000 W a second: 100 s are 1350 W of the way to 5000, and down again from there
    found = timed(plan([span(r.EXPORT, 0, 100, 5000)], program(5, 27, exports=0)))
    assert max(power_w for _, _, power_w in found) <= 1350
    assert found[-1][0] + found[-1][1] <= 200  # as long down as up


def test_a_way_from_nothing_said_begins_at_the_rated_power():
    found = timed(plan([span(r.EXPORT, 0, 100, 0, ramp_cs=3000)]))
    assert found[0] == (0, 5, 4166) and found[-1] == (30, 70, 0)


def test_without_a_default_a_way_begins_where_the_one_before_is_or_at_the_rated_power_after_a_pause():
    first = span(r.EXPORT, 0, 100, 1000)
    adjoining = timed(plan([first, span(r.EXPORT, 100, 200, 2000, ramp_cs=2000)]))
    assert adjoining[:3] == [(0, 100, 1000), (100, 5, 1000), (105, 5, 1250)]
    parted = timed(plan([first, span(r.EXPORT, 150, 250, 2000, ramp_cs=2000)]))
    assert parted[:3] == [(0, 100, 1000), (150, 5, 4250), (155, 5, 3500)]


def test_a_set_point_says_how_long_its_way_takes():
    found = plan([span(r.FIXED, 0, 100, 10000, ramp_cs=2000), span(r.FIXED, 100, 200, -10000)], program(5, 100))
    assert [each.body[1][-1].get(8) for each in found.timed] == [20, 140]  # 7000 W at 50 W a second


def test_an_isolator_opens_at_once_whatever_the_gradient():
    site = Site("battery", 5000, 4000, 3000, "k1")
    found = planned([span(r.CONNECT, 0, 50, 0)], [program(5, 27, exports=0)], site, NOW_S, AHEAD_S)
    assert [CLAIM, ["k1", 0, 50, 5, {3: 1000}]] in [each.body for each in found.timed]
