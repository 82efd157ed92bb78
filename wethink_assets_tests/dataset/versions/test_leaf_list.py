"""A proof from a list of leaves is that of all leaves, reads little of them, and nothing of a list that was altered is given out."""

import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dataset.lineage.row_proof import prove_row
from wethink_assets.dataset.versions.leaf_list import GROUPS, LINES, Groups, LeafList, write_leaf_list
from wethink_assets.dataset.versions.merkle_root import tree_of
from wethink_assets.dataset.versions.rebuild import rebuild_version
from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.merkle_tree import MerkleTree, root_by_path
from wethink_assets.storage.seals import seal_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.faulty_s3 import FaultyS3, faulty_s3
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, rows_of


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[FaultyS3]:
    with faulty_s3(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def far(local: Store, grower: Grower, s3: S3Server, proxy: FaultyS3) -> Store:
    """A store on S3 with a version of the grown one, read through a proxy that counts."""
    version = cut(local)
    far = Store.open(f"s3://{s3.bucket}/{uuid.uuid4().hex}", **s3.options | {"endpoint_url": proxy.endpoint})
    for path in (path for folder in ("tables", f"versions/{version}", "cuts") for path in local.files(folder)):
        far.publish(path, local.read(path))
    proxy.clear()
    return far


def test_nothing_that_all_rows_rest_on_is_read(local: Store, far: Store, proxy: FaultyS3) -> None:
    row = rows_of(local, "v0001")["row_id"][0]
    proxy.clear()
    proof = prove_row(far, row)
    read = {"/".join(request.path.split("/")[3:]) for request in proxy.requests if request.method == "GET"}
    assert "versions/v0001/leaves.txt" in read
    assert not read & {"versions/v0001/rows.parquet", "cuts/v0001.json"}
    commits = {path for path in read if "/commits/" in path}
    assert commits == {file["path"] for file in proof["files"] if "/commits/" in file["path"]}


def drawn(rng: random.Random, files: int) -> pl.DataFrame:
    """So many files, of which one name begins with another."""
    names = {f"blobs/{rng.getrandbits(32):08x}.png" for _ in range(files)}
    names |= {f"{name}~" for name in sorted(names)[:1]}
    paths = sorted(names)[:files]
    return pl.DataFrame({"path": paths, "sha256": [sha256_hex(path.encode()) for path in paths]})


@pytest.mark.parametrize("files", [1, 2, 63, 64, 65, 128, 129, 1000, 17_000])
def test_each_leaf_is_proven_from_its_group(local: Store, tmp_path: Path, files: int) -> None:
    rng = random.Random(files)
    leaves = drawn(rng, files)
    tree = tree_of(leaves)
    write_leaf_list(tmp_path, "v0009", leaves, tree)
    local.publish_file(f"versions/v0009/{LINES}", tmp_path / LINES)
    named = Groups.model_validate_json((tmp_path / GROUPS).read_text())
    upper = MerkleTree.over(bytes.fromhex(node) for _, _, node in named.groups)
    assert upper.root == tree.root and len(named.groups) <= 4 * files**0.5 + 1
    listed = LeafList(local, named, upper)
    for index in {0, files - 1, *rng.sample(range(files), min(files, 4))}:
        path, sha256 = leaves.row(index)
        proofs = [proof for proof in listed.proofs([path]) if proof["path"] == path]
        assert [(proof["sha256"], proof["index"]) for proof in proofs] == [(sha256, index)]
        assert proofs[0]["hashes"] == [each.hex() for each in tree.path(index)]
        beside = [bytes.fromhex(each) for each in proofs[0]["hashes"]]
        assert root_by_path(f"{sha256}  {path}".encode(), index, files, beside) == tree.root
    assert listed.proofs(["zzz", "blobs/none", "a"]) == []


@pytest.mark.parametrize("name", [GROUPS, LINES])
def test_what_was_altered_is_not_given_out(local: Store, far: Store, name: str) -> None:
    path, row = f"versions/v0001/{name}", rows_of(local, "v0001")["row_id"][0]
    whole = far.read(path)
    for altered in (
        whole.replace(b"blobs/", b"globs/"),
        whole[: len(whole) // 2],
        whole.replace(b"v0001", b"v0002"),
        b"{",
        b"",
    ):
        far.publish(path, altered)
        with pytest.raises(VersionError, match=rf"{name} (was altered|is damaged)"):
            prove_row(far, row)


def test_groups_that_are_sealed_anew_and_lead_elsewhere_are_not_given_out(local: Store, far: Store) -> None:
    named = Groups.model_validate_json(far.read(f"versions/v0001/{GROUPS}"))
    first, end, _ = named.groups[0]
    for update in (
        {"groups": ((first, end, "0" * 64), *named.groups[1:])},
        {"leaves": named.leaves + 1},
        {"groups": ()},
    ):
        forged = named.model_copy(update=update)
        sealed = forged.model_copy(update={"seal": seal_of(forged)})
        far.publish(f"versions/v0001/{GROUPS}", sealed.model_dump_json().encode())
        with pytest.raises(VersionError, match=rf"{GROUPS} was altered"):
            prove_row(far, rows_of(local, "v0001")["row_id"][0])


def test_a_commit_whose_bytes_are_others_is_not_proven(local: Store, far: Store) -> None:
    path = "tables/answers/coco.000001/commits/000001.json"
    far.publish(path, far.read(path) + b"\n")
    row = rows_of(local, "v0001").filter(pl.col("batch") == "coco.000001")["row_id"][0]
    with pytest.raises(VersionError, match="is not the file of which the root of v0001 is"):
        prove_row(far, row)


def test_without_a_manifest_nothing_is_proven(local: Store, far: Store) -> None:
    row = rows_of(local, "v0001")["row_id"][0]
    far.publish("versions/v0001/manifest.json", far.read("versions/v0001/manifest.json").replace(b'"root"', b'"boot"'))
    with pytest.raises(VersionError, match="names no root"):
        prove_row(far, row)


def test_both_files_are_rebuilt_to_the_byte_and_are_no_leaves(local: Store, grower: Grower) -> None:
    version = cut(local)
    files = rebuild_version(local, version).files
    assert files[LINES] == files[GROUPS] == "bytes"
    assert "leaves." not in local.read(f"versions/{version}/{LINES}").decode()
