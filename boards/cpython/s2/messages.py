"""What a CEM says, checked by hand against s2-ws-json's schemas, and what a resource manager says, put together.

s2-python is not used for it: it takes only UUIDs where the schema has any name of 2 to 64 characters, and floats for
numbers. Source: s2-ws-json 0.0.2-beta, `messages` and `schemas`.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boards.cpython.moments import as_moment
from boards.cpython.strict_json import Malformed, Object, as_list, as_number, as_object, parsed, refused

VERSION = "0.0.2-beta"
MESSAGE_BYTES_MAX = 1 << 18
ENVELOPES_MAX = 8
ELEMENTS_MAX = 288
DURATION_MS_MAX = 7 * 86400000
_ID = re.compile(r"[a-zA-Z0-9\-_:]{2,64}")
_SPACE = uuid.UUID("5b5d4f0e-6d5e-5a1b-9d6f-0b7a4f1e2c3d")  # of this project's own names

OK = "OK"
INVALID_DATA = "INVALID_DATA"  # no JSON, or no name to answer to
INVALID_MESSAGE = "INVALID_MESSAGE"  # not as its schema has it
INVALID_CONTENT = "INVALID_CONTENT"  # as its schema has it, and it makes no sense here
NOT_IDENTIFIED = "0" * 8 + "-0000-0000-0000-" + "0" * 12  # what an answer to nameless data is about


class Refused(Exception):
    """Args: a reception status, why, and the name of the message that it is about."""


@dataclass(frozen=True)
class Heard:
    """One message of the CEM."""

    kind: str
    id: str  # of the message; of a ReceptionStatus, what that is about
    body: Object


@dataclass(frozen=True)
class Element:
    """One piece of a power envelope, W."""

    duration_ms: int
    upper_w: int
    lower_w: int


@dataclass(frozen=True)
class Order:
    """An instruction of any control type: an operation mode with its factor, or an envelope."""

    id: str
    execution_ms: int
    abnormal: bool
    actuator: str = ""
    mode: str = ""
    factor: Decimal = Decimal(0)  # of 1
    constraints: str = ""
    envelopes: tuple[tuple[str, tuple[Element, ...]], ...] = ()


def heard(raw: str | bytes) -> Heard:
    """Return one message. Raises: Refused."""
    try:
        body = as_object("message", parsed(raw.encode() if isinstance(raw, str) else raw))
        kind = body.get("message_type")
        name = body.get("subject_message_id" if kind == "ReceptionStatus" else "message_id")
        message_id = as_name("message_id", name)
    except (Malformed, UnicodeEncodeError) as error:
        raise Refused(INVALID_DATA, str(error), NOT_IDENTIFIED) from error
    if type(kind) is not str:
        raise Refused(INVALID_MESSAGE, "message_type: expected a text", message_id)
    return Heard(kind, message_id, body)


def as_name(path: str, given: Any) -> str:
    """Check an ID. Raises: Malformed."""
    if type(given) is not str or _ID.fullmatch(given) is None:
        raise refused(path, given, "an ID: 2 to 64 of a-z, A-Z, 0-9, '-', '_' and ':'")
    return given


def order_of(message: Heard) -> Order:
    """Return the instruction that a message holds. Raises: Malformed."""
    body = message.body
    name, execution_ms = as_name("id", body.get("id")), as_moment("execution_time", body.get("execution_time"))
    abnormal = body.get("abnormal_condition")
    if type(abnormal) is not bool:
        raise refused("abnormal_condition", abnormal, "true or false")
    if message.kind == "PEBC.Instruction":
        constraints = as_name("power_constraints_id", body.get("power_constraints_id"))
        return Order(name, execution_ms, abnormal, constraints=constraints, envelopes=_envelopes(body))
    factor = as_number("operation_mode_factor", body.get("operation_mode_factor"))
    if not 0 <= factor <= 1:
        raise refused("operation_mode_factor", factor, "a number from 0 to 1")
    if message.kind == "OMBC.Instruction":
        return Order(
            name, execution_ms, abnormal, "", as_name("operation_mode_id", body.get("operation_mode_id")), factor
        )
    actuator = as_name("actuator_id", body.get("actuator_id"))
    return Order(name, execution_ms, abnormal, actuator, as_name("operation_mode", body.get("operation_mode")), factor)


def _envelopes(body: Object) -> tuple[tuple[str, tuple[Element, ...]], ...]:
    found = []
    for each in as_list("power_envelopes", body.get("power_envelopes"), ENVELOPES_MAX):
        envelope = as_object("power_envelope", each)
        quantity = envelope.get("commodity_quantity")
        if type(quantity) is not str:
            raise refused("commodity_quantity", quantity, "a text")
        listed = as_list("power_envelope_elements", envelope.get("power_envelope_elements"), ELEMENTS_MAX)
        found.append((quantity, tuple(_element(as_object("power_envelope_element", element)) for element in listed)))
    return tuple(found)


def _element(body: Object) -> Element:
    duration = as_number("duration", body.get("duration"))
    if duration != int(duration) or not 0 < duration <= DURATION_MS_MAX:
        raise refused("duration", duration, f"whole milliseconds from 1 to {DURATION_MS_MAX}")
    upper, lower = (int(as_number(key, body.get(key))) for key in ("upper_limit", "lower_limit"))
    if lower > upper:
        raise refused("lower_limit", lower, "at most the upper limit")
    return Element(int(duration), upper, lower)


def said(kind: str, **fields: Any) -> Object:
    """Return a message of ours."""
    return {"message_type": kind, "message_id": str(uuid.uuid4()), **fields}


def reception(message_id: str, status: str, why: str = "") -> Object:
    """Return the answer to the receipt of a message."""
    answer = {"message_type": "ReceptionStatus", "subject_message_id": message_id, "status": status}
    return {**answer, "diagnostic_label": why[:200]} if why else answer


def moment(at_ms: int) -> str:
    """Return a Unix time as s2-ws-json has it."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def own_id(*names: str) -> str:
    """Return the UUID that stands for a name here: the same whenever it is asked for."""
    return str(uuid.uuid5(_SPACE, ":".join(names)))
