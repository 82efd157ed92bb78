"""Round trips: what an export says of a row comes back with it, in every format; and rows of others keep their fields as they were read."""

import json
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.dataset.exports.export import export_formats
from wethink_assets.dataset.imports.importer import ImportOptions, import_rows
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.versions.rows import scan_rows
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.imported_pairs import pairs_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.imports.conftest import Exported
from wethink_assets_tests.support.imported_source import run_batches
from wethink_assets_tests.support.versions import built

MODES = [(name, mode) for name, form in export_formats().items() for mode in form.images]
ASKED = ("row_id", "image_id", "kind", "question", "options", "answer")
LABELS = ("category", "abilities", "licence")
WITHOUT = {  # what a format's reader has no place for
    "easyr1": {"refined_cot", "abilities"},
    "jsonl": {"licence"},
}


def imported(store: Store, folder: Path, source: str) -> pl.DataFrame:
    """All pairs of a folder, imported."""
    done = import_rows(store, Settings(), folder, source, ImportOptions())
    assert not done.rejected
    frames = [pairs_of(store, batch) for batch in list_batches(store, source)]
    return pl.concat([frame for frame in frames if frame is not None]).sort("row_id")


@pytest.mark.parametrize(("form", "mode"), MODES)
def test_an_export_comes_back_with_all_that_it_says(
    local: Store, exported: Exported, rows: pl.DataFrame, form: str, mode: str
) -> None:
    pairs = imported(local, exported(form, mode), "back")
    kept = [name for name in (*ASKED, *LABELS, "refined_cot") if name not in WITHOUT.get(form, ())]
    assert pairs.select(kept).equals(rows.select(kept))


def test_a_version_of_imported_rows_is_that_which_was_exported(
    local: Store, exported: Exported, rows: pl.DataFrame
) -> None:
    import_rows(local, Settings(), exported("huggingface"), "back", ImportOptions(missing="mark"))
    run_batches(local, "back")
    version = built(local).version
    again = scan_rows(local, version).collect()
    placed = (
        "slot",
        "source",
        "batch",
        "calls",
        "answer_type",
        "accepted_answers",
        "tolerance",
        "edit_distance",
        "verdict",
    )
    same = [name for name in rows.columns if name not in placed]
    assert again.select(same).equals(rows.select(same))
    story = explain_row(local, rows["row_id"][0])["import"]
    assert (story["source"], story["origin"], story["format"]) == ("back", "coco", "huggingface")
    assert json.loads(story["given"])["raw_cot"] == rows["raw_cot"][0]


def test_rows_that_nobody_checked_are_marked(local: Store, exported: Exported, rows: pl.DataFrame) -> None:
    import_rows(local, Settings(), exported("easyr1"), "given", ImportOptions(missing="mark"))
    run_batches(local, "given")
    version = built(local).version
    again = scan_rows(local, version).collect()
    assert again.height == rows.height
    assert again["agreement"].unique().to_list() == ["unchecked"] and not again["agreed"].any()
    assert again["refined_cot"].unique().to_list() == [""]
    assert (
        f"{rows.height} questions came with an answer that no model has checked"
        in local.read(f"versions/{version}/README.md").decode()
    )
