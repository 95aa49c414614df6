"""ES256 for boards without a secure element: ECDSA on P-256 with SHA-256, deterministic, in short steps.

Source: FIPS 186-5 section 6.4 (ECDSA); RFC 6979 section 3.2 (the nonce); RFC 9053 section 2.1 (r || s).

The signature depends on key and digest alone; the random bytes only hide the way there. They blind the nonce
(a random multiple of the group order is added), the point (random z) and both factors of the division. That hinders
timing and power measurements and does not end them: an exposed board wants a secure element.
"""

from __future__ import annotations

import hashlib

from boards.micropython.p256 import N, P, base_point_steps, inverse_steps, is_on_curve, sum_steps
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from boards.micropython.p256 import Comb, Steps

_SECRET_BYTES = const(32)
_DIGEST_BYTES = const(32)
_SIGNATURE_BYTES = const(64)
_PUBLIC_KEY_BYTES = const(65)
BLIND_BYTES = const(68)

_INNER = int.from_bytes(b"\x36" * 64, "big")
_OUTER = int.from_bytes(b"\x5c" * 64, "big")


def secret_number(secret: bytes) -> int:
    """Return the private key as a number. Raises: ValueError when it is not 32 bytes in 1..N-1."""
    number = int.from_bytes(secret, "big")
    if len(secret) != _SECRET_BYTES or not 0 < number < N:
        raise ValueError("a P-256 private key is 32 bytes in 1..n-1")
    return number


def public_key_steps(secret: bytes, blind: bytes) -> Steps[bytes]:
    """Return the public key (SEC1 uncompressed) of a private one. Raises: ValueError."""
    x, y = yield from _blinded_point_steps(secret_number(secret), blind)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def sign_steps(secret: bytes, digest: bytes, blind: bytes) -> Steps[bytes]:
    """Return r || s over a SHA-256 digest; `blind` is BLIND_BYTES of fresh randomness. Raises: ValueError."""
    key = secret_number(secret)
    if len(digest) != _DIGEST_BYTES:
        raise ValueError("a SHA-256 digest is 32 bytes")
    factor = 1 + int.from_bytes(blind[36:BLIND_BYTES], "big") % (N - 1)
    for nonce in _nonces(secret, digest):
        yield
        x, _ = yield from _blinded_point_steps(nonce, blind)
        r = x % N
        inverse = yield from inverse_steps(nonce * factor % N, N)
        s = inverse * (factor * int.from_bytes(digest, "big") + r * (factor * key % N)) % N
        if r and s:
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    raise AssertionError("the nonces never end")


def key_point(public_key: bytes) -> tuple[int, int]:
    """Return the point of a public key. Raises: ValueError when it is not 65 bytes that name a point of P-256."""
    if len(public_key) != _PUBLIC_KEY_BYTES or public_key[0] != 4:
        raise ValueError("a public key is 65 bytes, SEC1 uncompressed")
    x, y = int.from_bytes(public_key[1:33], "big"), int.from_bytes(public_key[33:], "big")
    if not is_on_curve(x, y):
        raise ValueError("the public key is not a point of P-256")
    return x, y


def verify_steps(comb: Comb, digest: bytes, signature: bytes) -> Steps[bool]:
    """Tell whether r || s is a signature over `digest` by the key whose point has the table `comb`."""
    if len(digest) != _DIGEST_BYTES or len(signature) != _SIGNATURE_BYTES:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N):
        return False
    inverse = yield from inverse_steps(s, N)
    x, _, z = yield from sum_steps(int.from_bytes(digest, "big") * inverse % N, comb, r * inverse % N)
    zz = z * z % P
    # The point's x is r or, when that still fits below P, r + N; at infinity (z = 0) neither may pass.
    return z != 0 and ((r * zz - x) % P == 0 or (r + N < P and ((r + N) * zz - x) % P == 0))


def _blinded_point_steps(scalar: int, blind: bytes) -> Steps[tuple[int, int]]:
    # 2**31 + 1 .. 2**32 - 1 times N, plus a scalar below N, has exactly 288 bits.
    times = 0x80000001 + int.from_bytes(blind[:4], "big") % 0x7FFFFFFF
    z = 1 + int.from_bytes(blind[4:36], "big") % (P - 1)
    return (yield from base_point_steps(scalar + times * N, z))


def _nonces(secret: bytes, digest: bytes) -> Iterator[int]:
    reduced = (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    v, k = b"\x01" * 32, bytes(32)
    k = _hmac(k, v + b"\x00" + secret + reduced)
    v = _hmac(k, v)
    k = _hmac(k, v + b"\x01" + secret + reduced)
    v = _hmac(k, v)
    while True:
        v = _hmac(k, v)
        nonce = int.from_bytes(v, "big")
        if 0 < nonce < N:
            yield nonce
        k = _hmac(k, v + b"\x00")
        v = _hmac(k, v)


def _hmac(key: bytes, message: bytes) -> bytes:
    padded = int.from_bytes(key, "big") << 256  # 32 bytes of key, 32 of zeros: one block of SHA-256
    inner = hashlib.sha256((padded ^ _INNER).to_bytes(64, "big") + message).digest()
    return hashlib.sha256((padded ^ _OUTER).to_bytes(64, "big") + inner).digest()
