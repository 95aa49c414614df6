"""Makes pages for tests with cbor2 and cryptography alone: a third reading of docs/format.md.

`Maker` writes a good chain; each of its parameters can be bent, so that a test says in one line what is wrong.
"""

from __future__ import annotations

import hashlib
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CIVIL_S = 1_790_000_000
DEVICES = [["grid", "eastron-sdm630"], ["charger", "alfen-eve"]]


def private_key(secret: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(secret, ec.SECP256R1())


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def kid_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(public_bytes(key)).digest()[:8]


def encode(item: Any) -> bytes:
    return cbor2.dumps(item, canonical=True)


def sign(key: ec.EllipticCurvePrivateKey, protected: bytes, payload: bytes) -> bytes:
    return raw_signature(key, encode(["Signature1", protected, b"", payload]))


def raw_signature(key: ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sealed(
    payload: bytes, key: ec.EllipticCurvePrivateKey, header: dict[int, Any] | None = None, unprotected: Any = None
) -> bytes:
    """An envelope by itself, as of a session."""
    protected = encode({1: -7, 4: kid_of(key)} if header is None else header)
    parts = [protected, unprotected or {}, payload, sign(key, protected, payload)]
    return encode(cbor2.CBORTag(18, parts))


def salted(salt: bytes, index: int) -> bytes:
    return hashlib.sha256(salt + index.to_bytes(4, "big")).digest()[:16]


def merkle(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, as the text defines it; what a leaf hashes is given whole, with its salt."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + merkle(leaves[:split]) + merkle(leaves[split:])).digest()


def root(salt: bytes, records: list[bytes]) -> bytes:
    return merkle([salted(salt, index) + record for index, record in enumerate(records)])


def audit_path(leaves: list[bytes], index: int) -> list[bytes]:
    """RFC 9162 section 2.1.3.1, as the text defines it."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*audit_path(leaves[:split], index), merkle(leaves[split:])]
    return [*audit_path(leaves[split:], index - split), merkle(leaves[:split])]


def disclosure(raw: bytes, *indices: int) -> bytes:
    """Show these records of a page."""
    envelope, salt, records = cbor2.loads(raw)
    leaves = [salted(salt, index) + record for index, record in enumerate(records)]
    shown = [[index, salted(salt, index), records[index], audit_path(leaves, index)] for index in indices]
    return encode([envelope, shown])


def reading(end_s: int, span_s: int = 60, device: int = 0, quality: int = 0, **registers: int) -> list[Any]:
    values = {1: registers.get("power_w", 500)}
    if "import_wh" in registers:
        values[12] = registers["import_wh"]
    if "export_wh" in registers:
        values[13] = registers["export_wh"]
    return [1, end_s, span_s, device, quality, values, {}]


def delta(base: int, *added: int, spans: int = 1) -> list[Any]:
    return [13, spans, base, *added]


def boot(at_ms: int = 0, devices: list[list[str]] = DEVICES, fuse_ma: int = 25000) -> list[Any]:
    return [2, at_ms, "0.1.0", "cpython", bytes(32), bytes(32), fuse_ma, devices]


def enrolment(
    asset: str = "house 12", programme: str = "vpp", device: int = 1, from_s: int = 0, until_s: int = 0
) -> list:
    return [14, 0, device, hashlib.sha256(b"siteward asset:" + asset.encode()).digest(), programme, from_s, until_s]


def key_begins(agent: bytes, key: ec.EllipticCurvePrivateKey) -> list[Any]:
    public = public_bytes(key)
    return [15, 0, 1, public, raw_signature(key, b"siteward key:" + agent + public)]


def key_ends(key: ec.EllipticCurvePrivateKey) -> list[Any]:
    return [15, 0, 2, public_bytes(key), None]


def decision(command: bytes, kid: bytes | None, counter: int | None, reason: int = 0, at_ms: int = 0) -> list[Any]:
    return [3, at_ms, command, kid, counter, reason]


def event(command: bytes, status: int, at_ms: int = 0) -> list[Any]:
    return [6, at_ms, command, status]


def clock(at_ms: int, civil_ms: int, quality: int = 2, error_ms: int = 100) -> list[Any]:
    return [8, at_ms, civil_ms, quality, error_ms]


def gap(cause: int, lost: int = 0, at_ms: int = 0, device: int | None = None) -> list[Any]:
    return [9, at_ms, cause, lost, device]


def device_state(state: int, device: int = 1, at_ms: int = 0) -> list[Any]:
    return [7, at_ms, device, state]


def delay(source: str = "protection rest", device: int = 1, wait_ms: int | None = 240000) -> list[Any]:
    return [12, 0, device, 0, source, wait_ms, 3, 0]


HEADER = ["type", "version", "agent", "epoch", "first_seq", "count", "prev", "root", "base_s", "civil_s"]
HEADER += ["clock_quality", "clock_error_ms"]


def packed(envelope: bytes, salt: bytes, records: list[bytes]) -> bytes:
    """A page around its envelope."""
    return b"\x83" + envelope + encode(salt) + encode(records)


class Maker:
    """One agent that writes pages of 900 s."""

    def __init__(self, secret: int = 77, *, page_s: int = 900) -> None:
        self.key = self.signer = private_key(secret)
        self.public = public_bytes(self.key)
        self.agent = kid_of(self.key)
        self.page_s = page_s
        self.epoch = 1
        self.seq = 0
        self.prev = bytes(32)
        self.base_s = 0
        self.import_wh = 1000

    def header(self, records: list[bytes], salt: bytes) -> list[Any]:
        civil_s = CIVIL_S + self.epoch * 1_000_000 + self.base_s
        return [1, 1, self.agent, self.epoch, self.seq, len(records), self.prev, root(salt, records), self.base_s,
                civil_s, 2, 500]  # fmt: skip

    def page(self, *records: list[Any], raw_records: list[bytes] | None = None, **bent: Any) -> bytes:
        """Seal the next page and move on; `bent` replaces fields of the header by name."""
        encoded = raw_records if raw_records is not None else [encode(record) for record in records or self.usual()]
        salt = hashlib.sha256(b"salt" + self.seq.to_bytes(8, "big")).digest()[:16]
        fields = self.header(encoded, salt)
        for name, bend in bent.items():
            fields[HEADER.index(name)] = bend
        payload = encode(fields)
        self.seq += len(encoded)
        self.base_s += self.page_s
        self.prev = hashlib.sha256(payload).digest()
        return packed(sealed(payload, self.signer), salt, encoded)

    def usual(self) -> list[list[Any]]:
        """A boot record when it is due, then two readings of the meter."""
        found = [boot()] if self.base_s == 0 else []
        for end_s in (60, 120):
            self.import_wh += 8
            found.append(reading(end_s, import_wh=self.import_wh))
        return found

    def reboot(self) -> None:
        self.epoch += 1
        self.base_s = 0

    def pages(self, count: int) -> list[bytes]:
        return [self.page() for _ in range(count)]
