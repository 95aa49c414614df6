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
    signed = encode(["Signature1", protected, b"", payload])
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sealed(
    payload: bytes, key: ec.EllipticCurvePrivateKey, header: dict[int, Any] | None = None, unprotected: Any = None
) -> bytes:
    protected = encode({1: -7, 4: kid_of(key)} if header is None else header)
    parts = [protected, unprotected or {}, payload, sign(key, protected, payload)]
    return encode(cbor2.CBORTag(18, parts))


def merkle(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, as the text defines it."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + merkle(leaves[:split]) + merkle(leaves[split:])).digest()


def reading(end_s: int, span_s: int = 60, device: int = 0, quality: int = 0, **registers: int) -> list[Any]:
    values = {1: registers.get("power_w", 500)}
    if "import_wh" in registers:
        values[12] = registers["import_wh"]
    if "export_wh" in registers:
        values[13] = registers["export_wh"]
    return [1, end_s, span_s, device, quality, values]


def boot(at_ms: int = 0, devices: list[list[str]] = DEVICES) -> list[Any]:
    return [2, at_ms, "0.1.0", "cpython", bytes(32), devices]


def decision(command: bytes, kid: bytes | None, counter: int | None, reason: int = 0, at_ms: int = 0) -> list[Any]:
    return [3, at_ms, command, kid, counter, reason]


def event(command: bytes, status: int, at_ms: int = 0) -> list[Any]:
    return [6, at_ms, command, status]


def clock(at_ms: int, civil_ms: int, quality: int = 2, error_ms: int = 100) -> list[Any]:
    return [8, at_ms, civil_ms, quality, error_ms]


def gap(cause: int, lost: int = 0, at_ms: int = 0) -> list[Any]:
    return [9, at_ms, cause, lost]


def device_state(state: int, device: int = 1, at_ms: int = 0) -> list[Any]:
    return [7, at_ms, device, state]


def delay(source: str = "protection rest", device: int = 1, wait_ms: int | None = 240000) -> list[Any]:
    return [12, 0, device, 0, source, wait_ms, 3, 0]


class Maker:
    """One agent that writes pages of 900 s."""

    def __init__(self, secret: int = 77, *, page_s: int = 900) -> None:
        self.key = private_key(secret)
        self.public = public_bytes(self.key)
        self.agent = kid_of(self.key)
        self.page_s = page_s
        self.epoch = 1
        self.seq = 0
        self.prev = bytes(32)
        self.base_s = 0
        self.import_wh = 1000

    def header(self, records: list[bytes]) -> list[Any]:
        civil_s = CIVIL_S + self.epoch * 1_000_000 + self.base_s
        root = merkle(records)
        return [1, 1, self.agent, self.epoch, self.seq, self.prev, root, self.base_s, civil_s, 2, 500, records]

    def page(self, *records: list[Any], raw_records: list[bytes] | None = None, **bent: Any) -> bytes:
        """Seal the next page and move on; `bent` replaces fields of the payload by name."""
        encoded = raw_records if raw_records is not None else [encode(record) for record in records or self.usual()]
        fields = self.header(encoded)
        names = ["type", "version", "agent", "epoch", "first_seq", "prev", "root", "base_s", "civil_s"]
        names += ["clock_quality", "clock_error_ms", "records"]
        for name, bend in bent.items():
            fields[names.index(name)] = bend
        payload = encode(fields)
        self.seq += len(encoded)
        self.base_s += self.page_s
        self.prev = hashlib.sha256(payload).digest()
        return sealed(payload, self.key)

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
