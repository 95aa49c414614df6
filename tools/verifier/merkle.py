"""The Merkle tree over a page's salted records, and the audit path from one of them to the root.

Source: RFC 9162 sections 2.1.1 (tree), 2.1.3.1 (path) and 2.1.3.2 (its verification); docs/format.md, leaves and salts.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

SALT_BYTES = 16
DEPTH_MAX = 62  # of a tree whose leaves are numbered in 64 bits


def salt_of(salt: bytes, index: int) -> bytes:
    """Return the salt of the record at one place of a page."""
    return sha256(salt + index.to_bytes(4, "big")).digest()[:SALT_BYTES]


def leaf_of(salt: bytes, record: bytes) -> bytes:
    """Return the hash of one record behind its own salt."""
    return sha256(b"\x00" + salt + record).digest()


def leaves_of(salt: bytes, records: Sequence[bytes]) -> list[bytes]:
    """Return the leaves of a page; `salt` is the page's."""
    return [
        sha256(b"\x00" + sha256(salt + index.to_bytes(4, "big")).digest()[:SALT_BYTES] + record).digest()
        for index, record in enumerate(records)
    ]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the tree hash of at least one leaf."""
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes beside the way from one leaf to the root, from the leaf upwards."""
    path, level = [], leaves
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, index = _above(level), index >> 1
    return path


def root_by_path(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a path leads to, None when a tree of `count` leaves has no such path."""
    place, last, node = index, count - 1, leaf
    for beside in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = sha256(b"\x01" + beside + node).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + beside).digest()
        place, last = place >> 1, last >> 1
    return node if last == 0 else None


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Hash neighbours together; a last one without neighbour goes up as it is."""
    pairs = [sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) & 1 else pairs
