"""The records of a page, one table row per kind.

Source: docs/format.md, "Records" and the table of numbers below it, transcribed a second time here
on purpose: a number that only the agent knows is a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cbor2

from tools.strict import NotStrict, check_whole

READING, BOOT, DECISION, WRITE, BINDING, EVENT, DEVICE_STATE, CLOCK, GAP, FAILSAFE, REFUSED_MANY, DELAY = range(1, 13)

ENERGY_IMPORT_WH = 12
ENERGY_EXPORT_WH = 13
ENERGY_REGISTERS = {ENERGY_IMPORT_WH: "import_wh", ENERGY_EXPORT_WH: "export_wh"}
QUALITY_MISSING, QUALITY_BAD = 1, 3
ACCEPTED = 0
GAP_JOURNAL_FULL, GAP_METER_EXCHANGED, GAP_DAMAGED = 2, 3, 4
STATES = (
    "fell silent",
    "answered",
    "was set by another controller, too",
    "was another product than the configured one",
    "was set by nobody else any more",
)
PROTECTIONS = {
    "protection rest": "least stop",
    "protection run": "least run",
    "protection starts": "starts per hour",
    "protection longest stop": "longest stop",
    "protection charge": "charge bounds",
    "protection ramp": "ramp",
    "protection wear": "budget of writes",
}
SECONDS_MAX = 1 << 40  # 34 000 years: beyond it sums no longer fit a database's 64 bits in ms

Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Record:
    """One fact with its number in the agent's chain."""

    seq: int
    kind: str
    fields: dict[str, Any]
    end_ms: int  # when it was known, after the page's base_s

    def as_json(self) -> dict[str, Any]:
        """Return the record with byte strings as hex."""
        plain = {name: field.hex() if isinstance(field, bytes) else field for name, field in self.fields.items()}
        return {"seq": self.seq, "kind": self.kind, **plain}


def uint(item: Any) -> bool:
    """Unsigned integer."""
    return type(item) is int and item >= 0


def integer(item: Any) -> bool:
    """Any integer."""
    return type(item) is int


def text(item: Any) -> bool:
    """Text."""
    return type(item) is str


def flag(item: Any) -> bool:
    """True or false."""
    return type(item) is bool


def octets(size_bytes: int) -> Check:
    """Byte string of one size."""
    return lambda item: type(item) is bytes and len(item) == size_bytes


def or_null(check: Check) -> Check:
    """The same or null."""
    return lambda item: item is None or check(item)


def one_of(*numbers: int) -> Check:
    """One of the numbers that the format lists."""
    return lambda item: type(item) is int and item in numbers


def protection(item: Any) -> bool:
    """One of the sources that a delay may have."""
    return type(item) is str and item in PROTECTIONS


def seconds(item: Any) -> bool:
    """Seconds within reason."""
    return uint(item) and item < SECONDS_MAX


def milliseconds(item: Any) -> bool:
    """Milliseconds within reason."""
    return uint(item) and item < SECONDS_MAX * 1000


def quantities(item: Any) -> bool:
    """Quantity number to integer; energy registers are never negative."""
    if type(item) is not dict:
        return False
    return all(uint(number) and integer(measured) for number, measured in item.items()) and all(
        item.get(number, 0) >= 0 for number in ENERGY_REGISTERS
    )


def device_list(item: Any) -> bool:
    """Pairs of device id and model, no id twice."""
    if type(item) is not list:
        return False
    if not all(type(pair) is list and len(pair) == 2 and text(pair[0]) and text(pair[1]) for pair in item):
        return False
    return len({pair[0] for pair in item}) == len(item)


digest = octets(32)
kid = octets(8)
AT: tuple[str, Check] = ("at_ms", milliseconds)
DEVICE: tuple[str, Check] = ("device", uint)

KINDS: dict[int, tuple[str, tuple[tuple[str, Check], ...]]] = {
    READING: (
        "reading",
        (("end_s", seconds), ("span_s", seconds), DEVICE, ("quality", one_of(0, 1, 2, 3)), ("values", quantities)),
    ),
    BOOT: ("boot", (AT, ("version", text), ("runtime", text), ("config", digest), ("devices", device_list))),
    DECISION: (
        "decision",
        (AT, ("command", digest), ("kid", or_null(kid)), ("counter", or_null(uint)), ("reason", one_of(*range(16)))),
    ),
    WRITE: (
        "write",
        (
            AT,
            DEVICE,
            ("set_point", or_null(integer)),
            ("outcome", one_of(0, 1, 2, 3)),
            ("evidence", one_of(0, 1, 2, 3)),
            ("kept", or_null(integer)),
            ("source", text),
        ),
    ),
    BINDING: ("binding", (AT, DEVICE, ("granted", or_null(integer)), ("source", text))),
    EVENT: ("event", (AT, ("command", digest), ("status", one_of(1, 2, 3, 6, 7, 16)))),
    DEVICE_STATE: ("device_state", (AT, DEVICE, ("state", one_of(*range(len(STATES)))))),
    CLOCK: (
        "clock",
        (AT, ("civil_ms", milliseconds), ("quality", one_of(0, 1, 2, 3)), ("error_ms", milliseconds)),
    ),
    GAP: ("gap", (AT, ("cause", one_of(1, 2, 3, 4)), ("lost", uint))),
    FAILSAFE: ("failsafe", (AT, ("scope", or_null(uint)), ("cause", one_of(1, 2, 3, 4, 5)), ("entered", flag))),
    REFUSED_MANY: ("refused_many", (AT, ("count", uint))),
    DELAY: (
        "delay",
        (
            AT,
            DEVICE,
            ("granted", or_null(integer)),
            ("source", protection),
            ("wait_ms", or_null(milliseconds)),
            ("starts_left", or_null(uint)),
            ("writes", uint),
        ),
    ),
}


def read_record(raw: bytes, seq: int) -> Record:
    """Decode one record. Raises: NotStrict, with the fault `record_shape` when the fields do not fit."""
    check_whole(raw)
    parts = cbor2.loads(raw)
    if type(parts) is not list or not parts or type(parts[0]) is not int or parts[0] not in KINDS:
        raise NotStrict("record_shape", "no record of a known kind")
    kind, shape = KINDS[parts[0]]
    if len(parts) != len(shape) + 1:
        raise NotStrict("record_shape", f"a {kind} record of {len(parts)} elements instead of {len(shape) + 1}")
    for (name, check), item in zip(shape, parts[1:], strict=True):
        if not check(item):
            raise NotStrict("record_shape", f"{kind}.{name} is {str(item)[:60]}")
    fields = {name: item for (name, _), item in zip(shape, parts[1:], strict=True)}
    if kind == "reading" and not fields["values"] and fields["quality"] != QUALITY_MISSING:
        raise NotStrict("record_shape", "a reading without any quantity that is not marked missing")
    return Record(seq, kind, fields, fields["end_s"] * 1000 if kind == "reading" else fields["at_ms"])
