"""A version's files hold every row or say why not, where it is from, and statistics that close."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.rows import EXCLUDED, ROWS
from wethink_assets.errors import VersionError
from wethink_assets.identity import data_version, sha256_hex, split_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import CAT, CHOICE, COLOUR, STORY
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built, rows_of


def test_rows_hold_identity_provenance_and_what_is_trained_on(local: Store, grower: Grower) -> None:
    summary = built(local)
    assert (summary.considered, summary.rows, summary.images, summary.batches) == (9, 8, 5, 3)
    assert summary.excluded == {"duplicate_near": 1}
    rows = rows_of(local, "v0001")
    assert rows.schema == ROWS
    assert rows["row_id"].to_list() == sorted(rows["row_id"])
    assert rows["split"].to_list() == [split_of(image) for image in rows["image_id"]]
    choice = rows.filter(pl.col("kind") == "MC").row(0, named=True)
    assert choice["problem"] == "Which is largest?\nA. a circle\nB. a block"
    assert (choice["answer"], choice["reward"]) == ("B", "rule")
    assert set(choice["calls"]) == {"descriptions", "questions", "answers", "reasoning_paths"}
    assert all(len(keys) == 1 for keys in choice["calls"].values())
    assert set(rows.filter(pl.col("kind") == "DES")["reward"]) == {"judge"}
    assert all(local.exists(path) for path in rows["image_path"])


def test_the_export_has_the_fields_of_the_paper(local: Store, grower: Grower) -> None:
    built(local)
    lines = [json.loads(line) for line in local.read("versions/v0001/wethink.jsonl").decode().splitlines()]
    rows = rows_of(local, "v0001")
    assert [list(line) for line in lines] == [
        ["problem", "answer", "category", "abilities", "refined_cot", "image_path", "reward"]
    ] * rows.height
    assert lines == rows.select(list(lines[0])).to_dicts()


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


def test_a_recipe_filters_and_says_so(local: Store, grower: Grower) -> None:
    kinds = built(local, CutRecipe(kinds=("DES",)))
    assert set(rows_of(local, kinds.version)["kind"]) == {"DES"}
    assert kinds.excluded == {"filtered_kind": 7}
    licences = built(local, CutRecipe(licences=("MIT",)))
    assert set(rows_of(local, licences.version)["source"]) == {"geoqa+"}
    assert licences.excluded == {"filtered_licence": 6}
    sources = built(local, CutRecipe(sources=("coco",)))
    assert (sources.considered, set(rows_of(local, sources.version)["source"])) == (6, {"coco"})
    with pytest.raises(VersionError, match="would hold no row"):
        built(local, CutRecipe(licences=("none such",)))
    assert [summary.version for summary in list_versions(local)] == ["v0001", "v0002", "v0003"]


def test_a_larger_cap_keeps_what_a_smaller_one_does(local: Store, grower: Grower) -> None:
    kept = [set(rows_of(local, built(local, CutRecipe(max_rows=cap, seed=5)).version)["row_id"]) for cap in (1, 3, 6)]
    assert [len(rows) for rows in kept] == [1, 3, 6]
    assert kept[0] < kept[1] < kept[2]
    other = set(rows_of(local, built(local, CutRecipe(max_rows=3, seed=6)).version)["row_id"])
    assert len(other) == 3
    assert other != kept[1]
    each = rows_of(local, built(local, CutRecipe(max_rows_per_source=2)).version)
    assert each["source"].value_counts().sort("source").rows() == [("coco", 2), ("geoqa+", 2)]


def test_contradictions_and_repetitions_within_a_batch(local: Store) -> None:
    twice = Asked("How many blocks?", "7")
    Grower(local).grow("coco.000001", [(drawing(1), [twice, Asked("How many blocks?", "8"), COLOUR, COLOUR, STORY])])
    summary = built(local)
    assert summary.excluded == {"conflicting_answers": 2, "duplicate_exact": 1}
    assert summary.rows == 2


def test_images_that_cannot_be_read_again_are_left_out(local: Store) -> None:
    damaged = sha256_hex(drawing(2))
    local.publish(f"blobs/{damaged[:2]}/{damaged}.png", b"damaged")  # a blob that is there is left as it is
    Grower(local).grow("coco.000001", [(drawing(1), [COLOUR]), (drawing(2), [COLOUR])])
    summary = built(local)
    assert (summary.rows, summary.excluded) == (1, {"unsigned": 1})


def test_occurrences_are_counted_over_the_cut(local: Store) -> None:
    grower = Grower(local)
    grower.grow("coco.000001", [(drawing(1), [COLOUR]), (drawing(2), [COLOUR])])
    first = sha256_hex(drawing(1))
    grower.grow("vg.000001", [(drawing(3), [COLOUR])], already=[("a.png", first), ("b.png", first)])
    built(local)
    rows = rows_of(local, "v0001")
    assert dict(rows.select("image_id", "occurrences").iter_rows())[first] == 3
    assert sorted(rows["occurrences"]) == [1, 1, 3]


def test_statistics_close(local: Store, grower: Grower) -> None:
    lost = [
        Asked("Guess?", "x", rejected_by="questions"),
        Asked("Unsure?", "y", rejected_by="answers"),
        Asked("Odd?", "z", agreed=False),
    ]
    grower.grow("sam.000001", [(drawing(7), [CHOICE, *lost])])
    built(local)
    told = json.loads(local.read("versions/v0001/statistics.json"))
    sam = next(row for row in told["funnel"] if row["source"] == "sam")
    assert sam == {
        "source": "sam",
        "files": 1,
        "images": 1,
        "described": 1,
        "questions": 4,
        "filtered_out": 1,
        "agreed": 1,
        "adjudicated": 1,
        "disagreed": 1,
        "reasoned": 2,
        "duplicates": 0,
        "conflicting": 0,
        "left_out": 0,
        "kept": 2,
    }
    assert told["rejections"] == {"questions": {"unanswerable": 1}, "answers": {"no_agreement": 1}}
    for row in told["funnel"]:
        assert row["questions"] - row["filtered_out"] == row["agreed"] + row["adjudicated"] + row["disagreed"]
        assert row["reasoned"] == row["kept"] + row["duplicates"] + row["conflicting"] + row["left_out"]
    assert sum(row["kept"] for row in told["funnel"]) == told["rows"] == sum(told["counts"]["kind"].values())
    assert told["agreement"]["source"]["sam"]["agreement_rate"] == round(1 / 3, 4)


def test_the_card_is_readable_by_the_hub_and_escapes_names(local: Store) -> None:
    Grower(local).grow("coco.000001", [(drawing(1), [COLOUR])], licence="<b>mine|yours</b>")
    built(local)
    _, front, body = local.read("versions/v0001/README.md").decode().split("---\n", 2)
    known = yaml.safe_load(front)
    assert known["size_categories"] == ["n<1K"]
    assert [config["data_files"][0]["path"] for config in known["configs"]] == ["rows.parquet"]
    assert "<b>" not in body
    assert r"&#60;b&#62;mine\|yours&#60;/b&#62;" in body
    for name in ("By kind", "From images to rows", "Agreement", "Models", "Prompts", "Limits", "seer-1"):
        assert name in body


@pytest.mark.slow  # imports torch
def test_the_hub_s_loader_reads_a_version(
    local: Store, grower: Grower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    built(local)
    folder, cache = local.path("versions/v0001"), str(tmp_path / "cache")
    rows = datasets.load_dataset(folder, split="full", cache_dir=cache)
    assert rows["row_id"][:] == rows_of(local, "v0001")["row_id"].to_list()
    assert datasets.load_dataset(folder, "excluded", split="full", cache_dir=cache)["reason"][:] == ["duplicate_near"]


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
