"""Signs with a private key in a file, through `cryptography`: for a gateway without a TPM.

Source: hal/ports.py, Signer; RFC 9053 section 2.1 (r || s), RFC 6979 (the same bytes as a board would sign).
The file is PEM (PKCS 8, not encrypted). A key that others on the machine may read is refused, not warned about.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from agent.cose import SIGNATURE_BYTES, key_id_of

DIGEST_BYTES = 32
PUBLIC_KEY_BYTES = 65
KEY_FILE_BYTES_MAX = 8192
KEYS_MAX = 64

_SIGN = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)
_VERIFY = ec.ECDSA(Prehashed(SHA256()))


class KeyFileError(Exception):
    """Args: one line that names the file, what is wrong with it and what would be right."""


class FileSigner:
    """Keeps the key of one PEM file, and the last `KEYS_MAX` public keys in parsed form."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises: KeyFileError."""
        self._key = load_key_file(Path(path))
        self._known: dict[bytes, ec.EllipticCurvePublicKey] = {}
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
        if len(signature) != SIGNATURE_BYTES or len(digest) != DIGEST_BYTES:
            return False
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            self._parsed(public_key).verify(encode_dss_signature(r, s), digest, _VERIFY)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _parsed(self, public_key: bytes) -> ec.EllipticCurvePublicKey:
        known = self._known.get(public_key)
        if known is None:
            if len(public_key) != PUBLIC_KEY_BYTES:
                raise ValueError("a public key is 65 bytes, SEC1 uncompressed")
            known = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
            if len(self._known) >= KEYS_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[public_key] = known
        return known


def load_key_file(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 private key in `path`. Raises: KeyFileError, also when group or others may use the file."""
    pem = _read_private(path)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path}: not an unencrypted PEM private key (PKCS 8): {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyFileError(f"{path}: not a P-256 key")
    return key


def _read_private(path: Path) -> bytes:
    # Judge the file that is opened: between a look at the path and the reading it could be exchanged.
    try:
        with path.open("rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeyFileError(f"{path}: not a regular file")
            if status.st_mode & 0o077:
                mode = stat.S_IMODE(status.st_mode)
                raise KeyFileError(f"{path}: group or others may use this private key (mode {mode:04o}): chmod 600 it")
            return file.read(KEY_FILE_BYTES_MAX)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
