"""Signs with a private key in a file, through `cryptography`: for a gateway without a TPM.

Source: hal/ports.py, Signer; RFC 9053 section 2.1 (r || s), RFC 6979 (the same bytes as a board would sign).
The file is PEM (PKCS 8, not encrypted).
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from agent.cose import key_id_of
from boards.cpython.known_keys import DIGEST_BYTES, KnownKeys
from boards.cpython.private_file import KeyFileError, read_private

_SIGN = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)


class FileSigner:
    """Keeps the key of one PEM file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises: KeyFileError."""
        self._key = load_key_file(Path(path))
        self._keys = KnownKeys()
        self.public_key = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.key_id = key_id_of(self.public_key)

    async def sign(self, digest: bytes) -> bytes:
        """Return r || s over a SHA-256 digest. Raises: ValueError when it is not 32 bytes."""
        if len(digest) != DIGEST_BYTES:
            raise ValueError("a SHA-256 digest is 32 bytes")
        r, s = decode_dss_signature(self._key.sign(digest, _SIGN))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    async def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is by `public_key`."""
        return self._keys.verify(public_key, digest, signature)


def load_key_file(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 private key in `path`. Raises: KeyFileError, also when group or others may use the file."""
    pem = read_private(path)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path}: not an unencrypted PEM private key (PKCS 8): {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyFileError(f"{path}: not a P-256 key")
    return key
