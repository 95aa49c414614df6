"""The records of a page, one table row per kind.

Source: docs/format.md, "Records" and the table of numbers below it, transcribed a second time here
on purpose: a number that only the agent knows is a fault. A delta becomes the reading that it tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.strict import NotStrict, decode

READING, BOOT, DECISION, WRITE, BINDING, EVENT, DEVICE_STATE, CLOCK, GAP, FAILSAFE, REFUSED_MANY, DELAY = range(1, 13)
DELTA, ENROLMENT, KEY_CHANGE, RESERVATION, NOT_BEFORE = range(13, 18)

ENERGY_IMPORT_WH = 12
ENERGY_EXPORT_WH = 13
ENERGY_REGISTERS = {ENERGY_IMPORT_WH: "import_wh", ENERGY_EXPORT_WH: "export_wh"}
QUALITY_MISSING, QUALITY_BAD = 1, 3
ACCEPTED = 0
GAP_JOURNAL_FULL, GAP_METER_EXCHANGED, GAP_DAMAGED = 2, 3, 4
GAPS_LOSING = (GAP_JOURNAL_FULL, GAP_DAMAGED)
KEY_BEGINS, KEY_ENDS = 1, 2
CONTEXT_NAMES = {1: "set_point", 2: "source", 3: "opted_out"}
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
    "protection phases": "move between phases",
    "protection random": "random delay",
}
SECONDS_MAX = 1 << 40  # 34 000 years: beyond it sums no longer fit a database's 64 bits in ms
INTEGER_MAX = 1 << 64

Check = Callable[[Any], bool]


@dataclass(slots=True)
class Record:
    """One fact with its number in the agent's chain. A delta is the reading that it tells."""

    seq: int
    kind: str
    fields: dict[str, Any]
    end_ms: int  # when it was known, after the page's base_s
    base: int | None = None  # of a delta: the place of the reading that it is told by

    def as_json(self) -> dict[str, Any]:
        """Return the record with byte strings as hex and the context's numbers as words."""
        plain = {name: field.hex() if isinstance(field, bytes) else field for name, field in self.fields.items()}
        if self.kind == "reading":
            plain["context"] = {CONTEXT_NAMES[number]: told for number, told in self.fields["context"].items()}
        return {"seq": self.seq, "kind": self.kind, **plain}


def uint(item: Any) -> bool:
    """Unsigned integer of 64 bits."""
    return type(item) is int and 0 <= item < INTEGER_MAX


def integer(item: Any) -> bool:
    """Integer that CBOR writes in 64 bits and a sign."""
    return type(item) is int and -INTEGER_MAX <= item < INTEGER_MAX


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
    for number, measured in item.items():
        if type(measured) is not int or not -INTEGER_MAX <= measured < INTEGER_MAX or not uint(number):
            return False
        if measured < 0 and number in ENERGY_REGISTERS:
            return False
    return True


def context(item: Any) -> bool:
    """Set-point, its source, opt-out: each present or not."""
    if type(item) is not dict or not item.keys() <= CONTEXT_NAMES.keys():
        return False
    return or_null(integer)(item.get(1)) and text(item.get(2, "")) and item.get(3, True) is True


def device_list(item: Any) -> bool:
    """Pairs of device id and model, no id twice."""
    if type(item) is not list:
        return False
    if not all(type(pair) is list and len(pair) == 2 and text(pair[0]) and text(pair[1]) for pair in item):
        return False
    return len({pair[0] for pair in item}) == len(item)


def uints(item: Any) -> bool:
    """List of unsigned integers."""
    return type(item) is list and all(map(uint, item))


digest = octets(32)
kid = octets(8)
AT: tuple[str, Check] = ("at_ms", milliseconds)
DEVICE: tuple[str, Check] = ("device", uint)

KINDS: dict[int, tuple[str, tuple[tuple[str, Check], ...]]] = {
    READING: (
        "reading",
        (
            ("end_s", seconds),
            ("span_s", seconds),
            DEVICE,
            ("quality", one_of(0, 1, 2, 3)),
            ("values", quantities),
            ("context", context),
        ),
    ),
    BOOT: (
        "boot",
        (
            AT,
            ("version", text),
            ("runtime", text),
            ("firmware", digest),
            ("config", digest),
            ("fuse_ma", uint),
            ("devices", device_list),
        ),
    ),
    DECISION: (
        "decision",
        (AT, ("command", digest), ("kid", or_null(kid)), ("counter", or_null(uint)), ("reason", one_of(*range(17)))),
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
    EVENT: ("event", (AT, ("command", digest), ("status", one_of(1, 2, 3, 4, 5, 6, 7, 16)))),
    DEVICE_STATE: ("device_state", (AT, DEVICE, ("state", one_of(*range(len(STATES)))))),
    CLOCK: (
        "clock",
        (AT, ("civil_ms", milliseconds), ("quality", one_of(0, 1, 2, 3)), ("error_ms", milliseconds)),
    ),
    GAP: ("gap", (AT, ("cause", one_of(1, 2, 3, 4, 5, 6)), ("lost", uint), ("device", or_null(uint)))),
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
    ENROLMENT: (
        "enrolment",
        (AT, DEVICE, ("asset", digest), ("programme", text), ("from_s", seconds), ("until_s", seconds)),
    ),
    KEY_CHANGE: (
        "key_change",
        (AT, ("action", one_of(KEY_BEGINS, KEY_ENDS)), ("key", octets(65)), ("proof", or_null(octets(64)))),
    ),
    RESERVATION: (
        "reservation",
        (
            AT,
            ("command", digest),
            ("source", text),
            ("place", text),
            ("devices", uints),
            ("direction", one_of(0, 1)),
            ("power_w", uint),
            ("wait_ms", milliseconds),
            ("left_ms", milliseconds),
        ),
    ),
    NOT_BEFORE: ("not_before", (AT, ("command", digest), ("left_ms", milliseconds))),
}
READING_FIELDS = tuple(name for name, _ in KINDS[READING][1])
READING_TYPES = [int, int, int, int, int, dict, dict]


def read_record(raw: bytes, seq: int, bases: Mapping[int, Record]) -> Record:
    """Decode one record; `bases`: place -> reading that a delta may be told by. Raises: NotStrict."""
    parts = decode(raw)
    if type(parts) is not list or not parts or type(parts[0]) is not int:
        raise NotStrict("record_shape", "no record of a known kind")
    if parts[0] == DELTA:
        return _told_by(parts, seq, bases)
    if parts[0] == READING and _reads(parts):
        fields = dict(zip(READING_FIELDS, parts[1:], strict=True))
        return Record(seq, "reading", fields, parts[1] * 1000)
    if parts[0] not in KINDS:
        raise NotStrict("record_shape", "no record of a known kind")
    kind, shape = KINDS[parts[0]]
    if len(parts) != len(shape) + 1:
        raise NotStrict("record_shape", f"a {kind} record of {len(parts)} elements instead of {len(shape) + 1}")
    fields = {}
    for (name, check), item in zip(shape, parts[1:], strict=True):
        if not check(item):
            raise NotStrict("record_shape", f"{kind}.{name} is {str(item)[:60]}")
        fields[name] = item
    if kind == "reading":
        if not fields["values"] and fields["quality"] != QUALITY_MISSING:
            raise NotStrict("record_shape", "a reading without any quantity that is not marked missing")
        return Record(seq, kind, fields, fields["end_s"] * 1000)
    if kind == "gap":
        _check_gap(fields)
    if kind == "key_change" and fields["action"] == KEY_ENDS and fields["proof"] is not None:
        raise NotStrict("record_shape", "a key is ended with a proof")
    return Record(seq, kind, fields, fields["at_ms"])


def _reads(parts: list[Any]) -> bool:
    """Tell whether this is a reading as nearly all are; which field of another is wrong, the table says."""
    if [*map(type, parts)] != READING_TYPES:
        return False
    _, end_s, span_s, device, quality, values, about = parts
    return (
        0 <= end_s < SECONDS_MAX and 0 <= span_s < SECONDS_MAX and device >= 0 and 0 <= quality <= QUALITY_BAD
        and bool(values) and quantities(values) and (not about or context(about))
    )  # fmt: skip


def _check_gap(fields: dict[str, Any]) -> None:
    if (fields["cause"] == GAP_METER_EXCHANGED) != (fields["device"] is not None):
        raise NotStrict("record_shape", f"a gap of cause {fields['cause']} with device {fields['device']}")
    if fields["lost"] and fields["cause"] not in GAPS_LOSING:
        raise NotStrict("record_shape", f"a gap of cause {fields['cause']} that loses {fields['lost']} records")


def _told_by(parts: list[Any], seq: int, bases: Mapping[int, Record]) -> Record:
    if len(parts) < 3 or not seconds(parts[1]) or set(map(type, parts)) != {int} or parts[2] < 0:
        raise NotStrict("record_shape", "a delta that is not spans, base and integers")
    spans, place, added = parts[1], parts[2], parts[3:]
    if place not in bases:
        raise NotStrict("delta_base", f"no reading at place {place} before it")
    base = bases[place].fields
    if len(added) != len(base["values"]):
        raise NotStrict("delta_count", f"{len(added)} integers for {len(base['values'])} quantities")
    if spans == 0:
        raise NotStrict("delta_spans", "0 spans after its base")
    # A map's keys come in rising order: the encoding allows no other.
    measured = {number: was + more for (number, was), more in zip(base["values"].items(), added, strict=True)}
    end_s = base["end_s"] + spans * base["span_s"]
    if end_s >= SECONDS_MAX or not quantities(measured):
        raise NotStrict("delta_range", f"a reading that ends at {end_s} s: {str(measured)[:60]}")
    return Record(seq, "reading", {**base, "end_s": end_s, "values": measured}, end_s * 1000, place)


def base_of(raw: bytes) -> int | None:
    """Return the place of the reading that a delta is told by, None for any other record. Raises: NotStrict."""
    parts = decode(raw)
    return parts[2] if type(parts) is list and len(parts) > 2 and parts[0] == DELTA and uint(parts[2]) else None
