"""Which record numbers an agent's pages have covered so far, to tell a duplicate from a fork."""

from __future__ import annotations

from bisect import bisect_right, insort

from tools.verifier.page import Page


class Known:
    """The covered ranges; about 150 bytes a page."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._pages: dict[int, tuple[int, bytes]] = {}  # first -> (last, hash)

    def add(self, page: Page) -> None:
        """Remember a page that overlaps with none."""
        insort(self._firsts, page.first_seq)
        self._pages[page.first_seq] = (page.last_seq, page.hash)

    def has(self, page: Page) -> bool:
        """Tell whether this very page was seen."""
        return self._pages.get(page.first_seq) == (page.last_seq, page.hash)

    def overlaps(self, page: Page) -> bool:
        """Tell whether any record number of the page was covered before."""
        before = bisect_right(self._firsts, page.last_seq) - 1
        return before >= 0 and self._pages[self._firsts[before]][0] >= page.first_seq

    def hashes(self) -> set[bytes]:
        """Return the hash of every page seen."""
        return {page_hash for _, page_hash in self._pages.values()}
