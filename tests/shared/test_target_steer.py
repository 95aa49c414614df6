"""A target in one tick: who is steered, when all wait, when all stay, and what the budget is."""

from __future__ import annotations

from agent import target
from agent.claims import SETPOINT
from tests.shared.plant import Plant
from tests.shared.steered import OWN, battery, claim, ev, plant, stand

NOW_MS = 100000


def steered(site: Plant, wanted_w: int, shown_w: int) -> list[tuple[int | None, str]]:
    """Let a target be followed for one tick; return what is decided and why."""
    site.state.site.shown_w = shown_w
    claim(site, wanted_w).started = True
    target.follow(site.state, NOW_MS)
    return [(unit.next, unit.next_source) for unit in site.state.units[1:]]


def test_within_the_band_all_stay_as_they_are():
    for error_w, moved in ((0, False), (100, False), (-100, False), (101, True), (-101, True)):
        site = plant(battery(), battery("second"))
        for unit in stand(site, 1000, 500):
            unit.wanted = None
        assert (steered(site, 3000 + error_w, 3000)[0][1] == "claim agg") is moved, error_w


def test_within_the_band_who_is_new_or_wished_otherwise_is_split_anew():
    for was_steered, wished, moved in ((True, 1000, False), (False, 1000, True), (True, 1050, True)):
        site = plant(battery())
        unit = stand(site, 1000)[0]
        unit.steered, unit.wished, unit.wanted = was_steered, wished, None
        assert steered(site, 3050, 3000) == ([(1050, "claim agg")] if moved else [(1000, "before")])
        assert unit.was_steered is was_steered and unit.steered


def test_what_stays_is_what_was_granted_not_what_is_wished():
    site = plant(ev())
    unit = stand(site, 10000)[0]
    unit.next = unit.wished = 32000
    unit.next_source = "default"
    assert steered(site, 3000, 3000) == [(10000, "before")]


def test_the_budget_is_what_the_members_do_and_what_is_missing():
    site = plant(ev(), battery())
    stand(site, 10000, -1000)
    assert steered(site, 3500, 3000) == [(10000, "before"), (-500, "claim agg")]
    site = plant(ev(), battery())
    stand(site, 10000, -1000)
    assert steered(site, 2500, 3000) == [(10000, "before"), (-1500, "claim agg")]


def test_while_one_is_on_its_way_the_others_wait_but_fall_where_less_is_wished():
    for was_steered, following, wished, wanted, decided in (
        (True, 10000, 10000, 8000, (8000, "waits")),
        (True, 10000, 9000, 8000, (8000, "waits")),
        (True, 8000, 9000, 8000, (8000, "waits")),
        (True, 7900, 9000, 8000, (7900, "before")),
        (True, 7900, 7900, 8000, (8000, "waits")),
        (False, 10000, 10000, 8000, (10000, "before")),
        (False, 7900, 7900, 8000, (7900, "before")),
    ):
        site = plant(ev(), battery())
        car, other = stand(site, 10000, 0)
        car.steered, car.next, car.wished = was_steered, following, wished
        car.wanted, car.wanted_source = wanted, "waits"
        other.guard.moved_ms = NOW_MS - 1000
        assert steered(site, 9000, 3000)[0] == decided, (was_steered, following, wished)
        assert car.steered and other.steered


def test_what_no_target_moves_is_forgotten():
    for started, shown_w, aimed in ((True, 3000, True), (False, 3000, False), (True, None, False), (True, 0, True)):
        site = plant(battery())
        unit = stand(site, 1000)[0]
        wanted = claim(site, 5000)
        wanted.started, site.state.site.shown_w = started, shown_w
        target.follow(site.state, NOW_MS)
        assert site.state.site.aim is (wanted if aimed else None)
        assert unit.steered is aimed and unit.was_steered
        assert unit.next_source == ("claim agg" if aimed else "before")
    site.state.claims.clear()
    target.follow(site.state, NOW_MS)
    assert site.state.site.aim is None and not unit.steered


def test_who_is_pinned_counts_with_nothing():
    site = plant(ev(), battery())
    stand(site, 10000, 0)
    claim(site, 10000, SETPOINT, 1, OWN)
    assert steered(site, 4000, 3000) == [(10000, "before"), (1000, "claim agg")]
    assert [unit.steered for unit in site.state.units[1:]] == [False, True]
