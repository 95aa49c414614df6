"""One page by itself: layout, signature, signer, header, Merkle root and records.

Source: docs/format.md, first section and "Records". A page that is laid out byte by byte as the format says, as nearly
all are, is cut at fixed places; any other goes through the strict walk, which gives what is wrong its name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cbor2

from tools import wire
from tools.strict import NotStrict, check_whole
from tools.verifier import records as r
from tools.verifier.faults import Fault
from tools.verifier.keyring import Keys
from tools.verifier.merkle import SALT_BYTES, leaves_of, root_of

SEQ_MAX = 1 << 62  # what follows is counted in 64 bits
PAGE_HEAD = 0x83  # array of three
SALT_HEAD = 0x40 + SALT_BYTES


def _number(item: Any) -> bool:
    return r.uint(item) and item < SEQ_MAX


HEADER: tuple[tuple[str, r.Check], ...] = (
    ("agent", r.octets(8)),
    ("epoch", _number),
    ("first_seq", _number),
    ("count", lambda item: _number(item) and item > 0),
    ("prev", r.octets(32)),
    ("root", r.octets(32)),
    ("base_s", r.seconds),
    ("civil_s", r.seconds),
    ("clock_quality", r.one_of(0, 1, 2, 3)),
    ("clock_error_ms", r.milliseconds),
)


HEADER_TYPES = [int, int, bytes, int, int, int, bytes, bytes, int, int, int, int]
HEADER_SIZES = (8, 32, 32)  # agent, prev, root
CLOCK_QUALITY_MAX = 3


@dataclass(slots=True)
class Header:
    """What a good signature says of a page."""

    agent: str  # hex
    kid: str  # hex; of the key that signed
    hash: bytes
    epoch: int
    first_seq: int
    count: int
    prev: bytes
    root: bytes
    base_s: int
    civil_s: int
    clock_quality: int
    clock_error_ms: int

    @property
    def last_seq(self) -> int:
        """Number of the last record."""
        return self.first_seq + self.count - 1


@dataclass(slots=True)
class Page(Header):
    """A page whose signature and root are good. `records` lacks those that could not be read."""

    records: tuple[r.Record, ...]
    facts: tuple[r.Record, ...]  # those records that are no readings
    size_bytes: int


@dataclass(slots=True)
class Opened:
    """The parts of a page, none of them trusted."""

    envelope: wire.Envelope
    salt: bytes
    records: list[bytes]
    signed: bool | None = None  # whether the signature is its key's, None when that was not yet looked at


@dataclass(slots=True)
class PageReport:
    """What one page was found to be. `page` is None when nobody known signed its records as a page."""

    page: Page | None = None
    faults: list[Fault] = field(default_factory=list)
    stranger: str = ""  # the agent in whose name an unknown key signed, if that agent is known

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong with it."""
        return not self.faults


def read_page(raw: bytes, keys: Keys, place: str = "", opened: Opened | None = None) -> PageReport:
    """Judge the bytes of one page on their own; `opened` is what `looked_at` made of them."""
    try:
        opened = opened or open_page(raw)
    except NotStrict as wrong:
        return PageReport(faults=[Fault(wrong.fault, wrong.detail, place=place)])
    try:
        header = read_header(opened.envelope, keys, opened.signed)
    except NotStrict as wrong:
        return _unproven(opened.envelope, keys, wrong, place)
    agent, first_seq = header[0], header[4]
    if len(opened.records) != header[5]:
        detail = f"{len(opened.records)} records, the header counts {header[5]}"
        return PageReport(faults=[Fault("wrong_count", detail, agent, first_seq, place)])
    if root_of(leaves_of(opened.salt, opened.records)) != header[7]:
        detail = "records and salt do not hash to the root"
        return PageReport(faults=[Fault("wrong_root", detail, agent, first_seq, place)])
    faults: list[Fault] = []
    found = _records(opened.records, agent, first_seq, place, faults)
    facts = tuple([record for record in found if record.kind != "reading"])
    return PageReport(Page(*[*header, tuple(found), facts, len(raw)]), faults)


def looked_at(raws: list[bytes], keys: Keys) -> list[Opened | None]:
    """Take pages apart and check the signatures of all whose key is known, which is quickest one after another."""
    found = []
    for raw in raws:
        cut, end = _cut(raw, 0)
        found.append(cut if end == len(raw) <= wire.PAGE_BYTES_MAX else None)
    for opened in found:
        known = keys.get(opened.envelope.kid) if opened is not None else None
        if opened is not None and known is not None:
            opened.signed = wire.signature_good(opened.envelope, known[1])
    return found


def open_page(raw: bytes) -> Opened:
    """Take a page apart without trusting any of it. Raises: NotStrict."""
    cut, end = _cut(raw, 0)
    return cut if cut is not None and end == len(raw) <= wire.PAGE_BYTES_MAX else _walked(raw)


def page_size(raw: bytes, at: int) -> int:
    """Return the size in bytes of the page that is laid out as it must from `at` on, 0 when there is none."""
    began = wire.envelope_end(raw, at + 1) if raw[at] == PAGE_HEAD else -1
    if began < 0 or len(raw) < began + SALT_BYTES + 4 or raw[began] != SALT_HEAD:
        return 0
    count, end = _count_at(raw, began + 1 + SALT_BYTES)
    for _ in range(count):
        end, size_bytes = wire.byte_string_at(raw, end)
        if end < 0:
            return 0
        end += size_bytes
    return end - at if count and end <= len(raw) and end - at <= wire.PAGE_BYTES_MAX else 0


def _count_at(raw: bytes, at: int) -> tuple[int, int]:
    """Return the size of an array of at least one element and where they begin, 0 where no strictly encoded one is."""
    count = raw[at] - 0x80
    if 0 < count < 24:
        return count, at + 1
    if count == 24 and raw[at + 1] >= 24:
        return raw[at + 1], at + 2
    if count == 25 and raw[at + 1]:
        return raw[at + 1] << 8 | raw[at + 2], at + 3
    return 0, at


def _cut(raw: bytes, at: int) -> tuple[Opened | None, int]:
    if at >= len(raw) or raw[at] != PAGE_HEAD:
        return None, at
    envelope, began = wire.envelope_at(raw, at + 1)
    if envelope is None or len(raw) < began + SALT_BYTES + 4 or raw[began] != SALT_HEAD:
        return None, at
    count, at = _count_at(raw, began + 1 + SALT_BYTES)
    records = []
    for _ in range(count):
        at, size_bytes = wire.byte_string_at(raw, at)
        if at < 0:
            return None, at
        records.append(raw[at : at + size_bytes])
        at += size_bytes
    whole = records and at <= len(raw)
    return (Opened(envelope, raw[began + 1 : began + 1 + SALT_BYTES], records) if whole else None), at


def _walked(raw: bytes) -> Opened:
    if len(raw) > wire.PAGE_BYTES_MAX:
        raise NotStrict("oversize", f"{len(raw)} bytes, at most {wire.PAGE_BYTES_MAX} are allowed")
    check_whole(raw, wire.COSE_SIGN1, tag_at=1)
    parts = cbor2.loads(raw)
    if not isinstance(parts, list) or len(parts) != 3:
        raise NotStrict("page_shape", "not an array of envelope, salt and records")
    sealed, salt, records = parts
    if not isinstance(salt, bytes) or len(salt) != SALT_BYTES:
        raise NotStrict("page_shape", f"the salt must have {SALT_BYTES} bytes")
    if not isinstance(records, list) or not records or not all(isinstance(one, bytes) for one in records):
        raise NotStrict("page_shape", "the records must be byte strings, at least one")
    return Opened(wire.envelope_of(sealed), salt, records)


def read_header(envelope: wire.Envelope, keys: Keys, signed: bool | None = None) -> tuple[Any, ...]:
    """Return the fields of a `Header` once its signature was found good, now or before. Raises: NotStrict."""
    known = keys.get(envelope.kid)
    if known is None:
        raise NotStrict("unknown_key", f"signed by key {envelope.kid.hex()}")
    agent, public_key = known
    if not (wire.signature_good(envelope, public_key) if signed is None else signed):
        raise NotStrict("bad_signature", "the signature does not fit the header")
    payload = wire.payload_of(envelope)
    _check_header(payload)
    if payload[2].hex() != agent:
        # Not a page of that agent, and no part of the signer's chain either.
        raise NotStrict("wrong_agent", f"signed by a key of {agent} for {payload[2].hex()}")
    first_seq, count = payload[4:6]
    if keys.revoked(envelope.kid, first_seq + count - 1):
        raise NotStrict("key_revoked", f"records {first_seq}..{first_seq + count - 1} by key {envelope.kid.hex()}")
    return (agent, envelope.kid.hex(), wire.sha256(envelope.payload), *payload[3:])


def _check_header(payload: list[Any]) -> None:
    if [*map(type, payload)] == HEADER_TYPES and payload[0] == wire.HEADER and payload[1] == wire.VERSION:
        _, _, agent, epoch, first_seq, count, prev, root, base_s, civil_s, quality, error_ms = payload
        if (
            0 <= epoch < SEQ_MAX and 0 <= first_seq < SEQ_MAX and 0 < count < SEQ_MAX
            and 0 <= base_s < r.SECONDS_MAX and 0 <= civil_s < r.SECONDS_MAX
            and 0 <= quality <= CLOCK_QUALITY_MAX and 0 <= error_ms < r.SECONDS_MAX * 1000
            and (len(agent), len(prev), len(root)) == HEADER_SIZES
        ):  # fmt: skip
            return
    _name_header(payload)


def _name_header(payload: list[Any]) -> None:
    """Say which field is not as it must be."""
    if payload[0] != wire.HEADER:
        raise NotStrict("wrong_type", f"a {wire.TYPE_NAMES.get(payload[0], 'payload of an unknown type')}, no header")
    if payload[1] != wire.VERSION or type(payload[1]) is not int:
        raise NotStrict("unknown_version", f"version {str(payload[1])[:20]}, known is {wire.VERSION}")
    if len(payload) != 2 + len(HEADER):
        raise NotStrict("header_shape", f"{len(payload)} elements instead of {2 + len(HEADER)}")
    for (name, check), item in zip(HEADER, payload[2:], strict=True):
        if not check(item):
            raise NotStrict("header_shape", f"{name} is {str(item)[:60]}")


def header_as_told(envelope: wire.Envelope) -> Header:
    """Return what an envelope says of itself, with no signature checked. Raises: NotStrict."""
    payload = wire.payload_of(envelope)
    _check_header(payload)
    return Header(payload[2].hex(), envelope.kid.hex(), wire.sha256(envelope.payload), *payload[3:])


def _unproven(envelope: wire.Envelope, keys: Keys, wrong: NotStrict, place: str) -> PageReport:
    """Blame the key's agent; of an unknown key, remember in whose name it signed: that agent may yet begin it."""
    known = keys.get(envelope.kid)
    if known is not None:
        return PageReport(faults=[Fault(wrong.fault, wrong.detail, known[0], place=place)])
    return PageReport(faults=[Fault(wrong.fault, wrong.detail, place=place)], stranger=claimed_agent(envelope, keys))


def claimed_agent(envelope: wire.Envelope, keys: Keys) -> str:
    """Return the known agent that an unproven header names, empty when it names none."""
    try:
        payload = wire.payload_of(envelope)
        _check_header(payload)
    except NotStrict:
        return ""
    agent: str = payload[2].hex()
    return agent if keys.knows(agent) else ""


def _records(raw_records: list[bytes], agent: str, first_seq: int, place: str, faults: list[Fault]) -> list[r.Record]:
    found = []
    bases: dict[int, r.Record] = {}
    for index, raw in enumerate(raw_records):
        try:
            record = r.read_record(raw, first_seq + index, bases)
        except NotStrict as wrong:
            faults.append(Fault(wrong.fault, wrong.detail, agent, first_seq + index, place))
            continue
        found.append(record)
        if record.kind == "reading" and record.base is None:
            bases[index] = record
    return found
