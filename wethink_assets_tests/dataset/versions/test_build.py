"""A version is complete or absent, and is the same when built again."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions import build
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.dataset.versions.manifest import content_digest, read_manifest
from wethink_assets.dataset.versions.rows import scan_rows
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.errors import UnaccountedItems, VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.stages.schemas import LATITUDE
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built, forged


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


def test_building_again_names_what_differs(local: Store, grower: Grower) -> None:
    built(local)
    signatures = read_cut(local, "v0001").tables["coco.000002"]["signatures"]
    signed = local.read_parquet(f"{signatures.folder}/results.parquet")
    # As another release would sign it: the rescaled photograph no longer looks like the other.
    rescaled = pl.col("phash").is_unique()
    hashes = pl.when(rescaled).then(pl.lit("0" * 16)).otherwise("phash").alias("phash")
    forged(local, "v0001", signatures, signed.with_columns(hashes))
    with pytest.raises(VersionError, match=r"rows\.parquet \(8 rows before, 9 rows now\)"):
        build_version(local, "v0001")
    forged(local, "v0001", signatures, signed)
    assert build_version(local, "v0001").rows == 8
    local.publish("versions/v0001/wethink.jsonl", b"{}")
    with pytest.raises(VersionError, match=r"wethink\.jsonl: missing or altered"):
        build_version(local, "v0001")


def without_column(store: Store, version: str, column: str) -> None:
    """The version as a release would have built it whose rows had no such column."""
    path = f"versions/{version}/rows.parquet"
    store.write_parquet(path, store.read_parquet(path).drop(column))
    manifest = read_manifest(store, version)
    rows, content = content_digest(store.scan_parquet(path))
    file = manifest.files["rows.parquet"].model_copy(
        update={"sha256": sha256_hex(store.read(path)), "rows": rows, "content": content}
    )
    earlier = manifest.model_copy(update={"files": {**manifest.files, "rows.parquet": file}, "seal": ""})
    sealed = earlier.sealed()
    store.publish(f"versions/{version}/manifest.json", sealed.model_dump_json(indent=1).encode())


def test_a_version_of_before_a_column_was_added_is_what_its_cut_gives(local: Store, grower: Grower) -> None:
    built(local)
    without_column(local, "v0001", "verdict")
    assert build_version(local, "v0001").rows == 8
    assert "verdict" not in local.read_parquet("versions/v0001/rows.parquet").columns
    answers = read_cut(local, "v0001").tables["coco.000002"]["answers"]
    table = local.read_parquet(f"{answers.folder}/results.parquet")
    forged(local, "v0001", answers, table.with_columns(agreement=pl.lit("altered")))
    with pytest.raises(VersionError, match=r"is not what its cut gives: rows\.parquet \(8 rows before, 8 rows now\)"):
        build_version(local, "v0001")


def test_a_build_that_stops_leaves_no_version(local: Store, grower: Grower) -> None:
    cut = decide_cut(local, CutRecipe())
    in_the_way = Path(local.path("versions/v0001/README.md"))
    in_the_way.mkdir(parents=True)  # the card cannot be put there, when all other files are written
    with pytest.raises(OSError, match=r"README\.md"):
        build_version(local, cut.version)
    assert local.exists("versions/v0001/rows.parquet")
    assert list_versions(local) == []
    assert not [name for name in local.fs.ls(local.root, detail=False) if ".writing-" in name]
    in_the_way.rmdir()
    assert build_version(local, cut.version).version == "v0001"


def test_builds_at_once_give_one_version(local: Store, grower: Grower) -> None:
    cut = decide_cut(local, CutRecipe())
    with ThreadPoolExecutor(3) as pool:
        summaries = list(pool.map(lambda _: build_version(local, cut.version), range(3)))
    assert summaries[0] == summaries[1] == summaries[2]
    assert verify_versions(local).sound


def test_a_lost_row_publishes_nothing(local: Store, grower: Grower, monkeypatch: pytest.MonkeyPatch) -> None:
    # No input makes it lose a row (a table that lacks one is named before): this is a fault of its own.
    honest = build.full_rows
    monkeypatch.setattr(build, "full_rows", lambda *args: honest(*args).head(1))
    with pytest.raises(UnaccountedItems, match="9 reasoning paths became"):
        built(local)
    assert local.files("versions") == []


def test_a_row_too_many_publishes_nothing(local: Store, grower: Grower) -> None:
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    answers = cut.tables["coco.000001"]["answers"]
    table = local.read_parquet(f"{answers.folder}/results.parquet")
    forged(local, cut.version, answers, pl.concat([table, table.head(1)]))  # the join gives its row twice
    with pytest.raises(UnaccountedItems, match="9 reasoning paths became 10"):
        build_version(local, cut.version)
    assert list_versions(local) == [] and not local.exists("versions/v0001/rows.parquet")


def test_a_missing_table_is_named(local: Store, grower: Grower) -> None:
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    lost = cut.tables["coco.000002"]["answers"].folder
    local.delete(lost)
    with pytest.raises(Exception, match=lost):
        build_version(local, cut.version)
    assert list_versions(local) == []


def test_the_lines_of_a_version_have_the_fields_of_the_paper_and_the_image(local: Store, grower: Grower) -> None:
    built(local)
    lines = [json.loads(line) for line in local.read("versions/v0001/wethink.jsonl").decode().splitlines()]
    rows = scan_rows(local, "v0001").collect()
    paper = ["problem", "answer", "category", "abilities", "refined_cot", "image_path", "reward"]
    assert [list(line) for line in lines] == [[*paper, "images"]] * rows.height
    assert [[line.pop("images"), line["problem"]] for line in lines] == [
        [[f"../../{path}"], f"<image>{problem}"] for path, problem in rows.select("image_path", "problem").iter_rows()
    ]
    plain = [{**line, "problem": line["problem"].removeprefix("<image>")} for line in lines]
    assert plain == rows.select(paper).to_dicts()


@pytest.mark.parametrize("logic", ["", "3"])
def test_a_version_that_was_decided_before_its_files_named_images_is_built_as_it_was(
    local: Store, grower: Grower, logic: str
) -> None:
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    earlier = cut.model_copy(update={"logic": logic, "digest": "of then", "seal": ""})
    local.publish("cuts/v0001.json", earlier.sealed().model_dump_json().encode())
    build_version(local, "v0001")
    build_version(local, built(local).version)
    before, after = (local.read_parquet(f"versions/{version}/rows.parquet") for version in ("v0001", "v0002"))
    assert set(after.columns) - set(before.columns) == {"images"} | (set() if logic else set(LATITUDE))
    assert not before["problem"].str.starts_with("<image>").any() and after["problem"].str.starts_with("<image>").all()
    lines = local.read("versions/v0001/wethink.jsonl").decode()
    assert "images" not in json.loads(lines.splitlines()[0]) and "<image>" not in lines
    assert "`images`" not in local.read("versions/v0001/README.md").decode()
    alike = [
        scan_rows(local, version).select("row_id", "problem", "answer").collect() for version in ("v0001", "v0002")
    ]
    told = set(alike[0]["row_id"]) & set(alike[1]["row_id"])  # which of two near rows stays is another rule by now
    assert len(told) == before.height - 1 and alike[0].height == alike[1].height
    before, after = (rows.filter(pl.col("row_id").is_in(list(told))) for rows in alike)
    assert before.equals(after)
