"""How many lines of Python run between two waits, while an agent of eight devices is busy with its evidence.

A slice is what one task does from being resumed to waiting again; nothing else runs meanwhile. Lines are counted by
`sys.settrace`, so the figures are the same on every machine; what a line costs differs, and what the interpreter does
in C (a TLS handshake, a collection of the heap) is not counted.
"""

from __future__ import annotations

import json
import sys
from asyncio import core  # type: ignore[attr-defined]  # MicroPython's event loop

from boards.micropython.signer import SoftSigner
from tests.shared.test_limit_path import FullSite, moved, turns

DIGEST = b"\x05" * 32
QUIET_S = 4
BACKLOG_ROUNDS, ROUND_TURNS = 4, 400
SIGNED_TURNS = 200


class Lines:
    count = 0
    longest = 0
    watcher = None  # the task whose slices are not the agent's


def trace(_frame, event, _argument):
    if event == "line":
        Lines.count += 1
    return trace


def watch():
    """Put the counter around every step of every task."""
    run = core._run_iter

    def counted():
        ahead, before = core._task_queue.peek(), Lines.count
        run()
        if ahead is not Lines.watcher:
            Lines.longest = max(Lines.longest, Lines.count - before)

    core._run_iter = counted


async def longest(job):
    """Return the lines of the longest slice while `job` is done."""
    Lines.longest = 0
    sys.settrace(trace)
    await job
    sys.settrace(None)
    return Lines.longest


class Stepped(SoftSigner):
    """A signer whose steps are counted without the event loop."""

    def __init__(self, secret):
        super().__init__(secret)
        self._turn = self.counted
        self.longest = 0

    def counted(self, steps):
        before = Lines.count
        try:
            next(steps)
        finally:
            self.longest = max(self.longest, Lines.count - before)


async def of_signer():
    """Return the lines of the longest step of a signature, and of checking one with a key of which nothing is known."""
    signer = Stepped(b"\x07" * 32)
    sys.settrace(trace)
    signature = await signer.sign(DIGEST)
    signed, signer.longest = signer.longest, 0
    assert await signer.verify(signer.public_key, DIGEST, signature)
    sys.settrace(None)
    return signed, signer.longest


async def backfill(site):
    for _ in range(BACKLOG_ROUNDS):
        await site.pass_s(1)
        await turns(ROUND_TURNS)
        for receipt in await site.receipts():
            site.uplink.deliver("receipt", receipt)


async def reconnect(site):
    site.uplink.set_connected(False)
    await site.pass_s(QUIET_S)
    site.uplink.set_connected(True)
    await site.pass_s(QUIET_S)
    await turns(ROUND_TURNS)


async def tell():
    """Print figure by figure what tests/budgets.json holds."""
    found = {}
    found["step of a signature"], found["step of a check"] = await of_signer()
    Lines.watcher = core.cur_task
    site = FullSite()
    task = await site.start()
    watch()
    found["backfilling"] = await longest(backfill(site))
    limit = await site.limit()
    site.uplink.deliver("command", limit)
    found["a limit"] = await longest(moved(site))
    found["reconnecting"] = await longest(reconnect(site))
    site.uplink.set_connected(False)
    found["control alone"] = await longest(site.pass_s(QUIET_S))
    print(json.dumps(found))
    await site.stop(task)
