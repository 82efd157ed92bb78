"""A version is complete or absent, holds every row or says why not, and is the same when built again."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
import yaml

from wethink_assets.dataset import build
from wethink_assets.dataset.build import build_version, content_digest
from wethink_assets.dataset.cut import Cut
from wethink_assets.dataset.deciding import decide_cut
from wethink_assets.dataset.manifest import read_manifest
from wethink_assets.dataset.recipe import CutRecipe
from wethink_assets.dataset.rows import EXCLUDED, ROWS
from wethink_assets.dataset.verify import verify_versions
from wethink_assets.dataset.versions import VersionSummary, list_versions
from wethink_assets.errors import UnaccountedItems, VersionError
from wethink_assets.identity import data_version, sha256_hex, split_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import CAT, CHOICE, COLOUR, STORY
from wethink_assets_tests.dataset.growing import Asked, Grower
from wethink_assets_tests.pictures import drawing


def built(store: Store, recipe: CutRecipe | None = None) -> VersionSummary:
    cut = decide_cut(store, recipe or CutRecipe())
    assert isinstance(cut, Cut)
    return build_version(store, cut.version)


def rows_of(store: Store, version: str, name: str = "rows") -> pl.DataFrame:
    return store.read_parquet(f"versions/{version}/{name}.parquet")


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


def test_building_again_gives_the_same(local: Store, grower: Grower, tmp_path: Path) -> None:
    first = built(local)
    before = {path: local.read(path) for path in local.files("versions")}
    assert build_version(local, "v0001") == first
    assert {path: local.read(path) for path in local.files("versions")} == before
    # Elsewhere, from the same tables and cut, it is the same too.
    local.delete("versions/v0001")
    again = build_version(local, "v0001")
    assert again.digest == first.digest
    assert local.read("versions/v0001/rows.parquet") == before["versions/v0001/rows.parquet"]
    assert local.read("versions/v0001/README.md") == before["versions/v0001/README.md"]


def test_a_version_does_not_change_with_later_growth(local: Store, grower: Grower) -> None:
    first = built(local)
    grower.grow("coco.000001", [(drawing(1), [Asked("Something else?", "no")])], run_id="run-2")
    grower.grow("ai2d.000001", [(drawing(9), [COLOUR])])
    second = built(local)
    assert build_version(local, "v0001") == first
    assert second.version == "v0002"
    assert second.digest != first.digest


def test_building_again_names_what_differs(local: Store, grower: Grower, monkeypatch: pytest.MonkeyPatch) -> None:
    built(local)
    monkeypatch.setattr("wethink_assets.dataset.selection.find_duplicates", _finds_nothing)
    with pytest.raises(VersionError, match=r"rows\.parquet \(8 rows before, 9 rows now\)"):
        build_version(local, "v0001")
    monkeypatch.undo()
    local.publish("versions/v0001/wethink.jsonl", b"{}")
    with pytest.raises(VersionError, match=r"wethink\.jsonl: missing or altered"):
        build_version(local, "v0001")


def _finds_nothing(rows, thresholds):  # type: ignore[no-untyped-def]
    import numpy as np

    from wethink_assets.dedup.duplicates import Duplicates

    return Duplicates(np.zeros(len(rows), np.int8), np.full(len(rows), -1))


def test_a_build_that_stops_leaves_no_version(local: Store, grower: Grower, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("no room left")

    monkeypatch.setattr(build, "write_card", fail)
    with pytest.raises(RuntimeError):
        built(local)
    assert list_versions(local) == []
    assert not [name for name in local.fs.ls(local.root, detail=False) if ".writing-" in name]
    monkeypatch.undo()
    assert built(local).version == "v0001"


def test_builds_at_once_give_one_version(local: Store, grower: Grower) -> None:
    cut = decide_cut(local, CutRecipe())
    with ThreadPoolExecutor(3) as pool:
        summaries = list(pool.map(lambda _: build_version(local, cut.version), range(3)))
    assert summaries[0] == summaries[1] == summaries[2]
    assert verify_versions(local).sound


def test_a_lost_row_publishes_nothing(local: Store, grower: Grower, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = build.full_rows
    monkeypatch.setattr(build, "full_rows", lambda *args: honest(*args).head(1))
    with pytest.raises(UnaccountedItems, match="9 reasoning paths became"):
        built(local)
    assert local.files("versions") == []


def test_a_missing_table_is_named(local: Store, grower: Grower) -> None:
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    lost = cut.tables["coco.000002"]["answers"].folder
    local.delete(lost)
    with pytest.raises(Exception, match=lost):
        build_version(local, cut.version)
    assert list_versions(local) == []


def test_digests_do_not_depend_on_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"a": range(50), "b": [["x"], []] * 25, "c": [{"d": None}] * 50})
    for size in (7, 50, 1000):
        monkeypatch.setattr(build, "SLICE", size)
        assert content_digest(frame.lazy()) == (50, data_version(frame))


def test_many_rows_are_sorted_through_buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wethink_assets.dataset import sorted_file

    monkeypatch.setattr(sorted_file, "BUCKET_ROWS", 100)
    schema = pl.Schema({"row_id": pl.String, "n": pl.Int64})
    frame = pl.DataFrame(
        {"row_id": [sha256_hex(str(n).encode())[:32] for n in range(1234)], "n": range(1234)}, schema=schema
    )
    writer = sorted_file.SortedFile(tmp_path / "parts", schema, 1234)
    for part in frame.iter_slices(130):
        writer.add(part)
    writer.write(tmp_path / "rows.parquet")
    assert pl.read_parquet(tmp_path / "rows.parquet").equals(frame.sort("row_id"))
    empty = sorted_file.SortedFile(tmp_path / "none", schema, 0)
    empty.write(tmp_path / "none.parquet")
    assert pl.read_parquet(tmp_path / "none.parquet").schema == schema
