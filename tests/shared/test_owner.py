"""An owner's words: what each becomes, what it goes before and what before it, how it ends, what a reboot keeps."""

from __future__ import annotations

from agent import cbor, record, snapshot
from agent.command import Authority
from agent.context import context_of
from agent.kept import dump
from agent.owner import AWAY, BACK, BOOST, COMFORT, DEPARTURE, OPT_IN, OPT_OUT, Owner
from agent.sources.desk import authority_of
from agent.sources.owner import Words
from tests.shared.desk import CIVIL_MS, CLAIM, LIMIT, MODE, SET, Desk, picture
from tests.shared.house import AGGREGATOR, DSO, OWNER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WORD = 8
CEILING, TARGET = 1, 2
CHARGER, PUMP, BATTERY = 1, 2, 3
CONSOLE = authority_of("console", "owner", 1000000)
HOUR_S = 3600


def home(civil_ms: int = CIVIL_MS) -> Desk:
    """Return a house after its first second, whose owner may speak in words."""
    desk = Desk(civil_ms)
    move_in(desk)
    desk.pass_s(1)
    return desk


def move_in(desk: Desk) -> None:
    """Give a house its owner, as a start does."""
    desk.state.owner = Owner("home", 20000, {"heatpump": 500, "charger": 0}, {"heatpump": 4000})
    desk.state.owner.settle(desk.state)


def say(desk: Desk, *body: Any, authority: Authority = OWNER) -> int:
    """Say a word; return the reason."""
    return desk.ask(authority, WORD, list(body))


def crowd(desk: Desk, owners: int) -> None:
    """Take all places of others, and some of the owner's eight."""
    for number in range(24):
        desk.want(AGGREGATOR, CLAIM, ["charger", 6000, 600, 5 + number])
    for number in range(owners):
        desk.want(OWNER, CLAIM, ["charger", 6000, 600, 100 + number])


def granted(desk: Desk, index: int = CHARGER) -> tuple[int | None, str]:
    """Return what a device is to do after a second, and why."""
    desk.pass_s(1)
    unit = desk.state.units[index]
    return unit.wanted, unit.wanted_source


def test_a_boost_goes_before_set_points_and_ceilings_and_ends_by_itself():
    desk = home()
    desk.want(AGGREGATOR, CLAIM, ["charger", 0, 7200, 5])
    desk.want(AGGREGATOR, CLAIM, ["charger", 0, 7200, 5, {MODE: CEILING}])
    assert granted(desk) == (0, "claim agg")
    assert say(desk, BOOST, "charger", 60) == record.ACCEPTED
    assert granted(desk) == (28900, "claim home")  # what the owner's ceiling of 20 kW leaves
    desk.pass_s(60)
    assert granted(desk) == (0, "claim agg")


def test_a_boost_is_what_is_configured_and_what_the_product_can():
    desk = home()
    assert say(desk, BOOST, "heatpump", 60) == record.ACCEPTED and granted(desk, PUMP) == (4000, "claim home")
    assert say(desk, BOOST, "battery", 60) == record.ACCEPTED and granted(desk, BATTERY) == (5000, "claim home")
    small = Authority("key", b"\x04" + b"s" * 64, "owner", 3000)
    assert say(desk, BOOST, "charger", 60, authority=small) == record.OVER_CEILING
    assert say(desk, BOOST, "heatpump", 60, authority=small) == record.OVER_CEILING


def test_an_opt_out_leaves_a_device_to_its_default_whatever_others_want():
    desk = home()
    desk.want(AGGREGATOR, CLAIM, ["charger", 0, 7200, 5])
    desk.want(AGGREGATOR, CLAIM, ["battery", 1000, 7200, 5])
    assert say(desk, OPT_OUT, "charger", 60) == record.ACCEPTED
    assert granted(desk) == (32000, "claim home") and granted(desk, BATTERY) == (1000, "claim agg")
    assert context_of(desk.state, desk.state.units[CHARGER])[record.OPTED_OUT] is True
    assert record.OPTED_OUT not in context_of(desk.state, desk.state.units[BATTERY])
    desk.want(AGGREGATOR, CLAIM, ["charger", 6000, 7200, 5])
    assert granted(desk) == (32000, "claim home")
    desk.pass_s(60)
    assert granted(desk) == (6000, "claim agg")


def test_an_opt_out_of_the_site_is_one_claim_for_all_devices_and_ends_a_target():
    desk = home()
    desk.want(AGGREGATOR, CLAIM, ["", 3000, 7200, 5, {MODE: TARGET}])
    desk.want(AGGREGATOR, CLAIM, ["heatpump", 500, 7200, 5])
    desk.pass_s(2)
    assert desk.state.site.aim is not None and desk.state.units[BATTERY].steered
    assert say(desk, OPT_OUT, "", 60) == record.ACCEPTED
    for index, default in ((CHARGER, 32000), (PUMP, 6000), (BATTERY, None)):
        assert granted(desk, index) == (default, "claim home"), index
    assert desk.state.site.aim is None and len([each for each in desk.state.claims if each.source == "home"]) == 1


def test_one_device_that_is_opted_out_is_not_moved_by_a_target_of_others():
    desk = home()
    desk.want(AGGREGATOR, CLAIM, ["", 3000, 7200, 5, {MODE: TARGET}])
    assert say(desk, OPT_OUT, "charger", 600) == record.ACCEPTED
    desk.pass_s(2)
    assert granted(desk) == (32000, "claim home")
    assert desk.state.units[BATTERY].steered and not desk.state.units[CHARGER].steered


def test_an_owners_own_plan_goes_on_while_he_stands_aside():
    desk = home()
    desk.want(AGGREGATOR, CLAIM, ["charger", 0, 7200, 5])
    desk.want(OWNER, CLAIM, ["charger", 8000, 7200, 190])
    assert granted(desk) == (0, "claim agg")
    assert say(desk, OPT_OUT, "charger", 600) == record.ACCEPTED
    desk.want(AGGREGATOR, CLAIM, ["charger", 0, 7200, 5])
    desk.want(AGGREGATOR, CLAIM, ["", 3000, 7200, 5, {MODE: TARGET}])
    desk.pass_s(1)
    assert granted(desk) == (8000, "claim owner") and not desk.state.units[CHARGER].steered
    assert context_of(desk.state, desk.state.units[CHARGER])[record.OPTED_OUT] is True
    desk.want(OWNER, CLAIM, ["", 5000, 7200, 190, {MODE: TARGET}])
    desk.pass_s(1)
    assert desk.state.site.aim is not None and desk.state.site.aim.source == "agg"  # the site itself takes part


def test_an_owners_own_target_moves_what_is_opted_out():
    desk = home()
    assert say(desk, OPT_OUT, "", 600) == record.ACCEPTED
    desk.want(AGGREGATOR, CLAIM, ["charger", 0, 7200, 5, {MODE: CEILING}])
    desk.want(OWNER, CLAIM, ["", 6000, 7200, 190, {MODE: TARGET}])
    desk.pass_s(3)
    assert desk.state.units[CHARGER].steered and desk.state.site.aim is not None


def test_no_word_goes_before_a_limit_or_protection():
    desk = home()
    desk.want(DSO, LIMIT, ["charger", 0, 4200, 7200])
    for body in ((BOOST, "charger", 600), (OPT_OUT, "charger", 600), (OPT_OUT, "", 600)):
        assert say(desk, *body) == record.ACCEPTED
        desk.pass_s(2)
        unit = desk.state.units[CHARGER]
        assert unit.source == "limit dso" and unit.power_of(unit.setpoint) <= 4200, body


def test_opting_in_ends_what_was_said_of_a_scope_and_of_nothing_else():
    desk = home()
    for body in ((BOOST, "charger", 600), (OPT_OUT, "battery", 600), (AWAY, "", 600)):
        assert say(desk, *body) == record.ACCEPTED
    assert say(desk, OPT_IN, "charger", authority=CONSOLE) == record.ACCEPTED
    assert [each.scope for each in desk.state.claims] == [BATTERY, CHARGER, PUMP]
    assert say(desk, OPT_IN, "charger") == record.NOTHING_TO_CANCEL
    assert say(desk, OPT_IN, "") == record.ACCEPTED
    assert [each.scope for each in desk.state.claims] == [CHARGER, PUMP]
    assert say(desk, BACK, "") == record.ACCEPTED and desk.state.claims == []
    assert say(desk, BACK, "") == record.NOTHING_TO_CANCEL == say(desk, OPT_IN, "")


def test_a_later_word_goes_first_and_the_earlier_one_is_in_force_again():
    desk = home()
    assert say(desk, AWAY, "", 7200) == record.ACCEPTED
    assert granted(desk) == (0, "claim home") and granted(desk, PUMP) == (500, "claim home")
    assert say(desk, BOOST, "heatpump", 60) == record.ACCEPTED
    assert granted(desk, PUMP) == (4000, "claim home")
    desk.pass_s(60)
    assert granted(desk, PUMP) == (500, "claim home")
    assert say(desk, AWAY, "", 60) == record.ACCEPTED and len(desk.state.claims) == 2
    desk.pass_s(60)
    assert granted(desk, PUMP) == (6000, "default")


def test_what_an_owner_opts_out_of_waits_and_goes_on_when_he_opts_in():
    desk = home()
    desk.want(AGGREGATOR, CLAIM, ["charger", 8000, 600, 5])
    desk.want(AGGREGATOR, CLAIM, ["", 3000, 60, 5, {MODE: TARGET}])
    desk.pass_s(65)
    desk.want(AGGREGATOR, CLAIM, ["", 3000, 0, 5, {MODE: TARGET}])
    desk.pass_s(1)
    desk.heard()
    assert say(desk, OPT_OUT, "", 600) == record.ACCEPTED
    desk.pass_s(2)
    assert desk.heard() == [(1, record.OUT), (3, record.OUT), (4, record.STARTED)]
    assert say(desk, OPT_IN, "") == record.ACCEPTED
    assert granted(desk) == (8000, "claim agg")
    assert desk.heard() == [(4, record.CANCELLED), (1, record.IN), (3, record.IN)]
    desk.want(AGGREGATOR, CLAIM, ["charger", 7000, 600, 5])
    desk.pass_s(1)
    assert desk.heard() == [(1, record.SUPERSEDED), (6, record.STARTED)]
    assert say(desk, BOOST, "charger", 600) == record.ACCEPTED
    desk.pass_s(600)
    assert desk.heard() == [(6, record.OUT), (7, record.STARTED), (6, record.COMPLETED), (7, record.COMPLETED)]


def test_an_opt_out_ends_boosts_within_it_and_a_shorter_one_leaves_the_longer():
    desk = home()
    assert say(desk, BOOST, "charger", 600) == record.ACCEPTED
    assert say(desk, OPT_OUT, "charger", 7200) == record.ACCEPTED
    assert granted(desk) == (32000, "claim home") and len(desk.state.claims) == 1
    assert say(desk, OPT_OUT, "", 60) == record.ACCEPTED
    desk.pass_s(61)
    desk.want(AGGREGATOR, CLAIM, ["charger", 0, 7200, 5])
    assert granted(desk) == (32000, "claim home") and granted(desk, PUMP) == (6000, "default")


def test_comfort_bounds_what_others_want_and_is_taken_back():
    desk = home()
    unit = desk.state.units[PUMP]
    unit.comfort = (600, None)
    desk.want(AGGREGATOR, CLAIM, ["heatpump", 500, 7200, 5])
    assert granted(desk, PUMP) == (600, "comfort")
    assert say(desk, COMFORT, "heatpump", 2000, 3000) == record.ACCEPTED
    assert granted(desk, PUMP) == (2000, "comfort")
    assert say(desk, COMFORT, "heatpump", None, 400) == record.OUT_OF_RANGE and unit.comfort == (2000, 3000)
    assert say(desk, COMFORT, "heatpump", None, None) == record.ACCEPTED
    assert granted(desk, PUMP) == (600, "comfort") and desk.state.comforts == {}


def test_a_departure_is_kept_for_who_plans_until_it_has_passed():
    desk = home()
    at_s = desk.state.civil_ms // 1000 + HOUR_S
    assert say(desk, DEPARTURE, "charger", at_s, 20000) == record.ACCEPTED
    assert desk.state.departures == {"charger": (at_s * 1000, 20000)}
    assert say(desk, DEPARTURE, "charger", at_s - HOUR_S - 1, 20000) == record.EXPIRED
    assert say(desk, DEPARTURE, "charger", at_s + 700000, 20000) == record.MALFORMED
    desk.reboot(CIVIL_MS + 60000)
    assert desk.state.departures == {"charger": (at_s * 1000, 20000)}
    desk.reboot(CIVIL_MS + 2 * HOUR_S * 1000)
    assert desk.state.departures == {}
    move_in(desk)
    desk.pass_s(1)
    assert say(desk, DEPARTURE, "charger", at_s + 2 * HOUR_S, 5) == record.ACCEPTED
    assert say(desk, DEPARTURE, "charger", 0, 0) == record.ACCEPTED and desk.state.departures == {}
    assert say(desk, DEPARTURE, "charger", 0, 0) == record.NOTHING_TO_CANCEL


def test_without_a_clock_nobody_knows_a_departure():
    assert say(home(0), DEPARTURE, "charger", CIVIL_MS // 1000, 1) == record.UNSUPPORTED


def test_words_survive_a_reboot():
    desk = home()
    assert say(desk, OPT_OUT, "", 600) == record.ACCEPTED
    assert say(desk, AWAY, "", 600) == record.ACCEPTED
    assert say(desk, COMFORT, "heatpump", 2000, None) == record.ACCEPTED
    desk.reboot(desk.house.civil_ms + 60000)
    move_in(desk)
    assert desk.state.units[PUMP].comfort == (2000, None)
    assert granted(desk, BATTERY) == (None, "claim home") and granted(desk) == (0, "claim home")
    desk.want(AGGREGATOR, CLAIM, ["battery", 1000, 7200, 5])
    assert granted(desk, BATTERY) == (None, "claim home")
    assert say(desk, BACK, "") == record.ACCEPTED
    assert granted(desk) == (32000, "claim home")
    assert say(desk, COMFORT, "heatpump", None, None) == record.ACCEPTED
    assert desk.state.units[PUMP].comfort == (None, None)


def test_without_a_clock_a_word_lasts_for_what_was_left_of_it_and_a_clock_that_comes_corrects_it():
    desk = home(0)
    assert say(desk, AWAY, "", 600) == record.ACCEPTED and say(desk, OPT_OUT, "", 600) == record.ACCEPTED
    desk.pass_s(100)
    desk.reboot()
    move_in(desk)
    assert granted(desk) == (0, "claim home") and granted(desk, BATTERY) == (None, "claim home")
    desk.pass_s(498)
    assert desk.state.claims == []
    desk = home()
    assert say(desk, AWAY, "", 600) == record.ACCEPTED
    desk.reboot()
    move_in(desk)
    assert granted(desk) == (0, "claim home")
    desk.house.civil_ms = CIVIL_MS + 590000
    assert granted(desk) == (0, "claim home")
    desk.pass_s(11)
    assert desk.state.claims == []


def test_once_an_hour_it_is_kept_how_long_a_word_still_lasts():
    desk = home(0)
    assert say(desk, AWAY, "", 7200) == record.ACCEPTED
    desk.pass_s(3)
    desk.state.must_persist = False
    desk.pass_ms(HOUR_S * 1000)
    assert desk.state.must_persist


def test_what_was_kept_for_a_device_that_is_gone_is_forgotten():
    desk = home()
    desk.state.comforts = {"gone": (1, 2), "grid": (1, 2), "charger": (6000, None)}
    move_in(desk)
    assert desk.state.comforts == {"charger": (6000, None)} and desk.state.units[CHARGER].comfort == (6000, None)


def test_a_replay_goes_on_with_the_same_owner():
    desk = home()
    assert say(desk, COMFORT, "heatpump", 2000, None) == record.ACCEPTED
    assert say(desk, OPT_OUT, "", 600) == record.ACCEPTED
    again = snapshot.unpack(snapshot.pack(desk.state))
    assert snapshot.pack(again) == snapshot.pack(desk.state)
    desk.house.state = again
    assert say(desk, COMFORT, "heatpump", None, None) == record.ACCEPTED
    assert again.units[PUMP].comfort == (None, None) and granted(desk, BATTERY)[1] == "claim home"


def test_a_word_that_is_none_changes_nothing():
    desk = home()
    before = picture(desk.state, False)
    for body, expected in (
        ([], record.MALFORMED), ([BOOST], record.MALFORMED), ([0, "charger"], record.MALFORMED),
        ([8, "charger", 1], record.MALFORMED), ([BOOST, 1, 60], record.MALFORMED),
        ([BOOST, "charger"], record.MALFORMED), ([BOOST, "charger", 60, 1], record.MALFORMED),
        ([BOOST, "charger", 0], record.MALFORMED), ([BOOST, "charger", 7776001], record.MALFORMED),
        ([BOOST, "charger", True], record.MALFORMED), ([True, "charger", 60], record.MALFORMED),
        ([BOOST, "", 60], record.UNKNOWN_DEVICE), ([BOOST, "grid", 60], record.UNKNOWN_DEVICE),
        ([OPT_OUT, "cellar", 60], record.UNKNOWN_DEVICE), ([OPT_OUT, "grid", 60], record.UNKNOWN_DEVICE),
        ([AWAY, "charger", 60], record.MALFORMED), ([AWAY, "", None], record.MALFORMED),
        ([DEPARTURE, "", 5, 5], record.UNKNOWN_DEVICE), ([DEPARTURE, "charger", -1, 5], record.MALFORMED),
        ([DEPARTURE, "charger", 1, 1000001], record.MALFORMED), ([COMFORT, "", 1, 2], record.UNKNOWN_DEVICE),
        ([COMFORT, "heatpump", 3000, 2000], record.MALFORMED), ([COMFORT, "heatpump", "1", 2], record.MALFORMED),
        ([COMFORT, "heatpump", 499, 2000], record.OUT_OF_RANGE),
    ):  # fmt: skip
        assert desk.ask(OWNER, WORD, body) == expected, body
    assert picture(desk.state, False) == before


def test_only_owners_speak_and_only_where_a_site_lets_them():
    desk = home()
    for authority in (AGGREGATOR, DSO):
        assert say(desk, OPT_OUT, "charger", 60, authority=authority) == record.ROLE_FORBIDS
    desk.state.owner = None
    assert say(desk, OPT_OUT, "charger", 60) == record.UNSUPPORTED
    desk.state.owner = Owner("home", 20000, {}, {})
    assert say(desk, AWAY, "", 60) == record.UNSUPPORTED


def test_a_word_finds_a_place_or_says_so():
    desk = home()
    crowd(desk, 7)
    assert say(desk, AWAY, "", 60) == record.QUEUE_FULL
    assert say(desk, OPT_OUT, "", 60) == record.ACCEPTED and say(desk, OPT_OUT, "", 90) == record.ACCEPTED
    assert say(desk, OPT_OUT, "charger", 60) == record.QUEUE_FULL


def test_there_is_always_a_place_to_opt_out_of_everything():
    for body, places in (((OPT_OUT, "charger", 60), 1), ((BOOST, "charger", 60), 1), ((AWAY, "", 60), 2)):
        for left, expected in ((places, record.ACCEPTED), (places - 1, record.QUEUE_FULL)):
            desk = home()
            crowd(desk, 7 - left)
            assert say(desk, *body) == expected, body
            assert say(desk, OPT_OUT, "", 60) == record.ACCEPTED, body
            assert say(desk, OPT_OUT, "", 90) == record.ACCEPTED, body


def test_what_takes_the_place_of_an_earlier_word_needs_none_of_its_own_also_while_all_is_opted_out():
    desk = home()
    crowd(desk, 0)
    plan = [[CLAIM, ["charger", 6000, 600, 100 + number]] for number in range(6)]
    desk.want(OWNER, SET, [plan])
    assert say(desk, OPT_OUT, "charger", 60) == record.ACCEPTED == say(desk, OPT_OUT, "", 60)
    assert len(desk.state.claims) == 32
    assert say(desk, OPT_OUT, "charger", 90) == record.ACCEPTED
    desk.want(OWNER, SET, [plan])
    assert say(desk, OPT_OUT, "battery", 60) == record.QUEUE_FULL
    assert desk.ask(OWNER, SET, [plan + plan[:1]]) == record.QUEUE_FULL


def test_a_site_keeps_comfort_and_departures_of_so_many_devices_and_no_more():
    desk = home()
    at_s = CIVIL_MS // 1000 + 3600
    for number in range(127):
        desk.state.comforts["device %d" % number] = (0, 1)
        desk.state.departures["device %d" % number] = (CIVIL_MS + 3600000, 1)
    for _ in range(2):
        assert say(desk, COMFORT, "heatpump", 1000, None) == record.ACCEPTED
        assert say(desk, DEPARTURE, "charger", at_s, 5000) == record.ACCEPTED
    assert say(desk, COMFORT, "charger", None, 10000) == record.QUEUE_FULL
    assert say(desk, DEPARTURE, "heatpump", at_s, 5000) == record.QUEUE_FULL
    assert len(desk.state.comforts) == 128 == len(desk.state.departures)


def test_a_device_that_was_not_heard_yet_keeps_nobody_at_home_and_follows_once_it_is_heard():
    desk = home()
    contract = desk.state.units[PUMP].contract
    bounds = contract.minimum, contract.maximum
    contract.minimum = contract.maximum = 0
    assert desk.state.owner is not None
    desk.state.owner.away["heatpump"] = 700
    assert say(desk, AWAY, "", 60) == record.ACCEPTED
    contract.minimum, contract.maximum = bounds
    assert granted(desk, PUMP) == (700, "claim home")
    assert say(desk, BACK, "") == record.ACCEPTED
    desk.state.owner.away["heatpump"] = contract.maximum + 1
    assert say(desk, AWAY, "", 60) == record.OUT_OF_RANGE


class _Bench:
    """What a source is made with: a desk that stands beside the house's core."""

    authority = CONSOLE

    def __init__(self, home: Desk) -> None:
        self.loop = home.house


def test_away_leaves_one_place_of_the_owners_to_opt_out():
    bench, away = _Bench(home()), {"device %d" % number: 0 for number in range(8)}
    bench.loop.state.owner = None
    try:
        Words(bench, {"away": away})
        refused = ""
    except ValueError as e:
        refused = e.args[2]
    assert refused == "a table of at most 7 devices and their set-points"


def test_what_was_kept_and_makes_no_sense_is_refused():
    desk = home()
    assert say(desk, COMFORT, "heatpump", 2000, None) == record.ACCEPTED
    good = cbor.decode(dump(desk.state), items_max=4096)
    for words in (
        [0, [], []], [b"", [[1, 2, 3]], []], [b"", [["a", "b", None]], []], [b"", [], [["a", None, 1]]],
        [b"", [], [[1, 2, 3]]], [b"", []], [b"", [["a"]], []],
    ):  # fmt: skip
        good[-1] = words
        try:
            desk.reboot(0, cbor.encode(good))
        except ValueError:
            continue
        raise AssertionError(words)
