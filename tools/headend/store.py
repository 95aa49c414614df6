"""What the head-end keeps, in one SQLite file.

Every method that writes belongs inside `with store.transaction():`. The journal is a write-ahead log with
`synchronous=FULL`: a receipt makes an agent drop its own copy, so what it confirms must survive a power cut here.
Ids and hashes are stored as hex text, so that a person can join them by eye.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.errors import UsageError
from tools.verifier import Chain, Fault, Page

SCHEMA_VERSION = 2
SCHEMA = """
CREATE TABLE pages (
    agent TEXT, first_seq INTEGER, last_seq INTEGER, epoch INTEGER, hash TEXT, received_s INTEGER, raw BLOB,
    PRIMARY KEY (agent, first_seq)) WITHOUT ROWID;
CREATE TABLE records (
    agent TEXT, seq INTEGER, epoch INTEGER, kind TEXT, at_ms INTEGER, civil_ms INTEGER, body TEXT,
    PRIMARY KEY (agent, seq)) WITHOUT ROWID;
CREATE TABLE decisions (
    agent TEXT, seq INTEGER, command TEXT, reason INTEGER, PRIMARY KEY (agent, seq)) WITHOUT ROWID;
CREATE INDEX decisions_of_command ON decisions (command);
CREATE TABLE chains (agent TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID;
CREATE TABLE faults (id INTEGER PRIMARY KEY, agent TEXT, seq INTEGER, name TEXT, detail TEXT, found_s INTEGER);
CREATE TABLE refusals (
    agent TEXT, name TEXT, count INTEGER, last_s INTEGER, PRIMARY KEY (agent, name)) WITHOUT ROWID;
CREATE TABLE sessions (
    agent TEXT, epoch INTEGER, now_s INTEGER, received_s INTEGER, raw BLOB,
    PRIMARY KEY (agent, epoch)) WITHOUT ROWID;
CREATE TABLE counters (kid TEXT PRIMARY KEY, highest INTEGER) WITHOUT ROWID;
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, agent TEXT, authority TEXT, kind INTEGER, body BLOB, until_s INTEGER, state TEXT);
CREATE INDEX pending_orders ON orders (agent) WHERE state = 'pending';
CREATE TABLE commands (
    command TEXT PRIMARY KEY, number INTEGER, order_id INTEGER, agent TEXT, epoch INTEGER, counter INTEGER, kid TEXT,
    raw BLOB) WITHOUT ROWID;
CREATE INDEX commands_of_order ON commands (order_id, number);
"""

PENDING, ACCEPTED, REFUSED, EXPIRED, CANCELLED = "pending", "accepted", "refused", "expired", "cancelled"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants of an agent; each attempt to say so is a command of its own."""

    id: int
    agent: str
    authority: str
    kind: int
    body: bytes
    until_s: int
    state: str


@dataclass(frozen=True, slots=True)
class Command:
    """One signed attempt; `order_id` is None for bytes that were sent as they are."""

    command: str
    number: int
    order_id: int | None
    agent: str
    epoch: int
    counter: int
    kid: str
    raw: bytes


class Store:
    """The open database. Raises: UsageError when it cannot be opened."""

    def __init__(self, path: Path) -> None:
        try:
            # Evidence tells a household's day: only the own user may read it. SQLite gives -wal and -shm the same mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare(path)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot use the database {path}: {error}") from error

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; durable when the block is left."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- evidence ---

    def keep_page(self, page: Page, raw: bytes, received_s: int) -> None:
        """Add a page and its records."""
        self._db.execute(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)",
            (page.agent, page.first_seq, page.last_seq, page.epoch, page.hash.hex(), received_s, raw),
        )
        for record in page.records:
            at_ms = page.base_s * 1000 + record.end_ms
            civil_ms = page.civil_s * 1000 + record.end_ms if page.civil_s else None
            body = json.dumps(record.as_json())
            self._db.execute(
                "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)",
                (page.agent, record.seq, page.epoch, record.kind, at_ms, civil_ms, body),
            )
            if record.kind == "decision":
                found = (page.agent, record.seq, record.fields["command"].hex(), record.fields["reason"])
                self._db.execute("INSERT INTO decisions VALUES (?, ?, ?, ?)", found)

    def overlapping(self, page: Page) -> list[str]:
        """Return the hashes of stored pages that share a record number with this one."""
        found = self._db.execute(
            "SELECT hash FROM pages WHERE agent = ? AND first_seq <= ? AND last_seq >= ?",
            (page.agent, page.last_seq, page.first_seq),
        )
        return [row[0] for row in found]

    def page_from(self, agent: str, seq: int) -> tuple[int, bytes] | None:
        """Return (first number, bytes) of the first stored page that begins at `seq` or later."""
        found: tuple[int, bytes] | None = self._db.execute(
            "SELECT first_seq, raw FROM pages WHERE agent = ? AND first_seq >= ? ORDER BY first_seq LIMIT 1",
            (agent, seq),
        ).fetchone()
        return found

    def pages_from(self, agent: str, seq: int) -> Iterator[bytes]:
        """Yield an agent's pages that begin at `seq` or later, in their order."""
        rows = self._db.execute(
            "SELECT raw FROM pages WHERE agent = ? AND first_seq >= ? ORDER BY first_seq", (agent, seq)
        )
        for row in rows:
            yield row[0]

    def drop_page(self, agent: str, first_seq: int) -> None:
        """Remove a page that turned out to be none of its agent's, with its records."""
        query = "DELETE FROM pages WHERE agent = ? AND first_seq = ? RETURNING last_seq"
        ((last_seq,),) = self._db.execute(query, (agent, first_seq)).fetchall()
        for table in ("records", "decisions"):
            query = f"DELETE FROM {table} WHERE agent = ? AND seq BETWEEN ? AND ?"  # noqa: S608 - a table of ours
            self._db.execute(query, (agent, first_seq, last_seq))

    def pages(self, agent: str) -> Iterator[bytes]:
        """Yield an agent's pages in their order."""
        return self.pages_from(agent, 0)

    def page_counts(self, agent: str) -> tuple[int, int]:
        """Return the number of pages and of records."""
        count, records = self._db.execute(
            "SELECT count(*), coalesce(sum(last_seq - first_seq + 1), 0) FROM pages WHERE agent = ?", (agent,)
        ).fetchone()
        return count, records

    def records(self, agent: str, kind: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield an agent's decoded records in their order."""
        rows = self._db.execute(
            "SELECT epoch, at_ms, civil_ms, body FROM records WHERE agent = ? AND (? IS NULL OR kind = ?) ORDER BY seq",
            (agent, kind, kind),
        )
        for epoch, at_ms, civil_ms, body in rows:
            # A reading's own end_s counts from its page; at_ms and civil_ms are absolute.
            yield {**json.loads(body), "epoch": epoch, "at_ms": at_ms, "civil_ms": civil_ms}

    def record(self, agent: str, seq: int, kind: str) -> dict[str, Any] | None:
        """Return an agent's record of this number, None where there is none of this kind."""
        found = self._db.execute(
            "SELECT body FROM records WHERE agent = ? AND seq = ? AND kind = ?", (agent, seq, kind)
        ).fetchone()
        told: dict[str, Any] | None = None if found is None else json.loads(found[0])
        return told

    def decisions(self, commands: list[str]) -> list[tuple[str, int, int]]:
        """Return (command, number of the record, reason) of what agents answered to any of the commands."""
        marks = ",".join("?" * len(commands))
        # Only question marks are put in.
        query = f"SELECT command, seq, reason FROM decisions WHERE command IN ({marks}) ORDER BY seq"  # noqa: S608
        return list(self._db.execute(query, commands))

    def chain(self, agent: str) -> Chain:
        """Return the kept state of an agent's chain, or a new one."""
        found = self._db.execute("SELECT state FROM chains WHERE agent = ?", (agent,)).fetchone()
        return Chain.from_json(json.loads(found[0])) if found else Chain(agent)

    def keep_chain(self, chain: Chain) -> None:
        """Replace the kept state."""
        state = json.dumps(chain.as_json())
        self._db.execute("INSERT OR REPLACE INTO chains VALUES (?, ?)", (chain.agent, state))

    def keep_fault(self, fault: Fault, found_s: int) -> None:
        """Add a fault of a page that was taken all the same: it is evidence, too."""
        self._db.execute(
            "INSERT INTO faults (agent, seq, name, detail, found_s) VALUES (?, ?, ?, ?, ?)",
            (fault.agent, fault.seq, fault.name, fault.detail, found_s),
        )

    def faults(self, agent: str) -> list[dict[str, Any]]:
        """Return what is wrong with an agent's stored pages."""
        rows = self._db.execute("SELECT seq, name, detail FROM faults WHERE agent = ? ORDER BY id", (agent,))
        return [{"seq": seq, "name": name, "detail": detail} for seq, name, detail in rows]

    def count_refusal(self, agent: str, name: str, now_s: int) -> None:
        """Count a message that was not taken."""
        self._db.execute(
            "INSERT INTO refusals VALUES (?, ?, 1, ?) "
            "ON CONFLICT DO UPDATE SET count = count + 1, last_s = excluded.last_s",
            (agent, name, now_s),
        )

    def refusals(self, agent: str) -> dict[str, int]:
        """Return name -> count of what was not taken."""
        return dict(self._db.execute("SELECT name, count FROM refusals WHERE agent = ? ORDER BY name", (agent,)))

    # --- sessions ---

    def keep_session(self, agent: str, epoch: int, now_s: int, received_s: int, raw: bytes) -> None:
        """Replace the epoch's session."""
        found = (agent, epoch, now_s, received_s, raw)
        self._db.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?)", found)

    def last_session(self, agent: str) -> tuple[bytes, int] | None:
        """Return (bytes, when it was received) of the newest session."""
        found: tuple[bytes, int] | None = self._db.execute(
            "SELECT raw, received_s FROM sessions WHERE agent = ? ORDER BY epoch DESC LIMIT 1", (agent,)
        ).fetchone()
        return found

    # --- commands ---

    def use_counter(self, kid: str, at_least: int) -> int:
        """Return a counter that this key never used before, and keep it used."""
        found = self._db.execute("SELECT highest FROM counters WHERE kid = ?", (kid,)).fetchone()
        counter = max(found[0] if found else 0, at_least) + 1
        self._db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (kid, counter))
        return counter

    def add_order(self, agent: str, authority: str, kind: int, body: bytes, until_s: int) -> Order:
        """Add a pending order."""
        cursor = self._db.execute(
            "INSERT INTO orders (agent, authority, kind, body, until_s, state) VALUES (?, ?, ?, ?, ?, ?)",
            (agent, authority, kind, body, until_s, PENDING),
        )
        assert cursor.lastrowid is not None
        return Order(cursor.lastrowid, agent, authority, kind, body, until_s, PENDING)

    def set_state(self, order_id: int, state: str) -> None:
        """Settle an order."""
        self._db.execute("UPDATE orders SET state = ? WHERE id = ?", (state, order_id))

    def order(self, order_id: int) -> Order:
        """Return one order."""
        return Order(*self._db.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone())

    def pending(self, agent: str) -> list[Order]:
        """Return an agent's orders that nothing was heard of."""
        rows = self._db.execute("SELECT * FROM orders WHERE agent = ? AND state = 'pending' ORDER BY id", (agent,))
        return [Order(*row) for row in rows]

    def add_command(self, command: Command) -> None:
        """Add a signed attempt; the same bytes once more change nothing."""
        self._db.execute(
            "INSERT OR IGNORE INTO commands VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                command.command,
                command.number,
                command.order_id,
                command.agent,
                command.epoch,
                command.counter,
                command.kid,
                command.raw,
            ),
        )

    def command(self, command: str) -> Command | None:
        """Return one attempt."""
        found = self._db.execute("SELECT * FROM commands WHERE command = ?", (command,)).fetchone()
        return Command(*found) if found else None

    def attempts(self, order_id: int) -> list[Command]:
        """Return an order's attempts, oldest first."""
        rows = self._db.execute("SELECT * FROM commands WHERE order_id = ? ORDER BY number", (order_id,))
        return [Command(*row) for row in rows]

    def _prepare(self, path: Path) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self.transaction():
                for statement in SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise UsageError(f"the database {path} has version {version}, expected {SCHEMA_VERSION}")
