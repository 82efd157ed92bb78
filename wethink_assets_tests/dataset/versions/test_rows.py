"""A version's files hold every row or say why not, where it is from, and statistics that close."""

import polars as pl

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.rows import EXCLUDED, rows_schema
from wethink_assets.identity import sha256_hex, split_of
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CAT, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, rows_of


def test_rows_hold_identity_provenance_and_what_is_trained_on(local: Store, grower: Grower) -> None:
    summary = built(local)
    assert (summary.considered, summary.rows, summary.images, summary.batches) == (9, 8, 5, 3)
    assert summary.excluded == {"duplicate_near": 1}
    rows = rows_of(local, "v0001")
    assert rows.schema == rows_schema(stage_names())
    assert rows["row_id"].to_list() == sorted(rows["row_id"])
    assert rows["split"].to_list() == [split_of(image) for image in rows["image_id"]]
    choice = rows.filter(pl.col("kind") == "MC").row(0, named=True)
    assert choice["problem"] == "Which is largest?\nA. a circle\nB. a block"
    assert (choice["answer"], choice["reward"]) == ("B", "rule")
    assert set(choice["calls"]) == {"descriptions", "questions", "answers", "reasoning_paths"}
    assert all(len(keys) == 1 for keys in choice["calls"].values())
    assert set(rows.filter(pl.col("kind") == "DES")["reward"]) == {"judge"}
    assert all(local.exists(path) for path in rows["image_path"])


def test_an_excluded_row_names_the_row_that_stays(local: Store, grower: Grower) -> None:
    built(local)
    excluded = rows_of(local, "v0001", "excluded")
    assert excluded.schema == EXCLUDED
    row = excluded.row(0, named=True)
    survivor = rows_of(local, "v0001").filter(pl.col("row_id") == row["survivor"]).row(0, named=True)
    assert (row["batch"], survivor["batch"]) == ("coco.000002", "coco.000001")
    assert survivor["question"] == CAT.question


def test_rows_in_are_rows_and_exclusions(local: Store, grower: Grower) -> None:
    for recipe in (
        CutRecipe(max_rows=3),
        CutRecipe(kinds=("MC", "FIB")),
        CutRecipe(licences=("MIT",), max_rows_per_source=1),
    ):
        summary = built(local, recipe)
        kept, left_out = rows_of(local, summary.version), rows_of(local, summary.version, "excluded")
        assert summary.considered == 9 == kept.height + left_out.height
        assert not set(kept["slot"]) & set(left_out["slot"])
        assert kept.height == summary.rows > 0


def test_occurrences_are_counted_over_the_cut(local: Store) -> None:
    grower = Grower(local)
    grower.grow("coco.000001", [(drawing(1), [COLOUR]), (drawing(2), [COLOUR])])
    first = sha256_hex(drawing(1))
    grower.grow("vg.000001", [(drawing(3), [COLOUR])], already=[("a.png", first), ("b.png", first)])
    built(local)
    rows = rows_of(local, "v0001")
    assert dict(rows.select("image_id", "occurrences").iter_rows())[first] == 3
    assert sorted(rows["occurrences"]) == [1, 1, 3]
