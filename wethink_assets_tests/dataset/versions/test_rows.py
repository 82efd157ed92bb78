"""A version's files hold every row or say why not, where it is from, and statistics that close."""

import json
from posixpath import normpath

import polars as pl
import pyarrow.parquet

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.rows import EXCLUDED, filed_rows, rows_schema, scan_rows
from wethink_assets.identity import data_version, sha256_hex, split_of
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import LATITUDE
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CAT, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, name_file, rows_of


def test_rows_hold_identity_provenance_and_what_is_trained_on(local: Store, grower: Grower) -> None:
    summary = built(local)
    assert (summary.considered, summary.rows, summary.images, summary.batches) == (9, 8, 5, 3)
    assert summary.excluded == {"duplicate_near": 1}
    rows = scan_rows(local, "v0001").collect()
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


def test_the_file_of_rows_names_images_where_trainers_look_for_them(local: Store, grower: Grower) -> None:
    built(local)
    filed = rows_of(local, "v0001")
    assert filed.equals(filed_rows(scan_rows(local, "v0001").collect()))
    for [picture], path in filed.select("images", "image_path").iter_rows():
        assert picture == {"bytes": None, "path": f"../../{path}"}
        assert local.exists(normpath(f"versions/v0001/{picture['path']}"))
    with local.open_read("versions/v0001/rows.parquet") as stream:
        schema = pyarrow.parquet.read_schema(stream)
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"] == {
        "images": {"feature": {"_type": "Image"}, "_type": "Sequence"}
    }
    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    assert schema.field("images").type == pyarrow.list_(picture), "else `datasets` shows no pictures, and no error"


def test_a_question_that_begins_like_a_placeholder_is_read_as_it_was(local: Store, grower: Grower) -> None:
    built(local)
    rows = scan_rows(local, "v0001").collect().with_columns(problem=pl.lit("<image> or <video>?"))
    for filed in (filed_rows(rows), rows):
        local.write_parquet("versions/v0001/rows.parquet", filed)
        name_file(local, "v0001", "rows.parquet")
        assert scan_rows(local, "v0001").collect().equals(rows)


def test_an_excluded_row_names_the_row_that_stays(local: Store, grower: Grower) -> None:
    built(local)
    excluded = rows_of(local, "v0001", "excluded")
    assert excluded.schema == EXCLUDED
    row = excluded.row(0, named=True)
    survivor = rows_of(local, "v0001").filter(pl.col("row_id") == row["survivor"]).row(0, named=True)
    assert {row["batch"], survivor["batch"]} == {"coco.000002", "coco.000001"}
    assert row["detail"].endswith("the question is the same")
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


def test_rows_say_what_their_answers_are_and_what_is_allowed(local: Store, grower: Grower) -> None:
    built(local)
    rows = rows_of(local, "v0001")
    assert set(rows.select("kind", "answer_type").iter_rows()) == {("MC", "choice"), ("FIB", "text"), ("DES", "text")}
    assert set(rows["tolerance"]) == set(rows["edit_distance"]) == {0.0}
    assert set(rows["accepted_answers"].list.len()) == {0}


def test_a_table_from_before_answers_had_types_is_read(local: Store, grower: Grower) -> None:
    tables = Tables(local)
    for batch in local.names("tables/answers"):
        made, output = tables.current("answers", batch), tables.load("answers", batch)
        assert made is not None
        older = StageOutput(output.results.drop(LATITUDE), output.rejections)
        tables.publish("answers", batch, older, Provenance(**made.model_dump(include=set(Provenance.model_fields))))
        paths = tables.current("reasoning_paths", batch)
        assert paths is not None
        now = {**paths.inputs, "answers": data_version(older.results, older.rejections)}
        refreshed = paths.model_dump(include=set(Provenance.model_fields)) | {"inputs": now}
        tables.publish("reasoning_paths", batch, tables.load("reasoning_paths", batch), Provenance(**refreshed))
    built(local)
    rows = scan_rows(local, "v0001").collect()
    assert rows.schema == rows_schema(stage_names()) and rows["answer_type"].null_count() == 0
    assert set(rows["tolerance"]) == {0.0}
