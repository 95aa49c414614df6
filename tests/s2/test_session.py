"""A resource's conversation with a CEM. Source: s2-ws-json 0.0.2-beta; the examples of s2-documentation."""

import json
import re

import pytest

from agent import record
from agent.claims import CEILING, SETPOINT
from agent.sources.peer_desk import OPTED_OUT
from agent.unit import Contract
from boards.cpython.s2.offers import resource_of
from boards.cpython.s2.session import REFUSALS_MAX, Ended
from hal import capabilities
from hal import quantities as q
from tests.needs import shared_data
from tests.openadr.documents import NOON_MS
from tests.s2.oracle import errors, understood
from tests.s2.play import (
    BATTERY,
    CHARGER,
    CONTACT,
    CONTENT,
    HEAT_PUMP,
    INVERTER,
    OK,
    PUMP,
    SG,
    Play,
    kinds,
    stateful,
    update,
    with_car,
)
from tests.shared.house import House

ORDER = "00000000-0000-4000-8000-000000000001"


def test_a_conversation_goes_as_the_standard_has_it():
    play = Play(BATTERY)
    assert kinds(play.out) == ["Handshake"]
    assert kinds(play.hear("Handshake", role="CEM")) == [OK]
    assert kinds(play.hear("HandshakeResponse", selected_protocol_version="0.0.2-beta")) == [
        OK,
        "ResourceManagerDetails",
    ]
    selected = play.hear("SelectControlType", control_type="FILL_RATE_BASED_CONTROL")
    assert kinds(selected) == [OK, "FRBC.SystemDescription", "FRBC.ActuatorStatus", "FRBC.StorageStatus"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Play(BATTERY),
        lambda: Play(CHARGER),
        lambda: Play(PUMP),
        *(lambda each=each: stateful(*each) for each in (SG, CONTACT, HEAT_PUMP)),
        lambda: stateful(*INVERTER),
        lambda: with_car(),
    ],
)
def test_everything_that_is_said_is_as_schemas_and_s2_python_have_it(make):
    play = make()
    play.begin()
    play.session.tick(NOON_MS, {})
    if play.resource.control_type.startswith("POWER"):
        play.envelope((900, 6900 if play.unit.takes_power() else -2000), order_id=ORDER)
    else:
        play.instruct(play.resource.modes.id_of(next(iter(play.resource.modes.modes))), order_id=ORDER)
    play.hear("SessionRequests")
    assert len(play.out) >= 8
    for message in play.out:
        assert errors(message) == []
        if not str(message.get("subject_message_id", "")).startswith("cem-"):
            assert understood(message).to_json()  # the test's other names are no UUIDs, which s2-python wants


def test_the_oracles_can_refuse():
    play = Play(BATTERY)
    play.begin()
    broken = {key: each for key, each in play.out[-1].items() if key != "message_id"}
    assert errors(broken)
    with pytest.raises(Exception, match="validation"):
        understood(broken)


@pytest.mark.parametrize(
    ("mode", "factor", "power_w"),
    [
        ("charge", 0.5, 2500),
        ("discharge", 0, -5000),
        ("discharge", 0.25, -3750),
        ("idle", 0, 0),
        ("charge", 0.333, 1650),
    ],
)
def test_a_battery_does_what_mode_and_factor_say_in_its_own_steps(mode, factor, power_w):
    play = Play(BATTERY)
    play.begin()
    assert kinds(play.instruct(play.mode(mode), factor)) == [OK, update("ACCEPTED")]
    assert play.steps() == [(SETPOINT, power_w, 0, None)]


def test_a_battery_offers_no_more_than_the_ceiling_of_its_source():
    play = Play(BATTERY, power_max_w=3000)
    play.begin()
    play.instruct(play.mode("charge"), 1)
    assert play.steps()[0][1] == 3000


def test_a_pump_of_sg_ready_has_its_four_states_and_their_timers():
    play = stateful(*SG)
    described = play.begin()[1]
    assert [each["diagnostic_label"] for each in described["operation_modes"]] == [
        "lock",
        "normal",
        "recommended",
        "forced",
    ]
    assert [(each["diagnostic_label"], each["duration"]) for each in described["timers"]] == [
        ("least run", 600000),
        ("least stop", 300000),
    ]
    names = {each["id"]: each["diagnostic_label"] for each in [*described["operation_modes"], *described["timers"]]}
    told = {
        (names[each["from"]], names[each["to"]]): [names[timer] for timer in each["blocking_timers"]]
        for each in described["transitions"]
    }
    assert told["lock", "normal"] == ["least stop"] and told["normal", "lock"] == ["least run"]
    assert told["normal", "forced"] == [] and len(told) == 12
    play.instruct(play.mode("recommended"))
    assert play.steps() == [(SETPOINT, q.SG_RECOMMENDED, 0, None)]


def test_a_heat_pump_is_off_or_on_with_a_power():
    play = stateful(*HEAT_PUMP)
    play.begin()
    play.instruct(play.mode("on"), 0.5)
    assert play.steps() == [(SETPOINT, 2700, 0, None)]
    play.instruct(play.mode("off"), order_id="order-2")
    assert play.steps() == [(SETPOINT, 0, 0, None)]


def test_a_contact_is_on_or_off():
    play = stateful(*CONTACT)
    play.begin()
    play.instruct(play.mode("on"))
    assert play.steps() == [(SETPOINT, 1, 0, None)]


def test_a_timer_that_runs_says_until_when():
    play = stateful(*SG)
    play.begin()
    timer = play.resource.status(NOON_MS)[1]
    assert timer["message_type"] == "OMBC.TimerStatus" and timer["finished_at"] == "2023-11-15T12:10:00Z"


def test_an_envelope_is_a_ceiling_for_each_of_its_elements():
    play = Play(CHARGER)
    play.begin()
    assert kinds(play.envelope((900, 6900), (900, 0), (60, 20000.5))) == [OK, update("ACCEPTED")]
    assert play.steps() == [(CEILING, 10000, 0, 900), (CEILING, 0, 900, 1800), (CEILING, 28900, 1800, 1860)]


@pytest.mark.parametrize(
    "changes",
    [
        {"power_constraints_id": "others"},
        {"power_envelopes": []},
        {"power_envelopes": [{"commodity_quantity": "ELECTRIC.POWER.L1", "power_envelope_elements": []}]},
    ],
)
def test_an_envelope_of_something_else_is_refused(changes):
    play = Play(CHARGER)
    play.begin()
    assert kinds(play.envelope((900, 6900), **changes)) == [CONTENT]
    assert kinds(play.envelope((900, 60000))) == [CONTENT] and play.steps() == []


def test_an_instruction_for_another_actuator_is_refused():
    play = Play(BATTERY)
    play.begin()
    assert kinds(play.instruct(play.mode("charge"), 1, actuator_id="another")) == [CONTENT] and play.steps() == []


def test_a_charger_that_cannot_draw_so_little_refuses_the_envelope():
    house = House()
    # One with a least current and no pause.
    house.state.units[CHARGER].contract = Contract(
        capabilities.CHARGER, q.LIMIT_MA, (6000, 32000, 100), None, False, 10000
    )
    play = Play(CHARGER, house=house)
    play.begin()
    assert kinds(play.envelope((900, 2000))) == [CONTENT]
    assert kinds(play.envelope((900, 6900))) == [OK, update("ACCEPTED")]


def test_an_instruction_of_the_past_is_carried_out_at_once():
    play = Play(BATTERY)
    play.begin()
    play.instruct(play.mode("charge"), 1, time="2020-01-01T00:00:00Z")
    assert play.steps() == [(SETPOINT, 5000, 0, None)]


def test_a_later_instruction_takes_over_at_its_time():
    play = Play(BATTERY)
    play.begin()
    play.instruct(play.mode("charge"), 1)
    play.instruct(play.mode("discharge"), 0, "order-2", "2023-11-15T12:10:00Z")
    assert play.steps() == [(SETPOINT, 5000, 0, 600), (SETPOINT, -5000, 600, None)]


def test_the_status_of_an_instruction_only_moves_on():
    play = Play(BATTERY)
    play.begin()
    play.instruct(play.mode("charge"), 1)
    play.instruct(play.mode("idle"), 0, "order-2", "2023-11-15T12:10:00Z")
    told = []
    for seconds, outcome in ((1, record.STARTED), (2, 1), (601, record.STARTED)):
        before = len(play.out)
        play.session.tick(NOON_MS + seconds * 1000, {"order-1": outcome})
        told += [
            (each["instruction_id"], each["status_type"])
            for each in play.out[before:]
            if each["message_type"] == "InstructionStatusUpdate"
        ]
    assert told == [("order-1", "STARTED"), ("order-1", "SUCCEEDED")]
    assert [each.order.id for each in play.book.taken] == ["order-2"]


@pytest.mark.parametrize("outcome", [OPTED_OUT, record.SUPERSEDED])
def test_the_owners_word_and_a_stronger_claim_abort_an_instruction(outcome):
    play = Play(BATTERY)
    play.begin()
    play.instruct(play.mode("charge"), 1)
    play.session.tick(NOON_MS + 1000, {"order-1": outcome})
    assert update("ABORTED") in kinds(play.out) and play.steps() == []


def test_what_the_core_would_refuse_is_rejected_and_not_entered():
    play = Play(BATTERY)
    play.begin()
    play.refusal = "more than the ceiling"
    assert kinds(play.instruct(play.mode("charge"), 1)) == [OK, update("REJECTED")] and play.steps() == []
    play.refusal = ""
    assert kinds(play.instruct(play.mode("charge"), 1, "order-2", "2024-06-01T00:00:00Z")) == [OK, update("REJECTED")]


def test_the_same_instruction_again_changes_nothing_and_another_of_its_name_is_refused():
    play = Play(BATTERY)
    play.begin()
    play.instruct(play.mode("charge"), 1)
    assert kinds(play.instruct(play.mode("charge"), 1)) == [OK, update("ACCEPTED")]
    assert kinds(play.instruct(play.mode("charge"), 0.5)) == [CONTENT]
    assert play.steps() == [(SETPOINT, 5000, 0, None)]


def test_an_instruction_can_be_revoked_once():
    play = Play(BATTERY)
    play.begin()
    play.instruct(play.mode("charge"), 1)
    revoke = {"object_type": "FRBC.Instruction", "object_id": "order-1"}
    assert kinds(play.hear("RevokeObject", **revoke | {"object_type": "OMBC.Instruction"})) == [CONTENT]
    assert kinds(play.hear("RevokeObject", **revoke)) == [OK, update("REVOKED")] and play.steps() == []
    assert kinds(play.hear("RevokeObject", **revoke)) == [CONTENT]


def test_no_selection_ends_what_was_instructed():
    play = Play(BATTERY)
    play.begin()
    play.instruct(play.mode("charge"), 1)
    assert kinds(play.hear("SelectControlType", control_type="NO_SELECTION")) == [OK]
    assert play.steps() == [] and kinds(play.instruct(play.mode("charge"), 1)) == [CONTENT]


def test_another_control_type_than_the_one_offered_is_refused():
    play = Play(BATTERY)
    assert kinds(play.hear("SelectControlType", control_type="FILL_RATE_BASED_CONTROL")) == [CONTENT]
    play.begin()
    for kind in ("POWER_ENVELOPE_BASED_CONTROL", None, ["x"]):
        assert kinds(play.hear("SelectControlType", control_type=kind)) == [CONTENT]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\xff", "INVALID_DATA"),
        (b"[]", "INVALID_DATA"),
        (b'{"message_type": "Handshake"}', "INVALID_DATA"),
        (b'{"message_id": "m1"}', "INVALID_MESSAGE"),
        (b'{"message_type": "Handshake", "message_id": "m1", "role": "RM"}', "INVALID_CONTENT"),
        (b'{"message_type": "PPBC.ScheduleInstruction", "message_id": "m1"}', "INVALID_CONTENT"),
        (b'{"message_type": "FRBC.Instruction", "message_id": "m1", "id": "order-1"}', "INVALID_MESSAGE"),
        (b'{"message_type": "FRBC.Instruction", "message_id": "m1", "message_id": "m2"}', "INVALID_DATA"),
        (b"[" * 100000, "INVALID_DATA"),
    ],
)
def test_garbage_is_answered_with_its_status_and_a_reason(raw, status):
    play = Play(BATTERY)
    play.begin()
    (answer,) = play.hear_raw(raw)
    assert answer["status"] == status and answer["diagnostic_label"] and errors(answer) == []


@pytest.mark.parametrize("factor", [-0.1, 1.1, "1", None, 1e300])
def test_a_factor_outside_of_0_to_1_is_no_message(factor):
    play = Play(BATTERY)
    play.begin()
    assert kinds(play.instruct(play.mode("charge"), factor)) == [("ReceptionStatus", "INVALID_MESSAGE")]


def test_a_number_that_is_none_is_no_message():
    play = Play(BATTERY)
    play.begin()
    raw = '{"message_type": "FRBC.Instruction", "message_id": "m1", "operation_mode_factor": NaN}'
    assert play.hear_raw(raw)[0]["status"] == "INVALID_DATA"


def test_a_cem_that_talks_nonsense_for_long_is_left():
    play = Play(BATTERY)
    for _ in range(REFUSALS_MAX):
        play.hear_raw(b"nonsense")
    with pytest.raises(Ended, match="refused"):
        play.hear_raw(b"nonsense")


def test_more_instructions_than_are_held_may_be_said_again_later():
    play = Play(BATTERY)
    play.begin()
    for at in range(16):
        play.instruct(play.mode("charge"), 1, f"order-{at}", f"2023-11-15T13:{at:02}:00Z")
    assert kinds(play.instruct(play.mode("charge"), 1, "order-x")) == [("ReceptionStatus", "TEMPORARY_ERROR")]


def test_what_the_cem_could_not_take_just_now_is_said_once_more():
    play = Play(BATTERY)
    described = play.begin()[1]
    again = {"subject_message_id": described["message_id"], "status": "TEMPORARY_ERROR"}
    assert play.hear_raw(json.dumps({"message_type": "ReceptionStatus", **again})) == [described]
    assert play.hear_raw(json.dumps({"message_type": "ReceptionStatus", **again})) == []
    with pytest.raises(Ended):
        play.hear_raw(json.dumps({"message_type": "ReceptionStatus", **again, "status": "PERMANENT_ERROR"}))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("SessionRequest", {"request": "TERMINATE"}), ("HandshakeResponse", {"selected_protocol_version": "9.9"})],
)
def test_a_cem_can_end_a_conversation(kind, fields):
    with pytest.raises(Ended):
        Play(BATTERY).hear(kind, **fields)


def test_what_has_nothing_to_offer_is_refused():
    play = Play(BATTERY)
    with pytest.raises(ValueError, match="no control type"):
        resource_of(play.desk, play.desk.loop.state.units[0], None, play.plugged)
    with pytest.raises(ValueError, match="capacity_wh"):
        resource_of(play.desk, play.unit, None, play.plugged)


def test_every_message_of_the_documents_examples_that_is_for_us_is_understood():
    """s2-documentation, the examples "PV installation", "Electric vehicle" and "Heat pump"."""
    seen = set()
    for name in ("pv", "ev", "heat-pump"):
        text = shared_data("s2", "examples_doc", f"{name}.md").read_text()
        for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
            try:
                message = json.loads(block)
            except ValueError:
                continue
            kind = message.get("message_type", "")
            if kind in ("Handshake", "HandshakeResponse", "SelectControlType") or kind.endswith(".Instruction"):
                play = Play(CHARGER if kind.startswith("PEBC") else BATTERY)
                if kind.endswith(".Instruction"):
                    play.begin()
                answers = kinds(play.hear_raw(json.dumps(message | {"message_id": "m-1", "role": "CEM"})))
                assert answers[0] in (OK, CONTENT), "it names other modes and constraints than ours, and no more"
                seen.add(kind)
    assert {"Handshake", "HandshakeResponse", "SelectControlType"} <= seen and len(seen) >= 5
