"""What survives a reboot: with a clock, without one, with one that comes later, and from the release before."""

from __future__ import annotations

from agent import cbor, record
from agent.circuits import Circuit
from agent.claims import Claim
from agent.kept import dump, forget_others, load
from agent.limits import IMPORT, SITE, tightest
from agent.state import State
from agent.unit import Unit
from tests.shared.desk import CIVIL_MS, CLAIM, LIMIT, MODE, ON_EXPIRY, RAMP_S, START_S, Desk, name_of
from tests.shared.house import AGENT_ID, AGGREGATOR, BATTERY, DSO, METER, OWNER, TABLE, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

STARTED, COMPLETED, CANCELLED, SUPERSEDED = record.STARTED, record.COMPLETED, record.CANCELLED, record.SUPERSEDED
LAPSED = record.LAPSED
CHARGER = 1
CHANGE = 3


def binding(desk: Desk) -> int | None:
    """Return the site's import limit in force."""
    limit = tightest(desk.state.limits, SITE, IMPORT)
    return None if limit is None else limit.value


def at_work(civil_ms: int = 0) -> Desk:
    """Return a house after its first second."""
    desk = Desk(civil_ms)
    desk.pass_s(1)
    return desk


def test_default_controls_survive_without_any_clock():
    desk = at_work()
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    desk.want(OWNER, CLAIM, ["charger", 8000, 0, 0])
    for _ in range(3):
        desk.reboot()
        assert binding(desk) == 4200
        desk.pass_s(2)
        assert desk.state.units[CHARGER].wanted == 8000
    assert desk.heard() == [(2, STARTED)] * 3
    assert (desk.state.limits[0].until_ms, desk.state.claims[0].until_ms) == (0, 0)


def test_a_default_still_rests_for_its_sources_word_after_a_reboot():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    desk.want(DSO, LIMIT, ["", 0, 9000, 60])
    desk.reboot(desk.house.civil_ms + 30000)
    assert desk.limits() == [(4200, False), (9000, True)]
    desk.pass_s(30)
    assert desk.limits() == [(4200, True)]


def test_timed_controls_go_on_by_the_civil_clock():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 60])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 60, 5])
    desk.reboot(desk.house.civil_ms + 20000)
    desk.pass_ms(39999)
    assert binding(desk) == 4200 and len(desk.state.claims) == 1
    desk.heard()
    desk.pass_ms(1)
    assert desk.heard() == [(1, COMPLETED), (2, COMPLETED)]


def test_what_ended_meanwhile_is_said():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 60])
    desk.want(DSO, LIMIT, ["", 0, 5000, 60, {START_S: 100}])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 60, 5])
    desk.reboot(desk.house.civil_ms + 200000)
    assert desk.state.limits == [] and desk.state.claims == []
    desk.pass_s(1)
    assert desk.heard() == [(1, COMPLETED), (2, LAPSED), (3, LAPSED)]


def test_a_control_is_over_exactly_at_its_end():
    for late_ms, kept in ((-1, 1), (0, 0), (1, 0)):
        desk = at_work(CIVIL_MS)
        desk.want(DSO, LIMIT, ["", 0, 4200, 60])
        desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 60, 5])
        desk.reboot(desk.house.civil_ms + 60000 + late_ms)
        assert (len(desk.state.limits), len(desk.state.claims)) == (kept, kept)


def test_without_a_clock_a_limit_has_all_that_was_left_and_a_claim_is_dropped():
    for civil_ms in (0, CIVIL_MS):
        desk = at_work(civil_ms)
        desk.want(DSO, LIMIT, ["", 0, 4200, 60])
        desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 60, 5])
        desk.pass_s(10)
        desk.reboot()
        assert desk.state.limits[0].until_ms == 50000 and desk.state.claims == []
        desk.pass_ms(49999)
        assert binding(desk) == 4200
        desk.pass_ms(1)
        assert binding(desk) is None


def test_a_waiting_control_waits_on_where_the_clock_is_known():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 60, {START_S: 101}])
    desk.want(DSO, LIMIT, ["", 1, 4200, 0, {START_S: 101}])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 60, 5, {START_S: 101, RAMP_S: 30}])
    desk.want(AGGREGATOR, CLAIM, ["battery", 1000, 0, 5, {START_S: 101}])
    desk.reboot(desk.house.civil_ms + 40000)
    controls = desk.state.limits + desk.state.claims
    assert [(each.due, each.from_ms, each.until_ms) for each in controls] == [
        (False, 60000, 120000), (False, 60000, 0), (False, 60000, 120000), (False, 60000, 0),
    ]  # fmt: skip
    desk.pass_ms(59999)
    assert binding(desk) is None and desk.limits() == [(4200, False)] * 2
    assert desk.heard() == []
    desk.pass_ms(1)
    assert desk.heard() == [(1, STARTED), (2, STARTED), (3, STARTED), (4, STARTED)]
    assert desk.state.claims[0].ramp_ms == 30000
    desk.pass_s(60)
    assert desk.heard() == [(1, COMPLETED), (3, COMPLETED)]


def test_what_should_have_begun_while_the_power_was_off_begins_with_the_first_tick():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 600])
    desk.want(DSO, LIMIT, ["", 0, 9000, 600, {START_S: 101}])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 600, 5, {START_S: 101}])
    desk.reboot(desk.house.civil_ms + 200000)
    desk.pass_s(1)
    assert desk.limits() == [(9000, True)]
    assert desk.heard() == [(2, STARTED), (1, SUPERSEDED), (3, STARTED)]
    assert desk.state.limits[0].until_ms == 500000


def test_without_a_clock_a_waiting_limit_is_in_force_at_once_and_a_waiting_claim_is_dropped():
    for civil_ms in (0, CIVIL_MS):
        desk = at_work(civil_ms)
        desk.want(DSO, LIMIT, ["", 0, 4200, 60, {START_S: 101}])
        desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 60, 5, {START_S: 101}])
        desk.want(AGGREGATOR, CLAIM, ["battery", 1000, 0, 5, {START_S: 101}])
        desk.reboot()
        assert binding(desk) == 4200 and desk.state.claims == []
        assert desk.state.limits[0].until_ms == 160000
        desk.pass_s(1)
        assert desk.heard() == [(2, LAPSED), (3, LAPSED)]


def test_what_is_in_force_early_neither_rests_a_default_nor_gives_way_to_a_newer_word():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    desk.want(DSO, LIMIT, ["", 0, 9000, 60, {START_S: 101}])
    desk.want(DSO, LIMIT, ["", 0, 3000, 60, {START_S: 301}])
    desk.reboot()
    assert desk.limits() == [(4200, True), (9000, True), (3000, True)]
    desk.pass_s(1)
    desk.asked = 50
    desk.want(DSO, LIMIT, ["", 0, 10000, 60])
    assert desk.limits() == [(4200, False), (9000, True), (3000, True), (10000, True)]
    desk.reboot()
    assert [limit.early for limit in desk.state.limits] == [False, True, True, False]


def test_a_limit_in_force_early_waits_again_once_the_clock_is_known():
    desk = at_work(CIVIL_MS)
    began_ms = desk.house.civil_ms
    desk.want(DSO, LIMIT, ["", 0, 4200, 60, {START_S: 101}])
    desk.want(DSO, LIMIT, ["", 0, 5000, 60, {START_S: 51}])
    desk.reboot()
    desk.pass_s(5)
    assert binding(desk) == 4200
    desk.reboot()  # once more, still without
    desk.pass_s(5)
    assert binding(desk) == 4200
    desk.house.civil_ms = began_ms + 50000
    desk.state.must_persist = False
    desk.pass_ms(1000)
    assert desk.state.must_persist
    assert desk.limits() == [(4200, False), (5000, True)] and desk.heard() == [(2, STARTED)]
    first, second = desk.state.limits
    assert first.from_ms - desk.state.now_ms == 49000 and first.until_ms - desk.state.now_ms == 109000
    assert second.until_ms - desk.state.now_ms == 59000
    desk.pass_s(49)
    assert desk.limits() == [(4200, True)]


def test_a_limit_kept_without_a_clock_is_shortened_when_it_is_known_and_may_be_over():
    for passed_ms, left in ((59000, 1), (60000, 0), (61000, 0), (90000000, 0)):
        desk = at_work(CIVIL_MS)
        desk.want(DSO, LIMIT, ["", 0, 4200, 61])
        civil_ms = desk.house.civil_ms
        desk.reboot()
        desk.house.civil_ms = civil_ms + passed_ms
        desk.pass_s(1)
        assert len(desk.state.limits) == left, passed_ms
        assert binding(desk) == (4200 if left else None)


def test_a_known_end_at_the_very_boot_is_an_end():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 60])
    until_civil_ms = desk.state.limits[0].until_civil_ms
    desk.reboot()
    desk.house.civil_ms = until_civil_ms
    desk.pass_ms(1000)
    assert desk.limits() == [] and desk.heard() == [(1, COMPLETED)]


def test_a_clock_that_is_set_moves_no_control_but_what_is_written_of_it():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 600, {START_S: 101}])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 600, 5, {START_S: 101}])
    for step_ms in (5000000, -9000000):
        desk.house.civil_ms += step_ms
        desk.pass_s(1)
        ahead_ms = desk.house.civil_ms - desk.house.now_ms
        for control in desk.state.limits + desk.state.claims:
            assert (control.from_ms, control.until_ms, control.due) == (101000, 701000, False)
            assert control.from_civil_ms == 101000 + ahead_ms
            assert control.until_civil_ms == 701000 + ahead_ms


def test_controls_from_before_the_clock_was_known_are_written_down_when_it_is():
    desk = at_work()
    desk.want(DSO, LIMIT, ["", 0, 4200, 600, {START_S: 101}])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 600, 5])
    desk.house.civil_ms = CIVIL_MS
    desk.pass_s(1)
    desk.reboot(desk.house.civil_ms + 50000)
    assert [(each.due, each.until_ms) for each in desk.state.limits + desk.state.claims] == [
        (False, 649000), (True, 549000),
    ]  # fmt: skip


def test_a_limit_that_holds_holds_over_a_reboot():
    for civil_ms, back_ms in ((0, 0), (CIVIL_MS, 0), (CIVIL_MS, CIVIL_MS + 500000)):
        for passed_s in (5, 100):
            desk = at_work(civil_ms)
            desk.want(DSO, LIMIT, ["", 0, 4200, 60, {ON_EXPIRY: 1}])
            desk.pass_s(passed_s)
            desk.reboot(back_ms)
            desk.pass_s(200)
            assert binding(desk) == 4200
            desk.house.civil_ms = CIVIL_MS + 900000
            desk.pass_s(2)
            assert binding(desk) == 4200
            desk.asked = 50
            desk.want(DSO, LIMIT, ["", 0, 9000, 60])
            assert binding(desk) == 9000


def test_what_was_cancelled_by_chance_is_said_to_be_after_a_reboot_too():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 0, 5])
    desk.pass_s(1)
    for number, who in ((1, DSO), (2, AGGREGATOR)):
        desk.want(who, 3, [name_of(number), {7: 600}])
    desk.heard()
    for back_ms in (100, 700000):
        blob = dump(desk.state)
        desk.reboot(desk.house.civil_ms + back_ms, blob)
        desk.pass_s(700)
        assert [each for each in desk.heard() if each[1] != STARTED] == [(1, CANCELLED), (2, CANCELLED)]
        desk.house.civil_ms = CIVIL_MS
        desk.reboot(CIVIL_MS, blob)


def test_a_change_counts_from_the_same_after_a_reboot_and_no_ramp_begins_again():
    desk = Desk(CIVIL_MS)
    desk.house.ev_w = 0
    desk.pass_s(400)
    desk.want(AGGREGATOR, CLAIM, ["", 1000, 600, 5, {MODE: CHANGE, RAMP_S: 100}])
    desk.pass_s(10)
    desk.reboot(desk.house.civil_ms + 1000)
    desk.pass_s(1)
    claim = desk.state.claims[0]
    assert (claim.base, claim.value_at(desk.state.now_ms), claim.started) == (3300, 4300, True)


def test_order_of_admission_goes_on():
    desk = at_work()
    desk.want(OWNER, CLAIM, ["charger", 8000, 0, 5])
    desk.reboot()
    desk.want(OWNER, CLAIM, ["charger", 9000, 0, 5])
    assert [claim.created for claim in desk.state.claims] == [1, 2]
    desk.pass_s(1)
    assert desk.state.units[CHARGER].wanted == 9000


def test_what_is_left_of_a_limit_is_kept_anew_every_hour():
    for duration_s, first_ms, keeps in (
        (7200, 3599999, [False, True, False, True]), (7200, 7199999, [True, True]), (0, 3599999, [False, False]),
    ):  # fmt: skip
        desk = at_work()
        desk.want(DSO, LIMIT, ["", 0, 4200, duration_s])
        desk.pass_s(1)
        for step_ms, kept in zip((first_ms - desk.state.now_ms, 1, 1, 3599999), keeps):
            desk.state.must_persist = False
            desk.pass_ms(step_ms)
            assert desk.state.must_persist is kept


def test_wear_is_remembered():
    desk = at_work()
    pump = desk.state.units[2].guard
    pump.worn()
    pump.worn()
    tokens = pump.tokens
    desk.reboot()
    assert (desk.state.units[2].guard.writes, desk.state.units[2].guard.tokens) == (2, tokens)
    assert desk.state.units[1].guard.writes == 0
    desk.reboot(0, dump(desk.state).replace(b"heatpump", b"heatbump"))
    assert [unit.guard.writes for unit in desk.state.units] == [0, 0, 0, 0]


def test_what_no_longer_exists_under_its_name_is_said_to_have_ended():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["charger", 0, 4200, 0])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 0, 5])
    desk.reboot(desk.house.civil_ms, dump(desk.state).replace(b"charger", b"charges"))
    assert desk.state.limits == [] and desk.state.claims == []
    desk.pass_s(1)
    assert desk.heard() == [(1, COMPLETED), (2, LAPSED)]


def test_a_name_that_now_means_another_kind_of_thing_takes_no_claim_over():
    desk = at_work(CIVIL_MS)
    wrong = [
        Claim(SITE, 8000, 5, 1, "agg", 0, name_of(7), 0),
        Claim(SITE, 8000, 5, 2, "agg", 0, name_of(8), 1),
        Claim(1, 1000, 5, 3, "agg", 0, name_of(9), 2),
        Claim(1, 1000, 5, 4, "agg", 0, name_of(10), 3),
    ]
    right = [Claim(1, 8000, 5, 5, "agg", 0, name_of(11), 1), Claim(SITE, 1000, 5, 6, "agg", 0, name_of(12), 2)]
    desk.state.claims += wrong + right
    desk.reboot()
    assert [claim.created for claim in desk.state.claims] == [5, 6]
    desk.pass_s(1)
    assert desk.heard()[:4] == [(number, LAPSED) for number in (7, 8, 9, 10)]


def test_a_clock_that_becomes_known_is_written_down_for_limits_alone_and_for_claims_alone():
    for body in ((DSO, LIMIT, ["", 0, 4200, 600]), (AGGREGATOR, CLAIM, ["charger", 8000, 600, 5]), None):
        desk = at_work()
        if body is not None:
            desk.want(body[0], body[1], body[2])
        desk.pass_s(1)
        desk.state.must_persist = False
        desk.house.civil_ms = CIVIL_MS
        desk.pass_s(1)
        assert desk.state.must_persist is (body is not None)


def test_a_start_that_was_never_known_on_the_civil_clock_stays_unknown():
    desk = at_work()
    desk.want(DSO, LIMIT, ["", 0, 4200, 60, {START_S: 101}])
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 0, 5, {START_S: 101}])
    desk.reboot(CIVIL_MS)
    assert binding(desk) == 4200 and desk.state.limits[0].early and desk.state.claims == []
    desk.pass_s(1)
    assert binding(desk) == 4200 and desk.heard() == [(2, LAPSED)]


def test_what_has_begun_does_not_wait_again_on_a_clock_that_is_behind():
    desk = at_work(CIVIL_MS)
    desk.want(DSO, LIMIT, ["", 0, 4200, 600, {START_S: 5}])
    desk.pass_s(5)
    desk.reboot(CIVIL_MS - 100000)
    desk.pass_s(1)
    assert binding(desk) == 4200


def test_a_limit_that_holds_beyond_its_time_is_kept_as_good_as_over():
    desk = at_work()
    desk.want(DSO, LIMIT, ["", 0, 4200, 60, {ON_EXPIRY: 1}])
    desk.want(DSO, LIMIT, ["", 1, 4200, 60])
    desk.pass_s(20)
    kept = cbor.decode(dump(desk.state), items_max=4096)[3]
    assert [each[4] for each in kept] == [40000, 40000]
    desk.pass_s(100)
    kept = cbor.decode(dump(desk.state), items_max=4096)[3]
    assert [each[4] for each in kept] == [1]
    desk.reboot()
    assert desk.state.limits[0].until_ms == 1


def test_the_first_device_takes_its_claim_over():
    desk = Desk()
    units = [Unit(0, row("battery", power_max_w=5000), BATTERY), Unit(1, row("grid"), METER)]
    desk.house.state = State(Circuit(TABLE, 1), units, AGENT_ID, 7, 60, 10000)
    desk.want(OWNER, CLAIM, ["battery", 1000, 0, 5])
    kept = dump(desk.state)
    again = State(Circuit(TABLE, 1), units, AGENT_ID, 8, 60, 10000)
    load(again, kept, 0)
    assert [claim.scope for claim in again.claims] == [0] and again.records == []


def test_what_an_authority_left_that_the_site_no_longer_knows_is_cancelled():
    desk = at_work()
    desk.want(DSO, LIMIT, ["", 0, 4200, 0])
    desk.want(OWNER, CLAIM, ["charger", 8000, 0, 0])
    desk.reboot()
    forget_others(desk.state, ["owner", "somebody"])
    assert desk.limits() == [] and len(desk.state.claims) == 1
    forget_others(desk.state, [])
    assert desk.state.claims == []
    desk.pass_s(1)
    assert [status for _, status in desk.heard()][-2:] == [CANCELLED, CANCELLED]
