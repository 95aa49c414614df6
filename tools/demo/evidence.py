"""What is left when everything has stopped: the pages upstream, and where the gateway's own journal ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.journal import Journal
from agent.ledger import Ledger
from boards.cpython.clock import SystemClock
from boards.cpython.file_store import FileStore
from tools.demo.layout import Layout
from tools.headend import HeadEnd

AGENTS = ("gateway", "board")
NO_SECRET = bytes(32)  # it only reads


@dataclass(frozen=True)
class Evidence:
    """By agent's name: its pages and public key; by its id: its records as decoded upstream."""

    pages: dict[str, list[bytes]]
    keys: dict[str, bytes]
    records: dict[str, list[dict[str, Any]]]
    last_page: bytes  # hash of the last page in the gateway's journal


def collect(layout: Layout, head_end: HeadEnd) -> Evidence:
    """Take everything from the head-end's database and the gateway's stopped journal."""
    ids = {"gateway": layout.gateway_id, "board": layout.board_id}
    return Evidence(
        pages={name: list(head_end.pages(ids[name])) for name in AGENTS},
        keys={name: layout.public_keys[name] for name in AGENTS},
        records={agent: list(head_end.records(agent)) for agent in ids.values()},
        last_page=_end_of_chain(layout.folder / "journal", bytes.fromhex(layout.gateway_id)),
    )


def _end_of_chain(journal: Path, agent_id: bytes) -> bytes:
    store = FileStore(journal)
    try:
        ledger = Ledger(Journal(store, 1 << 18), agent_id, SystemClock(), 1 << 15, 900, NO_SECRET)
        ledger.recover()
        return ledger.prev
    finally:
        store.close()
