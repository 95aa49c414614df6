"""What an inverter offers, and a charger whose owner has told what a car needs.

Source: s2-documentation, the examples "PV installation" and "Electric vehicle".
"""

import pytest

from agent.claims import SETPOINT
from boards.cpython.s2.offers import resource_of
from boards.cpython.s2.storages import Plugged
from hal import capabilities
from hal import quantities as q
from tests.openadr.documents import NOON_MS
from tests.s2.play import CHARGER, CONTENT, INVERTER, LEAVES_MS, OK, Play, kinds, stateful, update, with_car
from tests.shared.house import House


def test_an_inverter_feeds_in_no_more_than_its_envelope_in_steps_towards_less():
    play = stateful(*INVERTER)
    (constraints,) = play.begin()[1:]
    assert (
        constraints["consequence_type"] == "VANISH" and play.resource.details()["roles"][0]["role"] == "ENERGY_PRODUCER"
    )
    bounds = [tuple(each["range_boundary"].values()) for each in constraints["allowed_limit_ranges"]]
    assert bounds == [(0, 0), (-5000, 0)]
    assert kinds(play.envelope((900, -1900), (900, 0), (60, -5000))) == [OK, update("ACCEPTED")]
    assert play.steps() == [(SETPOINT, -1600, 0, 900), (SETPOINT, 0, 900, 1800), (SETPOINT, -4800, 1800, 1860)]
    assert kinds(play.envelope((900, -5001), order_id="order-2")) == [CONTENT]
    assert kinds(play.envelope((900, 100), order_id="order-3")) == [CONTENT]
    uneven = stateful(capabilities.INVERTER, (-100000, 0, 300))
    uneven.begin()
    assert kinds(uneven.envelope((900, 0))) == [CONTENT]


def test_a_charger_is_a_storage_while_its_owner_has_told_what_the_car_needs():
    play = with_car()
    _, described, target, *status = play.begin()
    (element,) = described["actuators"][0]["operation_modes"][1]["elements"]
    assert element["fill_rate"]["end_of_range"] == pytest.approx(100 * 20000 / 3600 / 20000, rel=0.01)
    assert [tuple(each["fill_level_range"].values()) for each in target["elements"]] == [(0, 100), (100, 100)]
    assert target["elements"][0]["duration"] == LEAVES_MS - NOON_MS
    assert [each["message_type"] for each in status] == ["FRBC.ActuatorStatus", "FRBC.StorageStatus"]
    assert status[1]["present_fill_level"] == 25
    assert kinds(play.instruct(play.mode("charge"), 0)) == [OK, update("ACCEPTED")]
    assert kinds(play.instruct(play.mode("off"), 1, order_id="order-2")) == [OK, update("ACCEPTED")]
    assert [step[:2] for step in play.steps()] == [(SETPOINT, 0)]
    play.hear("RevokeObject", object_type="FRBC.Instruction", object_id="order-2")
    assert [step[:2] for step in play.steps()] == [(SETPOINT, 6000)]


def test_what_a_car_was_given_counts_from_when_it_came_and_never_more_than_it_needs():
    assert with_car(90000).resource.status(NOON_MS)[1]["present_fill_level"] == 100
    plugged = Plugged()
    for state, register_wh, given_wh in (
        (q.EV_C, None, None), (q.EV_A, 100, None), (q.EV_B, 100, 0), (q.EV_C, 600, 500), (q.EV_F, 700, 600),
        (q.EV_C, None, None), (q.EV_C, 50, 0), (q.EV_A, 900, None), (q.EV_B, 900, 0),
    ):  # fmt: skip
        reading = {q.EV_STATE: state} if register_wh is None else {q.EV_STATE: state, q.ENERGY_IMPORT_WH: register_wh}
        plugged.look(reading)
        assert plugged.given_wh(reading) == given_wh, (state, register_wh)


def test_what_a_charger_offers_changes_with_the_owners_word():
    play = with_car()
    play.begin()
    play.instruct(play.mode("charge"), 1)
    play.desk.loop.state.departures.clear()
    below = resource_of(play.desk, play.unit, None, play.plugged)
    before = len(play.out)
    play.session.describe(below, NOON_MS)
    (details,) = play.out[before:]
    assert details["available_control_types"] == ["POWER_ENVELOPE_BASED_CONTROL"] and play.steps() == []
    assert kinds(play.instruct("any", 1)) == [CONTENT]
    assert kinds(play.hear("SelectControlType", control_type=below.control_type)) == [OK, "PEBC.PowerConstraints"]


def test_a_departure_that_has_passed_is_none():
    house = House()
    house.state.civil_ms, house.state.departures["charger"] = LEAVES_MS, (LEAVES_MS, 20000)
    assert Play(CHARGER, house=house).resource.control_type == "POWER_ENVELOPE_BASED_CONTROL"
