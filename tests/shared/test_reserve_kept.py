"""Windows over reboots: with a clock, without one, with one that comes later; in a snapshot; where nobody may."""

from __future__ import annotations

from agent import kept, record, snapshot
from agent.limits import SITE
from agent.orders import Refused, alone
from agent.reserve import Reservation, Reserving
from tests.shared.desk import CIVIL_MS, CLAIM, name_of
from tests.shared.garage import Garage
from tests.shared.market import AGG, CANCELLED, COMPLETED, EXPORT, LAPSED, RESERVED, STARTED, SUPERSEDED, VPP, Market


def test_windows_survive_a_reboot_on_the_civil_clock():
    desk = Market(CIVIL_MS)
    desk.want(VPP, CLAIM, ["charger", 8000, 600, 5])
    desk.pass_s(1)
    desk.reserve(AGG, "charger", 60)
    desk.reserve(AGG, "battery", 60, 62)
    desk.pass_s(10)
    assert desk.windows() == [(2, 62, True), (62, 122, False)]
    desk.reboot(desk.house.civil_ms + 20000)
    assert desk.windows() == [(0, 30, True), (30, 90, False)]
    desk.heard()
    desk.pass_s(1)
    assert [fact[4:] for fact in desk.told(record.RESERVATION)] == [
        [EXPORT, 3000, 0, 29000],
        [EXPORT, 3000, 29000, 89000],
    ]
    assert desk.heard() == [(1, SUPERSEDED)] and desk.source("charger") == "default"
    desk.pass_s(29)
    assert desk.heard() == [(2, COMPLETED), (3, STARTED), (1, STARTED)]
    desk.reboot(desk.house.civil_ms + 60000)
    assert desk.windows() == []
    desk.pass_s(1)
    assert desk.heard() == [(3, COMPLETED), (1, STARTED)]


def test_a_window_is_over_exactly_at_its_end():
    for late_ms, expected in ((-1, 1), (0, 0), (1, 0)):
        desk = Market(CIVIL_MS)
        desk.reserve(AGG, "charger", 60, 11)
        desk.reboot(desk.house.civil_ms + 70000 + late_ms)
        assert len(desk.windows()) == expected
        desk.pass_ms(0)
        assert desk.heard() == ([(1, STARTED)] if late_ms < 0 else [(1, LAPSED)])


def test_without_a_clock_a_window_goes_on_as_if_no_time_had_passed_until_there_is_one():
    for civil_ms in (0, CIVIL_MS):
        desk = Market(civil_ms)
        desk.reserve(AGG, "charger", 60)
        desk.reserve(AGG, "battery", 60, 61)
        desk.pass_s(10)
        desk.reboot()
        assert desk.windows() == [(0, 50, True), (50, 110, False)]
        desk.pass_s(1)
        if civil_ms:
            desk.heard()
            desk.house.civil_ms = CIVIL_MS + 41000
            desk.pass_s(1)
            assert [(each.from_ms, each.until_ms) for each in desk.reserving.windows] == [(0, 21000), (21000, 81000)]
            assert len(desk.told(record.RESERVATION)) == 2 and desk.heard() == []
            desk.reboot(desk.house.civil_ms + 1000)
            assert desk.windows() == [(0, 18, True), (18, 78, False)]


def test_once_an_hour_it_is_kept_how_long_windows_last_so_that_nobody_waits_for_more_than_an_hour_too_long():
    for lasts_s, keeps in ((7200, True), (0, False)):
        desk, kept_at = Market(), []
        if lasts_s:
            desk.reserve(AGG, "charger", lasts_s)
        for minute in range(1, 62):
            desk.state.must_persist = False
            desk.pass_s(60)
            if desk.state.must_persist and minute > 2:
                kept_at.append(minute)
        assert kept_at == ([60] if keeps else [])


def test_what_is_kept_of_a_window_that_runs_has_no_wait():
    desk = Market(CIVIL_MS)
    desk.reserve(AGG, "charger", 60)
    desk.pass_s(10)
    row = desk.reserving.kept(desk.state)[0]
    assert row[:5] == ["charger", EXPORT, 3000, "agg", name_of(1)]
    assert row[5:] == [0, 50000, 0, CIVIL_MS + 61000, True]
    desk.reboot(desk.house.civil_ms)
    assert (desk.reserving.windows[0].from_ms, desk.reserving.windows[0].until_ms) == (0, 50000)


def test_of_two_windows_one_may_be_over():
    desk = Market(CIVIL_MS)
    desk.reserve(AGG, "charger", 10)
    desk.reserve(AGG, "charger", 600)
    desk.pass_s(1)
    desk.reboot(desk.house.civil_ms + 100000)
    assert [each.command for each in desk.reserving.windows] == [name_of(2)]


def test_a_window_that_was_over_before_the_clock_was_known_has_nothing_left():
    desk = Market(CIVIL_MS)
    desk.reserve(AGG, "charger", 60)
    desk.pass_s(1)
    desk.reboot()
    desk.pass_s(1)
    desk.heard()
    desk.house.civil_ms = CIVIL_MS + 90000
    desk.pass_s(1)
    assert [fact[-2:] for fact in desk.told(record.RESERVATION)] == [[0, 0]]
    assert desk.heard() == [(1, COMPLETED)] and desk.windows() == []


def test_of_two_programmes_windows_that_a_clock_moves_into_one_another_the_first_stays():
    desk = Market(CIVIL_MS)
    desk.reserve(AGG, "charger", 600, 3600)
    desk.pass_s(1)
    desk.reboot()
    desk.pass_s(1)
    desk.reserve(VPP, "", 600)
    desk.reserve(VPP, "battery", 600)
    desk.heard()
    desk.house.civil_ms = CIVIL_MS + 3700000
    desk.pass_s(1)
    assert [(each.source, each.scope) for each in desk.reserving.windows] == [("agg", 1), ("vpp", 3)]
    assert (2, SUPERSEDED) in desk.heard()


def test_a_clock_that_is_set_later_moves_no_window():
    desk = Market(CIVIL_MS)
    desk.reserve(AGG, "charger", 60, 11)
    desk.house.civil_ms += 500000
    desk.state.must_persist = False
    desk.pass_s(1)
    assert desk.windows() == [(11, 71, False)] and desk.state.must_persist
    window = desk.reserving.windows[0]
    assert (window.from_civil_ms, window.until_civil_ms) == (desk.house.civil_ms + 9000, desk.house.civil_ms + 69000)


def test_what_waits_is_kept_as_what_it_was():
    desk = Market(CIVIL_MS)
    desk.want(VPP, CLAIM, ["charger", 8000, 0, 5])
    desk.want(VPP, CLAIM, ["battery", 1000, 600, 5])
    desk.pass_s(1)
    desk.reserve(AGG, "", 60)
    desk.pass_s(1)
    assert [each.due for each in desk.state.claims] == [False, False]
    desk.reboot(desk.house.civil_ms + 60000)
    assert [(each.due, each.ends_as) for each in desk.state.claims] == [(True, 0), (True, 0)]
    desk.heard()
    desk.pass_s(1)
    assert desk.heard() == [(3, COMPLETED), (1, STARTED), (2, STARTED)]
    desk.reserve(AGG, "", 60)
    desk.pass_s(1)
    desk.reboot()
    assert [(each.value, each.due) for each in desk.state.claims] == [(8000, True)]


def test_a_site_where_nobody_may_reserve_any_more_ends_what_was_kept():
    desk = Market(CIVIL_MS)
    desk.reserve(AGG, "charger", 60)
    desk.pass_s(1)
    desk.heard()

    blob = kept.dump(desk.state)
    for known in (["agg"], ["vpp"]):
        desk.reboot(desk.house.civil_ms, blob)
        kept.forget_others(desk.state, known)
        assert len(desk.windows()) == (1 if known == ["agg"] else 0)
    desk.pass_s(1)
    assert desk.heard() == [(1, CANCELLED)]
    desk.reboot(desk.house.civil_ms)
    desk.state.reserving = None
    kept.load(desk.state, blob, desk.house.civil_ms)
    assert desk.state.records == [[record.EVENT, 0, name_of(1), CANCELLED]]


def test_a_window_on_what_the_site_no_longer_has_is_over():
    desk = Market(CIVIL_MS)
    desk.reserve(AGG, "garage", 60)
    desk.pass_s(1)
    desk.heard()
    desk.reserving.load(desk.state, [["shed", EXPORT, 1, "agg", name_of(7), 0, 5000, 0, 0, False]], 0)
    assert desk.state.records == [[record.EVENT, 0, name_of(7), LAPSED]]


def test_a_phase_switch_is_its_chargers():
    state = Garage().state
    state.reserving = Reserving({"agg": 1, "vpp": 0})
    grid = Reservation(0, EXPORT, 1, "agg", b"")
    state.reserving.windows = [grid]
    assert state.reserving.over(state, state.scope_named("phases") or 0) == []
    for held in ("charger", "phases"):
        window = Reservation(state.scope_named(held) or 0, EXPORT, 1, "agg", b"")
        window.until_ms = 1 << 40
        state.reserving.windows = [window]
        for asked, setpoint in (("charger", 8000), ("phases", 1)):
            try:
                alone(state, VPP, CLAIM, [asked, setpoint, 60, 5], b"")
                raise AssertionError((held, asked))
            except Refused as refused:
                assert refused.args[0] == RESERVED


def test_a_snapshot_goes_on_as_the_original():
    desk = Market()
    desk.want(VPP, CLAIM, ["charger", 8000, 600, 5])
    desk.reserve(AGG, "annex", 60)
    desk.pass_s(1)
    packed = snapshot.pack(desk.state)
    again = snapshot.unpack(packed)
    assert snapshot.pack(again) == packed
    assert again.reserving is not None and again.reserving.waiting[0] is again.claims[0]
    assert again.reserving.windows[0].scope == SITE - 1
