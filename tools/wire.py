"""The wire format as host tools speak it: envelopes, and what a head-end signs.

Source: docs/format.md; RFC 9052 section 4.4 (Sig_structure), RFC 9053 section 2.1 (ES256).
Written with cbor2 and cryptography and without the agent's code on purpose: two readings of one
document, so that a slip in either is seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tools.strict import ITEM_BYTES_MAX, NotStrict, check_whole, decode

VERSION = 1
HEADER, SESSION, COMMAND, RECEIPT, UNLOCK = 1, 2, 3, 4, 5
TYPE_NAMES = {HEADER: "header", SESSION: "session", COMMAND: "command", RECEIPT: "receipt"}
LIMIT, CLAIM, CANCEL, SET, DELAY, RESERVE, PRICES, WORD = 1, 2, 3, 4, 5, 6, 7, 8

PAGE_BYTES_MAX = ITEM_BYTES_MAX
DISCLOSURE_BYTES_MAX = 2 * PAGE_BYTES_MAX
INBOUND_BYTES_MAX = 4096  # what an agent accepts
INBOUND_ITEMS_MAX = 768  # in a command's payload
COSE_SIGN1 = 18
ES256 = -7
SCALAR_BYTES = 32
# tag 18, array of 4, protected header of 13 bytes {1: -7, 4: kid of 8 bytes}
ENVELOPE_START = bytes.fromhex("d2844da201260448")
ENVELOPE_HEAD_BYTES = len(ENVELOPE_START) + 8 + 1  # with the kid and the empty unprotected header
NOTHING_UNPROTECTED = b"\xa0"
SIGNATURE_BYTES = 2 * SCALAR_BYTES
SIGNATURE_HEAD = b"\x58\x40"
SIG_STRUCTURE = b"\x84\x6aSignature1\x4d"  # array of four; context; the head of a protected header of 13 bytes
PROTECTED_BYTES = 13
ECDSA = ec.ECDSA(hashes.SHA256())
KEYS_LOADED_MAX = 4096

REASONS = (
    "accepted",
    "malformed",
    "unknown key",
    "bad signature",
    "wrong addressee",
    "wrong epoch",
    "replayed",
    "expired",
    "role forbids",
    "over ceiling",
    "unknown device",
    "out of range",
    "queue full",
    "too large",
    "unsupported",
    "nothing to cancel",
    "reserved",
)


@dataclass(slots=True)
class Envelope:
    """One COSE_Sign1 with its layout checked and its signature not yet."""

    kid: bytes
    protected: bytes
    payload: bytes
    signature: bytes


def dumps(item: object) -> bytes:
    """Return the deterministic bytes of an item."""
    return cbor2.dumps(item, canonical=True)


def sha256(raw: bytes) -> bytes:
    """Return the 32 bytes of SHA-256."""
    return hashlib.sha256(raw).digest()


def point(public_key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as the format writes it: SEC1 uncompressed, 65 bytes."""
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def key_id(public_key: bytes) -> bytes:
    """Return the kid of a 65-byte public key."""
    return sha256(public_key)[:8]


def open_envelope(raw: bytes) -> Envelope:
    """Take an envelope apart without trusting any of it. Raises: NotStrict."""
    envelope, end = envelope_at(raw, 0)
    if envelope is not None and end == len(raw) <= PAGE_BYTES_MAX:
        return envelope
    if len(raw) > PAGE_BYTES_MAX:
        raise NotStrict("oversize", f"{len(raw)} bytes, at most {PAGE_BYTES_MAX} are allowed")
    check_whole(raw, COSE_SIGN1)
    return envelope_of(cbor2.loads(raw))


def envelope_at(raw: bytes, at: int) -> tuple[Envelope | None, int]:
    """Return the envelope that begins there and where it ends, None when it is not laid out byte by byte as it must."""
    end = envelope_end(raw, at)
    if end < 0:
        return None, at
    body = at + ENVELOPE_HEAD_BYTES
    began, size_bytes = byte_string_at(raw, body)
    protected = raw[at + 3 : body - 1]
    return Envelope(protected[5:], protected, raw[began : began + size_bytes], raw[end - SIGNATURE_BYTES : end]), end


def envelope_end(raw: bytes, at: int) -> int:
    """Return where the envelope ends that begins there, -1 when it is not laid out byte by byte as it must."""
    body = at + ENVELOPE_HEAD_BYTES
    if not raw.startswith(ENVELOPE_START, at) or raw[body - 1 : body] != NOTHING_UNPROTECTED:
        return -1
    began, size_bytes = byte_string_at(raw, body)
    end = began + size_bytes + SIGNATURE_BYTES + 2
    return end if began >= 0 and end <= len(raw) and raw.startswith(SIGNATURE_HEAD, began + size_bytes) else -1


def byte_string_at(raw: bytes, at: int) -> tuple[int, int]:
    """Return where a byte string's content begins and its size; -1 where no strictly encoded one is."""
    head = raw[at] if at < len(raw) else 0
    if 0x40 <= head < 0x58:
        return at + 1, head - 0x40
    if head == 0x58 and len(raw) > at + 1 and raw[at + 1] >= 24:
        return at + 2, raw[at + 1]
    if head == 0x59 and len(raw) > at + 2 and raw[at + 1]:
        return at + 3, raw[at + 1] << 8 | raw[at + 2]
    return -1, 0


def envelope_of(sealed: Any) -> Envelope:
    """Check the layout of a decoded envelope. Raises: NotStrict."""
    parts = sealed.value if isinstance(sealed, cbor2.CBORTag) and sealed.tag == COSE_SIGN1 else None
    if not isinstance(parts, list | tuple) or len(parts) != 4:
        raise NotStrict("envelope_shape", "not tag 18 over an array of four")
    protected, unprotected, payload, signature = parts
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise NotStrict("envelope_shape", "header, payload and signature must be byte strings")
    if unprotected != {}:
        raise NotStrict("envelope_shape", "the unprotected header must be an empty map")
    if len(signature) != SIGNATURE_BYTES:
        raise NotStrict("envelope_shape", f"a signature of {len(signature)} bytes instead of 64")
    return Envelope(_kid_of(protected), protected, payload, signature)


def _kid_of(protected: bytes) -> bytes:
    check_whole(protected)
    header = cbor2.loads(protected)
    if not isinstance(header, dict) or set(header) != {1, 4}:
        raise NotStrict("envelope_shape", "the protected header must hold exactly algorithm and key id")
    if header[1] != ES256:
        raise NotStrict("wrong_algorithm", f"algorithm {header[1]!r} instead of ES256")
    kid = header[4]
    if not isinstance(kid, bytes) or len(kid) != 8:
        raise NotStrict("envelope_shape", "the key id must have 8 bytes")
    return kid


def signature_good(envelope: Envelope, public_key: bytes) -> bool:
    """Tell whether the envelope was signed by `public_key` (65 bytes)."""
    return proven(envelope.signature, _signed_bytes(envelope.protected, envelope.payload), public_key)


def proven(signature: bytes, signed: bytes, public_key: bytes) -> bool:
    """Tell whether the 64 bytes are this key's ES256 signature over `signed`. Raises: ValueError when it is no key."""
    r = int.from_bytes(signature[:SCALAR_BYTES], "big")
    s = int.from_bytes(signature[SCALAR_BYTES:], "big")
    try:
        _loaded(public_key).verify(encode_dss_signature(r, s), signed, ECDSA)
    except InvalidSignature:
        return False
    return True


@lru_cache(KEYS_LOADED_MAX)
def _loaded(public_key: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)


def payload_of(envelope: Envelope) -> list[Any]:
    """Decode a payload whose signature was found good: a list that begins with its type. Raises: NotStrict."""
    payload = decode(envelope.payload)
    if not isinstance(payload, list) or len(payload) < 2 or type(payload[0]) is not int:
        raise NotStrict("wrong_type", "the payload is no array that begins with its type")
    return payload


def key_statement(agent: bytes, public_key: bytes) -> bytes:
    """Return what a key signs to say that it wants to sign for an agent."""
    return b"siteward key:" + agent + public_key


def seal(payload: list[Any], key: ec.EllipticCurvePrivateKey) -> bytes:
    """Sign a payload: the bytes of its envelope."""
    protected = dumps({1: ES256, 4: key_id(point(key.public_key()))})
    encoded = dumps(payload)
    r, s = decode_dss_signature(key.sign(_signed_bytes(protected, encoded), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(SCALAR_BYTES, "big") + s.to_bytes(SCALAR_BYTES, "big")
    return dumps(cbor2.CBORTag(COSE_SIGN1, [protected, {}, encoded, signature]))


def _signed_bytes(protected: bytes, payload: bytes) -> bytes:
    if len(protected) != PROTECTED_BYTES:
        return dumps(["Signature1", protected, b"", payload])
    size_bytes = len(payload)
    if size_bytes < 24:
        head = bytes((0x40, 0x40 + size_bytes))
    elif size_bytes < 256:
        head = bytes((0x40, 0x58, size_bytes))
    else:
        head = b"\x40\x59" + size_bytes.to_bytes(2, "big")
    return SIG_STRUCTURE + protected + head + payload


def receipt(agent: bytes, last_seq: int, page: bytes, civil_s: int) -> list[Any]:
    """Return the payload that releases a page and everything before it."""
    return [RECEIPT, VERSION, agent, last_seq, page, civil_s]


def command(agent: bytes, epoch: int, counter: int, expires_s: int, kind: int, body: list[Any]) -> list[Any]:
    """Return the payload of a command; `expires_s` is in the agent's own seconds of that epoch."""
    return [COMMAND, VERSION, agent, epoch, counter, expires_s, kind, body]


def unlock(agent: bytes, epoch: int, nonce: bytes, seconds: int) -> list[Any]:
    """Return the payload that unlocks an agent's console for so many seconds."""
    return [UNLOCK, VERSION, agent, epoch, nonce, seconds]
