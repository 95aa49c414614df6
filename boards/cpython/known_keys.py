"""Verifies signatures of others through `cryptography`, and keeps their last public keys in parsed form.

Source: hal/ports.py, Signer; RFC 9053 section 2.1 (r || s).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from agent.cose import SIGNATURE_BYTES

DIGEST_BYTES = 32
PUBLIC_KEY_BYTES = 65
KEYS_MAX = 64

_VERIFY = ec.ECDSA(Prehashed(SHA256()))


class KnownKeys:
    """At most `KEYS_MAX` public keys; the one that came first makes room."""

    def __init__(self) -> None:
        self.parsed: dict[bytes, ec.EllipticCurvePublicKey] = {}

    def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether `signature` (r || s) over `digest` is by `public_key` (SEC1 uncompressed)."""
        if len(signature) != SIGNATURE_BYTES or len(digest) != DIGEST_BYTES:
            return False
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            self._parse(public_key).verify(encode_dss_signature(r, s), digest, _VERIFY)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _parse(self, public_key: bytes) -> ec.EllipticCurvePublicKey:
        known = self.parsed.get(public_key)
        if known is None:
            if len(public_key) != PUBLIC_KEY_BYTES:
                raise ValueError("a public key is 65 bytes, SEC1 uncompressed")
            known = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
            if len(self.parsed) >= KEYS_MAX:
                self.parsed.pop(next(iter(self.parsed)))
            self.parsed[public_key] = known
        return known
