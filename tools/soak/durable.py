"""Nothing that was said to be durable is lost: the journals, read after the last kill, and the head-end hold it all.

An agent tells a fact only once its journal has it, and a session names the next number. So after the last kill every
number up to the highest one ever named must be found, once and with one content, in the pages of the head-end or in
the agent's journal; and every fact that was ever told must be among them.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent import cbor, journal, record
from agent.journal import Journal
from agent.ledger import Ledger
from agent.page import decode_header
from boards.cpython.clock import SystemClock
from boards.cpython.file_store import FileStore
from tools import wire
from tools.soak.checks import Check
from tools.soak.keeper import Life
from tools.verifier.page import open_page

SEGMENT_BYTES = 1 << 30  # a replay never begins a new one
NO_SECRET = bytes(32)  # it only reads
Key = tuple[Any, ...]
Rows = dict[int, tuple[int, int, bytes]]  # number -> (epoch, base_s, bytes of the record)


def judge(
    name: str, agent: str, pages: list[bytes], folder: Path, lives: list[Life], claimed: tuple[int, set[bytes]]
) -> list[Check]:
    """Judge one agent; `folder` is its journal, which is copied before it is opened."""
    copy = folder.with_name(folder.name + "-copy")
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("door"))  # a socket that a killed agent left
    upstream, hashes = _upstream(pages)
    store = FileStore(copy)
    try:
        ledger = Ledger(Journal(store, SEGMENT_BYTES), bytes.fromhex(agent), SystemClock(), 1 << 16, 1 << 30, NO_SECRET)
        ledger.recover()
        local, twice = _journalled(ledger.journal)
        waiting = _waiting_hashes(ledger)
    finally:
        store.close()
    numbers = set(upstream) | set(local)
    highest = max(claimed[0] - 1, ledger.next_seq - 1)
    missing = sorted(set(range(1, highest + 1)) - numbers)
    differing = sorted(seq for seq in set(upstream) & set(local) if upstream[seq] != local[seq])
    gone = [page for page in claimed[1] if page not in hashes and page not in waiting]
    untold = lost_facts(lives, {**local, **upstream})
    told = sum(len(life.facts) for life in lives)
    return [
        Check(
            f"{name}: every number is kept",
            not missing and not differing and not twice and not ledger.damaged,
            f"1..{highest}: {len(upstream)} upstream, {len(set(local) - set(upstream))} only in the journal; "
            f"missing {missing[:5]}, with two contents {(differing + twice)[:5]}, {ledger.damaged} damaged",
        ),
        Check(
            f"{name}: every page claimed exists", not gone, f"{len(claimed[1])} claimed in sessions, {len(gone)} gone"
        ),
        Check(
            f"{name}: every fact told is kept",
            not untold,
            f"{told} facts told in {len(lives)} lives, lost: {untold[:3]}",
        ),
    ]


def _upstream(pages: list[bytes]) -> tuple[Rows, set[bytes]]:
    rows: Rows = {}
    hashes = set()
    for raw in pages:
        opened = open_page(raw)
        header = wire.payload_of(opened.envelope)
        hashes.add(wire.sha256(opened.envelope.payload))
        for seq, encoded in enumerate(opened.records, header[4]):
            rows[seq] = (header[3], header[8], encoded)
    return rows, hashes


def _journalled(kept: Journal) -> tuple[Rows, list[int]]:
    """Return what the frames hold, and the numbers that stand there with two contents."""
    rows: Rows = {}
    twice = []
    epoch = seq = base_s = 0
    for kind, payload, _ in kept.frames():
        if kind == journal.OPEN:
            header = decode_header(payload)
            epoch, seq, base_s = header.epoch, header.first_seq, header.base_s
        elif kind == journal.RECORD:
            row = (epoch, base_s, payload)
            if rows.setdefault(seq, row) != row:
                twice.append(seq)
            seq += 1
    return rows, twice


def _waiting_hashes(ledger: Ledger) -> set[bytes]:
    """Return the hashes of the closed pages that the journal still holds."""
    found = {ledger.prev}
    at = ledger.backlog_at
    while at is not None:
        page = ledger.read_page(at)
        if page is None:
            break
        found.add(wire.sha256(page.signed_bytes))
        at = page.next_at
    return found


def lost_facts(lives: list[Life], rows: Rows) -> list[Key]:
    """Return what was told and is in no record."""
    kept = Counter(key for row in rows.values() for key in _key_of_record(*row))
    devices = {row[0]: cbor.decode(row[2])[7] for row in rows.values() if cbor.decode(row[2])[0] == record.BOOT}
    told = Counter(
        key for life in lives if life.ready for key in _keys_of_life(life, devices.get(life.ready["epoch"], []))
    )
    return list((told - kept).keys())


def _key_of_record(epoch: int, base_s: int, encoded: bytes) -> Iterator[Key]:
    fields = cbor.decode(encoded)
    kind = fields[0]
    at_ms = base_s * 1000 + fields[1]
    if kind in (record.DECISION, record.EVENT):
        yield epoch, kind, at_ms, fields[2].hex()
    elif kind == record.WRITE:
        yield epoch, kind, at_ms, fields[2], fields[7]
    elif kind == record.BINDING:
        yield epoch, kind, at_ms, fields[2], fields[4]
    elif kind == record.DEVICE_STATE:
        yield epoch, kind, at_ms, fields[2]
    elif kind == record.FAILSAFE:
        yield epoch, kind, at_ms, fields[4]


def _keys_of_life(life: Life, devices: list[list[str]]) -> Iterator[Key]:
    index = {device: at for at, (device, _) in enumerate(devices)}
    epoch = life.ready["epoch"]
    for _, said in life.facts:
        at_ms = said["at_ms"]
        if said["fact"] in ("decision", "event"):
            yield epoch, record.DECISION if said["fact"] == "decision" else record.EVENT, at_ms, said["command"]
        elif said["fact"] in ("write", "binding"):
            kind = record.WRITE if said["fact"] == "write" else record.BINDING
            yield epoch, kind, at_ms, index.get(said["device"]), said["source"]
        elif said["fact"] == "device":
            yield epoch, record.DEVICE_STATE, at_ms, index.get(said["device"])
        elif said["fact"] == "failsafe":
            yield epoch, record.FAILSAFE, at_ms, said["entered"]
