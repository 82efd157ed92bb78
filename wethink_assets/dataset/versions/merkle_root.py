"""The Merkle root of a version: one hash in its manifest over all files that it rests on, with proofs that a file is one of them.

A leaf is a line as `sha256sum` writes it, `<sha256>  <path in the store>`; leaves are sorted by path. They follow from what the version names: its
own files but the manifest, which holds the root, and the list of the leaves (`versions.leaf_list`); its cut; each commit of the cut with the bytes of
its tables as they were published; the image of every row; the records of what was taken down when the version was decided; and the splits of its
images in groups. What is erased later stays a leaf. Tables of before commits named bytes have none of their own: their commit's stands for them.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import FOLDER, Cut, read_cut
from wethink_assets.dataset.cuts.image_splits import read_splits, splits_path
from wethink_assets.dataset.versions.leaf_list import LeafList, leaf_line
from wethink_assets.dataset.versions.manifest import (
    LEAF_FILES,
    MANIFEST,
    Manifest,
    VersionFile,
    read_manifest,
    version_folder,
)
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.blobs import blob_path
from wethink_assets.storage.merkle_tree import MerkleTree
from wethink_assets.storage.ranges import read_columns
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import commit_path
from wethink_assets.storage.takedowns import FOLDER as TAKEDOWNS
from wethink_assets.storage.takedowns import takedown_paths

__all__ = ["leaves_of", "proofs_of", "root_faults", "root_of", "tree_of"]

IMAGE_FILE = r"([0-9a-f]{64})\.[^/]*$"  # an image is named by its hash


def _records_under(cut: Cut) -> list[str]:
    """Records that a version rests on and no other names the bytes of: its cut, the commits of it, the takedowns that it knew, its splits."""
    commits = (commit_path(entry.asset, entry.batch, entry.commit) for entry in cut.inputs)
    splits = [splits_path(cut.splits)] if cut.splits else []
    return [f"{FOLDER}/{cut.version}.json", *commits, *takedown_paths(cut.retracted), *splits]


def leaves_of(store: Store, cut: Cut, files: Mapping[str, VersionFile], rows: pl.LazyFrame) -> pl.DataFrame:
    """The files that a version rests on.

    Args:
        files: of the version, by name, without its manifest; a list of its leaves among them is none.
        rows: of the version, for `image_path`.

    Returns a frame of `path` and `sha256`, sorted by path. Raises `StoreError` naming a record that is missing.
    """
    records = _records_under(cut)
    hashes = {path: sha256_hex(data) for path, data in zip(records, store.read_many(records), strict=True)}
    folder = version_folder(cut.version)
    hashes |= {f"{folder}/{name}": file.sha256 for name, file in files.items() if name not in LEAF_FILES}
    for entry in cut.inputs:
        hashes |= {f"{entry.folder}/{name}.parquet": seal.sha256 for name, seal in entry.files.items()}
    named = pl.LazyFrame({"path": list(hashes), "sha256": list(hashes.values())})
    images = rows.select(path="image_path", sha256=pl.col("image_path").str.extract(IMAGE_FILE)).unique()
    return pl.concat([named, images]).sort("path").collect()


def _leaves(store: Store, manifest: Manifest) -> pl.DataFrame:
    """The files that a built version rests on, as `leaves_of`. Raises `VersionError` and `StoreError` naming what is missing or damaged."""
    path = f"{version_folder(manifest.version)}/rows.parquet"
    rows = store.scan_parquet(path) if store.local else read_columns(store, path, ["image_path"]).lazy()
    return leaves_of(store, read_cut(store, manifest.version), manifest.files, rows)


def tree_of(leaves: pl.DataFrame) -> MerkleTree:
    """The Merkle tree over files, as `leaves_of` gives them."""
    return MerkleTree(leaf_line(path, sha256) for path, sha256 in leaves.iter_rows())


def root_of(tree: MerkleTree) -> dict[str, str | int]:
    """Fields of the manifest that stand for all files of a version: `root`, 64 hex digits, and `leaves`, their number."""
    return {"root": tree.root.hex(), "leaves": len(tree)}


def root_faults(store: Store, manifest: Manifest, known: Set[str]) -> list[tuple[str, str, str]] | None:
    """What of a root is not seen by the hashes that cut, commits and manifest keep: path, `missing` or `altered`, and detail of each fault.

    Args:
        known: files that are known to be wrong.

    None where one of these is what the root follows from: there is nothing to compare it with.
    """
    folder = version_folder(manifest.version)
    own = {f"{folder}/{name}" for name in (*manifest.files, MANIFEST) if name not in LEAF_FILES}
    if known & {*own, f"{FOLDER}/{manifest.version}.json"}:
        return None
    cut = read_cut(store, manifest.version)
    if known & set(_records_under(cut)):
        return None
    there = set(store.files(TAKEDOWNS)) if cut.retracted else set()
    lost = [path for path in takedown_paths(cut.retracted) if path not in there]
    if lost:
        return [(path, "missing", f"{cut.version} was cut when it was in force") for path in lost]
    try:
        read_splits(store, cut.splits)
    except StoreError as error:
        path = splits_path(cut.splits)
        return [(path, "altered" if store.exists(path) else "missing", str(error))]
    found = root_of(tree_of(_leaves(store, manifest)))["root"]
    if found == manifest.root:
        return []
    detail = (
        f"its root is {manifest.root[:16]}, and {found:.16} follows from its files: the bytes of its cut, a commit or a takedown are others, "
        "`wethink verify --all` names which"
    )
    return [(f"{folder}/{MANIFEST}", "altered", detail)]


def proofs_of(store: Store, version: str, paths: Sequence[str], images: Sequence[str] = ()) -> dict[str, Any]:
    """Proofs that files are among those that a version rests on, as plain JSON values.

    Args:
        paths: of the files; one that is no leaf is left out. images: ids of images, whose files are meant too.

    Of a store that is far away a few groups of the list of leaves are read, and the commits that are proven are compared with theirs. Where an
    earlier release kept no such list, all commits and where the images of all rows lie: the root says whether that is what it was.

    Returns `root`, `leaves` and `files`: of each `path`, `sha256`, `index` and `hashes`, which lead from the leaf to `root`
    (`merkle_tree.root_by_path`). Raises `VersionError` where the version has no root, or the files are not those of which it is.
    """
    listed = LeafList.of(store, version)
    if listed is None:
        return _computed(store, read_manifest(store, version), paths, images)
    files = listed.proofs([*paths, *(blob_path(image, "") for image in images)])
    commits = {file["path"]: file["sha256"] for file in files if file["path"].endswith(".json")}
    for (path, sha256), data in zip(commits.items(), store.read_many(list(commits)), strict=True):
        if sha256_hex(data) != sha256:
            raise VersionError(
                f"{store.link(path)} is not the file of which the root of {version} is: `wethink verify {version}` lists what is wrong"
            )
    return {"root": listed.root, "leaves": listed.named.leaves, "files": files}


def _computed(store: Store, manifest: Manifest, paths: Sequence[str], images: Sequence[str]) -> dict[str, Any]:
    """Proofs as of `proofs_of`, from all that the version rests on."""
    if not manifest.root:
        raise VersionError(
            f"{manifest.version} was built by a release that gave versions no root, so nothing proves its files by one: "
            "another cut of its recipe has one, `wethink verify` compares all hashes of this one"
        )
    leaves = _leaves(store, manifest)
    tree = tree_of(leaves)
    if tree.root.hex() != manifest.root:
        raise VersionError(
            f"files that {manifest.version} rests on are not those of which its root is: `wethink verify {manifest.version}` lists what is wrong"
        )
    wanted = leaves.with_row_index().filter(
        pl.col("path").is_in(list(paths)) | pl.col("path").str.extract(IMAGE_FILE).is_in(list(images))
    )
    files = [
        {"path": path, "sha256": sha256, "index": index, "hashes": [each.hex() for each in tree.path(index)]}
        for index, path, sha256 in wanted.iter_rows()
    ]
    return {**root_of(tree), "files": files}
