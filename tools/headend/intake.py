"""Pages in, receipts out: nothing is confirmed before it is verified and durable.

A page that is broken by itself, or that contradicts one already stored, is refused: counted, logged, no
receipt. A good page is stored whatever its place in the chain, because an agent may send the newest first;
the chain is judged as far as it is whole, and what is wrong with it is kept beside it as a fault.
"""

from __future__ import annotations

import logging
import time

from cryptography.hazmat.primitives.asymmetric import ec

from tools import wire
from tools.headend.sessions import Sessions
from tools.headend.store import Store
from tools.verifier import Chain, Fault, Page, read_page
from tools.verifier.enrolments import overlaps

log = logging.getLogger("siteward.headend")


class Intake:
    """Takes what agents send about themselves."""

    def __init__(
        self, store: Store, sessions: Sessions, keys: dict[str, bytes], receipt_key: ec.EllipticCurvePrivateKey
    ) -> None:
        """Judge for agents whose first keys are given; `sessions` knows their later ones."""
        self._store = store
        self._sessions = sessions
        self._agents = set(keys)
        self._keys = sessions.keys
        self._receipt_key = receipt_key
        self.chains: dict[str, Chain] = {}
        self.duplicates = 0
        for agent in keys:  # a page may have been stored just before the end
            self._learn_keys(agent)
            self.follow_chain(agent)

    def take_page(self, agent: str, raw: bytes) -> bytes | None:
        """Judge and keep one page; return the receipt to send, None when it is refused."""
        found = read_page(raw, self._keys)
        if found.page is None or found.faults:
            self.refuse(agent, found.faults[0].name, found.faults[0].detail)
            return None
        if found.page.agent != agent:
            self.refuse(agent, "wrong_agent", f"a page of {found.page.agent}")
            return None
        refused = self._refused(found.page)
        if refused is not None:
            self.refuse(agent, refused.name, refused.detail)
            return None
        page = found.page
        stored = self._store.overlapping(page)
        if stored and stored != [page.hash.hex()]:
            self.refuse(agent, "fork", f"records {page.first_seq}..{page.last_seq} with other content")
            return None
        if stored:
            self.duplicates += 1
        else:
            with self._store.transaction():
                self._store.keep_page(page, raw, int(time.time()))
            self._keys.learn_from(agent, page.records)
            self.follow_chain(agent)
        return self._receipt(page)

    def follow_chain(self, agent: str) -> None:
        """Judge stored pages as far as they join, or as the agent says that it no longer has what is missing."""
        chain = self._store.chain(agent)  # a copy: the one in memory moves on when this one is durable
        with self._store.transaction():
            page = self._next_page(chain)
            moved = page is not None
            while page is not None:
                refused = chain.refuses(page)
                if refused is not None:  # it came before the page that ended its key
                    self._store.drop_page(agent, page.first_seq)
                for fault in [refused] if refused is not None else chain.take(page):
                    self._note(fault)
                page = self._next_page(chain)
            if moved:
                self._store.keep_chain(chain)
        self.chains[agent] = chain

    def refuse(self, agent: str, name: str, detail: str) -> None:
        """Count and log a message that is not taken."""
        log.warning("agent %s: refused, %s: %s", agent, name, detail)
        with self._store.transaction():
            self._store.count_refusal(agent if agent in self._agents else "", name, int(time.time()))

    def faults(self, agent: str) -> list[Fault]:
        """Return the holes in what was judged so far, and what it has enrolled that somebody else has, too."""
        enrolled = overlaps((chain.agent, chain.history.enrolments) for chain in self.chains.values())
        return self.chains[agent].missing() + [fault for fault in enrolled if fault.agent == agent]

    def _note(self, fault: Fault) -> None:
        log.warning("agent %s: %s", fault.agent, fault.line())
        self._store.keep_fault(fault, int(time.time()))

    def _refused(self, page: Page) -> Fault | None:
        """Judge the key where the chain has come to this page or further."""
        chain = self.chains[page.agent]
        return chain.refuses(page) if chain.next_seq is not None and page.first_seq <= chain.next_seq else None

    def _learn_keys(self, agent: str) -> None:
        """Know the keys that stored pages begin, also of those that wait for their predecessors."""
        chain = self._store.chain(agent)
        for public_key in chain.keys.later.values():
            self._keys.learn(agent, bytes.fromhex(public_key))
        waiting = True
        while waiting:  # a key may sign the page that begins another
            pages = [read_page(raw, self._keys).page for raw in self._store.pages_from(agent, chain.next_seq or 0)]
            before = self._keys.count
            for page in pages:
                self._keys.learn_from(agent, page.records if page else ())
            waiting = self._keys.count > before

    def _next_page(self, chain: Chain) -> Page | None:
        expected = 0 if chain.next_seq is None else chain.next_seq
        page = None
        while page is None:
            stored = self._store.page_from(chain.agent, expected)
            if stored is None:
                return None
            first_seq, raw = stored
            found = read_page(raw, self._keys)
            page = found.page
            if page is None:  # its key was revoked since, or that of the page that began its key
                self._note(found.faults[0])
                self._store.drop_page(chain.agent, first_seq)
        begins = chain.next_seq is None and page.prev == bytes(32)
        session = self._sessions.newest(chain.agent)
        never_comes = session is not None and first_seq <= session.released_seq
        return page if first_seq == chain.next_seq or begins or never_comes else None

    def _receipt(self, page: Page) -> bytes:
        payload = wire.receipt(bytes.fromhex(page.agent), page.last_seq, page.hash, int(time.time()))
        return wire.seal(payload, self._receipt_key)
