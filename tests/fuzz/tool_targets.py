"""Decoders of the host's tools, which judge what agents send: page files, pages, sessions."""

from __future__ import annotations

import io
from unittest import mock

import cbor2

from tests.tools.evidence import Maker
from tools import wire
from tools.headend.sessions import read_session
from tools.strict import NotStrict
from tools.verifier.keyring import Keys
from tools.verifier.pagefile import pieces
from tools.verifier.report import as_json, as_text
from tools.verifier.verifier import Verifier

MAKER = Maker()
PROTECTED = wire.dumps({1: wire.ES256, 4: MAKER.agent})
SESSION = [2, 1, MAKER.agent, 3, 100, 1700000000, 2, 20, 10, bytes(32), [[bytes(8), 5]]]


def page_file(raw: bytes) -> None:
    """Any file is judged from its beginning to its end: what is no page is named, and every byte has its place."""
    verifier = Verifier([MAKER.public])
    last = -1
    with mock.patch.object(wire, "signature_good", return_value=True):
        for offset, piece in pieces(io.BytesIO(raw)):
            assert last < offset < len(raw)
            last = offset
            if not isinstance(piece, NotStrict):
                assert raw[offset : offset + len(piece)] == piece
                verifier.add(piece, str(offset))
        report = verifier.report()
    as_json(report, 1)
    as_text(report, 1)


def page_seeds() -> list[bytes]:
    """Return a file of good pages, and one with its middle torn out."""
    whole = b"".join(MAKER.pages(3))
    return [whole, whole[: len(whole) // 3] + whole[len(whole) // 2 :], whole[:700]]


def session(raw: bytes) -> None:
    """A session message is taken or refused by name."""
    with mock.patch.object(wire, "signature_good", return_value=True):
        for each in (raw, enveloped(raw)):
            try:
                read_session(each, Keys([MAKER.public]), 0.0)
            except NotStrict as refused:
                assert refused.fault


def enveloped(payload: bytes) -> bytes:
    """Return an envelope whose signature is believed."""
    return wire.dumps(cbor2.CBORTag(wire.COSE_SIGN1, [PROTECTED, {}, payload, bytes(64)]))


def session_seeds() -> list[bytes]:
    """Return a session's payload, bare and in its envelope."""
    payload = wire.dumps(SESSION)
    return [payload, enveloped(payload)]
