"""The Merkle tree hash over a page's records.

Source: RFC 9162 section 2.1.1. A leaf is SHA-256(00 || record), a node SHA-256(01 || left || right);
a tree of n leaves is split at the largest power of two below n.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.wire import sha256


def root_of(records: Sequence[bytes]) -> bytes:
    """Return the tree hash of at least one record."""
    stack: list[tuple[int, bytes]] = []  # (leaves, hash) of full subtrees, sizes falling
    for record in records:
        leaves, node = 1, sha256(b"\x00" + record)
        while stack and stack[-1][0] == leaves:
            node = sha256(b"\x01" + stack.pop()[1] + node)
            leaves *= 2
        stack.append((leaves, node))
    root = stack.pop()[1]
    while stack:
        root = sha256(b"\x01" + stack.pop()[1] + root)
    return root
