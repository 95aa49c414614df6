"""An owner's words at their edges: exact bounds, what takes the place of what, and devices of every kind."""

from __future__ import annotations

from agent import record
from agent.claims import ASIDE, OWN
from agent.command import Authority
from agent.owner import AWAY, BOOST, COMFORT, DEPARTURE, OPT_OUT, Owner
from agent.unit import Contract
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import CHARGER as A_CHARGER
from tests.shared.house import METER, SWITCH
from tests.shared.market import SUPERSEDED
from tests.shared.test_owner import BATTERY, CHARGER, PUMP, granted, home, say

ROOM = Contract(c.THERMOSTAT, q.TEMP_TARGET_MC, (5000, 30000, 500), None, True, 10000)
NOT_HEARD = Contract(c.CHARGER, q.LIMIT_MA, (0, 0, 1), 0, False, 10000)


def in_force(desk):
    """Return (scope, mode, s left) of the owner's words."""
    now_ms = desk.state.now_ms
    said = [each for each in desk.state.claims if each.source == "home"]
    return sorted([(each.scope, each.mode, (each.until_ms - now_ms) // 1000) for each in said])


def test_a_boost_takes_the_place_of_the_same_devices_boost_and_of_nothing_else():
    desk = home()
    for body in ((OPT_OUT, "heatpump", 3600), (BOOST, "charger", 3600), (BOOST, "battery", 3600)):
        assert say(desk, *body) == record.ACCEPTED
    assert say(desk, BOOST, "charger", 60) == record.ACCEPTED
    assert say(desk, BOOST, "heatpump", 90) == record.ACCEPTED
    assert in_force(desk) == [(CHARGER, OWN, 60), (PUMP, ASIDE, 3600), (PUMP, OWN, 90), (BATTERY, OWN, 3600)]
    desk.pass_s(1)
    assert desk.heard()[0] == (2, SUPERSEDED)


def test_an_opt_out_of_everything_ends_boosts_and_a_boost_that_comes_later_holds_in_it():
    desk = home()
    assert say(desk, BOOST, "charger", 600) == record.ACCEPTED
    assert say(desk, OPT_OUT, "", 600) == record.ACCEPTED
    assert in_force(desk) == [(-1, ASIDE, 600)] and granted(desk) == (32000, "claim home")
    assert say(desk, BOOST, "charger", 60) == record.ACCEPTED
    assert granted(desk) == (28900, "claim home")


def test_a_thermostats_boost_is_the_top_of_its_comfort_band_unless_one_is_configured():
    desk = home()
    unit = desk.state.units[BATTERY]
    unit.contract, unit.comfort = ROOM, (19000, 22000)
    assert say(desk, BOOST, "battery", 60) == record.ACCEPTED and granted(desk, BATTERY) == (22000, "claim home")
    desk.state.owner.boosts["battery"] = 24000
    assert say(desk, BOOST, "battery", 60) == record.ACCEPTED and granted(desk, BATTERY) == (24000, "claim home")
    del desk.state.owner.boosts["battery"]
    unit.comfort = (19000, None)
    assert say(desk, BOOST, "battery", 60) == record.UNSUPPORTED


def test_a_contacts_boost_closes_it():
    desk = home()
    unit = desk.state.units[BATTERY]
    unit.contract, unit.power_max_w, unit.guard.running = SWITCH, 3000, False
    assert say(desk, BOOST, "battery", 60) == record.ACCEPTED and granted(desk, BATTERY) == (1, "claim home")


def test_a_word_lasts_from_a_second_to_ninety_days():
    desk = home()
    for for_s in (0, 7776001, True, None):
        assert say(desk, OPT_OUT, "charger", for_s) == record.MALFORMED, for_s
    for for_s in (1, 7776000):
        assert say(desk, OPT_OUT, "charger", for_s) == record.ACCEPTED
        assert in_force(desk) == [(CHARGER, ASIDE, for_s)]


def test_a_departure_is_within_three_days_and_a_megawatt_hour_from_now_on():
    desk = home()
    now_s = desk.state.civil_ms // 1000
    for at_s, energy_wh, reason in (
        (now_s, 5000, record.EXPIRED), (now_s + 1, 5000, record.ACCEPTED), (now_s + 259200, 5000, record.ACCEPTED),
        (now_s + 259201, 5000, record.MALFORMED), (now_s + 1, 1000000, record.ACCEPTED),
        (now_s + 1, 1000001, record.MALFORMED), (now_s + 1, -1, record.MALFORMED), (-1, 0, record.MALFORMED),
        ((1 << 40) + 1, 0, record.MALFORMED), (1 << 40, 0, record.ACCEPTED), (1 << 40, 0, record.NOTHING_TO_CANCEL),
    ):  # fmt: skip
        assert say(desk, DEPARTURE, "charger", at_s, energy_wh) == reason, (at_s - now_s, energy_wh)
    desk.state.units[BATTERY].contract = ROOM
    assert say(desk, DEPARTURE, "battery", now_s + 60, 5000) == record.UNKNOWN_DEVICE


def test_comfort_reaches_to_the_products_bounds_or_as_far_as_numbers_do():
    desk = home()
    for name, lowest, highest, reason in (
        ("charger", 6000, 32000, record.ACCEPTED), ("charger", 5999, None, record.OUT_OF_RANGE),
        ("charger", None, 32001, record.OUT_OF_RANGE), ("charger", 10000, 10000, record.ACCEPTED),
        ("charger", 10001, 10000, record.MALFORMED), ("battery", -5000, None, record.ACCEPTED),
        ("battery", -5001, None, record.OUT_OF_RANGE),
    ):  # fmt: skip
        assert say(desk, COMFORT, name, lowest, highest) == reason, (name, lowest, highest)
    desk.state.units[CHARGER].contract = NOT_HEARD
    for bound, reason in (
        (1000000, record.ACCEPTED), (-1000000, record.ACCEPTED), (1000001, record.MALFORMED),
        (-1000001, record.MALFORMED),
    ):  # fmt: skip
        assert say(desk, COMFORT, "charger", bound, None) == reason, bound


def test_the_first_device_is_one_like_every_other_and_a_meter_is_none():
    desk = home()
    desk.state.units[0].contract = A_CHARGER
    for body in ((BOOST, "grid", 60), (OPT_OUT, "grid", 60), (COMFORT, "grid", 6000, None)):
        assert say(desk, *body) == record.ACCEPTED, body
    for index, name in ((PUMP, "heatpump"), (BATTERY, "battery")):
        desk.state.units[index].contract = METER
        assert say(desk, OPT_OUT, name, 60) == record.UNKNOWN_DEVICE
    assert say(desk, OPT_OUT, "", 60) == record.ACCEPTED  # the last device is no reason against that


def test_a_utility_is_no_owner():
    utility = Authority("util", b"\x04" + b"u" * 64, "utility", 20000)
    assert say(home(), OPT_OUT, "charger", 60, authority=utility) == record.ROLE_FORBIDS


def test_away_may_be_of_one_device_and_as_much_as_the_owner_may_ask_for():
    for most_w, reason in ((11040, record.ACCEPTED), (11039, record.OVER_CEILING)):
        desk = home()
        desk.state.owner = Owner("home", most_w, {"charger": 16000}, {})
        assert say(desk, AWAY, "", 60) == reason
