"""What a peer says in JSON: within bounds, numbers exact, and each refusal with the place that it is at.

A peer is a stranger: its documents may be of any size, depth and sense. Numbers are read as decimals, never as floats,
and become integers in base units; NaN, infinities and keys that stand twice in an object are refused.
Source: RFC 8259; an objectID is OpenADR 3.1.0's.
"""

from __future__ import annotations

import json
import re
from decimal import ROUND_DOWN, Decimal
from typing import Any

BODY_BYTES_MAX = 1 << 20  # what is read of it holds the loop that controls devices
DEPTH_MAX = 32  # whoever compares, shows or writes what was read goes as deep, from wherever it stands
TEXT_MAX = 128  # most names and types of OpenADR
DIGITS_MAX = 15  # beyond what any quantity of a site needs
OBJECT_ID = re.compile(r"[a-zA-Z0-9_-]{1,128}")

Object = dict[str, Any]


class Malformed(Exception):
    """Args: one sentence with the place in the document and what is wrong there."""


def shown(given: object) -> str:
    """Return a wrong value for a sentence: short, and plain ASCII whatever was sent.

    Of what holds others only the kind is told: a token may be among them.
    """
    if type(given) in (dict, list):
        return "an object" if type(given) is dict else "a list"
    text = ascii(given)
    return text if len(text) <= 40 else text[:40] + "..."


def refused(path: str, given: object, expected: str) -> Malformed:
    """Return the refusal of what stands at a place."""
    return Malformed(f"{path} = {shown(given)}: expected {expected}")


def parsed(raw: bytes) -> Any:
    """Return a JSON document with decimals for numbers. Raises: Malformed."""
    if len(raw) > BODY_BYTES_MAX:
        raise Malformed(f"more than {BODY_BYTES_MAX} bytes")
    try:
        found = json.loads(
            raw, parse_float=Decimal, parse_int=Decimal, parse_constant=_constant, object_pairs_hook=no_twins
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise Malformed(f"no JSON document: {shown(str(error))}") from error
    if is_deeper(found, DEPTH_MAX):
        raise Malformed(f"more than {DEPTH_MAX} levels")
    return found


def is_deeper(given: Any, levels: int) -> bool:
    """Tell whether lists and objects are nested deeper; level by level, since a stack is finite."""
    here = [given] if type(given) in (dict, list) else []
    for _ in range(levels):
        inside = [inner for each in here for inner in (each.values() if type(each) is dict else each)]
        here = [each for each in inside if type(each) in (dict, list)]
    return bool(here)


def _constant(name: str) -> Decimal:
    raise Malformed(f"{name} is no number")


def no_twins(pairs: list[tuple[str, Any]]) -> Object:
    """Return an object of which no key stands twice. Raises: Malformed."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key stands twice in one object")
    return found


def as_object(path: str, given: Any) -> Object:
    """Check an object. Raises: Malformed."""
    if type(given) is not dict:
        raise refused(path, given, "an object")
    return given


def as_list(path: str, given: Any, most: int) -> list[Any]:
    """Check a list of at most `most`; null is an empty one. Raises: Malformed."""
    if given is None:
        return []
    if type(given) is not list:
        raise refused(path, given, "a list")
    if len(given) > most:
        raise Malformed(f"{path}: {len(given)} entries, and {most} are taken at most")
    return given


def as_text(path: str, given: Any, most: int = TEXT_MAX) -> str:
    """Check a text of 1 to `most` characters. Raises: Malformed."""
    if type(given) is not str or not 0 < len(given) <= most:
        raise refused(path, given, f"a text of 1 to {most} characters")
    return given


def as_id(path: str, given: Any) -> str:
    """Check an objectID, which goes into addresses. Raises: Malformed."""
    if type(given) is not str or OBJECT_ID.fullmatch(given) is None:
        raise refused(path, given, "an objectID: 1 to 128 of a-z, A-Z, 0-9, '_' and '-'")
    return given


def as_whole(path: str, given: Any, lowest: int, highest: int) -> int:
    """Check a whole number within bounds. Raises: Malformed."""
    number = as_number(path, given)
    if number != number.to_integral_value() or not lowest <= number <= highest:
        raise refused(path, given, f"a whole number from {lowest} to {highest}")
    return int(number)


def as_number(path: str, given: Any) -> Decimal:
    """Check a number that a site can have: at most DIGITS_MAX digits on either side of its point. Raises: Malformed."""
    if type(given) is not Decimal or not given.is_finite() or (given and abs(given.adjusted()) > DIGITS_MAX):
        raise refused(path, given, "a number")
    return given


def scaled(path: str, given: Any, factor: int) -> int:
    """Return a number times `factor`, towards zero. Raises: Malformed."""
    return int((as_number(path, given) * factor).to_integral_value(rounding=ROUND_DOWN))
