"""Signers of a simulation: a cheap keyed hash in place of ES256, or the real one.

The cheap one proves that the right bytes were handed to the right key and no more; it has a real public key, so that
what it signed can be signed for real when a verifier is to judge it.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec

from agent.cose import key_id_of
from boards.cpython.known_keys import KnownKeys
from boards.cpython.signer import FileSigner
from tools.wire import point


class RealSigner(FileSigner):
    """ES256 as on a gateway, with a key that comes from a seed."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._keys = KnownKeys()
        self.public_key = point(key.public_key())
        self.key_id = key_id_of(self.public_key)


class HashSigner:
    """SHA-512 over a secret and the digest; `ring` lets everybody check, as public keys would."""

    def __init__(self, real: RealSigner, ring: dict[bytes, bytes]) -> None:
        self.public_key = real.public_key
        self.key_id = real.key_id
        self._ring = ring
        ring[self.public_key] = hashlib.sha256(b"secret" + self.public_key).digest()

    async def sign(self, digest: bytes) -> bytes:
        """Return 64 bytes that only this key gives."""
        return hashlib.sha512(self._ring[self.public_key] + digest).digest()

    async def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether `public_key` gave this."""
        secret = self._ring.get(public_key)
        return secret is not None and hashlib.sha512(secret + digest).digest() == signature


class Keys:
    """The signers of one simulated world by name."""

    def __init__(self, seed: int, real: bool) -> None:
        self._seed = seed
        self._use_real = real
        self._ring: dict[bytes, bytes] = {}
        self.real: dict[str, RealSigner] = {}
        self._signers: dict[str, RealSigner | HashSigner] = {}

    def signer(self, name: str) -> RealSigner | HashSigner:
        """Return the signer of this name."""
        if name not in self._signers:
            digest = hashlib.sha256(f"{self._seed}/{name}".encode()).digest()
            real = RealSigner(ec.derive_private_key(int.from_bytes(digest[:31], "big") + 1, ec.SECP256R1()))
            self.real[name] = real
            self._signers[name] = real if self._use_real else HashSigner(real, self._ring)
        return self._signers[name]
