"""What is judged by people who trust nobody: evidence at the head-end's door, disclosures, signatures."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from pathlib import Path
from unittest import mock

from boards.cpython.known_keys import KnownKeys
from boards.micropython.signer import SoftSigner
from tests.fuzz import hurried
from tests.fuzz.door_targets import AGENT, MAKER, head_end_in
from tests.fuzz.tool_targets import SESSION, enveloped
from tests.tools import evidence as e
from tools import wire
from tools.strict import NotStrict
from tools.verifier import Keys
from tools.verifier import shown as told
from tools.verifier.disclosure import read_disclosure
from tools.verifier.pagefile import pieces

PUBLIC_BYTES, DIGEST_BYTES, SIGNATURE_BYTES = 65, 32, 64


def intake(raw: bytes) -> None:
    """What an agent sends is taken or refused by name, and a head-end starts again on whatever was taken."""
    with mock.patch.object(wire, "signature_good", return_value=True), tempfile.TemporaryDirectory() as folder:
        hurried.run(_heard(raw, Path(folder)))


async def _heard(raw: bytes, folder: Path) -> None:
    head_end = head_end_in(folder)
    told = {}
    try:
        for _, piece in pieces(io.BytesIO(raw)):
            if not isinstance(piece, NotStrict):
                head_end._heard(AGENT, "page", piece)
        head_end._heard(AGENT, "session", raw)
        head_end._heard(AGENT, "page", raw)
        await asyncio.sleep(2)
        told = json.loads(json.dumps(head_end.status()))
        kept = list(head_end.pages(AGENT))
    finally:
        await head_end.stop()
    again = head_end_in(folder)
    try:
        assert list(again.pages(AGENT)) == kept
        for name in ("pages", "faults", "refusals"):
            assert again.status()["agents"][0][name] == told["agents"][0][name]
    finally:
        await again.stop()


def intake_seeds() -> list[bytes]:
    """Return pages in order, with one missing, of two lives, and a session."""
    maker = e.Maker()
    first = maker.pages(3)
    maker.reboot()
    second = maker.pages(2)
    return [b"".join(first + second), b"".join(first[:1] + first[2:]), first[1], enveloped(wire.dumps(SESSION))]


def disclosure(raw: bytes) -> None:
    """A disclosure is proven or its faults are named; what is proven can be told."""
    with mock.patch.object(wire, "signature_good", return_value=True):
        found = read_disclosure(raw, Keys([MAKER.public]))
    assert found.faults or found.disclosed is not None
    if found.disclosed is not None:
        header = found.disclosed.header
        seqs = [record.seq for record in found.disclosed.records]
        assert seqs == sorted(set(seqs)) and all(header.first_seq <= seq <= header.last_seq for seq in seqs)
        json.dumps(told.as_json([found.disclosed]))
        told.as_text([found.disclosed])


def disclosure_seeds() -> list[bytes]:
    """Return one record of a page, all of it, and a delta with its base."""
    maker = e.Maker()
    whole = maker.page(
        e.boot(), e.reading(60, import_wh=5), e.delta(1, 1, 1), e.clock(5, 7), e.decision(bytes(32), b"k" * 8, 1)
    )
    return [e.disclosure(whole, *indices) for indices in ((0,), (1, 2), (2,), range(5))]


def signature(raw: bytes) -> None:
    """Of any key, digest and signature the gateway and the board say the same."""
    public, digest = raw[:PUBLIC_BYTES], raw[PUBLIC_BYTES : PUBLIC_BYTES + DIGEST_BYTES]
    signed = raw[PUBLIC_BYTES + DIGEST_BYTES :]
    assert asyncio.run(BOARD.verify(public, digest, signed)) is KnownKeys().verify(public, digest, signed)


BOARD = SoftSigner(b"\x07" * 32)


def signature_seeds() -> list[bytes]:
    """Return signatures that are right, and numbers at their edges."""
    found = []
    for secret in (1, 2, 0x77):
        key = e.private_key(secret)
        for message in (b"", b"m" * 40):
            digest = wire.sha256(message)
            found.append(e.public_bytes(key) + digest + e.raw_signature(key, message))
    edge = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for r, s in ((0, 1), (1, 0), (edge, 1), (1, edge), (edge - 1, edge - 1)):
        found.append(found[0][: PUBLIC_BYTES + DIGEST_BYTES] + r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return found
