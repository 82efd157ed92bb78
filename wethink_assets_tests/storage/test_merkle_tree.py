"""A proof leads to the root, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.storage.merkle_tree import MerkleTree, leaf_hash, root_by_path

LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=40)
PUBLISHED = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]


@pytest.mark.parametrize(
    ("leaves", "root"),
    [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ],
)
def test_roots_that_certificate_transparency_publishes(leaves: int, root: str) -> None:
    assert MerkleTree(map(bytes.fromhex, PUBLISHED[:leaves])).root.hex() == root


@given(LEAVES, st.data())
def test_a_proof_leads_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    tree, index = MerkleTree(leaves), data.draw(st.integers(0, len(leaves) - 1))
    path = tree.path(index)
    assert root_by_path(leaves[index], index, len(leaves), path) == tree.root
    assert len(path) <= (len(leaves) - 1).bit_length()


@given(LEAVES, st.data())
def test_a_proof_of_anything_else_does_not(leaves: list[bytes], data: st.DataObject) -> None:
    tree, index = MerkleTree(leaves), data.draw(st.integers(0, len(leaves) - 1))
    path = tree.path(index)
    other = data.draw(st.binary(max_size=70).filter(lambda leaf: leaf != leaves[index]))
    assert root_by_path(other, index, len(leaves), path) != tree.root
    elsewhere = data.draw(st.integers(-1, len(leaves)).filter(lambda at: at != index))
    if not 0 <= elsewhere < len(leaves) or len(set(leaves)) == len(leaves):
        assert root_by_path(leaves[index], elsewhere, len(leaves), path) != tree.root
    for at in range(len(path)):
        flipped = bytes([path[at][0] ^ 1]) + path[at][1:]
        assert root_by_path(leaves[index], index, len(leaves), [*path[:at], flipped, *path[at + 1 :]]) != tree.root
        assert root_by_path(leaves[index], index, len(leaves), path[:at] + path[at + 1 :]) != tree.root
    assert root_by_path(leaves[index], index, len(leaves), [*path, bytes(32)]) != tree.root


@given(LEAVES, st.data())
def test_other_leaves_or_another_order_or_number_have_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    others = data.draw(st.one_of(LEAVES, st.permutations(leaves), st.just(leaves[:-1]), st.just([*leaves, leaves[-1]])))
    assert (MerkleTree(others).root == MerkleTree(leaves).root) == (others == leaves)


@given(LEAVES.filter(lambda leaves: len(leaves) > 1))
def test_a_node_does_not_pass_for_a_leaf(leaves: list[bytes]) -> None:
    pairs = [
        b"".join(map(leaf_hash, leaves[at : at + 2])) if at + 1 < len(leaves) else leaves[at]
        for at in range(0, len(leaves), 2)
    ]
    assert MerkleTree(pairs).root != MerkleTree(leaves).root


def test_no_such_leaf() -> None:
    with pytest.raises(IndexError, match="no leaf 2 among 2"):
        MerkleTree([b"a", b"b"]).path(2)
