"""What a head-end sends to an agent: receipts, signed and not, right and hostile, among pages that are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import cbor2

from agent import cbor, cose
from agent.command import Authority, open_message
from agent.page import page_hash
from tests.shared.house import AGENT_ID
from tests.shared.paged import Opened
from tests.shared.test_door_seeded import sealed
from tests.shared.upstream import Upstream

PAGES = 7
GOOD = bytes(64)  # the only signature that is found right
RECEIPT_KEY, GRID_KEY = b"\x04" + b"d" * 64, b"\x04" + b"g" * 64
AUTHORITIES = [Authority("headend", RECEIPT_KEY, "receipt", 0), Authority("dso", GRID_KEY, "grid", 20000)]
TURN, LINK = 0, 255  # in the place of a message's size: two seconds pass; the link goes and comes


class Judge:
    """A signer that knows one good signature."""

    public_key = b"\x04" + b"k" * 64
    key_id = AGENT_ID

    async def sign(self, _digest: bytes) -> bytes:
        """Return it."""
        return GOOD

    async def verify(self, _public_key: bytes, _digest: bytes, signature: bytes) -> bool:
        """Tell whether it is the one."""
        return signature == GOOD


def receipts(raw: bytes) -> None:
    """Each message is refused, confirms nothing or is the receipt of a page; only what is confirmed up to here goes."""
    asyncio.run(_heard(raw))


async def _heard(raw: bytes) -> None:
    upstream = Upstream(queue_max=16)
    await upstream.backlog(PAGES)
    sent, confirmed = named(await upstream.turn()), set()
    for message in messages(raw):
        if message is None:
            sent |= named(await upstream.turn(2000))
            continue
        if not message:
            upstream.uplink.set_connected(False)
            await upstream.turn()
            upstream.uplink.set_connected(True)
            continue
        before = sum(upstream.counted())
        upstream.session.receive(await open_message(message, AUTHORITIES, Judge()))
        counted = sum(upstream.counted()) - before
        genuine = _page_of(message)
        assert counted in (0, 1)
        if counted == 0:  # it was taken
            assert genuine in sent
            confirmed.add(genuine)
        whole_seq = 0
        while any(last_seq == whole_seq + 1 for last_seq, _ in confirmed):  # each page holds one record
            whole_seq += 1
        assert upstream.ledger.released_seq <= whole_seq + 1
    assert upstream.ledger.lost == 0 and upstream.ledger.next_seq == PAGES + 1


def messages(raw: bytes) -> Iterator[bytes | None]:
    """Yield what was written one after another: envelopes as they are, else payloads in a good one; None for a turn."""
    at = 0
    while at < len(raw):
        size_bytes = raw[at]
        at += 1
        if size_bytes == TURN:
            yield None
        elif size_bytes == LINK:
            yield b""
        else:
            piece = raw[at : at + size_bytes]
            at += size_bytes
            yield piece if piece[:1] == b"\xd2" else sealed(piece)


def named(pages: list[Opened]) -> set[tuple[int, bytes]]:
    """Return the two names of each page."""
    return {(page.last_seq, page_hash(page.signed_bytes)) for page in pages}


def _page_of(message: bytes) -> tuple[int, bytes] | None:
    """Return what a receipt names as cbor2 reads it; None for what is none."""
    try:
        protected, _, payload, signature = cbor2.loads(message).value
        kind, version, agent, last_seq, digest, _ = cbor2.loads(payload)
        kid = cbor2.loads(protected)[4]
    except (cbor2.CBORDecodeError, AttributeError, TypeError, ValueError, KeyError):
        return None
    right = (kid, signature, kind, version, agent) == (AUTHORITIES[0].key_id, GOOD, 4, 1, AGENT_ID)
    return (last_seq, digest) if right else None


def receipt_seeds() -> list[bytes]:
    """Return all pages confirmed in order and out of order, a receipt under each wrong name, and a command."""
    payloads = asyncio.run(_payloads())
    in_order = b"".join(map(_sized, payloads[:4])) + bytes((TURN, TURN)) + b"".join(map(_sized, payloads[4:]))
    other = [cose.envelope(kid, payloads[0], GOOD) for kid in (AUTHORITIES[1].key_id, bytes(8))]
    other += [cose.envelope(AUTHORITIES[0].key_id, payloads[0], b"\x01" * 64)]
    mixed = [cbor.decode(payload) for payload in payloads[:2]]
    mixed[0][4], mixed[1][4] = mixed[1][4], mixed[0][4]
    command = cbor.encode([3, 1, AGENT_ID, 1, 1, 100, 1, ["", 0, 4200, 60]])
    return [
        in_order,
        b"".join(map(_sized, payloads[3::-1] * 2)),
        _sized(payloads[0]) + bytes((LINK, TURN)) + _sized(payloads[1]),
        b"".join(_sized(cbor.encode(names)) for names in mixed),
        b"".join(map(_sized, other)) + _sized(command) + _sized(sealed(payloads[0])),
    ]


async def _payloads() -> list[bytes]:
    upstream = Upstream(queue_max=16)
    await upstream.backlog(PAGES)
    found: list[bytes] = []
    for _ in range(3):
        for page in await upstream.turn(2000):
            upstream.confirm(page)
            found.append(cbor.encode([4, 1, AGENT_ID, page.last_seq, page_hash(page.signed_bytes), 1700000000]))
    assert len(found) == PAGES
    return found


def _sized(message: bytes) -> bytes:
    assert 0 < len(message) < LINK
    return bytes((len(message),)) + message
