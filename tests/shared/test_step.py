"""The control core against a house that obeys: limits, claims, failsafes, each entered and left."""

from __future__ import annotations

from agent import record
from agent.circuits import Circuit
from agent.command import Authority, Message
from agent.kept import dump, load
from agent.state import State
from agent.step import step
from agent.unit import Unit
from tests.shared import house as contracts
from tests.shared.house import AGENT_ID, AGGREGATOR, DSO, OWNER, TABLE, House, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.step import Item

CHARGER, PUMP, BATTERY = 1, 2, 3


def run(house: House, seconds: int, inbox: list[Item] | None = None) -> list[list[object]]:
    """Let `seconds` pass; return the records of all ticks."""
    facts = []
    for _ in range(seconds):
        house.now_ms += 1000
        house.civil_ms += 1000 if house.civil_ms else 0
        _, new = step(house.state, house.now_ms, house.measure(), inbox or [])
        inbox = None
        facts += new
    return facts


def command(
    authority: Authority, counter: int, kind: int, body: list[object], expires_s: int = 100000, epoch: int = 7
) -> Message:
    """Return a message as the door hands it on: its signature was right."""
    fields = [3, 1, AGENT_ID, epoch, counter, expires_s, kind, body]
    return Message(bytes([counter]) * 32, record.ACCEPTED, authority, fields)


def reasons(facts: list[list[object]]) -> list[object]:
    """Return the reasons of all decision records."""
    return [fact[5] for fact in facts if fact[0] == record.DECISION]


def test_everything_runs_free_while_the_connection_carries_it():
    house = House()
    run(house, 30)
    assert house.state.units[CHARGER].setpoint == 32000 or house.grid_w() <= 17250
    assert house.grid_w() <= 17250


def test_nothing_is_granted_before_the_site_meter_was_seen():
    house = House()
    house.silent = [0]
    facts = run(house, 3)
    assert house.state.units[CHARGER].setpoint == 0
    assert house.state.units[BATTERY].setpoint == 0
    assert [fact[2:] for fact in facts if fact[0] == record.FAILSAFE] == [[None, record.METER_NEVER_SEEN, True]]


def test_meter_failsafe_is_entered_when_stale_and_left_once_by_itself():
    house = House()
    run(house, 30)
    house.silent = [0]
    facts = run(house, 15)
    assert house.state.units[CHARGER].setpoint == 0
    house.silent = []
    facts += run(house, 60)
    changes = [fact[3:] for fact in facts if fact[0] == record.FAILSAFE]
    assert changes == [[record.METER_STALE, True], [record.METER_STALE, False]]
    assert house.state.units[CHARGER].setpoint >= 6000


def test_grid_limit_holds_within_two_ticks_and_the_charger_is_throttled_before_it_is_stopped():
    house = House()
    house.heat_w = 0
    run(house, 30)
    assert house.grid_w() > 9000
    facts = run(house, 1, [command(DSO, 1, 1, ["", 0, 9000, 600])])
    assert reasons(facts) == [record.ACCEPTED]
    run(house, 1)
    assert house.grid_w() <= 9000
    assert house.state.units[CHARGER].setpoint >= 6000
    assert house.state.units[CHARGER].source == "limit dso"


def test_battery_covers_what_no_load_can_give_and_is_released_when_the_limit_ends():
    house = House()
    house.base_w = 6000
    run(house, 30)
    facts = run(house, 1, [command(DSO, 1, 1, ["", 0, 4200, 60])])
    run(house, 10)
    assert house.grid_w() <= 4200
    assert house.state.units[CHARGER].setpoint == 0
    assert house.state.units[BATTERY].setpoint < 0
    facts = run(house, 60)
    assert house.state.units[BATTERY].setpoint is None
    assert [fact[3] for fact in facts if fact[0] == record.EVENT] == [record.COMPLETED]


def test_charger_rises_only_after_the_room_has_lasted():
    house = House()
    run(house, 30)
    run(house, 20, [command(DSO, 1, 1, ["", 0, 9000, 20])])
    held = house.state.units[CHARGER].setpoint
    run(house, 3)
    assert house.state.units[CHARGER].setpoint == held
    run(house, 20)
    assert house.state.units[CHARGER].setpoint > held


def test_claim_of_lowest_primacy_wins_and_a_tie_goes_to_the_later():
    house = House()
    run(house, 120)
    run(
        house,
        2,
        [command(AGGREGATOR, 1, 2, ["battery", -1000, 600, 5]), command(AGGREGATOR, 2, 2, ["battery", -1500, 600, 5])],
    )
    assert house.state.units[BATTERY].setpoint == -1500
    facts = run(house, 2, [command(OWNER, 1, 2, ["battery", 1000, 600, 0])])
    assert house.state.units[BATTERY].setpoint == 1000
    assert [fact[3] for fact in facts if fact[0] == record.EVENT] == [record.SUPERSEDED, record.STARTED]


def test_claim_ends_at_its_time_and_the_default_returns():
    house = House()
    run(house, 5)
    run(house, 5, [command(AGGREGATOR, 1, 2, ["charger", 0, 20, 5])])
    assert house.state.units[CHARGER].setpoint == 0
    run(house, 30)
    assert house.state.units[CHARGER].setpoint > 0


def test_every_refusal_has_its_own_reason_and_record():
    house = House()
    run(house, 2)
    cases = [
        (command(AGGREGATOR, 1, 1, ["", 0, 4200, 60]), record.ROLE_FORBIDS),
        (command(DSO, 1, 2, ["battery", 0, 60, 5]), record.ROLE_FORBIDS),
        (command(AGGREGATOR, 2, 2, ["battery", 0, 60, 0]), record.ROLE_FORBIDS),
        (command(AGGREGATOR, 3, 2, ["charger", 32000, 60, 5]), record.OVER_CEILING),
        (command(AGGREGATOR, 4, 2, ["charger", 3000, 60, 5]), record.OUT_OF_RANGE),
        (command(AGGREGATOR, 5, 2, ["boiler", 0, 60, 5]), record.UNKNOWN_DEVICE),
        (command(AGGREGATOR, 6, 2, ["grid", 0, 60, 5]), record.UNKNOWN_DEVICE),
        (command(AGGREGATOR, 7, 9, []), record.UNSUPPORTED),
        (command(AGGREGATOR, 8, 3, [bytes(32)]), record.NOTHING_TO_CANCEL),
        (command(AGGREGATOR, 8, 2, ["battery", 0, 60, 5]), record.REPLAYED),
        (command(AGGREGATOR, 9, 2, ["battery", 0, 60, 5], expires_s=1), record.EXPIRED),
        (command(AGGREGATOR, 10, 2, ["battery", 0, 60, 5], epoch=6), record.WRONG_EPOCH),
        (command(AGGREGATOR, 10, 2, ["battery", True, 60, 5]), record.MALFORMED),
        (command(AGGREGATOR, 11, 2, ["battery", 0, 60]), record.MALFORMED),
        (Message(b"x" * 32, record.BAD_SIGNATURE), record.BAD_SIGNATURE),
        (
            Message(b"x" * 32, record.ACCEPTED, DSO, [3, 1, b"agent-02", 7, 2, 1000, 1, ["", 0, 1, 1]]),
            record.WRONG_ADDRESSEE,
        ),
    ]
    for message, expected in cases:
        assert reasons(run(house, 1, [message])) == [expected], expected
    assert house.state.limits == [] and house.state.claims == []


def test_refusals_beyond_thirty_a_minute_are_counted_not_listed():
    house = House()
    facts = run(house, 1, [Message(b"x" * 32, record.MALFORMED)] * 40)
    assert len(reasons(facts)) == 30
    facts = run(house, 60)
    assert [fact[2] for fact in facts if fact[0] == record.REFUSED_MANY] == [10]


def test_twenty_four_claims_queue_and_the_owner_can_still_opt_out():
    house = House()
    facts = run(house, 1, [command(AGGREGATOR, n, 2, ["battery", 0, 600, 5]) for n in range(1, 35)])
    assert reasons(facts) == [record.ACCEPTED] * 24 + [record.QUEUE_FULL] * 10
    facts = run(house, 1, [command(OWNER, n, 2, ["charger", 0, 600, 0]) for n in range(1, 12)])
    assert reasons(facts) == [record.ACCEPTED] * 7 + [record.QUEUE_FULL] * 4
    assert house.state.units[CHARGER].setpoint == 0


def test_limits_of_an_owner_leave_room_for_the_grid_operators():
    house = House()
    owners = [Authority("owner-%d" % n, b"\x04" + bytes([n]) * 64, "owner", 20000) for n in range(26)]
    facts = run(house, 1, [command(owner, 1, 1, ["", 0, 9000, 600]) for owner in owners])
    assert reasons(facts) == [record.ACCEPTED] * 24 + [record.QUEUE_FULL] * 2
    assert reasons(run(house, 1, [command(DSO, 1, 1, ["", 0, 4200, 600])])) == [record.ACCEPTED]


def test_cancel_ends_only_ones_own_limit():
    house = House()
    run(house, 2, [command(DSO, 1, 1, ["", 0, 4200, 600])])
    name = house.state.limits[0].command
    assert reasons(run(house, 1, [command(OWNER, 1, 3, [name])])) == [record.NOTHING_TO_CANCEL]
    assert reasons(run(house, 1, [command(DSO, 2, 3, [name])])) == [record.ACCEPTED]
    assert house.state.limits == []


def test_export_limit_lifts_a_discharging_battery():
    house = House()
    house.ev_w = house.heat_w = 0
    house.base_w = -6000
    run(house, 5)
    run(house, 3, [command(AGGREGATOR, 1, 2, ["battery", -4000, 600, 5]), command(DSO, 1, 1, ["", 1, 7000, 600])])
    assert house.grid_w() >= -7000
    assert house.state.units[BATTERY].source == "limit dso"


def test_fuse_binds_by_phase_and_is_named():
    house = House()
    house.base_w = 13000
    run(house, 30)
    unit = house.state.units[CHARGER]
    assert unit.source == "connection" or unit.source.startswith("fuse")
    assert house.grid_w() <= 17250


def rebooted(house: House, civil_ms: int, units: list[Unit] | None = None) -> State:
    """Return the next epoch's state on what the house's state left."""
    state = State(Circuit(TABLE, 0), units or house.state.units, AGENT_ID, 8, 60, 10000)
    load(state, dump(house.state), civil_ms)
    return state


def test_refused_command_is_not_written_down_and_an_accepted_one_is():
    house = House()
    run(house, 2)
    house.state.must_persist = False
    run(house, 1, [command(DSO, 5, 1, ["", 0, 99000, 600])])
    assert not house.state.must_persist
    assert reasons(run(house, 1, [command(DSO, 5, 1, ["", 0, 9000, 600])])) == [record.REPLAYED]
    run(house, 1, [command(DSO, 6, 1, ["", 0, 9000, 600])])
    assert house.state.must_persist


def test_device_that_moved_in_the_configuration_keeps_its_own_limit():
    house = House()
    house.civil_ms = 1700000000000
    inbox = [command(DSO, 1, 1, ["charger", 0, 4200, 600]), command(AGGREGATOR, 1, 2, ["battery", -1000, 600, 5])]
    run(house, 2, inbox)
    units = [
        Unit(0, row("grid"), contracts.METER),
        Unit(1, row("battery", power_max_w=5000), contracts.BATTERY),
        Unit(2, row("charger", power_max_w=22080), contracts.CHARGER),
    ]
    state = rebooted(house, house.civil_ms, units)
    assert [(limit.scope, limit.value) for limit in state.limits] == [(2, 4200)]
    assert [(claim.scope, claim.value) for claim in state.claims] == [(1, -1000)]


def test_what_ended_while_the_power_was_off_is_said():
    house = House()
    house.civil_ms = 1700000000000
    run(house, 2, [command(DSO, 1, 1, ["", 0, 4200, 60]), command(AGGREGATOR, 1, 2, ["battery", -1000, 60, 5])])
    house.state = rebooted(house, house.civil_ms + 100000)
    house.now_ms = 4000
    facts = run(house, 1)
    assert [fact[1] for fact in facts if fact[0] == record.EVENT] == [5000, 5000]
    assert [fact[3] for fact in facts if fact[0] == record.EVENT] == [record.COMPLETED, record.LAPSED]
    assert house.state.limits == [] and house.state.claims == []


def test_limit_kept_without_a_clock_is_shortened_when_the_clock_is_known_but_not_when_it_jumps():
    house = House()
    house.civil_ms = 1700000000000
    run(house, 1, [command(DSO, 1, 1, ["", 0, 4200, 3600])])
    house.state = rebooted(house, 0)
    house.now_ms, house.civil_ms = 0, 0
    run(house, 10)
    assert house.state.limits[0].until_ms == 3600000
    house.civil_ms = 1700000000000 + 1800000
    run(house, 1)
    shortened_ms = house.state.limits[0].until_ms
    assert 1790000 < shortened_ms < 1830000
    house.civil_ms += 1700000
    run(house, 1)
    assert house.state.limits[0].until_ms == shortened_ms
    assert house.state.limits[0].until_civil_ms == house.civil_ms + shortened_ms - house.now_ms


def test_limit_taken_before_the_clock_was_known_ends_on_time_after_a_reboot():
    house = House()
    run(house, 1, [command(DSO, 1, 1, ["", 0, 4200, 3600])])
    house.civil_ms = 1700000000000
    run(house, 1)
    state = rebooted(house, house.civil_ms + 3500000)
    assert 0 < state.limits[0].until_ms < 101000
