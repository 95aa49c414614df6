"""The tree hash against the standard's recursive definition for any records, and a board against CPython.

Source: RFC 9162 section 2.1.1.
"""

from __future__ import annotations

import hashlib
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.merkle import MerkleTree
from tests.codec.board import ask


def by_definition(records):
    if not records:
        return hashlib.sha256(b"").digest()
    if len(records) == 1:
        return hashlib.sha256(b"\x00" + records[0]).digest()
    half = 1 << (len(records) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + by_definition(records[:half]) + by_definition(records[half:])).digest()


def grown(records):
    tree = MerkleTree()
    for record in records:
        tree.add(record)
    return tree.root()


@given(st.lists(st.binary(max_size=40), max_size=130))
@settings(max_examples=100, deadline=None)
def test_a_grown_tree_is_the_tree_of_the_definition(records):
    assert grown(records) == by_definition(records)


def test_a_board_grows_the_same_trees():
    dice = random.Random(9162)
    pages = [[dice.randbytes(dice.randrange(60)) for _ in range(count)] for count in range(34)]
    answers = ask([["merkle", *[record.hex() for record in page]] for page in pages])
    assert answers == [by_definition(page).hex() for page in pages]
