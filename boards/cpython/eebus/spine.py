"""SPINE datagrams about limitation of power: read, carried out, answered.

One datagram is one JSON object as stacks log it, `{"datagram": {"header": ..., "payload": {"cmd": [...]}}}`, not SHIP's
form with its lists of single keys. Heartbeats, limits and failsafe values are carried out; what else is there is
answered with error 6, "command not supported", and changes nothing. Numbers are whole numbers with a power of ten.

Source: EEBus SPINE "Resource Specification" V1.3.0, LoadControl, DeviceConfiguration, DeviceDiagnosis and ResultData,
as the public spine-go models and test messages show them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from agent.sources.eebus_lpc import EebusLpc

if TYPE_CHECKING:
    from agent.sources.limitation import Limitation

# SPINE ErrorNumber.
OK, GENERAL, NOT_SUPPORTED, REJECTED = 0, 1, 6, 7

# The numbers under which the site's EEBUS stack offers limits and keys.
LIMIT_CONSUMPTION, LIMIT_PRODUCTION = 0, 1
KEY_FAILSAFE_CONSUMPTION, KEY_FAILSAFE_PRODUCTION, KEY_FAILSAFE_DURATION = 0, 1, 2

SCALE_MAX = 6
NUMBER_MAX = 10**12
ROWS_MAX = 16
_DURATION = re.compile(r"P(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:\.\d{1,9})?S)?)?")


class SpineError(Exception):
    """Args: what is wrong with a datagram."""


def parsed(line: bytes) -> dict[str, Any]:
    """Return the datagram of a line. Raises: SpineError."""
    try:
        found = json.loads(line, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise SpineError(f"not JSON: {error}") from error
    datagram = _table(found, "datagram")
    if type(_table(datagram, "header").get("msgCounter")) is not int:
        raise SpineError("header: msgCounter is missing")
    return datagram


def carry_out(lpc: EebusLpc, datagram: dict[str, Any], now_ms: int) -> int:
    """Do what a datagram says; return its error number. A datagram is carried out up to its first error."""
    try:
        commands = _table(datagram, "payload").get("cmd")
        if type(commands) is not list or not 0 < len(commands) <= ROWS_MAX:
            raise SpineError("payload: no cmd")
        outcome = OK
        for command in commands:
            outcome = outcome or _one(lpc, command, now_ms)
    except SpineError:
        return GENERAL
    return outcome


def answer(datagram: dict[str, Any], outcome: int) -> bytes | None:
    """Return the result that a datagram asks for, a line without its end; None where it asks for none."""
    header = datagram["header"]
    if header.get("cmdClassifier") != "write" and header.get("ackRequest") is not True:
        return None
    told = {
        "specificationVersion": header.get("specificationVersion"),
        "addressSource": header.get("addressDestination"),
        "addressDestination": header.get("addressSource"),
        "msgCounterReference": header["msgCounter"],
        "cmdClassifier": "result",
    }
    result = {"cmd": [{"resultData": {"errorNumber": outcome}}]}
    return json.dumps({"datagram": {"header": told, "payload": result}}).encode()


def _one(lpc: EebusLpc, command: Any, now_ms: int) -> int:
    if type(command) is not dict:
        raise SpineError("a cmd that is no object")
    if "deviceDiagnosisHeartbeatData" in command:
        lpc.heartbeat(now_ms)
        return OK
    if "loadControlLimitListData" in command:
        return _each(command["loadControlLimitListData"], "loadControlLimitData", lambda row: _limit(lpc, row, now_ms))
    if "deviceConfigurationKeyValueListData" in command:
        rows = command["deviceConfigurationKeyValueListData"]
        return _each(rows, "deviceConfigurationKeyValueData", lambda row: _key(lpc, row, now_ms))
    return NOT_SUPPORTED


def _each(listed: Any, name: str, take: Any) -> int:
    rows = listed.get(name) if type(listed) is dict else None
    if type(rows) is not list or not 0 < len(rows) <= ROWS_MAX or any(type(row) is not dict for row in rows):
        raise SpineError(f"no {name}")
    for row in rows:
        if not take(row):
            return REJECTED
    return OK


def _limit(lpc: EebusLpc, row: dict[str, Any], now_ms: int) -> bool:
    one, sign = _of(lpc, row.get("limitId"), LIMIT_CONSUMPTION, LIMIT_PRODUCTION)
    active = row.get("isLimitActive")
    if one is None or type(active) is not bool:
        return False
    limit_w = sign * _scaled(row.get("value"), sign) if active or "value" in row else 0
    duration_s = _seconds(_table(row, "timePeriod").get("endTime")) if "timePeriod" in row else None
    return one.write(now_ms, active, limit_w, duration_s)


def _key(lpc: EebusLpc, row: dict[str, Any], now_ms: int) -> bool:
    key, given = row.get("keyId"), _table(row, "value")
    if key == KEY_FAILSAFE_DURATION and type(key) is int:
        duration_s = _seconds(given.get("duration"))
        return all(each.write_failsafe_s(now_ms, duration_s) for each in lpc.both())
    one, sign = _of(lpc, key, KEY_FAILSAFE_CONSUMPTION, KEY_FAILSAFE_PRODUCTION)
    # A failsafe for production may come as a magnitude: evcc and others send it so.
    return one is not None and one.write_failsafe_w(now_ms, abs(_scaled(given.get("scaledNumber"), sign)))


def _of(lpc: EebusLpc, number: Any, consumption: int, production: int) -> tuple[Limitation | None, int]:
    """Return the limitation that an id is about, and the sign of its values."""
    if type(number) is int and number == consumption:
        return lpc.consumption, 1
    return (lpc.production if type(number) is int and number == production else None), -1


def _scaled(given: Any, sign: int) -> int:
    """Return a scaled number in whole W; what is behind the point makes the limit tighter, towards 0."""
    number = given.get("number") if type(given) is dict else None
    scale = given.get("scale", 0) if type(given) is dict else None
    if type(number) is not int or type(scale) is not int or abs(number) > NUMBER_MAX or abs(scale) > SCALE_MAX:
        raise SpineError("no scaled number")
    magnitude: int = sign * number
    powers: int = 10 ** abs(scale)
    return sign * (magnitude * powers if scale >= 0 else magnitude // powers)


def _seconds(given: Any) -> int:
    """Return a duration of ISO 8601 in whole seconds; years, months and weeks are no use here."""
    found = _DURATION.fullmatch(given) if type(given) is str else None
    if found is None or given[-1] in "PT":
        raise SpineError("no duration")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def _table(given: Any, key: str) -> dict[str, Any]:
    found = given.get(key) if type(given) is dict else None
    if type(found) is not dict:
        raise SpineError(f"{key} is missing")
    return found


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text}: only whole numbers")
