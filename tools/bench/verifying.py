"""How many pages the verifier judges in a CPU second, against checking their signatures and nothing else.

Both read the same pages from memory, one after the other in turns, and the best turn of each counts. A small page holds
one reading; a full one a quarter of an hour of two devices, most of it deltas.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tools import wire
from tools.strict import NotStrict
from tools.verifier import Verifier
from tools.verifier.merkle import leaves_of, root_of
from tools.verifier.page import open_page
from tools.verifier.pagefile import pieces

CIVIL_S = 1_790_000_000
MINUTE_S = 60
TOGETHER = 256
BOOT = [2, 0, "bench", "bench", bytes(32), bytes(32), 25000, [["grid", "meter"], ["charger", "charger"]]]


@dataclass
class Verifying:
    """CPU microseconds a page, best turn."""

    pages: int
    small_us: float
    small_bare_us: float
    full_us: float
    full_bare_us: float
    full_readings: int


def measure(pages: int, turns: int) -> Verifying:
    """Judge as many pages of each kind, so often."""
    key = ec.generate_private_key(ec.SECP256R1())
    small = _both(_chain(key, pages, 1, 1), key, turns)
    full = _both(_chain(key, pages // 4, 15, 2), key, turns)
    return Verifying(pages, *small, *full, 30)


def _both(raw_pages: list[bytes], key: ec.EllipticCurvePrivateKey, turns: int) -> tuple[float, float]:
    public, raw = wire.point(key.public_key()), b"".join(raw_pages)
    signed = [_signed(page) for page in raw_pages]
    best = [float("inf"), float("inf")]
    for _ in range(turns):
        for at, act in enumerate((lambda: _verify(raw, public), lambda: _check(signed, key.public_key()))):
            best[at] = min(best[at], _cpu_us(act) / len(raw_pages))
    return best[0], best[1]


def _cpu_us(act: Callable[[], None]) -> float:
    began = time.process_time()
    act()
    return (time.process_time() - began) * 1e6


def _verify(raw: bytes, public: bytes) -> None:
    verifier, together = Verifier([public]), []
    for offset, piece in pieces(io.BytesIO(raw)):
        assert not isinstance(piece, NotStrict)
        together.append((piece, f"byte {offset}"))
        if len(together) == TOGETHER:
            verifier.add_all(together)
            together = []
    verifier.add_all(together)
    assert verifier.report().ok


def _signed(page: bytes) -> tuple[bytes, bytes]:
    envelope = open_page(page).envelope
    return envelope.signature, wire.dumps(["Signature1", envelope.protected, b"", envelope.payload])


def _check(signed: list[tuple[bytes, bytes]], public: ec.EllipticCurvePublicKey) -> None:
    algorithm = ec.ECDSA(hashes.SHA256())
    for signature, content in signed:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            public.verify(encode_dss_signature(r, s), content, algorithm)
        except InvalidSignature as wrong:
            raise AssertionError("a page of the bench's own") from wrong


def _chain(key: ec.EllipticCurvePrivateKey, pages: int, minutes: int, devices: int) -> list[bytes]:
    """Return a good chain, a page every `minutes`."""
    agent = wire.key_id(wire.point(key.public_key()))
    made: list[bytes] = []
    seq, prev, wh = 0, bytes(32), 0
    for number in range(pages):
        base_s = number * minutes * MINUTE_S
        records = [wire.dumps(BOOT)] if number == 0 else []
        first = len(records)
        for minute in range(minutes):
            wh += 20
            for device in range(devices):
                told = [1, MINUTE_S, MINUTE_S, device, 0, {1: 1200, 12: wh}, {}]
                records.append(wire.dumps([13, minute, first + device, 3, 20 * minute] if minute else told))
        salt = bytes(16)
        root = root_of(leaves_of(salt, records))
        header = [1, 1, agent, 1, seq, len(records), prev, root, base_s, CIVIL_S + base_s, 2, 500]
        seq, prev = seq + len(records), wire.sha256(wire.dumps(header))
        made.append(b"\x83" + wire.seal(header, key) + wire.dumps(salt) + wire.dumps(records))
    return made
