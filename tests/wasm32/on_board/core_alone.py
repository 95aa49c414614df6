"""The logic alone, as a house of four devices asks for it: no tasks, no buses, no drivers, nobody upstream.

`agent/step.py` with all it decides, signed commands, records, chain, pages and journal.
"""

from __future__ import annotations

import asyncio

from agent import cbor, cose
from agent.command import Authority, open_message
from agent.journal import Journal
from agent.kept import dump
from agent.ledger import Ledger
from agent.page import page_hash
from agent.step import step
from hal import quantities as q
from hal.memory import ManualClock
from tests.shared.house import House
from tests.wasm32.on_board.host_side import JOURNAL_BYTES, Element, Store

KEPT = []  # what shall still be on the heap when it is looked at
CIVIL_MS = 1790000000000  # beyond 31 bits
LIVED_S, AT_S = 90, 20
LIMIT_W = 4200


async def obeys_a_limit_and_seals_it():
    clock, house = ManualClock(), House()
    clock.set_civil(CIVIL_MS, q.CLOCK_SYNCHRONISED, 10)
    state, own, dso = house.state, Element(b"\x07" * 32), Element(b"\x08" * 32)
    ledger = Ledger(Journal(Store(), 4096), own.key_id, clock, 2048, 30, bytes(32), JOURNAL_BYTES)
    ledger.begin_epoch()
    state.epoch = ledger.epoch
    authorities = [Authority("dso", dso.public_key, "grid", 20000)]
    KEPT.extend([house, ledger, own, dso, authorities])
    sealed = 0
    for second in range(LIVED_S):
        clock.advance(1000)
        house.now_ms, house.civil_ms = clock.now_ms(), clock.civil_ms()
        inbox = []
        if second == AT_S:
            limit = [3, 1, state.agent_id, state.epoch, 1, house.now_ms // 1000 + 60, 1, ["", 0, LIMIT_W, 600]]
            inbox = [await open_message(await cose.seal(dso, cbor.encode(limit)), authorities, own)]
        await asyncio.sleep(0)
        _, facts = step(state, house.now_ms, house.measure(), inbox)
        await asyncio.sleep(0)
        for fact in facts:
            ledger.add(fact)
        await asyncio.sleep(0)
        ledger.save_state(dump(state))
        ledger.sync()
        await asyncio.sleep(0)
        if ledger.should_close(house.now_ms // 1000):
            ledger.close_page()
            first_seq, at = ledger.unsealed[0]
            await asyncio.sleep(0)
            page = ledger.read_page(at)
            await asyncio.sleep(0)
            ledger.seal(first_seq, await own.sign(page_hash(page.signed_bytes)))
            sealed += 1
        await asyncio.sleep(0)
    assert house.grid_w() <= LIMIT_W, house.grid_w()
    assert sealed >= 2, sealed
