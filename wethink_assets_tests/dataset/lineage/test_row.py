"""The story of a row is whole, also of one that was left out or never cut."""

import json
from itertools import pairwise

import polars as pl
import pytest

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.sources import claims
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import cut


def frame(store: Store, name: str = "rows", version: str = "v0001") -> pl.DataFrame:
    return store.read_parquet(f"versions/{version}/{name}.parquet")


def test_a_row_is_told_from_image_to_version(local: Store, grower: Grower) -> None:
    cut(local)
    row = frame(local).filter(pl.col("kind") == "MC").row(0, named=True)
    story = explain_row(local, row["row_id"][:12])
    assert json.loads(json.dumps(story)) == story
    assert story["row_id"] == row["row_id"]
    assert story["versions"] == [{"version": "v0001", "verdict": "kept", "survivor": None}]
    assert (story["image"]["blob"], story["image"]["licence"]) == (row["image_path"], row["licence"])
    assert story["description"]["dialogue"] == [{"request": "What else?", "reply": "Nothing else."}]
    assert story["question"]["options"] == ["a circle", "a block"]
    assert (story["answers"]["image_answer"], story["answers"]["agreement"]) == ("B", "letter")
    assert story["reasoning_path"]["refined_cot"] == row["refined_cot"]
    assert [call["text"] for call in story["calls"]["questions"]] == [row["question"]]


def test_a_row_names_the_models_prompts_runs_and_code_that_made_it(local: Store, grower: Grower) -> None:
    cut(local)
    story = explain_row(local, frame(local)["row_id"][0])
    assert story["made_by"]["answers"]["models"]["adjudicator"]["model_id"] == "third-1"
    assert story["made_by"]["questions"]["prompts"] == {
        "question": story["made_by"]["questions"]["prompts"]["question"]
    }
    assert {told["run_id"] for told in story["made_by"].values()} == {"run-1"}
    assert {told["code_version"] for told in story["made_by"].values()} == {"logic-1"}


def test_neighbours_are_told_from_both_sides(local: Store, grower: Grower) -> None:
    cut(local)
    dropped = frame(local, "excluded").row(0, named=True)
    kept = explain_row(local, dropped["survivor"])
    assert [(n["row_id"], n["reason"], n["batch"]) for n in kept["neighbours"]] == [
        (dropped["row_id"], "duplicate_near", dropped["batch"])
    ]
    story = explain_row(local, dropped["row_id"])
    assert story["versions"] == [{"version": "v0001", "verdict": "duplicate_near", "survivor": dropped["survivor"]}]
    assert story["answers"]["answer"] == "a cat"


def test_all_versions_that_know_a_row_are_told_and_the_newest_tells_it(local: Store, grower: Grower) -> None:
    cut(local)
    cut(local, CutRecipe(kinds=("DES",)))
    row = frame(local).filter(pl.col("kind") == "MC")["row_id"][0]
    story = explain_row(local, row)
    assert [(p["version"], p["verdict"]) for p in story["versions"]] == [("v0002", "filtered_kind"), ("v0001", "kept")]
    assert story["told_from"] == "v0001"
    assert explain_row(local, row, "v0002")["told_from"] == "v0002"


def test_a_version_tells_its_own_tables_after_a_batch_was_made_again(local: Store, grower: Grower) -> None:
    cut(local)
    row = frame(local).filter((pl.col("batch") == "coco.000001") & (pl.col("kind") == "MC"))["row_id"][0]
    before = explain_row(local, row)
    grower.grow("coco.000001", [(drawing(1), [Asked("Something else?", "no")])], run_id="run-2")
    assert explain_row(local, row) == before


def test_occurrences_come_from_the_claims_else_from_the_tables(local: Store) -> None:
    grower = Grower(local)
    image = sha256_hex(drawing(1))
    grower.grow("coco.000001", [(drawing(1), [COLOUR])])
    grower.grow("vg.000001", [(drawing(3), [COLOUR])], already=[("a.png", image)])
    cut(local)
    row = frame(local).filter(pl.col("image_id") == image)["row_id"][0]
    told = explain_row(local, row)["image"]["occurrences"]
    assert [(o["batch"], o["item"]) for o in told] == [("coco.000001", "images/0000.png"), ("vg.000001", "a.png")]
    claims.claim(local, image, claims.Occurrence("coco", "coco.000001", "images/0000.png", "CC-BY-4.0"))
    claims.note(local, image, claims.Occurrence("vg", "vg.000001", "a.png", "MIT"))
    assert [o["licence"] for o in explain_row(local, row)["image"]["occurrences"]] == ["CC-BY-4.0", "MIT"]


def test_a_row_of_no_version_is_told_from_the_tables_in_force(local: Store) -> None:
    Grower(local).grow(
        "coco.000001",
        [(drawing(1), [COLOUR, Asked("Unsure?", "x", rejected_by="answers")])],
        stages=("images", "descriptions", "questions", "answers"),
    )
    questions = local.read_parquet(next(p for p in local.files("tables/questions") if p.endswith("results.parquet")))
    row = questions.filter(pl.col("question") == "Unsure?")["row_id"][0]
    story = explain_row(local, row[:10])
    assert story["told_from"] == "the tables in force"
    assert story["answers"] is None
    assert [(r["stage"], r["reason"]) for r in story["rejections"]] == [("answers", "no_agreement")]


def test_replies_that_are_gone_are_said_to_be(local: Store, grower: Grower) -> None:
    cut(local)
    local.delete("journal/questions")
    story = explain_row(local, frame(local)["row_id"][0])
    assert {call["missing"] for call in story["calls"]["questions"]} == {"not in the journal any more"}
    assert all(call["text"] for call in story["calls"]["answers"])


def test_a_prefix_must_be_unique_and_known(local: Store, grower: Grower) -> None:
    cut(local)
    ids = sorted([*frame(local)["row_id"], *frame(local, "excluded")["row_id"]])
    shared = next((a[:1] for a, b in pairwise(ids) if a[0] == b[0]), None)
    if shared:
        with pytest.raises(VersionError, match=f"{shared} is the start of"):
            explain_row(local, shared)
    with pytest.raises(VersionError, match="no row 0123456789abcdef"):
        explain_row(local, "0123456789abcdef")
    for wrong in ("", "xyz", "0" * 33, "../x"):
        with pytest.raises(VersionError, match="is not a row id"):
            explain_row(local, wrong)
    with pytest.raises(VersionError, match="no version v0042"):
        explain_row(local, ids[0], "v0042")
