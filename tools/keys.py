"""P-256 keys in files: made with mode 0600, read in the forms that gateways, boards and people use.

A private key is PEM (PKCS 8) on a gateway and 32 raw bytes on a board. A public key is PEM, 65 raw
bytes or their hex; where a public key is wanted a private one serves too.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from tools.errors import UsageError
from tools.wire import key_id, point

POINT_BYTES = 65
SCALAR_BYTES = 32
KEY_FILE_BYTES_MAX = 8192
EXPECTED = "expected a P-256 key as PEM, as hex or as raw bytes"


def create_key(path: Path, *, raw: bool = False) -> ec.EllipticCurvePrivateKey:
    """Make a key in a new file of mode 0600; `raw` writes the 32 bytes that a board reads.

    Raises: UsageError when the file is there already or cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    if raw:
        content = key.private_numbers().private_value.to_bytes(SCALAR_BYTES, "big")
    else:
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as there:
        raise UsageError(f"{path} is there already: a key is never overwritten") from there
    except OSError as error:
        raise UsageError(f"cannot write the key {path}: {error.strerror}") from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return key


def load_private(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read a private key file. Raises: UsageError, also when others may read it."""
    content = _read(path)
    if path.stat().st_mode & 0o077:
        raise UsageError(f"the private key {path} can be read by others: chmod 600 it")
    key = _private(content)
    if key is None:
        raise UsageError(f"{path} holds no private key: expected PEM (PKCS 8) or 32 raw bytes of P-256")
    return key


def load_public(key: str) -> bytes:
    """Return the 65 bytes of a public key given as hex or as the name of a file. Raises: UsageError."""
    found = _on_curve(_unhex(key.encode()))
    if found is None:
        found = _public(_read(Path(key)))
    if found is None:
        raise UsageError(f"{key} holds no public key: {EXPECTED}")
    return found


def load_trusted(key: str) -> list[bytes]:
    """Return the public keys meant by an option: hex, a file, or a folder of key files. Raises: UsageError."""
    folder = Path(key)
    if not _is_folder(folder):
        return [load_public(key)]
    found = [load_public(str(path)) for path in sorted(folder.iterdir()) if path.is_file()]
    if not found:
        raise UsageError(f"the folder {folder} holds no key file")
    return found


def describe(public_key: bytes) -> dict[str, str]:
    """Return what a site's or head-end's configuration needs of a key."""
    return {"public_key": public_key.hex(), "key_id": key_id(public_key).hex()}


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long to be one: it is hex, and judged as such
        return False


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(KEY_FILE_BYTES_MAX)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"cannot read the key {str(path)[:80]}: {reason}; {EXPECTED}") from error


def _private(content: bytes) -> ec.EllipticCurvePrivateKey | None:
    if len(content) == SCALAR_BYTES:
        try:
            return ec.derive_private_key(int.from_bytes(content, "big"), ec.SECP256R1())
        except ValueError:
            return None
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    return None


def _public(content: bytes) -> bytes | None:
    """Return the key as 65 bytes, or None when `content` is no key of this curve."""
    if b"PUBLIC KEY" in content:
        try:
            key = load_pem_public_key(content)
        except (ValueError, UnsupportedAlgorithm):
            return None
        good = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        return point(key) if good and isinstance(key, ec.EllipticCurvePublicKey) else None
    private = _private(content)
    if private is not None:
        return point(private.public_key())
    return _on_curve(content) or _on_curve(_unhex(content))


def _on_curve(encoded: bytes) -> bytes | None:
    if len(encoded) != POINT_BYTES:
        return None
    try:
        return point(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), encoded))
    except ValueError:
        return None


def _unhex(content: bytes) -> bytes:
    try:
        return bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        return b""
