"""A run of records that one signature covers whole.

Source: docs/format.md, `page` and `header`. The header binds the records by their count and tree hash; it is what is
signed, and its hash names the page: signing again after a crash gives the same page.
"""

from __future__ import annotations

import hashlib

from agent import cbor, delta
from agent import record as r
from agent.merkle import MerkleTree
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.record import Record
    from hal.ports import Clock

_TYPE_HEADER = const(1)
_VERSION = const(1)
NO_PAGE = bytes(32)  # `prev` of an agent's first page
_ENVELOPE_BYTES = const(224)  # header, salt and signature around the records, rounded up
_HEADER_FIELDS = const(8)
SALT_BYTES = const(16)


class Header:
    """What is fixed when a page is opened: numbering, link, time base and the salt of its leaves."""

    def __init__(
        self, epoch: int, first_seq: int, prev: bytes, base_s: int, civil: tuple[int, int, int], salt: bytes
    ) -> None:
        self.epoch = epoch
        self.first_seq = first_seq
        self.prev = prev
        self.base_s = base_s
        self.civil = civil  # Unix seconds at base_s (0 unknown), clock quality, error bound in ms
        self.salt = salt

    def encode(self) -> bytes:
        """Return the header as the journal keeps it."""
        civil_s, quality, error_ms = self.civil
        return cbor.encode([self.epoch, self.first_seq, self.prev, self.base_s, civil_s, quality, error_ms, self.salt])


def decode_header(raw: bytes) -> Header:
    """Return the header of a journal frame. Raises: CborError, ValueError."""
    fields = cbor.decode(raw)
    if type(fields) is not list or len(fields) != _HEADER_FIELDS:
        raise ValueError("page header", raw)
    epoch, first_seq, prev, base_s, civil_s, quality, error_ms, salt = fields
    return Header(epoch, first_seq, prev, base_s, (civil_s, quality, error_ms), salt)


def civil_at(clock: Clock, base_s: int) -> tuple[int, int, int]:
    """Return the civil fields of a header for the monotonic second `base_s`."""
    civil_ms = clock.civil_ms()
    if civil_ms == 0:
        return 0, 0, 0
    return (civil_ms - clock.now_ms()) // 1000 + base_s, clock.quality(), clock.error_ms()


def salt_of(salt: bytes, place: int) -> bytes:
    """Return the salt of the record at `place`: nobody finds a record that was not shown by trying what it may say."""
    return hashlib.sha256(salt + place.to_bytes(4, "big")).digest()[:SALT_BYTES]


class Page:
    """An open page: takes records, hashes each as it comes, ends as a header to sign."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.records: list[bytes] = []
        self.size_bytes = _ENVELOPE_BYTES
        self._tree = MerkleTree()
        self._readings: dict[int, int] = {}  # device -> place of its newest reading that is told in full

    @property
    def last_seq(self) -> int:
        """Number of the newest record; first_seq - 1 while the page is empty."""
        return self.header.first_seq + len(self.records) - 1

    def add(self, fact: Record) -> bytes:
        """Append one record; return its bytes."""
        raw = self._encoded(fact)
        self.add_raw(raw)
        return raw

    def add_raw(self, raw: bytes) -> None:
        """Append one encoded record."""
        self._tree.add(salt_of(self.header.salt, len(self.records)) + raw)
        self.records.append(raw)
        self.size_bytes += len(raw) + 3

    def signed_bytes(self, agent_id: bytes) -> bytes:
        """Return the header as it is signed."""
        head = self.header
        return cbor.encode(
            [_TYPE_HEADER, _VERSION, agent_id, head.epoch, head.first_seq, len(self.records), head.prev,
             self._tree.root(), head.base_s, head.civil[0], head.civil[1], head.civil[2]]
        )  # fmt: skip

    def _encoded(self, fact: Record) -> bytes:
        kind, at = fact[0], fact[1]
        assert type(at) is int
        relative = list(fact)
        if kind != r.READING:
            relative[1] = at - self.header.base_s * 1000
            return cbor.encode(relative)
        relative[1] = at - self.header.base_s
        device, place = fact[3], len(self.records)
        assert type(device) is int
        base = self._readings.get(device)
        shorter = None if base is None else delta.between(self.records[base], base, relative)
        if shorter is None:
            self._readings[device] = place
            return cbor.encode(relative)
        return shorter


def page_message(envelope: bytes, salt: bytes, records: list[bytes]) -> bytes:
    """Return a page as it is sent: the envelope around its header, its salt and its records."""
    parts = [cbor.head(cbor.ARRAY, 3), envelope, cbor.head(cbor.BYTES, len(salt)), salt]
    parts.append(cbor.head(cbor.ARRAY, len(records)))
    for raw in records:
        parts.append(cbor.head(cbor.BYTES, len(raw)))
        parts.append(raw)
    return b"".join(parts)


def page_hash(header: bytes) -> bytes:
    """Return what the next page and the receipt refer to: the hash of the signed header."""
    return hashlib.sha256(header).digest()


def second_of(record: Record) -> int:
    """Return the full monotonic second at or before the record."""
    kind, at = record[0], record[1]
    assert type(at) is int
    return at if kind == r.READING else at // 1000
