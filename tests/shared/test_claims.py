"""What somebody wants: who wins, for which mode, and what is wanted on the way there."""

from __future__ import annotations

from agent.claims import ASIDE, CEILING, CHANGE, CLAIMS_MAX, SETPOINT, TARGET, Claim, places, slot, winner

SITE = -1


def claim(value: int, primacy: int = 5, created: int = 1, until_ms: int = 5000, scope: int = 1, mode: int = SETPOINT):
    return Claim(scope, value, primacy, created, "agg", until_ms, b"", mode)


def wins(better: Claim, worse: Claim) -> bool:
    """Tell whether one wins in either order."""
    return (
        better.beats(worse)
        and not worse.beats(better)
        and winner([better, worse], 1) is better is winner([worse, better], 1)
    )


def test_lowest_primacy_wins_whenever_it_came():
    assert wins(claim(1, primacy=4, created=1), claim(2, primacy=5, created=9))
    assert wins(claim(1, primacy=4, created=9), claim(2, primacy=5, created=1))
    assert wins(claim(1, primacy=0), claim(2, primacy=1))


def test_a_tie_goes_to_the_later_created():
    assert wins(claim(1, created=2), claim(2, created=1))
    assert not claim(1, created=2).beats(claim(2, created=2))


def test_whatever_has_an_end_goes_before_a_default_control():
    assert wins(claim(1, primacy=9, created=1, until_ms=1), claim(2, primacy=0, created=2, until_ms=0))
    assert wins(claim(1, primacy=1, created=1, until_ms=0), claim(2, primacy=2, created=2, until_ms=0))
    assert wins(claim(1, primacy=2, created=2, until_ms=0), claim(2, primacy=2, created=1, until_ms=0))


def test_a_claim_is_for_its_own_device():
    claims = [claim(0, scope=0), claim(2, scope=2), claim(SITE, scope=SITE)]
    assert [winner(claims, scope) for scope in (0, 2, SITE)] == claims
    assert winner(claims, 1) is None
    assert winner([], 1) is None


def test_a_claim_that_has_not_begun_wins_nothing():
    early, later = claim(1, primacy=5), claim(2, primacy=1)
    later.due = False
    assert winner([early, later], 1) is early
    assert winner([later], 1) is None
    later.due = True
    assert winner([early, later], 1) is later


def test_a_loser_keeps_the_modes_that_the_winner_does_not_set():
    ceiling, setpoint = claim(1, primacy=9, mode=CEILING), claim(2, primacy=1, mode=SETPOINT)
    assert winner([ceiling, setpoint], 1) is setpoint
    assert winner([ceiling, setpoint], 1, SETPOINT) is setpoint
    assert winner([ceiling, setpoint], 1, CEILING) is ceiling
    assert winner([ceiling, setpoint], 1, TARGET) is None
    assert winner([ceiling], 1) is None and winner([setpoint], 1, CEILING) is None


def test_a_change_and_a_target_compete():
    target, change = claim(1, primacy=5, scope=SITE, mode=TARGET), claim(2, primacy=4, scope=SITE, mode=CHANGE)
    assert winner([target, change], SITE, TARGET) is change
    assert winner([target], SITE, TARGET) is target
    assert [slot(mode) for mode in (SETPOINT, CEILING, TARGET, CHANGE)] == [SETPOINT, CEILING, TARGET, TARGET]
    assert len({SETPOINT, CEILING, TARGET, CHANGE}) == 4


def test_without_an_origin_all_is_wanted_at_once():
    for mode in (SETPOINT, CEILING, TARGET):
        wanted = claim(4000, mode=mode)
        wanted.ramp_ms = 10000
        assert wanted.value_at(0) == 4000


def test_a_ramp_leads_from_its_origin_to_what_is_wanted_and_ends_there():
    ramp = claim(4000)
    ramp.origin, ramp.ramp_ms, ramp.started_ms = 1000, 10000, 7000
    assert [ramp.value_at(now_ms) for now_ms in (7000, 8000, 12000, 16999, 17000, 99000)] == [
        1000, 1300, 2500, 3999, 4000, 4000,
    ]  # fmt: skip
    ramp.origin = 9000
    assert [ramp.value_at(now_ms) for now_ms in (7000, 12000, 17000)] == [9000, 6500, 4000]


def test_without_a_ramp_the_step_is_at_once():
    step = claim(4000)
    step.origin, step.started_ms = 1000, 7000
    assert step.value_at(7000) == 4000


def test_a_change_counts_from_what_was_and_its_ramp_begins_at_what_is():
    change = claim(-1500, scope=SITE, mode=CHANGE)
    change.base = 4000
    assert change.value_at(0) == 2500
    change.ramp_ms, change.origin = 1000, 4000
    assert [change.value_at(now_ms) for now_ms in (0, 500, 1000)] == [4000, 3250, 2500]
    change.origin = 3000
    assert [change.value_at(now_ms) for now_ms in (0, 500, 1000)] == [3000, 2750, 2500]
    change.base = 0
    assert change.value_at(1000) == -1500


def running(value: int, ramp_ms: int = 0, mode: int = CHANGE, scope: int = SITE) -> Claim:
    """Return a claim that is on its way."""
    made = claim(value, mode=mode, scope=scope)
    made.started, made.started_ms, made.ramp_ms, made.base, made.origin = True, 5000, ramp_ms, 700, 300
    return made


def took_over(new: Claim, old: Claim) -> bool:
    """Tell whether the new claim goes on where the old one was: all of it, or nothing."""
    new.goes_on(old)
    found = (new.base, new.origin, new.started_ms)
    assert found in ((700, 300, 5000), (None, None, 0))
    return found[0] == 700


def test_who_says_the_same_again_goes_on_where_he_was():
    old = running(-1500, 9000)
    again = claim(-1500, scope=SITE, mode=CHANGE, primacy=1, created=7, until_ms=0)
    again.ramp_ms = 9000
    assert took_over(again, old)
    later = claim(-1500, scope=SITE, mode=CHANGE)
    later.ramp_ms, later.due = 9000, False
    assert not took_over(later, old)


def test_who_says_something_else_begins_anew():
    old = running(-1500)
    for value, scope, mode, ramp_ms in (
        (-1501, SITE, CHANGE, 0),
        (-1499, SITE, CHANGE, 0),
        (-1500, SITE - 1, CHANGE, 0),
        (-1500, 0, CHANGE, 0),
        (-1500, SITE, TARGET, 0),
        (-1500, SITE, CHANGE + 1, 0),
        (-1500, SITE, CHANGE, 1),
    ):
        new = claim(value, scope=scope, mode=mode)
        new.ramp_ms = ramp_ms
        assert not took_over(new, old)
    for ramp_ms in (8999, 9001):
        new = claim(-1500, scope=SITE, mode=CHANGE)
        new.ramp_ms = ramp_ms
        assert not took_over(new, running(-1500, 9000))
    waited = running(-1500)
    waited.started = False
    assert not took_over(claim(-1500, scope=SITE, mode=CHANGE), waited)


def test_a_new_claim_is_due_and_has_not_started():
    new = claim(1)
    assert new.due and not new.started and new.base is None and new.origin is None
    assert (new.from_ms, new.from_civil_ms, new.until_civil_ms, new.ends_as, new.ramp_ms, new.started_ms) == (0,) * 6
    assert new.name == "claim agg"


def test_an_opt_out_of_the_whole_site_has_a_place_of_its_own():
    taken = {(SITE, ASIDE): 0, (SITE, TARGET): 1, (SITE - 1, ASIDE): 1, (0, ASIDE): 1, (0, SETPOINT): 1}
    for scope, mode in taken:
        assert places([claim(0, scope=scope, mode=mode)]) == taken[scope, mode], (scope, mode)


def test_the_numbers_are_those_that_stand_in_commands_and_in_what_is_kept():
    assert (SETPOINT, CEILING, TARGET, CHANGE) == (0, 1, 2, 3)
    assert CLAIMS_MAX == 32
    assert slot(3) == 2 and winner([], 0, 0) is None
