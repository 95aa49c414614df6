"""Records that somebody chose to show: each is proven by itself, of what was left out nothing is known.

Source: docs/format.md, `disclosure`; RFC 9162 section 2.1.3.2.
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
from tools.verifier.merkle import SALT_BYTES, leaf_of, root_by_path
from tools.verifier.page import Header, claimed_agent, read_header

DISCLOSURE_HEAD = 0x82  # array of two
HASH_BYTES = 32


@dataclass(slots=True)
class Shown:
    """One disclosed record, not yet proven."""

    index: int
    salt: bytes
    record: bytes
    path: list[bytes]


@dataclass(slots=True)
class Disclosed:
    """Records of one page that lead to its signed root."""

    header: Header
    records: tuple[r.Record, ...]
    size_bytes: int


@dataclass(slots=True)
class DisclosureReport:
    """What one disclosure was found to be. `disclosed` is None when nobody known signed its header."""

    disclosed: Disclosed | None = None
    faults: list[Fault] = field(default_factory=list)
    stranger: str = ""  # the agent in whose name an unknown key signed, if that agent is known

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong with it."""
        return not self.faults


def read_disclosure(raw: bytes, keys: Keys, place: str = "") -> DisclosureReport:
    """Judge the bytes of one disclosure on their own."""
    stranger = agent = ""
    try:
        envelope, shown = open_disclosure(raw)
        known = keys.get(envelope.kid)
        agent, stranger = (known[0], "") if known else ("", claimed_agent(envelope, keys))
        header = Header(*read_header(envelope, keys))
    except NotStrict as wrong:
        return DisclosureReport(faults=[Fault(wrong.fault, wrong.detail, agent, place=place)], stranger=stranger)
    faults: list[Fault] = []
    proven = _proven(header, shown, place, faults)
    found = _records(header, proven, place, faults)
    return DisclosureReport(Disclosed(header, tuple(found), len(raw)), faults)


def open_disclosure(raw: bytes) -> tuple[wire.Envelope, list[Shown]]:
    """Take a disclosure apart without trusting any of it. Raises: NotStrict."""
    size_max = wire.DISCLOSURE_BYTES_MAX
    if len(raw) > size_max:
        raise NotStrict("oversize", f"{len(raw)} bytes, at most {size_max} are allowed")
    check_whole(raw, wire.COSE_SIGN1, tag_at=1, size_max=size_max)
    parts = cbor2.loads(raw)
    if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[1], list) or not parts[1]:
        raise NotStrict("disclosure_shape", "not an array of an envelope and disclosed records")
    return wire.envelope_of(parts[0]), [_shown(row) for row in parts[1]]


def _shown(row: Any) -> Shown:
    if not isinstance(row, list) or len(row) != 4:
        raise NotStrict("disclosure_shape", "a disclosed record is not index, salt, record and path")
    index, salt, record, path = row
    if not r.uint(index) or not r.octets(SALT_BYTES)(salt) or not isinstance(record, bytes):
        raise NotStrict("disclosure_shape", f"a disclosed record with index {str(index)[:20]} is not as it must be")
    if not isinstance(path, list) or not all(map(r.octets(HASH_BYTES), path)):
        raise NotStrict("disclosure_shape", f"the path of index {index} is not a list of hashes")
    return Shown(index, salt, record, path)


def _proven(header: Header, shown: list[Shown], place: str, faults: list[Fault]) -> list[Shown]:
    proven = []
    last = -1
    for one in shown:
        seq = header.first_seq + one.index
        leaf = leaf_of(one.salt, one.record)
        if not last < one.index < header.count:
            detail = f"index {one.index} after {last} in a page of {header.count}"
            faults.append(Fault("wrong_index", detail, header.agent, header.first_seq, place))
            continue
        last = one.index
        if root_by_path(leaf, one.index, header.count, one.path) == header.root:
            proven.append(one)
        else:
            detail = f"index {one.index} with a path of {len(one.path)}"
            faults.append(Fault("bad_path", detail, header.agent, seq, place))
    return proven


def _records(header: Header, proven: list[Shown], place: str, faults: list[Fault]) -> list[r.Record]:
    found = []
    bases: dict[int, r.Record] = {}
    places = {one.index for one in proven}
    for one in proven:
        seq = header.first_seq + one.index
        try:
            record = r.read_record(one.record, seq, bases)
        except NotStrict as wrong:
            base = r.base_of(one.record) if wrong.fault == "delta_base" else None
            hidden = base is not None and base < one.index and base not in places
            name = "base_not_shown" if hidden else wrong.fault
            faults.append(Fault(name, wrong.detail, header.agent, seq, place))
            continue
        found.append(record)
        if record.kind == "reading" and record.base is None:
            bases[one.index] = record
    return found
