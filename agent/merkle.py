"""The Merkle tree hash over a page's records, grown one record at a time.

Source: RFC 9162 section 2.1.1 (the same tree as RFC 6962 section 2.1).
One record can later be shown and proven to be in a signed page without showing the others. Leaves and nodes
are hashed with different first bytes, so that a node can never be passed off as a record.
"""

from __future__ import annotations

import hashlib

_LEAF = b"\x00"
_NODE = b"\x01"


class MerkleTree:
    """Keeps one hash per set bit of the record count; a thousand records take ten hashes."""

    def __init__(self) -> None:
        self.count = 0
        self._peaks: list[bytes] = []  # roots of full subtrees, the largest and oldest first

    def add(self, record: bytes) -> None:
        """Append one record."""
        top = _digest(_LEAF, record, b"")
        odd = self.count
        while odd & 1:
            top = _digest(_NODE, self._peaks.pop(), top)
            odd >>= 1
        self._peaks.append(top)
        self.count += 1

    def root(self) -> bytes:
        """Return the tree hash over all records so far; more may be added after."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        top = self._peaks[-1]
        for at in range(len(self._peaks) - 2, -1, -1):
            top = _digest(_NODE, self._peaks[at], top)
        return top


def _digest(first: bytes, left: bytes, right: bytes) -> bytes:
    hasher = hashlib.sha256(first)
    hasher.update(left)
    hasher.update(right)
    return hasher.digest()
