"""Which record numbers an agent's pages, or its disclosures, have covered so far, to tell a duplicate from a fork."""

from __future__ import annotations

from array import array
from bisect import bisect_right

from tools.verifier.page import Header

PAGES_MAX = 1 << 20  # of one agent whose hashes are kept; of earlier ones only the numbers
HASH_BYTES = 16  # of each page hash: two pages that share them do not come about by chance


class Known:
    """The covered numbers; 32 bytes a page, and one range a hole once there are more than PAGES_MAX."""

    def __init__(self) -> None:
        self._firsts = array("Q")
        self._lasts = array("Q")
        self._hashes = bytearray()
        self._forgotten: list[list[int]] = []  # first and last number of runs, of pages whose hash is not kept

    def add(self, page: Header) -> None:
        """Remember a page that overlaps with none."""
        if not self._firsts or page.first_seq > self._firsts[-1]:  # as nearly always: behind all others
            self._firsts.append(page.first_seq)
            self._lasts.append(page.last_seq)
            self._hashes += page.hash[:HASH_BYTES]
            if len(self._firsts) > PAGES_MAX:
                self._forget(PAGES_MAX // 8)
            return
        at = bisect_right(self._firsts, page.first_seq)
        self._firsts.insert(at, page.first_seq)
        self._lasts.insert(at, page.last_seq)
        self._hashes[at * HASH_BYTES : at * HASH_BYTES] = page.hash[:HASH_BYTES]

    def drop(self, page: Header) -> None:
        """Forget a page that was added and is none of this chain."""
        at = bisect_right(self._firsts, page.first_seq) - 1
        if at >= 0 and self._firsts[at] == page.first_seq:
            del self._firsts[at], self._lasts[at], self._hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]

    def has(self, page: Header) -> bool:
        """Tell whether this very page was seen, or its numbers so long ago that nobody can tell."""
        at = bisect_right(self._firsts, page.first_seq) - 1
        if at >= 0 and self._firsts[at] == page.first_seq:
            kept = self._hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            return self._lasts[at] == page.last_seq and page.hash.startswith(kept)
        return any(first <= page.first_seq and page.last_seq <= last for first, last in self._forgotten)

    def overlaps(self, page: Header) -> bool:
        """Tell whether any record number of the page was covered before."""
        if self._lasts and page.first_seq > self._lasts[-1]:
            return False
        before = bisect_right(self._firsts, page.last_seq) - 1
        if before >= 0 and self._lasts[before] >= page.first_seq:
            return True
        return any(first <= page.last_seq and page.first_seq <= last for first, last in self._forgotten)

    def contradicts(self, page: Header) -> bool:
        """Tell whether another page was seen that has any of its numbers."""
        return self.overlaps(page) and not self.has(page)

    def _forget(self, count: int) -> None:
        """Keep only the runs of numbers of the earliest pages."""
        ranges = sorted([*self._forgotten, *map(list, zip(self._firsts[:count], self._lasts[:count], strict=True))])
        self._forgotten = ranges[:1]
        for first, last in ranges[1:]:
            if first == self._forgotten[-1][1] + 1:
                self._forgotten[-1][1] = last
            else:
                self._forgotten.append([first, last])
        del self._firsts[:count], self._lasts[:count], self._hashes[: count * HASH_BYTES]
