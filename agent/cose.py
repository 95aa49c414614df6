"""COSE_Sign1 with ES256: the envelope around everything that is signed.

Source: RFC 9052 sections 4.2 (COSE_Sign1) and 4.4 (Sig_structure), RFC 9053 section 2.1 (ES256); docs/format.md.
The profile leaves one freedom only, the payload: algorithm and key id are protected, nothing is unprotected,
no external data. So the envelope is read as fixed bytes around a byte string and no stranger's structure is
ever built before its signature is checked.
"""

from __future__ import annotations

import hashlib

from agent.cbor import BYTES, CborError, head, head_at
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.ports import Signer

_KEY_ID_BYTES = const(8)
SIGNATURE_BYTES = const(64)

_OPENING = b"\xd2\x84"  # tag 18, array of four
_PROTECTED = b"\xa2\x01\x26\x04\x48"  # {1: -7 (ES256), 4: the 8 bytes that follow}
_NOTHING_UNPROTECTED = b"\xa0"
_SIG_STRUCTURE = b"\x84\x6aSignature1"  # array of four: context, protected, external data, payload
_NO_EXTERNAL = b"\x40"
_SIGNATURE_HEAD = b"\x58\x40"


class CoseError(Exception):
    """Args: what is wrong with the envelope, offset."""


def key_id_of(public_key: bytes) -> bytes:
    """Return the 8 bytes that name a public key (SEC1 uncompressed, 65 bytes)."""
    return hashlib.sha256(public_key).digest()[:_KEY_ID_BYTES]


def protected_header(key_id: bytes) -> bytes:
    """Return the protected header for an 8-byte key id."""
    assert len(key_id) == _KEY_ID_BYTES
    return _PROTECTED + key_id


def sig_structure_digest(protected: bytes, payload: bytes) -> bytes:
    """Return the SHA-256 digest that is signed for a protected header and a payload."""
    hasher = hashlib.sha256(_SIG_STRUCTURE)
    hasher.update(head(BYTES, len(protected)))
    hasher.update(protected)
    hasher.update(_NO_EXTERNAL)
    hasher.update(head(BYTES, len(payload)))
    hasher.update(payload)
    return hasher.digest()


async def sign(signer: Signer, payload: bytes) -> bytes:
    """Return the signature over `payload`, 64 bytes."""
    signature = await signer.sign(sig_structure_digest(protected_header(signer.key_id), payload))
    assert len(signature) == SIGNATURE_BYTES
    return signature


def envelope(key_id: bytes, payload: bytes, signature: bytes) -> bytes:
    """Return the signed envelope around `payload`."""
    protected = protected_header(key_id)
    return b"".join(
        (
            _OPENING,
            head(BYTES, len(protected)),
            protected,
            _NOTHING_UNPROTECTED,
            head(BYTES, len(payload)),
            payload,
            _SIGNATURE_HEAD,
            signature,
        )
    )


async def seal(signer: Signer, payload: bytes) -> bytes:
    """Sign `payload` and return the envelope around it."""
    return envelope(signer.key_id, payload, await sign(signer, payload))


def open_envelope(raw: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return (key id, payload, digest that must be signed, signature); nothing is verified yet. Raises: CoseError."""
    at = _expect(raw, 0, _OPENING, "not a tagged COSE_Sign1 of four parts")
    at = _expect(raw, at, head(BYTES, len(_PROTECTED) + _KEY_ID_BYTES), "protected header has another size")
    at = _expect(raw, at, _PROTECTED, "protected header is not ES256 with an 8-byte key id")
    key_id = raw[at : at + _KEY_ID_BYTES]
    at = _expect(raw, at + _KEY_ID_BYTES, _NOTHING_UNPROTECTED, "unprotected header is not empty")
    payload, at = _byte_string(raw, at)
    at = _expect(raw, at, _SIGNATURE_HEAD, "signature is not 64 bytes")
    if len(raw) - at != SIGNATURE_BYTES:
        raise CoseError("ends early" if len(raw) - at < SIGNATURE_BYTES else "bytes after the signature", at)
    return key_id, payload, sig_structure_digest(protected_header(key_id), payload), raw[at:]


def _expect(raw: bytes, at: int, wanted: bytes, fault: str) -> int:
    after = at + len(wanted)
    if raw[at:after] != wanted:
        raise CoseError(fault, at)
    return after


def _byte_string(raw: bytes, at: int) -> tuple[bytes, int]:
    try:
        major, size_bytes, began = head_at(raw, at)
    except CborError as fault:
        raise CoseError("payload: " + fault.args[0], at) from fault
    if major != BYTES:
        raise CoseError("payload is not a byte string", at)
    if size_bytes > len(raw) - began:
        raise CoseError("payload exceeds the input", at)
    return raw[began : began + size_bytes], began + size_bytes
