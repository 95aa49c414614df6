"""What is kept over a reboot, at the edges: what has just ended, just begun, never ends, or is no state of ours."""

from __future__ import annotations

from agent import cbor, record
from agent.claims import Claim
from agent.kept import dump, follow_civil, forget_others, load
from agent.limits import HOLD, IMPORT, RELEASE, SITE, Limit
from tests.shared.desk import CIVIL_MS, Desk, name_of

CHARGER = 1


def limited(desk: Desk, until_ms: int, on_expiry: int) -> Limit:
    """Put a limit in force."""
    limit = Limit(SITE, IMPORT, 4200, "dso", until_ms, name_of(1))
    limit.on_expiry = on_expiry
    desk.state.limits.append(limit)
    return limit


def test_what_is_left_of_a_limit_is_kept():
    for until_ms, on_expiry, left_ms in (
        (0, RELEASE, -1),
        (0, HOLD, -1),
        (6000, RELEASE, 1000),
        (6000, HOLD, 1000),
        (5000, RELEASE, 0),
        (5000, HOLD, 1),
        (4000, HOLD, 1),
    ):
        desk = Desk()
        desk.state.now_ms = 5000
        limited(desk, until_ms, on_expiry)
        assert cbor.decode(dump(desk.state))[3][0][4] == left_ms


def test_a_limit_that_holds_comes_back_as_good_as_over():
    desk = Desk()
    limit = limited(desk, 6000, HOLD)
    limit.until_civil_ms = CIVIL_MS
    desk.reboot(CIVIL_MS + 5000, dump(desk.state))
    assert [each.until_ms for each in desk.state.limits] == [1]


def test_a_claim_that_waits_begins_at_its_very_moment():
    for late_ms, due, from_ms in ((-1, False, 1), (0, True, 0), (1, True, 0)):
        desk = Desk()
        claim = Claim(CHARGER, 8000, 5, 1, "agg", 900000, name_of(1))
        claim.due, claim.from_civil_ms, claim.until_civil_ms = False, CIVIL_MS, CIVIL_MS + 60000
        desk.state.claims.append(claim)
        desk.reboot(CIVIL_MS + late_ms, dump(desk.state))
        assert [(each.due, each.from_ms) for each in desk.state.claims] == [(due, from_ms)]


def test_what_nobody_could_end_any_more_is_cancelled_before_the_first_moment():
    desk = Desk()
    limited(desk, 0, RELEASE)
    desk.state.claims.append(Claim(CHARGER, 8000, 5, 1, "agg", 0, name_of(2)))
    forget_others(desk.state, ["owner"])
    ended = [[record.EVENT, 0, name_of(n), record.CANCELLED] for n in (1, 2)]
    assert desk.state.records == ended and desk.state.limits == [] and desk.state.claims == []


def test_when_the_clock_is_known_what_is_over_ends_and_what_waits_rests():
    desk = Desk()
    over, waits = limited(desk, 900000, RELEASE), limited(desk, 900000, RELEASE)
    state = desk.state
    state.now_ms, state.civil_ms = 5000, CIVIL_MS
    over.until_civil_ms = CIVIL_MS - 60000
    waits.early, waits.from_civil_ms, waits.until_civil_ms = True, CIVIL_MS + 60000, CIVIL_MS + 900000
    follow_civil(state, True)
    assert (over.until_ms, over.live) == (1, True)
    assert (waits.due, waits.early, waits.live, waits.from_ms) == (False, False, False, 65000)


def test_what_is_no_state_of_ours_is_refused_with_its_beginning():
    whole = cbor.decode(dump(Desk().state))
    budgets = [["a device with a long name", 1, 2]]
    for spoiled in (whole + [[]], whole[:5], [2, 5, 0, [], [], budgets], [4] + whole[1:], {}, 7):
        blob, refused = cbor.encode(spoiled), None
        try:
            load(Desk().state, blob, 0)
        except ValueError as error:
            refused = error.args
        assert refused == ("kept state", blob[:16]) or refused == ("another format",), spoiled
        assert type(spoiled) is not list or spoiled[1] != 5 or (refused[0] == "kept state" and len(blob) > 17)
