"""Short ways to judge evidence in tests."""

from __future__ import annotations

import cbor2

from tests.tools import evidence as e
from tools.verifier import Report, Verifier

COMMAND = bytes(range(32))


def judged(raw_pages: list[bytes], *makers: e.Maker, **options: list[bytes]) -> Report:
    verifier = Verifier([maker.public for maker in makers], **options)
    for raw in raw_pages:
        verifier.add(raw)
    return verifier.report()


def names(report: Report) -> dict[str, int]:
    return dict(report.counts)


def open_parts(raw: bytes) -> list:
    return list(cbor2.loads(raw).value)


def closed(parts: list) -> bytes:
    return e.encode(cbor2.CBORTag(18, parts))


def edited(raw: bytes, maker: e.Maker, index: int, bend: object) -> bytes:
    """One payload field changed and signed again by the agent's own key."""
    fields = cbor2.loads(open_parts(raw)[2])
    fields[index] = bend
    return e.sealed(e.encode(fields), maker.key)


def only_fault(raw: bytes, *makers: e.Maker) -> str:
    report = judged([raw], *makers)
    assert len(report.counts) == 1, report.faults
    return next(iter(report.counts))
