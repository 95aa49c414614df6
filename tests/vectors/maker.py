"""Makes pages, disclosures and files of them from docs/format.md alone, with cbor2 and cryptography.

Neither the agent's encoder nor the verifier's code is used: this is a third reading of the format. Signatures are
deterministic (RFC 6979) and keys and salts are derived from text, so that the same program gives the same bytes.

THE KEYS ARE TEST KEYS: anybody can derive them. Trust them nowhere.
"""

from __future__ import annotations

import hashlib
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256: SEC 2, section 2.4.2
CIVIL_S = 1_790_000_000
NO_PAGE = bytes(32)
DEVICES = [["grid", "eastron-sdm630"], ["charger", "alfen-eve"]]
HEADER = ("type", "version", "agent", "epoch", "first_seq", "count", "prev", "root", "base_s", "civil_s",
    "clock_quality", "clock_error_ms")  # fmt: skip


def sha256(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def encode(item: Any) -> bytes:
    return cbor2.dumps(item, canonical=True)


class Key:
    """A test key, derived from its name."""

    def __init__(self, name: str) -> None:
        secret = int.from_bytes(sha256(b"siteward test key, never to be trusted: " + name.encode()), "big")
        self._private = ec.derive_private_key(secret % (ORDER - 1) + 1, ec.SECP256R1())
        self.public = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.kid = sha256(self.public)[:8]

    def sign(self, signed: bytes) -> bytes:
        """Return r || s."""
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._private.sign(signed, algorithm))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def seal(self, payload: bytes, protected: bytes | None = None, **bent: Any) -> bytes:
        """Return an envelope; `bent` replaces what is not signed: unprotected, signature, shown (the payload)."""
        protected = encode({1: -7, 4: self.kid}) if protected is None else protected
        signature = self.sign(encode(["Signature1", protected, b"", payload]))
        parts = [protected, bent.get("unprotected", {}), bent.get("shown", payload), bent.get("signature", signature)]
        return encode(cbor2.CBORTag(18, parts))

    def prove(self, agent: bytes) -> bytes:
        """Return the proof of a key_change: this key agrees to sign for the agent."""
        return self.sign(b"siteward key:" + agent + self.public)


def leaf_salt(salt: bytes, place: int) -> bytes:
    return sha256(salt + place.to_bytes(4, "big"))[:16]


def leaf(salt: bytes, record: bytes) -> bytes:
    return sha256(b"\x00" + salt + record)


def tree(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, as the text defines it."""
    if len(leaves) == 1:
        return leaves[0]
    split = largest_power_below(len(leaves))
    return sha256(b"\x01" + tree(leaves[:split]) + tree(leaves[split:]))


def audit_path(place: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162 section 2.1.3.1, as the text defines it."""
    if len(leaves) == 1:
        return []
    split = largest_power_below(len(leaves))
    if place < split:
        return [*audit_path(place, leaves[:split]), tree(leaves[split:])]
    return [*audit_path(place - split, leaves[split:]), tree(leaves[:split])]


def largest_power_below(count: int) -> int:
    split = 1
    while split * 2 < count:
        split *= 2
    return split


def array_head(count: int) -> bytes:
    return encode([0] * count)[:-count] if count else b"\x80"


def laid_out(*parts: bytes) -> bytes:
    """Return an array of items that are encoded already."""
    return array_head(len(parts)) + b"".join(parts)


class Page:
    """One page in its parts, so that a vector can bend any of them."""

    def __init__(self, envelope: bytes, payload: bytes, salt: bytes, records: list[bytes]) -> None:
        self.envelope, self.payload, self.salt, self.records = envelope, payload, salt, records
        self.hash = sha256(payload)

    def raw(self, **bent: Any) -> bytes:
        """Return the page's bytes; `bent` replaces envelope, salt or records."""
        salt, records = bent.get("salt", self.salt), bent.get("records", self.records)
        return laid_out(bent.get("envelope", self.envelope), encode(salt), encode(records))

    def shown(self, place: int) -> list[Any]:
        """Return what a disclosure says of one record."""
        leaves = [leaf(leaf_salt(self.salt, i), record) for i, record in enumerate(self.records)]
        return [place, leaf_salt(self.salt, place), self.records[place], audit_path(place, leaves)]

    def disclose(self, *places: int) -> bytes:
        """Return a disclosure of the records at these places."""
        return self.disclosure([self.shown(place) for place in places])

    def disclosure(self, entries: list[Any]) -> bytes:
        """Return a disclosure of exactly these entries."""
        return laid_out(self.envelope, encode(entries))


class Agent:
    """One agent that writes pages of 900 s; each keyword of `page` bends one thing."""

    def __init__(self, name: str = "house", *, page_s: int = 900) -> None:
        self.name = name
        self.first_key = self.key = Key(name)
        self.id = self.key.kid
        self.page_s = page_s
        self.epoch, self.seq, self.base_s, self.prev = 1, 0, 0, NO_PAGE
        self.civil_s = CIVIL_S  # at base_s
        self.import_wh = 1000
        self.devices = DEVICES

    @property
    def keys(self) -> list[bytes]:
        """What an auditor is told to trust: the agent's first key."""
        return [self.first_key.public]

    def page(self, *records: Any, **bent: Any) -> Page:
        """Sign the next page and move on.

        `records`: lists, or bytes that are taken as they are; none: a boot record when it is due and two readings.
        `bent` replaces fields of the header by name, `key` the signer, `seal` options of Key.seal, `fields` the list
        of header fields as a whole, `payload` the header's bytes.
        """
        encoded = [one if type(one) is bytes else encode(one) for one in records or self.usual()]
        salt = sha256(f"siteward test salt: {self.name} {self.epoch} {self.seq}".encode())[:16]
        fields = bent.get("fields", self._header(encoded, salt, bent))
        payload = bent.get("payload", encode(fields))
        key = bent.get("key", self.key)
        made = Page(key.seal(payload, **bent.get("seal", {})), payload, salt, encoded)
        self.seq += len(encoded)
        self.base_s += self.page_s
        self.civil_s += self.page_s
        self.prev = made.hash
        return made

    def pages(self, count: int) -> list[Page]:
        return [self.page() for _ in range(count)]

    def reboot(self, off_s: int = 60) -> None:
        """Begin the next epoch, `off_s` after the last page's end."""
        self.epoch += 1
        self.base_s = 0
        self.civil_s += off_s

    def usual(self) -> list[Any]:
        found = [self.boot()] if self.base_s == 0 else []
        return [*found, self.metered(60), self.metered(120)]

    def boot(self, **bent: Any) -> list[Any]:
        return boot(devices=bent.pop("devices", self.devices), **bent)

    def metered(self, end_s: int, rise_wh: int = 8, **bent: Any) -> list[Any]:
        """Return a reading of the grid meter whose import register rose."""
        self.import_wh += rise_wh
        return reading(end_s, measured={1: 480, 12: self.import_wh}, **bent)

    def _header(self, encoded: list[bytes], salt: bytes, bent: dict[str, Any]) -> list[Any]:
        root = tree([leaf(leaf_salt(salt, place), record) for place, record in enumerate(encoded)])
        told = {"type": 1, "version": 1, "agent": self.id, "epoch": self.epoch, "first_seq": self.seq}
        told |= {"count": len(encoded), "prev": self.prev, "root": root, "base_s": self.base_s}
        told |= {"civil_s": self.civil_s, "clock_quality": 2, "clock_error_ms": 500}
        return [bent.get(name, told[name]) for name in HEADER]


def reading(
    end_s: int,
    span_s: int = 60,
    device: int = 0,
    quality: int = 0,
    measured: dict[int, int] | None = None,
    context: dict[int, Any] | None = None,
) -> list[Any]:
    return [1, end_s, span_s, device, quality, {1: 500} if measured is None else measured, context or {}]


def boot(at_ms: int = 0, devices: list[list[str]] = DEVICES, **bent: Any) -> list[Any]:
    firmware, config = bent.get("firmware", sha256(b"code")), bent.get("config", sha256(b"configuration"))
    return [2, at_ms, "0.1.0", "cpython", firmware, config, bent.get("fuse_ma", 35000), devices]


def decision(command: bytes, kid: bytes | None, counter: int | None, reason: int = 0, at_ms: int = 0) -> list[Any]:
    return [3, at_ms, command, kid, counter, reason]


def write(set_point: int | None, source: str = "claim aggregator", device: int = 1, **bent: Any) -> list[Any]:
    return [4, bent.get("at_ms", 0), device, set_point, bent.get("outcome", 0), 2, bent.get("kept"), source]


def binding(granted: int | None, source: str, device: int = 1, at_ms: int = 0) -> list[Any]:
    return [5, at_ms, device, granted, source]


def event(command: bytes, status: int, at_ms: int = 0) -> list[Any]:
    return [6, at_ms, command, status]


def device_state(state: int, device: int = 1, at_ms: int = 0) -> list[Any]:
    return [7, at_ms, device, state]


def clock(at_ms: int, civil_ms: int, quality: int = 2, error_ms: int = 100) -> list[Any]:
    return [8, at_ms, civil_ms, quality, error_ms]


def gap(cause: int, lost: int = 0, device: int | None = None, at_ms: int = 0) -> list[Any]:
    return [9, at_ms, cause, lost, device]


def failsafe(scope: int | None, cause: int, entered: bool, at_ms: int = 0) -> list[Any]:
    return [10, at_ms, scope, cause, entered]


def refused_many(count: int, at_ms: int = 0) -> list[Any]:
    return [11, at_ms, count]


def delay(source: str = "protection rest", device: int = 1, wait_ms: int | None = 240000) -> list[Any]:
    return [12, 0, device, 0, source, wait_ms, 3, 0]


def delta(spans: int, base: int, *differences: int) -> list[Any]:
    return [13, spans, base, *differences]


def asset(name: str) -> bytes:
    return sha256(b"siteward asset:" + name.encode())


def enrolment(device: int, named: str, programme: str, from_s: int, until_s: int, at_ms: int = 0) -> list[Any]:
    return [14, at_ms, device, asset(named), programme, from_s, until_s]


def reservation(left_ms: int = 3_600_000, wait_ms: int = 0, command: bytes = bytes(32), at_ms: int = 0) -> list[Any]:
    return [16, at_ms, command, "aggregator", "", [0, 1], 1, 3000, wait_ms, left_ms]


def not_before(command: bytes, left_ms: int = 3_600_000, at_ms: int = 0) -> list[Any]:
    return [17, at_ms, command, left_ms]


def key_begins(key: Key, agent: bytes, at_ms: int = 0) -> list[Any]:
    return [15, at_ms, 1, key.public, key.prove(agent)]


def key_ends(key: Key, at_ms: int = 0) -> list[Any]:
    return [15, at_ms, 2, key.public, None]
