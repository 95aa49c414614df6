"""The agent and the head-end's side were written apart from one document; here they meet, with nothing in between.

The whole agent runs in virtual time; what it signs is judged by the verifier, what the tools sign is judged by it.
"""

from __future__ import annotations

import time

from cryptography.hazmat.primitives.asymmetric import ec

from agent import record
from tests.shared.site import TwinSite, busy_minute, started, stopped
from tools import wire
from tools.headend import Authority
from tools.headend.orders import Orders
from tools.headend.sessions import Sessions, read_session
from tools.headend.store import Store
from tools.verifier import Keys, Page, Verifier, read_page

GRID_KEY = ec.derive_private_key(int.from_bytes(b"\x08" * 32, "big"), ec.SECP256R1())  # TwinSite's dso
RECEIPT_KEY = ec.derive_private_key(int.from_bytes(b"\x09" * 32, "big"), ec.SECP256R1())


def sent(site: TwinSite, channel: str) -> list[bytes]:
    return [payload for name, payload in site.uplink.sent if name == channel]


def page_of(site: TwinSite, raw: bytes) -> Page:
    found = read_page(raw, Keys([site.signer.public_key]))
    assert found.faults == []
    assert found.page is not None
    return found.page


def once(site: TwinSite, raw_pages: list[bytes]) -> list[bytes]:
    """Each page in the order of its numbers: some come again before they are confirmed."""
    by_number = {page_of(site, raw).first_seq: raw for raw in raw_pages}
    return [raw for _, raw in sorted(by_number.items())]


def confirm(site: TwinSite, raw_pages: list[bytes]) -> None:
    for raw in raw_pages:
        page = page_of(site, raw)
        payload = wire.receipt(site.signer.key_id, page.last_seq, page.hash, int(time.time()))
        site.uplink.deliver("receipt", wire.seal(payload, RECEIPT_KEY))


async def test_what_the_agent_signs_is_good_evidence():
    site = TwinSite()
    verifier = Verifier([site.signer.public_key])
    for raw in once(site, await busy_minute()):
        verifier.add(raw)
    report = verifier.report()
    assert report.faults == []
    kinds = report.agents[0].chain.history.kinds
    assert kinds["boot"] == 1
    assert kinds["decision"] == 2
    assert {"reading", "write", "binding", "device_state", "failsafe", "event"} <= set(kinds)


async def test_a_delay_by_protection_is_good_evidence_and_told_in_words():
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(1000, 5))
    await site.let_pass(40000)
    await stopped(site, task)
    verifier = Verifier([site.signer.public_key])
    for raw in once(site, sent(site, "page")):
        verifier.add(raw)
    report = verifier.report()
    assert report.faults == []
    history = report.agents[0].chain.history
    assert history.kinds["delay"] == 1
    assert history.notes["charger was put off by its protection: least stop"] == 1


async def test_a_chain_over_a_power_cut_is_good_evidence():
    site = TwinSite()
    pages = []
    for _ in range(3):
        task = await started(site)
        site.uplink.deliver("command", await site.limit(5000, 15))
        for _ in range(15):
            await site.let_pass(2000)
            came = [payload for name, payload in site.uplink.collect() if name == "page"]
            confirm(site, came)
            pages += came
        task.cancel()
        await site.settle()
        site.store.crash(3, b"torn")
    verifier = Verifier([site.signer.public_key])
    for raw in once(site, pages):
        verifier.add(raw)
    report = verifier.report()
    assert report.faults == []
    assert sorted(report.agents[0].epochs) == [1, 2, 3]


async def test_the_tools_read_a_session_and_the_agent_obeys_their_command_and_believes_their_receipt(tmp_path):
    site = TwinSite()
    task = await started(site)
    agent = site.signer.key_id.hex()
    keys = {agent: site.signer.public_key}
    store = Store(tmp_path / "headend.sqlite")
    sessions = Sessions(store, keys)
    assert sessions.take(agent, sent(site, "session")[-1])
    orders = Orders(store, sessions, (Authority("dso", "grid", GRID_KEY),))
    command = orders.place(agent, wire.LIMIT, ["", 0, 5000, 60], None, 30)
    site.uplink.deliver("command", command.raw)
    await site.let_pass(3000)
    assert 500 + site.charger.power_w() <= 5000
    pages = [page_of(site, raw) for raw in sent(site, "page")]
    decisions = [found.fields for page in pages for found in page.records if found.kind == "decision"]
    assert [(fields["command"].hex(), fields["reason"]) for fields in decisions] == [(command.command, record.ACCEPTED)]
    confirm(site, sent(site, "page"))
    await site.let_pass(1000)
    assert site.loop.ledger.released_seq == pages[-1].last_seq + 1
    assert site.loop.session.refused_receipts == 0
    site.uplink.set_connected(False)
    await site.let_pass(1000)
    site.uplink.set_connected(True)
    await site.let_pass(1000)
    session = read_session(sent(site, "session")[-1], Keys([site.signer.public_key]), 0)
    assert session.released_seq == site.loop.ledger.released_seq
    assert session.counters == {command.kid: command.counter}
    await stopped(site, task)
    store.close()
