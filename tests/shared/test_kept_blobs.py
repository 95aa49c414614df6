"""The kept bytes: those of the release before, those of nobody, and that what was kept is what comes back."""

from __future__ import annotations

from agent import cbor, record
from agent.claims import Claim
from agent.kept import dump, load
from agent.limits import SITE, Limit
from tests.shared.desk import CIVIL_MS, LIMIT, PHASES, QUANTITY, Desk, name_of
from tests.shared.house import DSO, OWNER
from tests.shared.seeded import Lcg, anything

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STARTED, COMPLETED, CANCELLED, SUPERSEDED = record.STARTED, record.COMPLETED, record.CANCELLED, record.SUPERSEDED
LAPSED = record.LAPSED
CHARGER = 1
CHANGE = 3


def at_work(civil_ms: int = 0) -> Desk:
    """Return a house after its first second."""
    desk = Desk(civil_ms)
    desk.pass_s(1)
    return desk


def old_blob(limits: list[Any], claims: list[Any]) -> bytes:
    """Return a kept state as version 1 wrote it."""
    return cbor.encode([1, [[DSO.key_id, 77], [OWNER.key_id, 5]], 9, limits, claims])


def test_the_state_of_the_release_before_is_taken_over():
    limit = ["", 0, 4200, "dso", 50000, CIVIL_MS + 60000, name_of(1)]
    own = ["charger", 1, 3000, "owner", 50000, 0, name_of(2)]
    claim = ["charger", 8000, 5, 9, "agg", CIVIL_MS + 60000, name_of(3)]
    desk = Desk()
    desk.reboot(CIVIL_MS + 30000, old_blob([limit, own], [claim]))
    state = desk.state
    assert (state.counters, state.created) == ({DSO.key_id: 77, OWNER.key_id: 5}, 9)
    kept = [(each.scope, each.direction, each.value, each.source, each.until_ms) for each in state.limits]
    assert kept == [(SITE, 0, 4200, "dso", 30000), (1, 1, 3000, "owner", 50000)]
    for each in state.limits:
        assert (each.quantity, each.phases, each.on_expiry, each.due, each.early, each.live) == (
            0,
            7,
            0,
            True,
            False,
            True,
        )
    one = state.claims[0]
    assert (one.scope, one.value, one.primacy, one.created, one.source, one.until_ms) == (1, 8000, 5, 9, "agg", 30000)
    assert (one.mode, one.due, one.ramp_ms, one.base) == (0, True, 0, None)
    assert cbor.decode(dump(state), items_max=4096)[0] == 3
    assert [each.from_civil_ms for each in state.limits] == [0, 0] and one.from_civil_ms == 0
    desk.reboot(CIVIL_MS + 100000)
    assert [fact[1] for fact in desk.state.records] == [0, 0]  # the first tick says when
    desk.pass_s(1)
    assert desk.heard() == [(1, COMPLETED), (3, LAPSED)]


def test_counters_of_the_release_before_refuse_what_they_have_seen():
    desk = Desk()
    desk.reboot(0, old_blob([], [["charger", 8000, 5, 9, "agg", CIVIL_MS, name_of(3)]]))
    assert desk.state.claims == []
    desk.asked = 76
    assert desk.ask(DSO, LIMIT, ["", 0, 4200, 60]) == record.REPLAYED
    assert desk.ask(DSO, LIMIT, ["", 0, 4200, 60]) == record.ACCEPTED


def test_budgets_of_the_release_before_are_taken_over():
    desk = Desk()
    desk.reboot(0, cbor.encode([2, [], 1, [], [], [["heatpump", 7, -5]]]))
    guard = desk.state.units[2].guard
    assert (guard.writes, guard.tokens, guard.started) == (7, -5, [])


def test_nothing_kept_is_a_beginning():
    desk = Desk()
    desk.reboot(CIVIL_MS, b"")
    assert (desk.state.counters, desk.state.limits, desk.state.claims, desk.state.created) == ({}, [], [], 0)


def refused(blob: bytes) -> bool:
    """Tell whether a blob is none of ours."""
    try:
        load(Desk().state, blob, 0)
    except (ValueError, cbor.CborError):
        return True
    return False


def test_what_is_none_of_ours_is_refused():
    for fields in (
        [], 7, {}, None, [2], [1, [], 0, [], [], []], [2, [], 0, [], []], [4, [], 0, [], [], []], [0, [], 0, [], []],
        ["2", [], 0, [], [], []],
    ):  # fmt: skip
        assert refused(cbor.encode(fields)), fields
    good = dump(Desk().state)
    assert not refused(good) and not refused(old_blob([], []))
    assert refused(good + b"\x00") and refused(good[:-1]) and refused(b"\xff")


def test_a_blob_takes_no_more_memory_than_the_bound_of_its_items():
    assert refused(b"\x86\x02\x99\x20\x00" + b"\x80" * 8192)
    assert refused(b"\x86\x02\x9a\xff\xff\xff\xff" + b"\x80" * 100)


# Anything


def full(lcg: Lcg, desk: Desk) -> None:
    """Fill every place with something."""
    state = desk.state
    for n in range(32):
        limit = Limit(lcg.pick([SITE, 1, 2, 3]), lcg.below(2), lcg.below(1 << 40), "s" * lcg.below(64), 0, name_of(n))
        limit.quantity, limit.phases, limit.on_expiry = lcg.below(2), 1 + lcg.below(7), lcg.below(2)
        claim = Claim(0, lcg.below(9999) - 5000, lcg.below(256), 0, "t" * lcg.below(64), 0, name_of(n + 100))
        claim.mode = lcg.below(4)
        claim.scope = SITE if claim.mode > 1 else lcg.pick([1, 2, 3])
        claim.base = lcg.pick([None, -100, 1 << 30])
        for control in (limit, claim):
            waits = lcg.chance(3)
            control.from_ms = state.now_ms + (1 + lcg.below(100000) if waits else 0)
            control.due = not waits
            control.until_ms = lcg.pick([0, control.from_ms + 1 + lcg.below(1 << 31)])
            control.ends_as = lcg.pick([0, 6])
            control.from_civil_ms = control.from_ms + state.ahead_ms() if waits else 0
            control.until_civil_ms = control.until_ms + state.ahead_ms() if control.until_ms else 0
        claim.ramp_ms = 0 if claim.due else 1000 * lcg.below(3600)
        state.created += 1
        claim.created = state.created
        state.limits.append(limit)
        state.claims.append(claim)
    for n in range(8):
        state.counters[bytes([n]) * 8] = 1 + lcg.below(1 << 30)
    for unit in state.units:
        unit.guard.writes, unit.guard.tokens = lcg.below(3), lcg.below(1 << 40) - (1 << 39)
        if unit.guard.starts_per_h:
            ages_s = sorted([lcg.below(3600) for _ in range(lcg.below(unit.guard.starts_per_h + 1))], reverse=True)
            unit.guard.started = [state.now_ms - 1000 * age_s for age_s in ages_s]


def test_what_was_kept_is_what_comes_back():
    for seed in range(12):
        desk = at_work(CIVIL_MS)
        full(Lcg(seed), desk)
        kept = dump(desk.state)
        assert len(kept) < 20000
        desk.reboot(desk.house.civil_ms, kept)
        assert dump(desk.state) == kept
        before = [sorted(each.__dict__.items()) for each in desk.state.claims]
        desk.reboot(desk.house.civil_ms)
        assert [sorted(each.__dict__.items()) for each in desk.state.claims] == before
        for _ in range(2):  # without a clock nothing is lost of a limit either, and nothing comes of a claim
            desk.reboot()
            limits = cbor.decode(dump(desk.state), items_max=4096)[3]
            assert limits == cbor.decode(kept, items_max=4096)[3]
        assert all(claim.until_ms == 0 for claim in desk.state.claims)


def test_any_spoiled_blob_is_loaded_or_refused_as_what_it_is():
    lcg = Lcg(5)
    desk = at_work(CIVIL_MS)
    full(lcg, desk)
    kept = dump(desk.state)
    for _ in range(150):
        at = lcg.below(len(kept))
        blob = kept[:at] + bytes([lcg.below(256)]) + kept[at + 1 :]
        try:
            load(at_work().state, blob, lcg.pick([0, CIVIL_MS]))
        except (ValueError, cbor.CborError):
            pass
    for _ in range(100):
        assert refused(cbor.encode(anything(lcg)))


def test_counters_of_nobody_and_without_a_number_are_refused():
    for counters in ([[1, 5]], [["dso", 5]], [[DSO.key_id, "5"]], [[DSO.key_id, True]], [[DSO.key_id, None]]):
        assert refused(cbor.encode([2, counters, 1, [], [], []]))
    assert not refused(cbor.encode([2, [[DSO.key_id, 5]], 1, [], [], []]))


def test_phases_and_quantities_come_back():
    desk = at_work()
    desk.want(DSO, LIMIT, ["", 0, 16000, 0, {QUANTITY: 1, PHASES: 5}])
    desk.reboot()
    limit = desk.state.limits[0]
    assert (limit.quantity, limit.phases, limit.live) == (1, 5, True)
