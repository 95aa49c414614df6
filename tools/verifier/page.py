"""One page by itself: encoding, signature, signer, fields, records and Merkle root.

Source: docs/format.md, first section and "Records".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools import wire
from tools.strict import NotStrict
from tools.verifier import records as r
from tools.verifier.faults import Fault
from tools.verifier.merkle import root_of

SEQ_MAX = 1 << 62  # what follows is counted in 64 bits

HEADER: tuple[tuple[str, r.Check], ...] = (
    ("agent", r.octets(8)),
    ("epoch", lambda item: r.uint(item) and item < SEQ_MAX),
    ("first_seq", lambda item: r.uint(item) and item < SEQ_MAX),
    ("prev", r.octets(32)),
    ("root", r.octets(32)),
    ("base_s", r.seconds),
    ("civil_s", r.seconds),
    ("clock_quality", r.one_of(0, 1, 2, 3)),
    ("clock_error_ms", r.milliseconds),
    ("records", lambda item: type(item) is list and len(item) > 0 and all(type(one) is bytes for one in item)),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page whose signature is good. `records` lacks those that could not be read."""

    agent: str  # hex
    hash: bytes
    epoch: int
    first_seq: int
    count: int
    prev: bytes
    base_s: int
    civil_s: int
    clock_quality: int
    clock_error_ms: int
    records: tuple[r.Record, ...]
    size_bytes: int

    @property
    def last_seq(self) -> int:
        """Number of the last record."""
        return self.first_seq + self.count - 1


@dataclass(slots=True)
class PageReport:
    """What one page was found to be. `page` is None when nobody known signed it as a page."""

    page: Page | None = None
    faults: list[Fault] = field(default_factory=list)
    duplicate: bool = False

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong with it."""
        return not self.faults


def read_page(raw: bytes, keys: Mapping[bytes, bytes], place: str = "") -> PageReport:
    """Judge the bytes of one page on their own; `keys` maps kid to the trusted 65-byte public key."""
    try:
        envelope = wire.open_envelope(raw)
    except NotStrict as wrong:
        return PageReport(faults=[Fault(wrong.fault, wrong.detail, place=place)])
    signer = envelope.kid.hex()
    if envelope.kid not in keys:
        return PageReport(faults=[Fault("unknown_key", f"signed by key {signer}", place=place)])
    if not wire.signature_good(envelope, keys[envelope.kid]):
        return PageReport(faults=[Fault("bad_signature", "the signature does not fit the page", signer, place=place)])
    try:
        header = _header(envelope)
    except NotStrict as wrong:
        return PageReport(faults=[Fault(wrong.fault, wrong.detail, signer, place=place)])
    faults: list[Fault] = []
    if header["agent"] != envelope.kid:
        named = header["agent"].hex()
        # Not a page of that agent, and no part of the signer's chain either.
        return PageReport(faults=[Fault("wrong_agent", f"signed by {signer} for {named}", signer, place=place)])
    page = _page(header, envelope.payload, len(raw), place, faults)
    return PageReport(page, faults)


def _header(envelope: wire.Envelope) -> dict[str, Any]:
    payload = wire.payload_of(envelope)
    if payload[0] != wire.PAGE:
        raise NotStrict("wrong_type", f"a {wire.TYPE_NAMES.get(payload[0], 'payload of an unknown type')}, not a page")
    if payload[1] != wire.VERSION or type(payload[1]) is not int:
        raise NotStrict("unknown_version", f"version {str(payload[1])[:20]}, known is {wire.VERSION}")
    if len(payload) != 2 + len(HEADER):
        raise NotStrict("page_shape", f"{len(payload)} elements instead of {2 + len(HEADER)}")
    for (name, check), item in zip(HEADER, payload[2:], strict=True):
        if not check(item):
            raise NotStrict("page_shape", f"{name} is {str(item)[:60]}")
    return {name: item for (name, _), item in zip(HEADER, payload[2:], strict=True)}


def _page(header: dict[str, Any], payload: bytes, size_bytes: int, place: str, faults: list[Fault]) -> Page:
    agent = header["agent"].hex()
    raw_records = header["records"]
    if root_of(raw_records) != header["root"]:
        faults.append(Fault("wrong_root", "the records do not hash to the root", agent, header["first_seq"], place))
    found = []
    for seq, raw in enumerate(raw_records, header["first_seq"]):
        try:
            found.append(r.read_record(raw, seq))
        except NotStrict as wrong:
            faults.append(Fault(wrong.fault, wrong.detail, agent, seq, place))
    return Page(
        agent,
        wire.sha256(payload),
        header["epoch"],
        header["first_seq"],
        len(raw_records),
        header["prev"],
        header["base_s"],
        header["civil_s"],
        header["clock_quality"],
        header["clock_error_ms"],
        tuple(found),
        size_bytes,
    )
