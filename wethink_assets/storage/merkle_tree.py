"""A Merkle tree over byte strings, by which one hash stands for all of them and a few more prove that one is among them.

The construction is that of Certificate Transparency (RFC 9162, section 2.1, the same as RFC 6962): a leaf is SHA-256 over 0x00 and its bytes, a node
over 0x01 and its two children, so that no node passes for a leaf; where a level has an odd number, its last goes up as it is.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

__all__ = ["MerkleTree", "leaf_hash", "root_by_path"]


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf, 32 bytes."""
    return sha256(b"\x00" + data).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _levels_over(nodes: list[bytes]) -> list[list[bytes]]:
    levels = [nodes]
    while len(below := levels[-1]) > 1:
        paired = [_node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        levels.append(paired + below[2 * len(paired) :])
    return levels


class MerkleTree:
    """The tree over leaves in their order, all hashes of it held in memory: about 150 bytes a leaf.

    Args:
        leaves: what the leaves hold; of none, the root is SHA-256 over nothing, as the RFC has it.
    """

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._levels = _levels_over([leaf_hash(leaf) for leaf in leaves])

    @classmethod
    def over(cls, nodes: Iterable[bytes]) -> "MerkleTree":
        """The upper part of a tree, from the hashes of a level on (`nodes`): its root is that of the whole, its paths lead on from there."""
        tree = cls(())
        tree._levels = _levels_over(list(nodes))
        return tree

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """The hash that stands for all leaves and their order, 32 bytes."""
        return self._levels[-1][0] if len(self) else sha256().digest()

    def nodes(self, level: int) -> list[bytes]:
        """Hashes of a level, 0 being that of the leaves: each stands for 2 to the power of `level` leaves, the last one for what is left."""
        return self._levels[min(level, len(self._levels) - 1)]

    def path(self, index: int) -> list[bytes]:
        """Hashes that lead from a leaf to the root, the nearest first; at most log2 of the number of leaves, rounded up.

        Raises `IndexError` where there is no such leaf.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"there is no leaf {index} among {len(self)}")
        beside = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                beside.append(level[index ^ 1])
            index >>= 1
        return beside


def root_by_path(leaf: bytes, index: int, leaves: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf leads to (RFC 9162, section 2.1.3.2); it proves the leaf where it is the root that is known from elsewhere.

    Args:
        leaf: what the leaf holds; index: its place; leaves: how many there are; path: as `MerkleTree.path` gives it.

    None where a tree of so many leaves has no such path from there. The number of leaves is known with the root: the root alone does not say it.
    """
    if not 0 <= index < leaves:
        return None
    place, last, found = index, leaves - 1, leaf_hash(leaf)
    for beside in path:
        if not last:
            return None
        if place & 1 or place == last:
            found = _node_hash(beside, found)
            while place and not place & 1:  # levels on which the node was the odd one and went up as it is
                place, last = place >> 1, last >> 1
        else:
            found = _node_hash(found, beside)
        place, last = place >> 1, last >> 1
    return None if last else found
