"""Every way in which evidence can be wrong, each with its own name.

The names are part of the verifier's interface: JSON reports, tests and auditors' scripts use them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

FAULTS = {
    # the file
    "no_pages": "the input holds neither a page nor a disclosure",
    "garbage": "bytes in the file are neither page nor disclosure",
    "truncated": "the bytes end inside a page, a disclosure or a record",
    "oversize": "a page, or something in it, claims more bytes than it may have",
    # the encoding
    "malformed": "bytes that are no CBOR",
    "trailing_bytes": "bytes follow where an item should end",
    "not_deterministic": "an item is not in its one allowed encoding",
    "forbidden_type": "a float, tag, or other type that the format does not use",
    "too_deep": "nested deeper than the format allows",
    "page_shape": "not laid out as envelope, salt and records",
    "disclosure_shape": "not laid out as an envelope and disclosed records",
    "envelope_shape": "not laid out as a COSE_Sign1 envelope of this format",
    # who signed
    "wrong_algorithm": "signed with another algorithm than ES256",
    "unknown_key": "signed by a key that is not trusted here and that no trusted key has begun",
    "bad_signature": "the signature does not fit: edited after signing, or never signed by this key",
    "wrong_agent": "signed by one agent in the name of another",
    "key_not_begun": "signed by a key of the agent before it was begun",
    "key_ended": "signed by a key of the agent after it had been ended",
    "key_revoked": "signed by a key that its operator has revoked",
    "key_proof": "a key is begun without a proof that fits",
    "key_change_void": "a key is begun that is good or was ended, or ended that is not good",
    # the page
    "wrong_type": "signed, but not the header of a page",
    "unknown_version": "a version of the format that this verifier does not know",
    "header_shape": "the signed header does not have the fields of the format",
    "wrong_count": "there are more or fewer records than the signed header counts",
    "wrong_root": "records or salt do not hash to the signed root: edited after signing",
    "record_shape": "a record does not have the fields of the format",
    "delta_base": "a delta whose base is not an earlier reading, told in full, of the same page",
    "delta_count": "a delta with more or fewer integers than its base has quantities",
    "delta_spans": "a delta that ends no span after its base",
    "delta_range": "a delta that leads to a number out of range",
    # disclosed records
    "wrong_index": "a disclosed record's place is not in the page, or not behind the one before it",
    "bad_path": "a disclosed record does not lead to the signed root: edited, moved or of another page",
    "base_not_shown": "a delta is disclosed without the reading that it is told by",
    # the chain
    "missing_start": "the first page is not the agent's first and not the one that was asked for",
    "missing_pages": "records are missing between two pages, more than the agent declares lost",
    "missing_tail": "the page that should be the last, or known, is not there",
    "broken_link": "a page does not name the page before it",
    "reordered": "a page stands behind a later one",
    "duplicated": "a page comes twice",
    "fork": "two different pages carry the same record numbers",
    "chain_restarted": "the numbering started again: a second chain under the same key",
    "epoch_fell": "the boot epoch fell",
    "lost_fell": "fewer records are declared lost than before",
    # what the records say over time
    "boot_not_first": "the first record of an epoch is not its boot record",
    "boot_repeated": "a second boot record in one epoch",
    "unknown_device": "a device index that the boot record does not list",
    "device_swapped": "another product answers under the same device id, and no exchange was recorded",
    "energy_fell": "an energy register fell, and no exchange was recorded",
    "energy_impossible": "an energy register rose faster than the fuse allows, and no exchange was recorded",
    "readings_overlap": "two readings of one device cover the same time",
    "monotonic_fell": "the agent's own clock fell within an epoch",
    "clock_absurd": "a time that cannot be",
    "clock_mixed": "a page goes on though the quality of its clock has changed",
    "clock_rollback": "civil time went back further than its stated error allows",
    "clock_step": "civil time jumped forward and no clock record says so",
    "command_unproven": "an event belongs to a command that was never accepted",
    "command_replayed": "a command was accepted though its counter had been used",
    "decision_unattributed": "a command was accepted without naming its key and counter",
    "enrolment_absurd": "an enrolment that ends before it begins",
    "enrolment_overlap": "one asset is enrolled twice for the same time",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and where."""

    name: str
    detail: str
    agent: str = ""  # hex, empty when unknown
    seq: int | None = None
    place: str = ""  # file and byte offset

    def __post_init__(self) -> None:
        assert self.name in FAULTS, self.name

    def as_json(self) -> dict[str, Any]:
        """Return the fault with what its name means."""
        return {**asdict(self), "meaning": FAULTS[self.name]}

    def line(self) -> str:
        """Return the fault as one line for a person."""
        seq = "" if self.seq is None else f" record {self.seq}"
        whose = f" agent {self.agent}{seq}" if self.agent else ""
        where = f"{self.place}:" if self.place else ""
        return f"{self.name}:{where and ' ' + where}{whose and whose + ':'} {self.detail}"
