"""Only a genuine receipt for a page that is under way releases anything; all others are counted and do no harm."""

from __future__ import annotations

from agent import cose
from agent.command import Authority, open_message
from agent.page import page_hash
from boards.micropython.signer import SoftSigner
from tests.shared.house import AGENT_ID
from tests.shared.paged import Opened
from tests.shared.seeded import Lcg
from tests.shared.site import TwinSite, started, stopped
from tests.shared.upstream import Upstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRID = Authority("dso", b"\x04" + b"d" * 64, "grid", 0)
ROUNDS = 400


async def sent(pages: int) -> tuple[Upstream, list[Opened]]:
    """Return an agent with so many pages, the first four of them under way."""
    upstream = Upstream(queue_max=16)
    await upstream.backlog(pages)
    found = await upstream.turn()
    assert [page.first_seq for page in found] == [1, 2, 3, 4][:pages]
    return upstream, found


def digest_of(page: Opened) -> bytes:
    """Return the page's hash."""
    return page_hash(page.signed_bytes)


async def test_receipts_of_a_wrong_role_an_unknown_key_or_a_bad_signature_are_refused():
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(9000, 60))
    await site.let_pass(2000)
    (raw, *_) = [payload for channel, payload in site.uplink.collect() if channel == "page"]
    good = await site.receipt(raw)
    payload = cose.open_envelope(good)[1]
    broken = bytearray(good)
    broken[-1] ^= 1
    forged = [
        await cose.seal(site.dso, payload),  # known, and not for this
        await cose.seal(SoftSigner(b"\x0a" * 32), payload),
        await cose.seal(site.signer, payload),  # the agent's own key
        bytes(broken),
        good[:-1],
        b"\x00",
    ]
    for place, receipt in enumerate(forged):
        site.uplink.deliver("receipt", receipt)
        await site.let_pass(600)
        assert site.loop.session.refused_receipts == place + 1
        assert site.loop.ledger.released_seq == 1
    site.uplink.deliver("receipt", good)
    await site.let_pass(600)
    assert site.loop.ledger.released_seq > 1 and site.loop.session.refused_receipts == len(forged)
    await stopped(site, task)


async def test_receipt_on_the_channel_of_commands_and_a_command_among_receipts_confirm_nothing():
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(9000, 60))
    await site.let_pass(2000)
    (raw, *_) = [payload for channel, payload in site.uplink.collect() if channel == "page"]
    site.uplink.deliver("command", await site.receipt(raw))
    site.uplink.deliver("receipt", await site.limit(8000, 60, site.headend))
    await site.let_pass(1000)
    assert site.loop.ledger.released_seq == 1 and site.loop.session.refused_receipts == 1
    await stopped(site, task)


async def test_receipt_of_another_agent_is_refused():
    upstream, pages = await sent(4)
    upstream.hear(pages[0].last_seq, digest_of(pages[0]), b"agent-02")
    assert upstream.ledger.released_seq == 1 and upstream.counted() == (1, 0)


async def test_receipt_with_the_hash_of_another_page_is_refused():
    upstream, pages = await sent(4)
    upstream.hear(pages[0].last_seq, digest_of(pages[1]))
    upstream.hear(pages[3].last_seq, digest_of(pages[0]))
    upstream.hear(pages[0].last_seq, bytes(32))
    assert upstream.ledger.released_seq == 1 and upstream.counted() == (3, 0)


async def test_receipt_from_the_future_is_refused_and_for_the_open_page_too():
    upstream, pages = await sent(2)
    upstream.ledger.add([6, 0, bytes(32), 2])
    for last_seq in (3, 4, 1000, (1 << 64) - 1):
        upstream.hear(last_seq, digest_of(pages[0]))
    assert upstream.ledger.released_seq == 1 and upstream.counted() == (4, 0)


async def test_receipt_for_a_page_that_was_never_sent_releases_nothing():
    upstream, _ = await sent(40)
    upstream.hear(30, bytes(32))
    upstream.hear(39, b"\x09" * 32)
    assert upstream.ledger.released_seq == 1 and upstream.counted() == (0, 2)


async def test_rewound_and_repeated_receipts_change_nothing():
    upstream, pages = await sent(8)
    for page in pages:
        upstream.confirm(page)
    assert upstream.ledger.released_seq == 5
    for page in pages:
        upstream.confirm(page)
    assert upstream.ledger.released_seq == 5 and upstream.counted() == (0, 4)
    assert [page.first_seq for page in await upstream.turn(2000)] == [5, 6, 7, 8]


async def test_page_is_released_only_with_all_before_it():
    upstream, pages = await sent(4)
    for place in (3, 1, 2, 3):
        upstream.confirm(pages[place])
    assert upstream.ledger.released_seq == 1 and upstream.counted() == (0, 1)
    upstream.confirm(pages[0])
    assert upstream.ledger.released_seq == 5


async def test_fields_that_are_none_are_refused():
    upstream, pages = await sent(2)
    digest = digest_of(pages[0])
    wrong: list[tuple[object, object]] = [(0, digest), (-1, digest), (True, digest), (None, digest), ("1", digest)]
    wrong += [(b"1", digest), ([1], digest), (1, None), (1, "x"), (1, 5), (1, [digest])]
    for last_seq, named in wrong:
        upstream.hear(last_seq, named)
    assert upstream.ledger.released_seq == 1 and upstream.counted() == (len(wrong), 0)


async def test_noise_is_refused_before_any_key_is_asked():
    upstream, _ = await sent(1)
    lcg = Lcg(7)
    for size_bytes in range(60):
        raw = bytes([lcg.below(256) for _ in range(size_bytes)])
        upstream.session.receive(await open_message(raw, [GRID], upstream.session.signer))
    assert upstream.counted() == (60, 0)


class Receiver:
    """What a head-end knows of an agent: the pages that it got, whatever else is said in its name."""

    def __init__(self, lcg: Lcg) -> None:
        self.lcg = lcg
        self.held: list[tuple[int, int, bytes]] = []  # first and last number and hash of each page that came
        self.whole_seq = 0  # everything up to here came

    def take(self, page: Opened) -> None:
        """Keep a page, once."""
        row = (page.first_seq, page.last_seq, digest_of(page))
        if row not in self.held:
            assert not [each for each in self.held if each[0] <= row[1] and row[0] <= each[1]], "two faces of a record"
            self.held.append(row)
        while [each for each in self.held if each[0] == self.whole_seq + 1]:
            self.whole_seq = next(each for each in self.held if each[0] == self.whole_seq + 1)[1]

    def says(self, next_seq: int) -> list[Any]:
        """Return [last number, hash, agent, authority] of a receipt: right, old, or bent."""
        lcg = self.lcg
        _, last_seq, digest = lcg.pick(self.held)
        how = lcg.below(8)
        if how == 0:
            digest = lcg.pick(self.held)[2]
        elif how == 1:
            last_seq = lcg.below(2 * next_seq + 1)
        elif how == 2:
            digest = bytes([lcg.below(256) for _ in range(32)])
        agent = b"agent-02" if how == 3 else AGENT_ID
        return [last_seq, digest, agent] if how != 4 else [last_seq, digest, agent, GRID]


async def test_whatever_is_confirmed_nothing_is_released_that_did_not_arrive():
    for seed in range(1, 4):
        lcg = Lcg(seed)
        upstream, receiver = Upstream(queue_max=3), Receiver(lcg)
        heard = 0
        for _ in range(ROUNDS):
            if lcg.chance(3):
                upstream.page(1 + lcg.below(3))
            if lcg.chance(40):
                upstream.uplink.set_connected(not upstream.uplink.connected)
            upstream.uplink.set_connected(upstream.uplink.connected or lcg.chance(4))
            for page in await upstream.turn(lcg.below(4000)):
                if not lcg.chance(5):  # it may be lost on its way
                    receiver.take(page)
            while receiver.held and not lcg.chance(3):
                upstream.hear(*receiver.says(upstream.ledger.next_seq))
                heard += 1
            ledger = upstream.ledger
            assert ledger.released_seq <= receiver.whole_seq + 1
            assert ledger.lost == 0 and sum(upstream.counted()) <= heard
        assert upstream.counted()[0] > heard // 8 and upstream.counted()[1] > 0
        await _all_arrives(upstream, receiver)


async def _all_arrives(upstream: Upstream, receiver: Receiver) -> None:
    """Let the link be good: everything is confirmed soon, and each record was one and the same."""
    upstream.uplink.set_connected(True)
    for _ in range(ROUNDS):
        for page in await upstream.turn(1000):
            receiver.take(page)
            upstream.confirm(page)
    assert upstream.ledger.released_seq == upstream.ledger.next_seq == receiver.whole_seq + 1
