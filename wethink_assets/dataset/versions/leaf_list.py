"""List of the leaves of a version's Merkle tree, by which a proof of a file reads a few of them and not all that the version rests on.

`leaves.txt` has the leaves in their order, lines as `sha256sum` writes them. They go in groups of a power of two, so that the node over each group is
one of the tree's own; `leaves.json` names of each group its first path, the byte at which it ends and that node. So whoever proves a file reads
`leaves.json` and the groups that its path would be in, and has every hash that leads to the root; lines and nodes that lead elsewhere are not given
out. Both are named by the manifest and are no leaves themselves. Versions of earlier releases have neither.

It is for stores that are far away: on a disk the leaves are computed from what the version names, which compares more.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.dataset.versions.manifest import LEAF_FILES, named_root, version_folder
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.storage.merkle_tree import MerkleTree
from wethink_assets.storage.records import read_record
from wethink_assets.storage.seals import seal_of
from wethink_assets.storage.store import Store

__all__ = ["LeafList", "leaf_line", "write_leaf_list"]

GROUPS, LINES = LEAF_FILES
FEWEST_LEAVES = 64
"""Leaves of a group, at least."""


class Groups(BaseModel):
    """The groups of a version's leaves. level: a group has 2 to the power of it, the last one what is left; groups: first path, end, node in hex."""

    model_config = ConfigDict(frozen=True)

    version: str
    leaves: int
    level: int
    groups: tuple[tuple[str, int, str], ...]
    seal: str = ""


def leaf_line(path: str, sha256: str) -> bytes:
    """What the leaf of a file holds.

    >>> leaf_line("cuts/v0001.json", "ab12")
    b'ab12  cuts/v0001.json'
    """
    return f"{sha256}  {path}".encode()


def write_leaf_list(folder: Path, version: str, leaves: pl.DataFrame, tree: MerkleTree) -> tuple[str, ...]:
    """Write both files into a folder; returns their names.

    Args:
        leaves: `path` and `sha256`, sorted by path; tree: over their lines.
    """
    level = max(isqrt(leaves.height) // 2, FEWEST_LEAVES).bit_length() - 1
    nodes = tree.nodes(level)
    groups: list[tuple[str, int, str]] = []
    with (folder / LINES).open("wb") as stream:
        for number, group in enumerate(leaves.iter_slices(1 << level)):
            stream.write(b"".join(leaf_line(path, sha256) + b"\n" for path, sha256 in group.iter_rows()))
            groups.append((group["path"][0], stream.tell(), nodes[number].hex()))
    named = Groups(version=version, leaves=leaves.height, level=level, groups=tuple(groups))
    sealed = named.model_copy(update={"seal": seal_of(named)})
    (folder / GROUPS).write_text(sealed.model_dump_json() + "\n", encoding="utf-8")
    return LEAF_FILES


@dataclass(frozen=True)
class LeafList:
    """The leaves of one version; its nodes were found to lead to the root that the manifest names."""

    store: Store
    named: Groups
    tree: MerkleTree

    @classmethod
    def of(cls, store: Store, version: str) -> "LeafList | None":
        """That of a version; None where it has none, or all of it lies on this machine.

        Raises `VersionError` where it was altered, or is not that of the version's root.
        """
        if store.local:
            return None
        path = f"{version_folder(version)}/{GROUPS}"
        try:
            named = read_record(store, path, Groups)
            if named is None:
                return None
            tree = MerkleTree.over(bytes.fromhex(node) for _, _, node in named.groups)
        except (StoreError, ValueError) as error:
            raise VersionError(f"{error}: `wethink verify {version}` lists what is wrong") from error
        root = (tree.root.hex(), named.leaves)
        if named.version != version or named.seal != seal_of(named) or root != named_root(store, version):
            raise _altered(store, path, version)
        return cls(store, named, tree)

    @property
    def root(self) -> str:
        """The root of all leaves, 64 hex digits."""
        return self.tree.root.hex()

    def proofs(self, beginnings: Sequence[str]) -> list[dict[str, Any]]:
        """Proofs of the leaves whose path begins with one of these: `path`, `sha256`, `index` and `hashes`, as `merkle_root.proofs_of` gives them.

        Raises `VersionError` where lines are missing or are not those of the root.
        """
        starts = [first for first, _, _ in self.named.groups]
        numbers = {
            number
            for beginning in beginnings
            for number in range(
                max(bisect_right(starts, beginning) - 1, 0), bisect_right(starts, f"{beginning}\U0010ffff")
            )
        }
        return [proof for number in sorted(numbers) for proof in self._of_group(number, tuple(beginnings))]

    def _of_group(self, number: int, beginnings: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        version, (_, end, node) = self.named.version, self.named.groups[number]
        path = f"{version_folder(version)}/{LINES}"
        begin = self.named.groups[number - 1][1] if number else 0
        try:
            lines = self.store.read_range(path, begin, end).split(b"\n")[:-1]
        except StoreError as error:
            raise VersionError(str(error)) from error
        group = MerkleTree(lines)
        if group.root.hex() != node:
            raise _altered(self.store, path, version)
        for place, line in enumerate(lines):
            sha256, _, named = line.decode().partition("  ")
            if named.startswith(beginnings):
                hashes = [*group.path(place), *self.tree.path(number)]
                index = (number << self.named.level) + place
                yield {"path": named, "sha256": sha256, "index": index, "hashes": [each.hex() for each in hashes]}


def _altered(store: Store, path: str, version: str) -> VersionError:
    return VersionError(
        f"{store.link(path)} was altered since the version was built: `wethink verify {version}` lists what is wrong"
    )
