"""What events ask of a house: a meter, a charger, a heat pump, a battery. Payloads: OpenADR 3.1.0 enumerations."""

import json
from time import process_time

import pytest

from agent.claims import CEILING, CHANGE, TARGET
from agent.command import Authority
from agent.limits import EXPORT, IMPORT, SITE
from boards.cpython.openadr.agenda import Agenda
from boards.cpython.openadr.events import program_of
from boards.cpython.openadr.plan import charging_w, steps
from boards.cpython.openadr.signals import CHARGE, Places
from boards.cpython.steps import CLAIM, LIMIT, STEPS_MAX, is_enough
from tests.needs import shared_data
from tests.openadr.documents import AGENT, HOUR_MS, NOON_MS, event, read
from tests.shared.house import House

TARGETS = {"house": "", "car": "charger", "store": "battery"}


def agenda(role="utility", power_max_w=20000, targets=TARGETS, shares=None):
    """Return the agenda of a house for a source of this role."""
    house = House()
    return Agenda(Places(house.state, Authority("vtn", b"source", role, power_max_w), targets, shares), AGENT)


def asked(*documents, now_ms=NOON_MS, **keys):
    """Return matter, mode, amount, and the hours from noon between which each is wanted; and why others are not."""
    found = agenda(**keys)
    found.take([read(document) for document in documents], NOON_MS)
    planned = steps(found.wishes(now_ms), now_ms)
    refusals = {**found.unserved, **found.events.refusals}
    return [(step.matter, step.mode, step.amount, *when(step)) for step in planned], refusals


def when(step):
    ends = None if step.end_ms is None else (step.end_ms - NOON_MS) / HOUR_MS
    return (step.start_ms - NOON_MS) / HOUR_MS, ends


def test_capacity_limits_become_limits_of_the_site():
    document = event(("IMPORT_CAPACITY_LIMIT", 8.5))
    document["intervals"][0]["payloads"].append({"type": "EXPORT_CAPACITY_LIMIT", "values": [4]})
    document["payloadDescriptors"].append({"payloadType": "EXPORT_CAPACITY_LIMIT", "units": "KW"})
    found, refusals = asked(document)
    assert found == [((LIMIT, SITE, IMPORT), 0, 8500, 0, 1), ((LIMIT, SITE, EXPORT), 0, 4000, 0, 1)]
    assert refusals == {}


def test_a_kilowatt_that_a_float_would_miss_is_exact():
    found, _ = asked(event(("IMPORT_CAPACITY_LIMIT", 0.001), ("IMPORT_CAPACITY_LIMIT", 8.29)))
    assert [each[2] for each in found] == [1, 8290]


def test_a_dispatch_of_the_site_is_a_target_and_a_relative_one_a_change():
    found, _ = asked(
        event(("DISPATCH_SETPOINT", 3)), event(("DISPATCH_SETPOINT_RELATIVE", -2), event_id="e2", priority=0)
    )
    assert found == [
        ((CLAIM, SITE, TARGET), CHANGE, -2000, 0, 1),
    ], "both want the power of the site: the one with a priority goes first"
    found, _ = asked(event(("DISPATCH_SETPOINT", 3)))
    assert found == [((CLAIM, SITE, TARGET), TARGET, 3000, 0, 1)]


def test_a_dispatch_of_a_charger_is_its_current():
    found, _ = asked(event(("DISPATCH_SETPOINT", 6.9), targets=["car"]))
    assert found == [((CLAIM, 1, 0), 0, 10000, 0, 1)]


def test_a_state_of_charge_is_for_a_battery_and_has_to_be_one():
    document = event(("CHARGE_STATE_SETPOINT", 0.8), targets=["store"])
    assert "KW" in asked(document)[1]["e1"]
    document["payloadDescriptors"][0]["units"] = "PERCENT"
    assert asked(document)[0] == [((CLAIM, 3, 0), CHARGE, 800, 0, 1)]
    document["intervals"][0]["payloads"][0]["values"] = [80]
    assert asked(document)[0] == [] and "from 0 to 1" in asked(document)[1]["e1"]


@pytest.mark.parametrize("kind", ["ALERT_GRID_EMERGENCY", "ALERT_BLACK_START"])
def test_an_emergency_lets_the_site_use_as_little_as_it_can(kind):
    document = event((kind, "words for people"))
    assert asked(document)[0] == [((LIMIT, SITE, IMPORT), 0, 0, 0, 1)]
    found, _ = asked(document, role="aggregator")
    assert [(each[0], each[2]) for each in found] == [
        ((CLAIM, 1, CEILING), 0),
        ((CLAIM, 2, CEILING), 500),
        ((CLAIM, 3, CEILING), 0),
    ]


def test_other_alerts_and_prices_ask_for_nothing():
    assert asked(event(("ALERT_FLEX_ALERT", "hot"), ("PRICE", 0.17), ("GHG", 300))) == ([], {})


def test_prices_are_kept_in_millionths_of_what_they_are_in():
    document = event(("PRICE", 0.17), ("PRICE", -0.03))
    document["payloadDescriptors"] = [{"payloadType": "PRICE", "units": "KWH", "currency": "EUR"}]
    found = agenda()
    found.take([read(document)], NOON_MS)
    found.wishes(NOON_MS)
    assert [(point.millionths, point.units, point.currency) for point in found.points] == [
        (170000, "KWH", "EUR"),
        (-30000, "KWH", "EUR"),
    ]


def test_the_programme_tells_the_unit_where_the_event_does_not():
    document = event(("IMPORT_CAPACITY_LIMIT", 5))
    document["payloadDescriptors"] = []
    assert "units None" in asked(document)[1]["e1"]
    found = agenda()
    program = {
        "id": "p1",
        "programName": "doe",
        "payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}],
    }
    found.programs = {"p1": program_of(read(program))}
    found.take([read(document)], NOON_MS)
    assert [wish.amount for wish in found.wishes(NOON_MS)] == [5000]


def test_a_role_asks_for_its_own_only():
    limit, dispatch = event(("IMPORT_CAPACITY_LIMIT", 5)), event(("DISPATCH_SETPOINT", 5), event_id="e2")
    found, refusals = asked(limit, dispatch, role="grid")
    assert [each[0][0] for each in found] == [LIMIT] and "only limits" in refusals["e2"]
    found, refusals = asked(limit, dispatch, role="aggregator")
    assert [each[0][0] for each in found] == [CLAIM] and "sets no limits" in refusals["e1"]


def test_more_than_the_ceiling_of_the_source_is_not_entered():
    assert "20000" in asked(event(("IMPORT_CAPACITY_LIMIT", 1e9)))[1]["e1"]
    assert "20000" in asked(event(("DISPATCH_SETPOINT", 21)))[1]["e1"]


def test_an_absurd_limit_does_not_take_the_place_of_a_good_one():
    found = agenda()
    found.take([read(event(("IMPORT_CAPACITY_LIMIT", 5)))], NOON_MS)
    for absurd in (-1, 1e14, "5", None, True, {"x": 1}):
        found.take([read(event(("IMPORT_CAPACITY_LIMIT", absurd)))], NOON_MS)
        assert [wish.amount for wish in found.wishes(NOON_MS)] == [5000]
        assert "e1" in found.events.refusals


def test_targets_name_scopes_and_those_of_others_are_not_ours():
    assert asked(event(("DISPATCH_SETPOINT", 1), targets=["house", "somebody"]))[0][0][0] == (CLAIM, SITE, TARGET)
    assert "none of its targets" in asked(event(("DISPATCH_SETPOINT", 1), targets=["somebody"]))[1]["e1"]


def test_what_is_not_served_says_so_and_leaves_the_rest_alone():
    document = event(("IMPORT_CAPACITY_LIMIT", 5), ("SIMPLE", 2), ("CURVE", {"x": 1, "y": 2}))
    found, refusals = asked(document)
    assert len(found) == 1 and "not served" in refusals["e1"]


def test_simple_levels_are_the_shares_that_were_agreed():
    levels = event(*[("SIMPLE", level) for level in (0, 1, 2, 3)])
    found, refusals = asked(levels, shares=[60, 30, 0])
    assert (
        found
        == [
            ((LIMIT, SITE, IMPORT), 0, 10350, 1, 2),
            ((LIMIT, SITE, IMPORT), 0, 5175, 2, 3),
            ((LIMIT, SITE, IMPORT), 0, 0, 3, 4),
        ]
        and refusals == {}
    )  # of the connection's 17.25 kW
    assert asked(event(("SIMPLE", 1)), shares=[60, 30, 0], power_max_w=6000)[0][0][2] == 6000
    found, _ = asked(event(("SIMPLE", 1), targets=["car"]), shares=[50, 0, 0])
    assert [each[:3] for each in found] == [((LIMIT, 1, IMPORT), 0, 11040)]


def test_simple_levels_cap_each_device_for_who_may_only_claim():
    found, _ = asked(event(("SIMPLE", 2)), role="aggregator", shares=[60, 30, 0])
    assert [each[:3] for each in found] == [
        ((CLAIM, 1, CEILING), CEILING, 9600),
        ((CLAIM, 2, CEILING), CEILING, 1500),
        ((CLAIM, 3, CEILING), CEILING, 1500),
    ]
    found, _ = asked(event(("SIMPLE", 3), targets=["car"]), role="aggregator", shares=[60, 30, 0])
    assert [each[:3] for each in found] == [((CLAIM, 1, CEILING), CEILING, 0)]


def test_a_simple_level_that_is_none_is_refused_and_one_that_was_not_agreed_is_not_served():
    for level in (4, -1, 1.5, "1", None, True):
        assert "e1" in asked(event(("SIMPLE", level)), shares=[60, 30, 0])[1], level
    assert asked(event(("SIMPLE", 1.0)), shares=[60, 30, 0])[0]
    assert "not served" in asked(event(("SIMPLE", 1)))[1]["e1"]


def test_of_two_events_the_lower_number_goes_first_and_the_other_has_the_rest():
    """User Guide 7.1."""
    base = event(("IMPORT_CAPACITY_LIMIT", 9), duration="PT4H", priority=5)
    short = event(("IMPORT_CAPACITY_LIMIT", 12), start="2023-11-15T13:00:00Z", event_id="e2", priority=0)
    found, _ = asked(base, short)
    assert [each[2:] for each in found] == [(9000, 0, 1), (12000, 1, 2), (9000, 2, 4)]


def test_of_two_limits_of_one_priority_the_tighter_holds():
    found, _ = asked(event(("IMPORT_CAPACITY_LIMIT", 9)), event(("IMPORT_CAPACITY_LIMIT", 7), event_id="e2"))
    assert [each[2:] for each in found] == [(7000, 0, 1)]


def test_no_priority_comes_last():
    found, _ = asked(
        event(("IMPORT_CAPACITY_LIMIT", 7)), event(("IMPORT_CAPACITY_LIMIT", 9), event_id="e2", priority=1000)
    )
    assert [each[2] for each in found] == [9000]


def test_a_limit_without_an_end_goes_on_behind_a_shorter_one():
    base = event(("IMPORT_CAPACITY_LIMIT", 9), duration="P9999Y")
    short = event(("IMPORT_CAPACITY_LIMIT", 3), start="2023-11-15T13:00:00Z", event_id="e2", priority=0)
    assert [each[2:] for each in asked(base, short)[0]] == [(9000, 0, 1), (3000, 1, 2), (9000, 2, None)]


def test_a_long_list_is_entered_in_pieces_that_have_time():
    document = event(*[("IMPORT_CAPACITY_LIMIT", 5 + at % 2) for at in range(40)])
    found = agenda()
    found.take([read(document)], NOON_MS)
    entered = steps(found.wishes(NOON_MS), NOON_MS)
    assert len(entered) == STEPS_MAX
    for hour in range(STEPS_MAX // 2 + 1):
        now_ms = NOON_MS + hour * HOUR_MS
        left = [step for step in entered if not step.is_over(now_ms)]
        assert is_enough(left, steps(found.wishes(now_ms), now_ms), now_ms)
    now_ms += HOUR_MS
    left = [step for step in entered if not step.is_over(now_ms)]
    assert not is_enough(left, steps(found.wishes(now_ms), now_ms), now_ms)


def test_claims_do_not_crowd_out_a_limit():
    dispatches = [
        event(
            ("DISPATCH_SETPOINT", 1),
            start=f"2023-11-15T{at // 60:02}:{at % 60:02}:00Z",
            event_id=f"d{at:03}",
            targets=["car"],
        )
        for at in range(690, 720)
    ]
    found, _ = asked(*dispatches, event(("IMPORT_CAPACITY_LIMIT", 5)))
    assert found[0][0] == (LIMIT, SITE, IMPORT)


def test_a_list_that_would_hold_the_loop_is_cut_short():
    tick = event(("IMPORT_CAPACITY_LIMIT", 5), duration="PT5M") | {"duration": "P9999Y"}
    many = [tick | {"id": f"e{at:03}", "priority": at % 7, "targets": ["house", "car", "store"]} for at in range(256)]
    found = agenda()
    began_s = process_time()
    found.take([read(each) for each in many], NOON_MS)
    planned = steps(found.wishes(NOON_MS), NOON_MS)
    assert len(planned) == 3 and "8192" in found.events.refusals["e255"]
    assert process_time() - began_s < 5, "it takes a quarter of a second on the machine that this was written on"


def test_what_changed_is_not_enough():
    one, other = agenda(), agenda()
    one.take([read(event(("IMPORT_CAPACITY_LIMIT", 5)))], NOON_MS)
    other.take([read(event(("IMPORT_CAPACITY_LIMIT", 6)))], NOON_MS)
    found = [steps(each.wishes(NOON_MS), NOON_MS) for each in (one, other)]
    assert is_enough(found[0], found[0], NOON_MS) and not is_enough(found[0], found[1], NOON_MS)


def test_the_user_guides_operating_envelope_is_served():
    """User Guide 8.10.1; its day is taken as the present."""
    examples = json.loads(shared_data("openadr3", "user_guide_examples_share.json").read_text())["examples"]
    document = next(each["json"] for each in examples if "capacity_limit_Event" in str(each["json"]))
    begun_ms = 1675987200000  # 2023-02-10T00:00:00Z
    found = agenda(power_max_w=20000)
    found.take([read({"id": "e1", **document})], begun_ms)
    planned = steps(found.wishes(begun_ms), begun_ms)
    assert [(step.matter[2], step.amount, (step.start_ms - begun_ms) // 60000) for step in planned] == [
        (IMPORT, 10000, 0),
        (EXPORT, 4000, 0),
        (IMPORT, 8000, 30),
        (EXPORT, 6000, 30),
    ]
    assert found.unserved == {}


def test_every_event_of_the_user_guide_is_taken():
    examples = json.loads(shared_data("openadr3", "user_guide_examples_share.json").read_text())["examples"]
    documents = [each["json"] for each in examples if isinstance(each["json"], dict) and "eventName" in each["json"]]
    found = agenda()
    found.take([read({**document, "id": f"e{at}"}) for at, document in enumerate(documents)], NOON_MS)
    assert len(documents) > 10 and found.events.refusals == {}


@pytest.mark.parametrize(
    ("charge_pm", "before_w", "wanted_w"),
    [(500, 0, 5000), (795, 0, 0), (795, 5000, 5000), (800, 5000, 0), (900, 0, -5000), (805, 0, 0), (805, -5000, -5000)],
)
def test_a_battery_goes_to_a_state_of_charge_and_rests_there(charge_pm, before_w, wanted_w):
    state = House().state
    unit = state.units[3]
    unit.soc_pm, unit.wanted = charge_pm, before_w
    assert charging_w(state, 3, 800) == wanted_w
    unit.soc_pm = None
    assert charging_w(state, 3, 800) == 0
