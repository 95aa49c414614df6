"""A run of records that one signature covers whole.

Source: docs/format.md, `page`. The page hash is over the payload, not the signature, so that signing
again after a crash gives the same page.
"""

from __future__ import annotations

import hashlib

from agent import cbor
from agent import record as r
from agent.merkle import MerkleTree
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.record import Record
    from hal.ports import Clock

_TYPE_PAGE = const(1)
_VERSION = const(1)
NO_PAGE = bytes(32)  # `prev` of an agent's first page
_ENVELOPE_BYTES = const(192)  # header, hashes and signature around the records, rounded up


class Header:
    """What is fixed when a page is opened: numbering, link and time base."""

    def __init__(self, epoch: int, first_seq: int, prev: bytes, base_s: int, civil: tuple[int, int, int]) -> None:
        self.epoch = epoch
        self.first_seq = first_seq
        self.prev = prev
        self.base_s = base_s
        self.civil = civil  # Unix seconds at base_s (0 unknown), clock quality, error bound in ms

    def encode(self) -> bytes:
        """Return the header as the journal keeps it."""
        civil_s, quality, error_ms = self.civil
        return cbor.encode([self.epoch, self.first_seq, self.prev, self.base_s, civil_s, quality, error_ms])


def decode_header(raw: bytes) -> Header:
    """Return the header of a journal frame. Raises: CborError, ValueError."""
    fields = cbor.decode(raw)
    if type(fields) is not list or len(fields) != 7:
        raise ValueError("page header", raw)
    epoch, first_seq, prev, base_s, civil_s, quality, error_ms = fields
    return Header(epoch, first_seq, prev, base_s, (civil_s, quality, error_ms))


def civil_at(clock: Clock, base_s: int) -> tuple[int, int, int]:
    """Return the civil fields of a header for the monotonic second `base_s`."""
    civil_ms = clock.civil_ms()
    if civil_ms == 0:
        return 0, 0, 0
    return (civil_ms - clock.now_ms()) // 1000 + base_s, clock.quality(), clock.error_ms()


class Page:
    """An open page: takes records, hashes each as it comes, ends as a payload to sign."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.records: list[bytes] = []
        self.size_bytes = _ENVELOPE_BYTES
        self._tree = MerkleTree()

    @property
    def last_seq(self) -> int:
        """Number of the newest record; first_seq - 1 while the page is empty."""
        return self.header.first_seq + len(self.records) - 1

    def add(self, record: bytes) -> None:
        """Append one encoded record."""
        self.records.append(record)
        self.size_bytes += len(record) + 3
        self._tree.add(record)

    def payload(self, agent_id: bytes) -> bytes:
        """Return the bytes that are signed."""
        head = self.header
        return cbor.encode(
            [_TYPE_PAGE, _VERSION, agent_id, head.epoch, head.first_seq, head.prev, self._tree.root(), head.base_s,
             head.civil[0], head.civil[1], head.civil[2], self.records]
        )  # fmt: skip


def page_hash(payload: bytes) -> bytes:
    """Return what the next page and the receipt refer to."""
    return hashlib.sha256(payload).digest()


def encode_record(record: Record, base_s: int) -> bytes:
    """Return the record's bytes inside a page whose time begins at `base_s`."""
    kind, at = record[0], record[1]
    assert type(at) is int
    relative = list(record)
    relative[1] = at - base_s if kind == r.READING else at - base_s * 1000
    return cbor.encode(relative)


def second_of(record: Record) -> int:
    """Return the full monotonic second at or before the record."""
    kind, at = record[0], record[1]
    assert type(at) is int
    return at if kind == r.READING else at // 1000
