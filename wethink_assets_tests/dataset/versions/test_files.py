"""Nothing of a version or of its tables is given out that is not what was written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.dataset.browse.collection import collection_of
from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.exports.export import export_version
from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.card import card_of
from wethink_assets.dataset.versions.files import read_statistics, scan_file
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets.training.data.rows import version_rows
from wethink_assets_tests.support.stage_tables import Grower


@pytest.fixture
def version(local: Store, grower: Grower) -> str:
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    return build_version(local, cut.version).version


def falsify(store: Store, path: str, column: str) -> None:
    """Write a table again with other values, so that it is as sound a file as before."""
    store.write_parquet(path, store.read_parquet(path).with_columns(pl.lit("false").alias(column)))


def flip(store: Store, path: str) -> None:
    data = bytearray(store.read(path))
    data[len(data) // 2] ^= 1
    store.publish(path, bytes(data))


READING: dict[str, Callable[[Store, str, str, Path], Any]] = {
    "export": lambda store, version, row, folder: export_version(store, version, folder / "out"),
    "explain": lambda store, version, row, folder: explain_row(store, row, version),
    "browse": lambda store, version, row, folder: list(collection_of(store, version).slices()),
    "diff": lambda store, version, row, folder: diff_versions(store, version, version),
    "train": lambda store, version, row, folder: version_rows(store, version, "train").collect(),
}


@pytest.mark.parametrize("reading", READING)
def test_a_version_whose_answers_were_rewritten_is_not_given_out(
    local: Store, version: str, reading: str, tmp_path: Path
) -> None:
    row = scan_file(local, version, "rows.parquet").select("row_id").collect().item(0, 0)
    READING[reading](local, version, row, tmp_path / "before")
    falsify(local, f"versions/{version}/rows.parquet", "answer")
    with pytest.raises(VersionError, match=r"rows\.parquet was altered"):
        READING[reading](local, version, row, tmp_path / "after")
    assert not (tmp_path / "after" / "out").exists()


def test_figures_and_card_that_were_edited_are_not_given_out(local: Store, version: str) -> None:
    for name, reading in (("statistics.json", read_statistics), ("README.md", card_of)):
        path = f"versions/{version}/{name}"
        whole = local.read(path)
        local.publish(path, whole.replace(b"7", b"8") + b" ")
        with pytest.raises(VersionError, match=f"{name} was altered"):
            reading(local, version)
        local.publish(path, whole)
        reading(local, version)


def test_an_export_holds_no_image_that_was_altered(local: Store, version: str, tmp_path: Path) -> None:
    path = scan_file(local, version, "rows.parquet").select("image_path").collect().item(0, 0)
    flip(local, path)
    with pytest.raises(StoreError, match="was altered"):
        export_version(local, version, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("asset", ["images", "questions", "answers", "reasoning_paths", "signatures"])
def test_no_version_is_made_from_a_table_that_was_altered(local: Store, grower: Grower, asset: str) -> None:
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    table = cut.tables["coco.000001"][asset]
    falsify(local, f"{table.folder}/results.parquet", "row_id" if asset == "reasoning_paths" else "image_id")
    with pytest.raises(StoreError, match="was altered"):
        build_version(local, cut.version)
    assert not local.exists(f"versions/{cut.version}")


def test_no_version_is_made_from_a_commit_that_was_altered(local: Store, grower: Grower) -> None:
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    path = "tables/answers/coco.000001/commits/000001.json"
    text = local.read(path).decode()
    assert '"code_version"' in text
    local.publish(path, text.replace('"code_version": "', '"code_version": "other ').encode())
    with pytest.raises(StoreError, match="its seal is not that of its content"):
        build_version(local, cut.version)
    resealed = Tables(local)
    local.publish(path, text.encode())
    other = resealed.at("answers", "coco.000001", 1).model_copy(update={"code_version": "other"}).sealed()
    local.publish(path, other.model_dump_json().encode())
    with pytest.raises(StoreError, match="not the one that was cut"):
        build_version(local, cut.version)
