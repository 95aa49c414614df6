"""How a charger's phases are decided in one tick: what is seen, wanted, asked for, waited for: pinned case by case."""

from __future__ import annotations

from agent import phases, record
from agent.circuits import UNKNOWN_W
from agent.claims import TARGET, Claim
from agent.image import Image, Sample
from agent.limits import SITE
from agent.phases import Changeover
from agent.step import Outcome
from hal import quantities as q
from tests.shared.garage import Garage
from tests.shared.wiring import Wiring, battery, ev, heat_pump

NOW_MS = 4000000
LONG_MS = 600000


def at_work(stands: int = 3, limit_ma: int = 10000) -> tuple[Garage, Changeover]:
    """Return a garage whose charger charges, on so many phases, and where nothing has been asked for yet."""
    garage = Garage()
    pair = garage.state.phase_pairs[0]
    charger, switch = pair.charger, pair.switch
    charger.setpoint = charger.next = charger.wanted = limit_ma
    charger.source, charger.wanted_source, charger.cap_name = "claim agg", "claim agg", "limit dso"
    charger.drawn_known = pair.answers = True
    charger.phases = pair.one if stands == 1 else pair.all
    switch.wanted, switch.wanted_source = None, "default"
    switch.guard.running, switch.guard.changed_ms = stands == 3, 0
    pair.stands, pair.doubt_ms = stands, NOW_MS
    pair.lean_ms = pair.ample_ms = NOW_MS
    pair.room_w = pair.room_one_w = 20000
    return garage, pair


def written(device: int, setpoint: int | None, kept: int | None, evidence: int = record.READBACK) -> Outcome:
    """Return what became of a write."""
    return Outcome(device, setpoint, record.APPLIED, evidence, kept, "claim agg")


def test_a_new_pair_knows_nothing():
    garage = Garage()
    pair = garage.state.phase_pairs[0]
    assert (pair.all, pair.one, pair.source) == ((0, 1, 2), (0,), "")
    assert (pair.stands, pair.answers, pair.strays, pair.foreign) == (0, False, False, False)
    assert (pair.moves_to, pair.stops_ms, pair.room_w, pair.room_one_w) == (0, -1, 0, 0)
    assert [pair.seen_ms, pair.told_ms, pair.rest_ms, pair.again_ms, pair.lean_ms, pair.ample_ms] == [0] * 6
    assert pair.doubt_ms == 0


# What is seen


def seen(pair: Changeover, garage: Garage, told: int | None, at_ms: int, used: int = 0) -> None:
    """Let the switch say where it is, and the charger on how many phases it draws."""
    said = {q.PHASES: told} if told is not None else {}
    currents = {q.CURRENT_L1_MA + phase: 5000 if phase < used else 0 for phase in (0, 1, 2)}
    pair.look(garage.state, Image([None, Sample(at_ms, currents), Sample(at_ms, said)], 0, 0, 0), NOW_MS)


def test_it_stands_on_one_phase_only_where_that_was_read_twice():
    for told, outcome, stands, answers in (
        (3, None, 3, True),
        (1, None, 0, True),
        (2, None, 0, True),
        (4, None, 0, False),
        (-1, None, 0, False),
        (2, written(2, 1, 1), 0, True),
        (None, None, 0, False),
        (0, written(2, 1, 1), 0, False),
        (1, written(2, 1, 1), 1, True),
        (1, written(2, 1, 1, record.WRITE_ACK), 0, True),
        (1, written(2, 1, 3), 0, True),
        (3, written(2, 1, 1), 3, True),
        (2, written(2, 1, 2), 0, True),
    ):
        garage, pair = at_work()
        pair.switch.written = outcome
        seen(pair, garage, told, NOW_MS)
        assert (pair.stands, pair.answers) == (stands, answers), told
        assert pair.charger.phases == ((0,) if stands == 1 else (0, 1, 2))
        assert pair.switch.guard.running is (stands in (0, 3)) and pair.seen_ms == NOW_MS


def test_a_switch_that_was_away_is_believed_after_five_good_seconds():
    garage, pair = at_work()
    pair.switch.written = written(2, 1, 1)
    for now_ms, told, at_ms, stands in (
        (NOW_MS, 1, NOW_MS, 1),
        (NOW_MS + 1000, 7, NOW_MS + 1000, 0),
        (NOW_MS + 2000, 1, NOW_MS + 2000, 0),
        (NOW_MS + 9000, 1, NOW_MS + 5999, 0),
        (NOW_MS + 9000, 1, NOW_MS + 6000, 1),
        (NOW_MS + 16000, 1, NOW_MS + 6000, 0),
        (NOW_MS + 17000, 3, NOW_MS + 17000, 0),
        (NOW_MS + 21000, 3, NOW_MS + 21000, 3),
        (NOW_MS + 22000, 0, NOW_MS + 22000, 0),
        (NOW_MS + 26999, 3, NOW_MS + 26999, 0),
    ):
        pair.look(garage.state, Image([None, None, Sample(at_ms, {q.PHASES: told})], 0, 0, 0), now_ms)
        assert (pair.stands, pair.answers) == (stands, stands > 0), now_ms
        assert stands or pair.doubt_ms == now_ms  # who is not believed is not elsewhere


def test_a_switch_is_believed_when_it_is_first_seen():
    garage = Garage()
    pair = garage.state.phase_pairs[0]
    pair.look(garage.state, Image([None, None, Sample(0, {q.PHASES: 3})], 0, 0, 0), 0)
    assert (pair.stands, pair.answers) == (3, True)


def test_an_old_answer_is_none():
    garage, pair = at_work()
    seen(pair, garage, 3, NOW_MS - pair.switch.contract.stale_ms + 1)
    assert pair.stands == 3 and pair.seen_ms == NOW_MS - pair.switch.contract.stale_ms + 1
    pair.seen_ms = 5
    seen(pair, garage, 3, NOW_MS - pair.switch.contract.stale_ms)
    assert (pair.stands, pair.answers, pair.seen_ms) == (0, False, 5)


def test_who_draws_on_more_than_the_one_phase_counts_with_all():
    for used, moves_to, strays in ((1, 0, False), (2, 0, True), (3, 0, True), (3, 1, False), (3, 3, False)):
        garage, pair = at_work(1)
        pair.switch.written, pair.moves_to = written(2, 1, 1), moves_to
        seen(pair, garage, 1, NOW_MS, used)
        assert pair.strays is strays
        assert pair.charger.phases == (pair.all if strays or moves_to == 3 else pair.one)
        seen(pair, garage, 1, NOW_MS, 1)
        assert pair.strays is strays


def test_who_does_not_know_where_it_stands_sees_nobody_stray():
    garage, pair = at_work()
    seen(pair, garage, None, NOW_MS, 3)
    assert not pair.strays


def test_a_switch_that_says_nothing_is_in_nobodys_hands():
    garage, pair = at_work()
    pair.switch.written, pair.doubt_ms = written(2, None, 3), NOW_MS - 9000
    pair.look(garage.state, Image([None, None, None], 0, 0, 0), NOW_MS)
    assert not pair.foreign and pair.doubt_ms == NOW_MS


def test_on_three_phases_nobody_strays():
    garage, pair = at_work()
    seen(pair, garage, 3, NOW_MS, 3)
    assert not pair.strays


def test_while_it_moves_nothing_is_doubted_and_no_timer_set():
    garage, pair = at_work()
    pair.moves_to, pair.switch.written, pair.doubt_ms = 1, written(2, 1, 1), 5
    seen(pair, garage, 1, NOW_MS)
    assert pair.switch.guard.running and pair.doubt_ms == 5 and garage.state.records == []


def test_who_finds_it_elsewhere_for_three_seconds_suspects_somebody():
    for told, kept, doubt_ms, foreign in (
        (1, 3, NOW_MS - 3000, True),
        (1, 3, NOW_MS - 3001, True),
        (3, 1, NOW_MS - 3000, True),
        (1, 3, NOW_MS - 2999, False),
        (3, 3, NOW_MS - 9000, False),
        (0, 3, NOW_MS - 9000, False),
        (1, 0, NOW_MS - 9000, False),
    ):
        garage, pair = at_work()
        pair.switch.written = written(2, None, kept) if kept else None
        pair.doubt_ms = doubt_ms
        seen(pair, garage, told, NOW_MS)
        assert pair.foreign is foreign, (told, kept)
        assert pair.doubt_ms == (doubt_ms if told and kept and told != kept else NOW_MS)
        said = [record.DEVICE_STATE, NOW_MS, 2, record.FOREIGN_CONTROLLER]
        assert garage.state.records == ([said] if foreign else [])
        if foreign:
            seen(pair, garage, told, NOW_MS)
            assert pair.foreign and len(garage.state.records) == 1
            seen(pair, garage, kept, NOW_MS)
            assert not pair.foreign
            assert garage.state.records[1] == [record.DEVICE_STATE, NOW_MS, 2, record.CONTROL_REGAINED]


def test_a_phase_counts_from_one_ampere():
    for currents, found in (((999, 999, 999), 0), ((1000, 999, 0), 1), ((1000, 1000, 5000), 3), ((0, 0, 1000), 1)):
        said = {q.CURRENT_L1_MA + phase: currents[phase] for phase in (0, 1, 2)}
        assert phases._phases_in(said) == found
    assert phases._phases_in({}) == 0
    assert phases._phases_in({q.CURRENT_L2_MA: 2000, q.POWER_L2_W: -460}) == 1


# What is wanted


def wish(garage: Garage, pair: Changeover) -> tuple[int, str]:
    """Return the phases that are wanted, and why."""
    pair.source = ""
    return pair._wish(garage.state, NOW_MS), pair.source


def test_a_limit_that_three_phases_cannot_keep_and_one_can_wants_one():
    for room_w, room_one_w, wanted, found in (
        (4139, 1380, 10000, (1, "limit dso")),
        (4140, 1380, 10000, (0, "default")),
        (4139, 1379, 10000, (0, "default")),
        (4139, 1380, 0, (0, "default")),
        (4139, 1380, None, (1, "limit dso")),
    ):
        garage, pair = at_work()
        pair.room_w, pair.room_one_w, pair.charger.wanted = room_w, room_one_w, wanted
        assert wish(garage, pair) == found, (room_w, room_one_w, wanted)


def test_room_for_all_phases_that_lasts_wants_three():
    for stands, room_w, ample_ms, found in (
        (1, 4554, NOW_MS - LONG_MS, 3),
        (0, 4554, NOW_MS - LONG_MS, 3),
        (1, 9000, NOW_MS - LONG_MS - 1, 3),
        (3, 4554, NOW_MS - LONG_MS, 0),
        (1, 4554, NOW_MS - LONG_MS + 1, 0),
        (1, 4553, NOW_MS - LONG_MS, 0),
    ):
        garage, pair = at_work(stands)
        pair.room_w, pair.ample_ms = room_w, ample_ms
        assert wish(garage, pair) == (found, "default"), (stands, room_w)
        assert pair.ample_ms == (NOW_MS if room_w < 4554 else ample_ms) and pair.lean_ms == NOW_MS


def aim(garage: Garage, pair: Changeover, left_w: int) -> None:
    """Let a target leave so much for the charger."""
    circuit = garage.state.site
    circuit.aim, circuit.shown_w = Claim(SITE, left_w + 500, 5, 1, "agg", 0, b"c" * 32, TARGET), 500
    pair.charger.steered = True


def test_a_target_that_leaves_enough_for_one_only_wants_one_when_that_lasts():
    for left_w, room_one_w, lean_ms, found in (
        (1380, 1380, NOW_MS - LONG_MS, (1, "claim agg")),
        (1379, 1380, NOW_MS - LONG_MS, (0, "default")),
        (4139, 1380, NOW_MS - LONG_MS, (1, "claim agg")),
        (4140, 1380, NOW_MS - LONG_MS, (0, "default")),
        (2000, 5000, NOW_MS - LONG_MS - 1, (1, "claim agg")),
        (2000, 1379, NOW_MS - LONG_MS, (0, "default")),
        (2000, 1380, NOW_MS - LONG_MS + 1, (0, "default")),
    ):
        garage, pair = at_work()
        aim(garage, pair, left_w)
        pair.room_one_w, pair.lean_ms = room_one_w, lean_ms
        assert wish(garage, pair) == found, (left_w, room_one_w)
        stays = 1380 <= left_w < 4140 and room_one_w >= 1380
        assert pair.lean_ms == (lean_ms if stays else NOW_MS) and pair.ample_ms == NOW_MS


def test_a_target_that_leaves_enough_for_all_wants_three_when_that_lasts():
    for left_w, found in ((4553, 0), (4554, 3)):
        garage, pair = at_work(1)
        aim(garage, pair, left_w)
        pair.ample_ms = NOW_MS - LONG_MS
        assert wish(garage, pair)[0] == found


def test_who_claims_the_switch_decides():
    for wanted in (1, 3):
        garage, pair = at_work()
        pair.switch.wanted, pair.switch.wanted_source = wanted, "claim owner"
        pair.room_w, pair.room_one_w = 4000, 4000
        assert wish(garage, pair) == (wanted, "claim owner")


def test_who_is_not_seen_is_left_where_it_is():
    for reason in ("silent", "doubtful", "foreign", "unknown", "failsafe"):
        garage, pair = at_work()
        pair.room_w = pair.room_one_w = 2000
        pair.lean_ms = pair.ample_ms = 7
        pair.answers = reason != "silent"
        pair.doubt_ms = NOW_MS - 1000 if reason in ("doubtful", "foreign") else NOW_MS
        pair.foreign = reason == "foreign"
        pair.charger.drawn_known = reason != "unknown"
        garage.state.site.failsafe = record.METER_STALE if reason == "failsafe" else 0
        assert wish(garage, pair)[0] == (1 if reason == "foreign" else 0), reason
        assert pair.lean_ms == NOW_MS and pair.ample_ms == NOW_MS


def test_what_a_target_leaves_for_a_charger():
    site = Wiring([ev("car"), battery("bat"), heat_pump("pump")], [])
    site["pump"].drawn_w = 9000
    car, circuit = site["car"], site.state.site
    circuit.aim, circuit.shown_w = Claim(SITE, 5000, 5, 1, "agg", 0, b"c" * 32, TARGET), 7000
    car.drawn_w, site["bat"].drawn_w = 3000, 400
    assert phases._aimed_w(site.state, car, NOW_MS) == UNKNOWN_W
    car.steered = True
    assert phases._aimed_w(site.state, car, NOW_MS) == 1400
    site["bat"].drawn_w = -400
    assert phases._aimed_w(site.state, car, NOW_MS) == 1000
    circuit.shown_w = None
    assert phases._aimed_w(site.state, car, NOW_MS) == UNKNOWN_W
    circuit.shown_w, circuit.aim = 7000, None
    assert phases._aimed_w(site.state, car, NOW_MS) == UNKNOWN_W


# Its room


def test_room_is_found_on_all_phases_and_on_one_and_everything_is_put_back():
    for share_w, shares_w in (
        (4139, [4139, UNKNOWN_W]),
        (4140, [4140, 4140]),
        (5000, [5000, 5000]),
        (UNKNOWN_W, [UNKNOWN_W, UNKNOWN_W]),
    ):
        garage, pair = at_work()
        charger, asked = pair.charger, []
        charger.share_w = share_w

        def find(state, unit) -> None:
            asked.append((unit.phases, unit.source, unit.share_w))  # noqa: B023 - called in this round only
            unit.cap_w = 1000 * len(unit.phases)

        pair.compare(garage.state, find)
        assert asked == [((0, 1, 2), "", shares_w[0]), ((0,), "", shares_w[1])]
        assert (pair.room_w, pair.room_one_w) == (3000, 1000)
        assert (charger.phases, charger.source, charger.share_w) == ((0, 1, 2), "claim agg", share_w)
    assert (pair.least_w(3), pair.least_w(1)) == (4140, 1380)
    pair.charger.contract.minimum = 10000000
    assert pair.least_w(3) == 6900000
