"""`siteward owner`: what it makes of durations, moments, amounts and words, and what it says of what is in force."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from time import localtime, strftime
from typing import Any

import pytest

from agent import record
from agent.owner import Owner
from hal import quantities as q
from tests.shared.house import AGGREGATOR, OWNER, House
from tests.shared.test_step import command, reasons, run
from tests.tools.test_why_words import CHARGER, CLAIM, SITE
from tools import wire
from tools.cli import _parser
from tools.errors import UsageError
from tools.headend.words import body
from tools.owner import lines, request_of
from tools.owner_parser import moment, seconds, setpoint, watt_hours
from tools.why_words import device_lines, headline

DEVICES = {"devices": [
    ["room", q.TEMP_TARGET_MC, 20000, "default", [18000, 24000]],
    ["charger", q.LIMIT_MA, 16000, "claim home", [None, None]],
    ["pump", q.LIMIT_W, 500, "claim home", [None, None]],
]}  # fmt: skip
NOW = datetime.fromisoformat("2026-11-22T14:00").astimezone()


def asked(*words: str) -> argparse.Namespace:
    return _parser().parse_args(["owner", *words])


def test_durations_and_amounts_carry_their_units():
    assert [seconds(each) for each in ("90s", "30min", "2h", "1.5h", "3d", "2 h")] == [
        90,
        1800,
        7200,
        5400,
        259200,
        7200,
    ]
    assert [watt_hours(each) for each in ("20kWh", "500Wh", "7.5 kwh")] == [20000, 500, 7500]
    assert [setpoint("--min", each, None) for each in ("19000", "-1250", "0")] == [19000, -1250, 0]
    assert setpoint("--min", "19.5", "C") == 19500
    for wrong in ("2", "h", "2 weeks", "2h30", "1e3s", ""):
        with pytest.raises(UsageError, match="expected a duration"):
            seconds(wrong)
    for wrong in ("19C", "11kW", "6A", "0.5", "warm"):
        with pytest.raises(UsageError, match="a whole number of m°C, W or mA"):
            setpoint("--min", wrong, None)


def test_a_time_of_day_is_the_next_one_and_a_date_begins_at_midnight():
    assert moment("18:00", NOW) - NOW == timedelta(hours=4)
    assert moment("14:00", NOW) - NOW == timedelta(hours=24)
    assert moment("2026-12-01", NOW).strftime("%d %H:%M") == "01 00:00"
    assert moment("2026-11-22T14:01", NOW) - NOW == timedelta(minutes=1)
    assert moment("2026-11-22T15:00:00+00:00", NOW).timestamp() == 1795359600
    for wrong in ("24:00", "tomorrow", "2026-11-22", "2026-02-30"):
        with pytest.raises(UsageError):
            moment(wrong, NOW)


def test_each_command_is_one_request():
    assert request_of(asked("boost", "charger", "--for", "2h"), DEVICES) == {
        "word": "boost", "device": "charger", "for_s": 7200,
    }  # fmt: skip
    assert request_of(asked("opt-out", "SITE", "--for", "4h"), DEVICES) == {"word": "opt-out", "for_s": 14400}
    assert request_of(asked("opt-in"), DEVICES) == {"word": "opt-in"}
    assert request_of(asked("opt-in", "pump"), DEVICES) == {"word": "opt-in", "device": "pump"}
    assert request_of(asked("back"), DEVICES) == {"word": "back"}
    assert 0 < request_of(asked("away", "--until", "18:00"), DEVICES)["for_s"] <= 86400
    leaving = request_of(asked("departure", "charger", "07:00", "--energy", "20kWh"), DEVICES)
    assert leaving["energy_wh"] == 20000 and strftime("%H:%M", localtime(leaving["at_s"])) == "07:00"
    assert request_of(asked("departure", "charger", "none"), DEVICES)["energy_wh"] == 0


def test_a_bound_of_comfort_that_is_not_given_stays_and_is_in_the_devices_unit():
    def bounds(*words: str) -> tuple[Any, Any]:
        request = request_of(asked("comfort", *words), DEVICES)
        return request["lowest"], request["highest"]

    assert bounds("room", "--min", "19") == (19000, 24000)
    assert bounds("room", "--min", "19", "--max", "22.5") == (19000, 22500)
    assert bounds("charger", "--min", "6000") == (6000, None) and bounds("charger", "--max", "10A") == (None, 10000)
    assert bounds("pump", "--max", "2kW") == (None, 2000)
    assert bounds("room", "--usual") == (None, None)


def test_an_amount_below_0_is_joined_to_its_option_and_the_help_says_so(capsys):
    assert asked("comfort", "battery", "--min=-3kW").lowest == "-3kW"
    with pytest.raises(SystemExit):
        asked("comfort", "--help")
    assert "below 0: --min=-3kW" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("device", "given", "expected"), [
    ("charger", "11kW", "like 16A"), ("charger", "20C", "like 16A"), ("pump", "6A", "like 3kW"),
    ("pump", "20C", "like 3kW"), ("room", "3kW", "like 19C"), ("room", "6000mA", "like 19C"),
])  # fmt: skip
def test_an_amount_of_another_kind_is_no_bound_of_a_device(device, given, expected):
    for bound in ("--min", "--max"):
        with pytest.raises(UsageError, match=f"{bound} '{given}': expected .*{expected}"):
            request_of(asked("comfort", device, bound, given), DEVICES)


@pytest.mark.parametrize("words", [
    ("boost", "charger"), ("boost", "--for", "2h"), ("opt-out", "SITE", "--for", "2h", "--until", "18:00"), ("sing",),
    ("departure", "charger", "07:00"), ("departure", "charger", "07:00", "--energy", "0kWh"), ("comfort", "room"),
])  # fmt: skip
def test_misuse_is_one_sentence(words):
    with pytest.raises(UsageError):
        request_of(asked(*words), DEVICES)


WORDS: list[dict[str, Any]] = [
    {"word": "boost", "device": "charger", "for_s": 60},
    {"word": "opt-out", "for_s": 60},
    {"word": "opt-in"},
    {"word": "away", "for_s": 60},
    {"word": "back"},
    {"word": "comfort", "device": "heatpump", "lowest": 2000, "highest": None},
    {"word": "comfort", "device": "heatpump"},
]


def test_the_agent_takes_every_word_of_a_head_end():
    house = House()
    house.state.owner = Owner("home", 20000, {"charger": 0}, {})
    run(house, 30)
    for number, said in enumerate(WORDS, 1):
        assert reasons(run(house, 1, [command(OWNER, number, wire.WORD, body(**said))])) == [record.ACCEPTED], said
    assert reasons(run(house, 1, [command(AGGREGATOR, 9, wire.WORD, body("opt-in"))])) == [record.ROLE_FORBIDS]


@pytest.mark.parametrize(("said", "named"), [
    ({"word": "sing"}, "word"), ({"word": "boost", "device": "c", "for_s": 0}, "for_s"), ({"word": "boost"}, "for_s"),
    ({"word": "back", "for_s": 5}, "for_s"), ({"word": "opt-in", "device": 5}, "device"),
    ({"word": "comfort", "device": "c", "lowest": 1.5}, "lowest"), ({"word": "departure", "at_s": 5}, "energy_wh"),
])  # fmt: skip
def test_a_head_end_names_what_is_wrong_with_a_word(said, named):
    with pytest.raises(UsageError, match=named):
        body(**said)


HOME = {**SITE, "authorities": [*SITE["authorities"], {"authority": "home", "role": "owner"}]}
ASIDE = {**CLAIM, "authority": "home", "mode": 4, "setpoint": None, "now": 0, "primacy": 0}


def test_what_is_in_force_is_told_in_lines():
    claims = [
        ASIDE | {"scope": "", "away": False},
        CLAIM | {"scope": "charger", "away": False, "mode": 5},
        CLAIM | {"scope": "pump", "away": True, "mode": 5, "setpoint": 0},
    ]
    told = DEVICES | {
        "claims": claims,
        "departures": {"charger": [1795359600000, 20000]},
        "comforts": {"room": [None, 22000]},
    }
    said = lines(told)
    assert said[:3] == [
        "the whole site: opted out for another 90 s",
        "charger: boosted, 16 A, for another 90 s",
        "pump: away, stopped, for another 90 s; now at most 500 W, because 'home' asks for it",
    ]
    assert said[3].startswith("charger: 20 kWh until 2026-11-2") and said[4] == "room: comfort from any to 22 °C"
    assert lines(DEVICES | {"claims": [], "departures": {}, "comforts": {}})[0].startswith("nothing")


def test_why_tells_an_opt_out_and_a_departure():
    told = CHARGER | {"claims": [ASIDE], "source": "claim home", "limits": [], "rise": None}
    assert headline(told, HOME) == "charger: 6 A, because the owner 'home' has opted out for another 90 s"
    said = list(device_lines(told | {"departure": [1795359600000, 20000]}, HOME))
    assert "  claim       opted out, primacy 0, by the owner 'home' for another 90 s" in said
    assert any(line.startswith("  departure   20 kWh until 2026-11-2") for line in said)
    assert said[-1].endswith("You have opted out: `siteward owner opt-in` ends that.")
