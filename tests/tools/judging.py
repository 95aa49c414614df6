"""Short ways to judge evidence in tests."""

from __future__ import annotations

from typing import Any

import cbor2

from tests.tools import evidence as e
from tools.verifier import Report, Verifier

COMMAND = bytes(range(32))


def judged(raw_pages: list[bytes], *makers: e.Maker, **options: Any) -> Report:
    verifier = Verifier([maker.public for maker in makers], **options)
    for raw in raw_pages:
        verifier.add(raw)
    return verifier.report()


def names(report: Report) -> dict[str, int]:
    return dict(report.counts)


def open_parts(raw: bytes) -> list:
    """Protected and unprotected header, payload, signature of a page."""
    return list(cbor2.loads(raw)[0].value)


def closed(raw: bytes, parts: list) -> bytes:
    """The page with another envelope."""
    _, salt, records = cbor2.loads(raw)
    return e.packed(e.encode(cbor2.CBORTag(18, parts)), salt, records)


def sealed_again(raw: bytes, payload: bytes, maker: e.Maker, **options: Any) -> bytes:
    """The page with another header, or with the same one signed again."""
    _, salt, records = cbor2.loads(raw)
    return e.packed(e.sealed(payload, maker.key, **options), salt, records)


def edited(raw: bytes, maker: e.Maker, name: str, bend: object) -> bytes:
    """One header field changed and signed again by the agent's own key."""
    fields = cbor2.loads(open_parts(raw)[2])
    fields[e.HEADER.index(name)] = bend
    return sealed_again(raw, e.encode(fields), maker)


def only_fault(raw: bytes, *makers: e.Maker) -> str:
    report = judged([raw], *makers)
    assert len(report.counts) == 1, report.faults
    return next(iter(report.counts))
