"""The tree hash against known roots and against the standard's own recursive definition.

Source: RFC 9162 section 2.1.1; leaves and roots as in Certificate Transparency's reference tests (RFC 6962 trees).
"""

from __future__ import annotations

import hashlib

from agent.merkle import MerkleTree

EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def sha256(piece):
    return hashlib.sha256(piece).digest()


def root_by_definition(records):
    if not records:
        return sha256(b"")
    if len(records) == 1:
        return sha256(b"\x00" + records[0])
    half = 1
    while half * 2 < len(records):
        half *= 2
    return sha256(b"\x01" + root_by_definition(records[:half]) + root_by_definition(records[half:]))


def test_an_empty_tree_has_the_hash_of_nothing():
    assert MerkleTree().root() == bytes.fromhex(EMPTY_ROOT)


def test_roots_are_the_known_ones_after_each_leaf():
    tree = MerkleTree()
    for leaf, root in zip(LEAVES, ROOTS):
        tree.add(bytes.fromhex(leaf))
        assert tree.root() == bytes.fromhex(root), tree.count


def test_every_size_agrees_with_the_definition():
    tree = MerkleTree()
    records = []
    for number in range(70):
        records.append(b"record %d" % number)
        tree.add(records[-1])
        assert tree.root() == root_by_definition(records), number
    assert tree.count == 70


def test_a_thousand_records_take_ten_hashes():
    tree = MerkleTree()
    for number in range(1023):
        tree.add(number.to_bytes(2, "big"))
    assert len(tree._peaks) == 10


def test_a_node_cannot_be_passed_off_as_a_record():
    both = MerkleTree()
    both.add(b"a")
    both.add(b"b")
    forged = MerkleTree()
    forged.add(sha256(b"\x00a") + sha256(b"\x00b"))
    assert both.root() != forged.root()
