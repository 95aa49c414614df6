"""SPINE datagrams about limitation of power: read, carried out, answered.

One datagram is one JSON object as stacks log it, `{"datagram": {"header": ..., "payload": {"cmd": [...]}}}`, not SHIP's
form with its lists of single keys. Heartbeats, limits and failsafe values are carried out; what else is there is
answered with error 6, "command not supported", and changes nothing. Numbers are whole numbers with a power of ten.
What is refused is always answered, with the reason as its description: only to a result there is no answer.

Source: EEBus SPINE "Resource Specification" V1.3.0, LoadControl, DeviceConfiguration, DeviceDiagnosis and ResultData
(errorNumber, description), as the public spine-go models and test messages show them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from agent.sources.eebus_lpc import EebusLpc
from boards.cpython.strict_json import Malformed, is_deeper, no_twins, shown

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
DEPTH_MAX = 16
_DURATION = re.compile(r"P(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:\.\d{1,9})?S)?)?")


class SpineError(Exception):
    """Args: what is wrong with a datagram. `number` is the error that it is answered with."""

    def __init__(self, why: str, number: int = GENERAL) -> None:
        super().__init__(why)
        self.number = number


def parsed(line: bytes) -> dict[str, Any]:
    """Return the datagram of a line. Raises: SpineError."""
    try:
        found = json.loads(line, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=no_twins)
    except (ValueError, RecursionError, Malformed) as error:
        raise SpineError(f"not JSON: {shown(str(error))}") from error
    if is_deeper(found, DEPTH_MAX):
        raise SpineError(f"more than {DEPTH_MAX} levels")
    datagram = _table(found, "datagram")
    if type(_table(datagram, "header").get("msgCounter")) is not int:
        raise SpineError("header: msgCounter is missing")
    return datagram


def carry_out(lpc: EebusLpc, datagram: dict[str, Any], now_ms: int) -> None:
    """Do what a datagram says, up to its first error. Raises: SpineError."""
    commands = _table(datagram, "payload").get("cmd")
    if type(commands) is not list or not 0 < len(commands) <= ROWS_MAX:
        raise SpineError(f"payload: no cmd, or more than {ROWS_MAX}")
    for command in commands:
        _one(lpc, command, now_ms)


def answer(datagram: dict[str, Any], error: SpineError | None) -> bytes | None:
    """Return the result that a datagram has to have, a line without its end; None where it has none."""
    header = datagram["header"]
    wanted = header.get("cmdClassifier") == "write" or header.get("ackRequest") is True or error is not None
    if not wanted or header.get("cmdClassifier") == "result":
        return None
    told = {
        "specificationVersion": header.get("specificationVersion"),
        "addressSource": header.get("addressDestination"),
        "addressDestination": header.get("addressSource"),
        "msgCounterReference": header["msgCounter"],
        "cmdClassifier": "result",
    }
    said = {"errorNumber": OK} if error is None else {"errorNumber": error.number, "description": str(error)}
    return json.dumps({"datagram": {"header": told, "payload": {"cmd": [{"resultData": said}]}}}).encode()


def _one(lpc: EebusLpc, command: Any, now_ms: int) -> None:
    if type(command) is not dict:
        raise SpineError("a cmd that is no object")
    if "deviceDiagnosisHeartbeatData" in command:
        lpc.heartbeat(now_ms)
    elif "loadControlLimitListData" in command:
        for row in _rows(command["loadControlLimitListData"], "loadControlLimitData"):
            _limit(lpc, row, now_ms)
    elif "deviceConfigurationKeyValueListData" in command:
        for row in _rows(command["deviceConfigurationKeyValueListData"], "deviceConfigurationKeyValueData"):
            _key(lpc, row, now_ms)
    else:
        raise SpineError("none of the commands of LPC and LPP", NOT_SUPPORTED)


def _rows(listed: Any, name: str) -> list[dict[str, Any]]:
    rows = listed.get(name) if type(listed) is dict else None
    if type(rows) is not list or not 0 < len(rows) <= ROWS_MAX or any(type(row) is not dict for row in rows):
        raise SpineError(f"no {name}, or more than {ROWS_MAX}")
    return rows


def _limit(lpc: EebusLpc, row: dict[str, Any], now_ms: int) -> None:
    one, sign = _of(lpc, row.get("limitId"), LIMIT_CONSUMPTION, LIMIT_PRODUCTION)
    active = row.get("isLimitActive")
    if type(active) is not bool:
        raise SpineError("isLimitActive: expected true or false", REJECTED)
    limit_w = sign * _scaled(row.get("value"), sign) if active or "value" in row else 0
    duration_s = _seconds(_table(row, "timePeriod").get("endTime")) if "timePeriod" in row else None
    if not one.write(now_ms, active, limit_w, duration_s):
        raise SpineError("the limit has the wrong sign, or no heartbeat came in the 60 s before it", REJECTED)


def _key(lpc: EebusLpc, row: dict[str, Any], now_ms: int) -> None:
    key, given = row.get("keyId"), _table(row, "value")
    if key == KEY_FAILSAFE_DURATION and type(key) is int:
        duration_s = _seconds(given.get("duration"))
        if not all(each.write_failsafe_s(now_ms, duration_s) for each in lpc.both()):
            raise SpineError("the failsafe lasts 2 to 24 h, and a limit comes before it", REJECTED)
        return
    one, sign = _of(lpc, key, KEY_FAILSAFE_CONSUMPTION, KEY_FAILSAFE_PRODUCTION)
    # A failsafe for production may come as a magnitude: evcc and others send it so.
    if not one.write_failsafe_w(now_ms, abs(_scaled(given.get("scaledNumber"), sign))):
        raise SpineError("the failsafe is out of range, or no limit came before it", REJECTED)


def _of(lpc: EebusLpc, number: Any, consumption: int, production: int) -> tuple[Limitation, int]:
    """Return the limitation that an id is about, and the sign of its values. Raises: SpineError."""
    if type(number) is int and number == consumption:
        return lpc.consumption, 1
    if type(number) is int and number == production and lpc.production is not None:
        return lpc.production, -1
    raise SpineError(f"id {shown(number)}: there is nothing of this id here", REJECTED)


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
