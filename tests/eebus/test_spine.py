"""SPINE datagrams about limitation of power: what they do, and that garbage does nothing."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.limits import EXPORT, IMPORT
from agent.sources.desk import Desk
from agent.sources.eebus_lpc import EebusLpc
from agent.sources.limitation import CONTROLLED, INIT, LIMITED
from boards.cpython.eebus import spine
from boards.cpython.eebus.spine import GENERAL, NOT_SUPPORTED, OK, REJECTED, SpineError, answer, parsed
from tests.needs import shared_data
from tests.shared.sourced import SourcedSite


def system(**options: Any) -> EebusLpc:
    site = SourcedSite(Desk)
    site.boot()
    return EebusLpc(site.desk, options)


def datagram(*commands: dict[str, Any], classifier: str = "write") -> dict[str, Any]:
    """Return a datagram as a stack would hand it over, read from bytes."""
    header = {
        "specificationVersion": "1.3.0",
        "addressSource": {"device": "EG", "entity": [1], "feature": 3},
        "addressDestination": {"device": "siteward", "entity": [1], "feature": 4},
        "msgCounter": 77,
        "cmdClassifier": classifier,
    }
    return parsed(json.dumps({"datagram": {"header": header, "payload": {"cmd": list(commands)}}}).encode())


def carry_out(lpc: EebusLpc, given: dict[str, Any], now_ms: int) -> int:
    """Return the error number that a datagram is answered with; an error says why."""
    try:
        spine.carry_out(lpc, given, now_ms)
    except SpineError as error:
        assert str(error)
        return error.number
    return OK


def heartbeat() -> dict[str, Any]:
    return {"deviceDiagnosisHeartbeatData": {"heartbeatCounter": 4, "heartbeatTimeout": "PT60S"}}


def limit(number: Any = 3000, scale: Any = 0, active: Any = True, limit_id: int = 0, end: str | None = None) -> Any:
    row = {"limitId": limit_id, "isLimitActive": active, "value": {"number": number, "scale": scale}}
    if end is not None:
        row["timePeriod"] = {"endTime": end}
    return {"loadControlLimitListData": {"loadControlLimitData": [row]}}


def key(key_id: int, **given_value: Any) -> dict[str, Any]:
    rows = [{"keyId": key_id, "value": given_value}]
    return {"deviceConfigurationKeyValueListData": {"deviceConfigurationKeyValueData": rows}}


def opened(**options: Any) -> EebusLpc:
    made = system(**options)
    assert carry_out(made, datagram(heartbeat(), classifier="notify"), 1000) == OK
    return made


def test_a_heartbeat_and_a_limit_are_carried_out():
    made = opened()
    assert carry_out(made, datagram(limit(5000, 0, end="PT1M30S")), 2000) == OK
    assert made.consumption.state == LIMITED and made.consumption.limit_w() == 5000
    carry_out(made, datagram(heartbeat(), classifier="notify"), 60000)
    made.consumption.pass_time(91999)
    assert made.consumption.state == LIMITED
    made.consumption.pass_time(92000)
    assert made.consumption.state == CONTROLLED


def test_a_limit_before_the_first_heartbeat_is_rejected_with_its_number():
    made = system()
    assert carry_out(made, datagram(limit()), 1000) == REJECTED and made.consumption.state == INIT
    told = json.loads(answer(datagram(limit()), SpineError("too early", REJECTED)) or b"")["datagram"]
    assert told["header"]["msgCounterReference"] == 77 and told["header"]["addressDestination"]["device"] == "EG"
    assert told["payload"]["cmd"] == [{"resultData": {"errorNumber": 7, "description": "too early"}}]
    assert answer(datagram(heartbeat(), classifier="notify"), None) is None
    assert answer(datagram(limit(), classifier="notify"), SpineError("too early", REJECTED)) is not None
    assert answer(datagram(limit(), classifier="result"), SpineError("too early", REJECTED)) is None


@pytest.mark.parametrize(("number", "scale", "limit_w"), [(42, 2, 4200), (42009, -1, 4200), (0, 0, 0), (7, -3, 0)])
def test_scaled_numbers_are_exact_and_tighter_where_they_are_not_whole(number, scale, limit_w):
    made = opened()
    assert carry_out(made, datagram(limit(number, scale)), 2000) == OK
    assert made.consumption.limit_w() == limit_w


def test_production_is_negative_on_the_wire_and_a_magnitude_in_the_site():
    made = opened(failsafe_export_w=0)
    assert made.production is not None
    assert carry_out(made, datagram(limit(-60009, -1, limit_id=1)), 2000) == OK
    assert made.production.limit_w() == 6000 and made.consumption.state == INIT
    assert carry_out(made, datagram(limit(6000, limit_id=1)), 2000) == REJECTED
    assert carry_out(opened(), datagram(limit(-6000, limit_id=1)), 2000) == REJECTED  # it has no production


def test_failsafe_values_are_written_after_the_first_limit():
    made = opened(failsafe_export_w=0)
    assert carry_out(made, datagram(key(0, scaledNumber={"number": 9})), 1500) == REJECTED
    for limit_id in (0, 1):
        carry_out(made, datagram(limit(0, active=False, limit_id=limit_id)), 2000)
    assert carry_out(made, datagram(key(0, scaledNumber={"number": 35, "scale": 2})), 3000) == OK
    assert carry_out(made, datagram(key(1, scaledNumber={"number": -1500})), 3000) == OK
    assert carry_out(made, datagram(key(2, duration="PT3H30M")), 3000) == OK
    assert (made.consumption.failsafe_w, made.consumption.failsafe_s) == (3500, 12600)
    assert made.production is not None and made.production.failsafe_w == 1500
    assert carry_out(made, datagram(key(2, duration="PT1H")), 3000) == REJECTED
    assert carry_out(made, datagram(key(9, scaledNumber={"number": 1})), 3000) == REJECTED


@pytest.mark.parametrize(
    "end", ["PT", "P", "P1DT", "PT1.H", "1H", "P1M", "2026-11-22T12:00:00Z", 5, None, "PT99999999999S"]
)
def test_what_is_no_duration_is_an_error(end):
    made = opened()
    row = {"limitId": 0, "isLimitActive": True, "value": {"number": 1, "scale": 0}, "timePeriod": {"endTime": end}}
    command = {"loadControlLimitListData": {"loadControlLimitData": [row]}}
    assert carry_out(made, datagram(command), 2000) == GENERAL and made.consumption.state == INIT


@pytest.mark.parametrize(
    "command",
    [
        limit(1.5), limit("1"), limit(True), limit(10**13), limit(1, 7), limit(1, True), limit(active=1), 5,
        {"loadControlLimitListData": {"loadControlLimitData": []}}, {"loadControlLimitListData": []},
        {"loadControlLimitListData": {"loadControlLimitData": [5]}},
    ],
)  # fmt: skip
def test_a_malformed_limit_changes_nothing(command):
    made = opened()
    with contextlib.suppress(SpineError):
        assert carry_out(made, datagram(command), 2000) in (GENERAL, REJECTED)
    assert made.consumption.state == INIT and made.consumption.limit_w() == 4200


def test_what_others_talk_about_is_not_supported_and_changes_nothing():
    found = 0
    for file in sorted(shared_data("eebus_spine").glob("*.json")):
        told = json.loads(file.read_text())
        if "datagram" not in told:
            continue
        made = opened()
        assert carry_out(made, parsed(file.read_bytes()), 2000) == NOT_SUPPORTED, file.name
        assert made.consumption.state == INIT
        found += 1
    assert found >= 5


@settings(max_examples=40)
@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["datagram", "header", "payload", "cmd", "msgCounter", "x"]), inner)
        ),
    ).map(lambda made: json.dumps(made).encode())
)
def test_whatever_comes_ends_as_a_datagram_or_one_error(line):
    made = system()
    try:
        found = parsed(line)
    except SpineError as error:
        assert str(error)
        return
    assert carry_out(made, found, 1000) in (OK, GENERAL, NOT_SUPPORTED, REJECTED)
    assert made.consumption.state == INIT


def test_limits_of_both_directions_go_to_the_desk_within_the_ceiling():
    made = opened(failsafe_export_w=500, failsafe_w=90000)
    made.look(2000, None)
    assert made.desk.controls == [[1, ["", IMPORT, 20000, 0]], [1, ["", EXPORT, 500, 0]]]
    carry_out(made, datagram(limit(3000), limit(0, active=False, limit_id=1)), 2000)
    made.look(3000, None)
    assert made.desk.controls == [[1, ["", IMPORT, 3000, 0]]]


@pytest.mark.parametrize(
    "options", [{"scope": "charger"}, {"scope": "cellar"}, {"failsafe_s": 60}, {"failsafe_w": -1}, {"heartbeat": 1}]
)
def test_wrong_options_are_refused_by_name(options):
    with pytest.raises(ValueError) as caught:
        system(**options)
    assert caught.value.args[0] == next(iter(options))
