"""The client on a site in virtual time: comms loss, power cuts, a server that says anything, many controls.

Procedures of CSIP-AUS that are not among those that others wrote down here, by their numbers: ALL-21, ALL-23, ALL-30.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from agent import record
from agent.orders import OWNER_PRIMACY
from agent.owner import OPT_IN, OPT_OUT, Owner
from agent.reserve import Reserving
from agent.sources.desk import authority_of
from boards.cpython.ieee2030_5.reader import SHUT_OUT_S
from tests.ieee2030_5.server import CANCELLED, Event, Program
from tests.ieee2030_5.world import CIVIL_S, MAX_W, World
from tests.shared.desk import name_of


@pytest.fixture
def world(tmp_path) -> World:
    """Return a site that a utility holds at 1500 W out and nothing in."""
    made = World(tmp_path / "certificates")
    made.warm()
    made.utility.add_program().default = {"opModImpLimW": 0, "opModExpLimW": 1500}
    return made


def export(world: World, start_s: int, duration_s: int, power_w: int, **more: Any) -> Event:
    """Let the utility say an export limit that starts so long from now."""
    return world.utility.add_event(
        world.utility.programs[0], world.now_s + start_s, duration_s, {"opModExpLimW": power_w}, **more
    )


def test_it_waits_for_its_start_and_falls_to_the_default_at_its_end(world):
    said = export(world, 100, 100, 4000)
    world.run(90)
    assert (world.export_w, world.import_w) == (1500, 0) and min(world.seen_w[-20:]) >= -1500
    world.run(60)
    assert world.export_w == 4000 and world.site.grid_w() < -3500
    world.run(100)
    assert world.export_w == 1500 and world.told(said.mrid) == [1, 2, 3]


def test_all_23_without_the_server_the_schedule_goes_on_and_then_the_default(world):
    limits = [4900, 1000, 4500, 3500, 4000]
    events = [export(world, 60 * at, 60, power_w) for at, power_w in enumerate(limits)]
    world.run(20)
    world.utility.reachable = False
    seen = []
    for _ in limits:
        world.run(30)
        seen.append(world.export_w)
        world.run(30)
    assert seen == limits
    world.run(60)
    assert (world.export_w, world.import_w) == (1500, 0)
    world.utility.reachable = True
    new = export(world, 0, 600, 2500)
    world.run(90)
    assert world.export_w == 2500 and world.told(new.mrid) == [1, 2]
    assert [world.told(event.mrid) for event in events] == [[1, 2, 3]] * 5  # late, and all of it
    times = {subject: at_s for at_s, status, subject in world.utility.responses if status == 3}
    assert len(times) == 5


def test_all_30_defaults_and_schedule_survive_a_power_cut_while_offline(world):
    said = export(world, 200, 300, 3000)
    world.run(60)
    world.utility.reachable = False
    world.run(20)
    world.power_cut(off_s=60)
    assert (world.export_w, world.import_w) == (1500, 0)  # before anybody was asked
    world.run(20)
    assert (world.export_w, world.import_w) == (1500, 0)
    world.run(120)
    assert world.export_w == 3000
    world.run(300)
    assert (world.export_w, world.import_w) == (1500, 0)
    world.utility.reachable = True
    world.run(120)
    assert world.told(said.mrid) == [1, 2, 3]


def test_without_a_clock_after_a_power_cut_what_the_agent_kept_holds(world):
    world.run(60)
    world.utility.reachable = world.synchronised = False
    world.power_cut()
    world.run(300)
    assert (world.export_w, world.import_w) == (1500, 0)
    world.utility.reachable = True
    world.utility.programs[0].default = {"opModExpLimW": 900, "opModImpLimW": 5}
    world.run(310)
    assert (world.export_w, world.import_w) == (900, 5)


def test_all_21_a_whole_day_of_controls_is_held_and_given_in_parts(world):
    powers = [1000 + 100 * at for at in range(30)]
    for at, power_w in enumerate(powers):
        export(world, 60 * at, 60, power_w)
    world.run(5)
    world.utility.reachable = False
    world.run(25)
    for power_w in powers:
        assert world.export_w == power_w
        assert len(world.state.limits) <= 18
        world.run(60)
    assert world.sets() <= 5


def test_what_stays_the_same_is_said_to_the_core_once(world):
    export(world, 100, 100, 4000)
    world.run(2000, 5)
    assert world.sets() == 1 and len(world.utility.seen) > 200


def test_a_default_that_changes_is_there_after_the_next_poll(world):
    world.run(30)
    world.utility.programs[0].default = {"opModImpLimW": 100, "opModExpLimW": 200}
    world.run(61)
    assert (world.export_w, world.import_w) == (200, 100)


def test_an_empty_list_or_one_that_is_gone_lifts_nothing(world):
    export(world, 0, 600, 500)
    world.run(30)
    kept = list(world.utility.programs)
    world.utility.programs = []
    world.run(200)
    assert (world.export_w, world.import_w) == (500, 0)
    assert any("no programs: what is known stands" in line for line in world.source.notes)
    world.utility.programs = kept
    kept[0].events, kept[0].default = [], None
    world.run(200)
    assert (world.export_w, world.import_w) == (500, 0)
    world.run(300)
    assert (world.export_w, world.import_w) == (1500, 0)


def test_a_site_that_moves_to_another_program_leaves_the_first_after_two_lists(world):
    first = export(world, 0, 6000, 500)
    world.run(30)
    world.utility.programs[0].assignment = 99  # still served, no more assigned
    world.utility.programs.append(Program(2, 0, 1, [], {"opModExpLimW": 3000, "opModImpLimW": 7}))
    world.utility._assignments = lambda: _assignments_of(1)
    world.run(65)
    assert world.export_w == 500
    world.run(60)
    assert (world.export_w, world.import_w) == (3000, 7) and world.told(first.mrid) == [1, 2, 6]


def _assignments_of(number: int) -> str:
    return (
        '<FunctionSetAssignmentsList xmlns="urn:ieee:std:2030.5:ns" all="1" results="1"><FunctionSetAssignments '
        f'href="/edev/1/fsa/{number}"><DERProgramListLink href="/edev/1/fsa/{number}/derp" all="1"/>'
        "</FunctionSetAssignments></FunctionSetAssignmentsList>"
    )


def test_garbage_never_lifts_a_limit_and_is_told(world):
    """Whatever bytes come in whatever answer: the limit holds, the client goes on, and there is a reason for each."""
    export(world, 0, 100000, 700)
    world.run(30)
    assert world.export_w == 700
    rng = random.Random(5)

    def spoiled(path: str, body: bytes) -> bytes:
        at = rng.randrange(len(body)) if body else 0
        chosen = rng.randrange(5)
        if chosen == 0:
            return bytes(rng.randrange(256) for _ in range(40))
        if chosen == 1:
            return body[:at]
        if chosen == 2:
            return body.replace(b"<value>", b"<value>9")[:300000]
        if chosen == 3:
            return body.replace(b'all="1"', b'all="0"').replace(b'results="1"', b'results="0"')
        return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :] if body else b""

    world.utility.spoil = spoiled
    for _ in range(40):
        world.run(62, 2)
        assert world.export_w is not None
        assert [limit for limit in world.state.limits if limit.until_ms and limit.direction == 1]
    assert len(world.source.notes) > 20
    world.utility.spoil = lambda path, body: body
    world.run(130)
    assert world.export_w == 700


def test_a_control_that_is_scheduled_at_its_start_is_read_again_and_its_list_alone(world):
    said = export(world, 90, 600, 700)
    world.run(80)
    before = len(world.utility.seen)
    world.run(20)
    assert world.told(said.mrid) == [1, 2] and world.export_w == 700
    asked = [request.path for request in world.utility.seen[before:] if request.method == "GET"]
    assert asked == ["/edev/1/derp/1/derc"]
    slow = world.utility.add_event(world.utility.programs[0], world.now_s + 100, 600, {"opModImpLimW": 50}, status=0)
    world.run(110)
    assert world.told(slow.mrid) == [1] and world.import_w == 0  # the server says that it has not begun
    slow.status = None
    world.run(8)
    assert world.told(slow.mrid) == [1, 2] and world.import_w == 50


def test_a_program_that_is_not_right_keeps_no_other_from_being_read(world):
    world.utility.add_program(3)
    world.run(30)
    export(world, 0, 600, 700)
    spoiled = b"<mRID>A2</mRID>"
    world.utility.spoil = lambda path, body: body.replace(spoiled, b"<mRID>odd</mRID>") if "derp" in path else body
    world.run(200, 2)
    assert world.export_w == 700 and len(world.source.reader.programs) == 2
    assert any("no hex digits" in line for line in world.source.notes)


def test_people_hear_of_each_refusal_once(world):
    heard: list[str] = []
    world.source.notes_to(heard.append)
    world.utility.spoil = lambda path, body: b"<html/>" if path == "/tm" else body
    world.run(400, 2)
    assert len(heard) == len(set(heard)) < 8
    assert heard[0] == "siteward: source 'utility': Time: another document: ''"


def test_a_server_that_hangs_up_is_tried_again_and_not_all_the_time(world):
    world.run(30)
    world.utility.spoil = lambda path, body: None
    before = len(world.utility.seen)
    world.run(3600, 3)
    assert (world.export_w, world.import_w) == (1500, 0)
    assert 10 < len(world.utility.seen) - before < 400


def test_a_server_whose_time_is_absurd_is_not_believed(world):
    said = export(world, 60, 600, 4000)
    world.run(30)
    world.server_ahead_s = 100_000
    world.run(70)
    assert world.export_w == 4000 and any("from this clock" in line for line in world.source.notes)
    assert world.told(said.mrid) == [1, 2]


def test_events_run_on_the_servers_time(world):
    world.server_ahead_s = 120
    world.utility.add_event(world.utility.programs[0], world.now_s + 180, 60, {"opModExpLimW": 4000})
    world.run(50)
    assert world.export_w == 1500
    world.run(20)
    assert world.export_w == 4000


def test_a_wrong_pin_ends_the_conversation_for_an_hour(world):
    world.utility.pin = 332211
    world.run(200)
    assert [request.path for request in world.utility.seen] == ["/dcap", "/tm", "/edev", "/edev/1/rg"]
    world.utility.pin = 111115
    world.run(SHUT_OUT_S, 10)
    assert world.export_w == 1500


def test_a_device_without_an_entry_registers_itself_when_it_knows_its_connection(tmp_path):
    stranger = World(tmp_path / "stranger")
    stranger.utility.registered = False
    stranger.run(30)
    assert "POST" not in [request.method for request in stranger.utility.seen]
    assert any("this device is not in it" in line for line in stranger.source.notes)
    known = World(tmp_path / "known", connection="4103335210")
    known.utility.registered = False
    known.run(30)
    posted = [request.body for request in known.utility.seen if request.method == "POST" and request.path == "/edev"]
    assert len(posted) == 1 and f"<lFDI>{known.identity.lfdi}</lFDI>" in posted[0]
    assert "<csipaus:id>4103335210</csipaus:id>" in known.utility.put["/edev/1/cp"]


def test_a_control_that_is_not_right_is_answered_and_harms_no_other(world):
    good = export(world, 0, 600, 900)
    bad = export(world, 700, 60, 1)
    bad.raw = bad.xml(0).replace("<value>1</value>", "<value>much</value>")
    world.run(200)
    assert world.export_w == 900 and world.told(good.mrid) == [1, 2]
    assert world.told(bad.mrid) == [253]
    assert any("'much' is no whole number" in line for line in world.source.notes)


def test_modes_that_nobody_carries_out_are_answered_as_such(world):
    said = world.utility.add_event(
        world.utility.programs[0], world.now_s, 60, {"opModTargetVar": 5, "opModFixedW": 100}
    )
    late = world.utility.add_event(world.utility.programs[0], world.now_s - 500, 60, {"opModExpLimW": 5})
    quiet = export(world, 5000, 60, 1, required="00")
    world.run(30)
    assert world.told(said.mrid) == [1, 252] and world.told(late.mrid) == [1, 254] and world.told(quiet.mrid) == []


def test_only_what_is_asked_for_is_answered(world):
    receipt, rest = export(world, 0, 60, 700, required="01"), export(world, 100, 60, 700, required="02")
    nobody = export(world, 200, 60, 700, reply_to="")
    world.run(300, 2)
    assert (world.told(receipt.mrid), world.told(rest.mrid), world.told(nobody.mrid)) == ([1], [2, 3], [])
    assert len(world.utility.responses) == 3


def test_a_limit_above_the_ceiling_is_held_at_the_ceiling(world):
    world.desk.authority.power_max_w = 3000
    said = export(world, 0, 600, 50000)
    world.run(70)
    assert world.export_w == 3000 and world.told(said.mrid) == [1, 2]


def test_a_set_point_follows_the_primacy_and_the_owner_may_stand_aside(tmp_path):
    world = World(tmp_path / "certificates", setpoints=1, default_w=0)
    world.warm()
    said = world.utility.add_event(world.utility.add_program(3), world.now_s, 600, {"opModFixedW": 5000})
    world.run(30)
    assert world.site.loads[0].power_w == -MAX_W // 2
    assert [(claim.value, claim.primacy) for claim in world.state.claims] == [(-2500, 3)]
    _owner_wants(world, 1000)
    world.run(30)
    assert world.site.loads[0].power_w == 1000 and world.told(said.mrid) == [1, 2, 4]
    world.run(600)
    assert world.told(said.mrid) == [1, 2, 4, 8]


def test_an_opt_out_in_words_is_answered_with_4_and_an_opt_in_with_5(tmp_path):
    world = World(tmp_path / "certificates", setpoints=1, default_w=0)
    world.warm()
    said = world.utility.add_event(world.utility.add_program(3), world.now_s, 600, {"opModFixedW": 5000})
    world.run(30)
    owner = world.state.owner = Owner("home", MAX_W, {}, {})
    owner.take(world.state, authority_of("console", "owner", MAX_W), [OPT_OUT, "battery", 3600], name_of(9))
    world.run(30)
    assert world.site.loads[0].power_w == 0 and world.told(said.mrid) == [1, 2, 4]
    owner.take(world.state, authority_of("console", "owner", MAX_W), [OPT_IN, "battery"], name_of(10))
    world.run(30)
    assert world.site.loads[0].power_w == -MAX_W // 2 and world.told(said.mrid) == [1, 2, 4, 5]
    world.run(600)
    assert world.told(said.mrid) == [1, 2, 4, 5, 8]


def test_a_set_point_in_another_programmes_window_is_told_as_superseded(tmp_path):
    world = World(tmp_path / "certificates", setpoints=1, default_w=0)
    world.warm()
    said = world.utility.add_event(world.utility.add_program(3), world.now_s, 600, {"opModFixedW": 5000})
    world.run(30)
    reserving = world.state.reserving = Reserving({"utility": 0, "market": 1})
    market = authority_of("market", "aggregator", MAX_W)
    reserving.windows.append(reserving.made(world.state, market, ["", 1, 1000, 60], name_of(9)))
    world.run(30)
    assert world.site.loads[0].power_w != -MAX_W // 2 and world.told(said.mrid) == [1, 2, 7]
    world.run(60)
    assert world.site.loads[0].power_w == -MAX_W // 2 and world.told(said.mrid) == [1, 2, 7]


def test_a_set_point_that_loses_to_another_programme_is_told_as_superseded(tmp_path):
    world = World(tmp_path / "certificates", setpoints=1, default_w=0)
    world.warm()
    said = world.utility.add_event(world.utility.add_program(3), world.now_s, 600, {"opModFixedW": 5000})
    world.run(30)
    _somebody_wants(world, 1000, 2)
    world.run(30)
    assert world.site.loads[0].power_w == 1000 and world.told(said.mrid) == [1, 2, 7]


def _owner_wants(world: World, power_w: int) -> None:
    _somebody_wants(world, power_w, OWNER_PRIMACY)


def _somebody_wants(world: World, power_w: int, primacy: int) -> None:
    from agent.claims import Claim

    state = world.state
    state.created += 1
    until_ms = state.now_ms + 3600_000
    state.claims.append(Claim(1, power_w, primacy, state.created, "owner", until_ms, name_of(9)))


def test_a_full_core_gets_fewer_controls_at_a_time_and_the_default_first(world):
    from agent.limits import LIMITS_MAX, Limit

    others = [Limit(-1, 0, 19000, f"o{at}", 10**9, name_of(at)) for at in range(LIMITS_MAX - 8 - 6)]
    world.state.limits += others
    for at in range(20):
        export(world, 600 * at, 600, 2000 + at)
    world.run(200)
    assert world.desk.reason == record.ACCEPTED and world.export_w == 2000
    assert [limit for limit in world.state.limits if limit.source == "utility" and not limit.until_ms]


def test_a_set_that_came_too_late_for_one_control_is_said_without_it(world):
    """A core that was held up finds a control over that was not when the set was made, and refuses the whole set."""
    export(world, 0, 65, 4000)
    world.run(50)
    late = export(world, 600, 600, 700)
    world.run(11)  # it is read in the last of these
    world.run(8, 8)
    reasons = [fact[5] for fact in world.site.facts if fact[0] == record.DECISION]
    world.run(10)
    assert record.EXPIRED in reasons and world.desk.reason == record.ACCEPTED
    world.run(600)
    assert world.export_w == 700 and world.told(late.mrid) == [1, 2]


def test_a_kept_file_that_is_none_of_ours_is_left_behind(world):
    export(world, 0, 6000, 700)
    world.run(30)
    file = world.folder / "utility.json"
    for written in (
        '{"version": 9}',
        "[]",
        "{",
        '{"version":1,"programs":[{}],"entries":[],"responses":[],"ahead_ms":0}',
    ):
        file.write_text(written)
        world.utility.reachable = False
        world.power_cut()
        world.run(20)
        assert world.export_w == 700, written  # the agent's own
        assert any("utility.json" in line for line in world.source.notes)
    world.utility.reachable = True
    world.run(310)
    assert world.export_w == 700 and '"version": 1' in file.read_text()


def test_cancelled_controls_end_and_are_told(world):
    said = export(world, 0, 6000, 4000)
    world.run(70)
    said.status = CANCELLED
    world.run(61)
    assert world.export_w == 1500 and world.told(said.mrid) == [1, 2, 6]
    assert world.now_s > CIVIL_S
