"""The manifest of a version: what it was made from, and digests of its content."""

import polars as pl

from wethink_assets.dataset.versions.manifest import content_digest, read_manifest
from wethink_assets.identity import data_version, sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, rows_of


def test_the_manifest_says_what_the_version_was_made_from(local: Store, grower: Grower) -> None:
    built(local)
    manifest = read_manifest(local, "v0001")
    assert {used.identity["model_id"] for used in manifest.models} == {"seer-1", "thinker-1", "third-1"}
    assert [(used.asset, used.name, used.batches) for used in manifest.prompts] == [("questions", "question", 3)]
    assert {entry.run_id for entry in manifest.inputs} == {"run-1"}
    for name, file in manifest.files.items():
        data = local.read(f"versions/v0001/{name}")
        assert (file.sha256, file.bytes) == (sha256_hex(data), len(data))
    assert manifest.files["rows.parquet"].content == data_version(rows_of(local, "v0001"))


def test_digests_do_not_depend_on_slices() -> None:
    frame = pl.DataFrame({"a": range(50), "b": [["x"], []] * 25, "c": [{"d": None}] * 50})
    for size in (7, 50, 1000):
        assert content_digest(frame.lazy(), size) == (50, data_version(frame))
