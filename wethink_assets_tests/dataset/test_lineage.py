"""Where a version came from and where it went stays right, whatever is synthesized again afterwards."""

import json

import polars as pl
import pytest

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.lineage.image import whereabouts
from wethink_assets.dataset.lineage.version import lineage_of
from wethink_assets.defs.metadata.version import lineage_markdown
from wethink_assets.errors import VersionError
from wethink_assets.identity import digest_of, sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import CHOICE, COLOUR, STORY
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.stage_tables import UPSTREAM, Asked, Grower
from wethink_assets_tests.support.versions import cut, note_policy

SIZE = Asked("How large is the block?", "large")


def test_a_version_is_told_whole(local: Store) -> None:
    grower = Grower(local)
    grower.grow("coco.000001", [(drawing(1), [COLOUR, CHOICE])])
    grower.grow("geoqa+.000001", [(drawing(2), [COLOUR])], licence="MIT", run_id="run-2")
    prompt = b"Ask something about {{ description }}."
    version = cut(local)
    story = lineage_of(local, version)
    assert json.loads(json.dumps(story)) == story
    assert [batch["batch"] for batch in story["batches"]] == ["coco.000001", "geoqa+.000001"]
    for batch in story["batches"]:
        assert set(batch["tables"]) == set(UPSTREAM)
    assert [(run["run_id"], run["batches"]) for run in story["runs"]] == [
        ("run-1", ["coco.000001"]),
        ("run-2", ["geoqa+.000001"]),
    ]
    assert {(m["stage"], m["role"], m["model_id"]) for m in story["models"]} >= {("answers", "adjudicator", "third-1")}
    assert story["code"]["stages"]["questions"] == {"logic-1": 2}
    assert [(s["source"], s["licences"]) for s in story["sources"]] == [
        ("coco", {"CC-BY-4.0": {"rows": 2, "images": 1}}),
        ("geoqa+", {"MIT": {"rows": 1, "images": 1}}),
    ]
    assert story["prompts"][0]["text"] is None and story["missing"] == []
    grower.prompt = prompt.decode()
    grower.grow("coco.000002", [(drawing(3), [COLOUR])])
    told = {one["sha256"]: one["text"] for one in lineage_of(local, cut(local))["prompts"]}
    assert told[sha256_hex(prompt)] == prompt.decode()
    with pytest.raises(VersionError):
        lineage_of(local, "v0009")


@pytest.mark.slow
def test_it_stays_right_after_250_batches_were_synthesized_again(local: Store) -> None:
    grower = Grower(local)
    shared = drawing(0)
    grower.grow("coco.000001", [(shared, [COLOUR])])
    first = grower.models
    batches = ["coco.000001", *(f"coco.{number:06d}" for number in range(2, 251))]
    for batch in batches[1:]:
        copy_batch(local, "coco.000001", batch)
    version = cut(local)
    before = lineage_of(local, version)
    assert len(before["batches"]) == 250 and len(before["missing"]) == 0
    assert before["runs"][0]["tables"] == 250 * len(UPSTREAM)
    again = Grower(local, models={**first, "reasoner": "thinker-2"})
    again.grow("coco.000001", [(shared, [SIZE])], run_id="run-2")
    for batch in batches[1:]:
        copy_batch(local, "coco.000001", batch)
    assert lineage_of(local, version) == before
    assert {model["model_id"] for model in before["models"]} == {"seer-1", "thinker-1", "third-1"}
    after = cut(local)
    told = lineage_of(local, after)
    assert {model["model_id"] for model in told["models"]} == {"seer-1", "thinker-2", "third-1"}
    assert {run["run_id"] for run in told["runs"]} == {
        "run-1",
        "run-2",
    }  # the images did not change, so theirs is the first run
    difference = diff_versions(local, version, after)
    assert len(difference.batches["synthesized_again"]) == 250
    assert {batch["cause"] for batch in difference.batches["synthesized_again"]} == {"model"}
    assert difference.counts == {"added": 0, "removed": 0, "changed": 0, "replaced": 1}


def copy_batch(store: Store, batch: str, other: str) -> None:
    """Tables of another batch with the same content: what counts here is how many there are, not what they hold."""
    from wethink_assets.storage.tables import Provenance, Tables

    tables = Tables(store)
    for asset in UPSTREAM:
        commit = tables.current(asset, batch)
        assert commit is not None
        provenance = Provenance(**commit.model_dump(include=set(Provenance.model_fields)))
        tables.publish(asset, other, tables.load_commit(commit), provenance)


def test_a_difference_tells_rows_and_causes(local: Store) -> None:
    grower = Grower(local)
    grower.grow("coco.000001", [(drawing(1), [COLOUR, CHOICE]), (drawing(2), [COLOUR])])
    grower.grow("geoqa+.000001", [(drawing(3), [COLOUR, STORY])])
    before = cut(local)
    other = Asked(COLOUR.question, "blue")
    gone = Asked(COLOUR.question, "red", rejected_by="answers")
    again = Grower(local, models={**grower.models, "adjudicator": "fourth-1"})
    again.grow("coco.000001", [(drawing(1), [other, CHOICE]), (drawing(2), [gone])])
    again.grow("geoqa+.000001", [(drawing(3), [SIZE, STORY])])
    again.grow("coco.000002", [(drawing(4), [CHOICE])])
    after = cut(local)
    found = diff_versions(local, before, after)
    assert found.counts == {"added": 1, "removed": 1, "changed": 1, "replaced": 1}
    assert found.same == 2
    rows = {row["change"]: row for row in found.rows.iter_rows(named=True)}
    assert (rows["added"]["cause"], rows["added"]["batch"]) == ("new_batch", "coco.000002")
    assert set(rows["changed"]["columns"]) >= {"answer", "refined_cot"} and rows["changed"]["cause"] == "model"
    assert "rejected by answers: no_agreement" in rows["removed"]["detail"]
    assert rows["replaced"]["successor"] and "adjudicator model_id third-1" in rows["changed"]["detail"]
    assert [m["model_id"] for m in found.models["only_before"]] == ["third-1"]
    assert [m["model_id"] for m in found.models["only_after"]] == ["fourth-1"]
    assert found.prompts == {"only_before": [], "only_after": []}
    assert json.loads(json.dumps(found.as_json()))["counts"] == found.counts
    assert len(found.as_json(1)["rows"]) == 4
    same = diff_versions(local, after, after)
    assert same.rows.is_empty() and same.same == 5 and same.batches["synthesized_again"] == []


def test_a_difference_of_recipes_is_a_cause(local: Store, grower: Grower) -> None:
    all_of_it, some = cut(local), cut(local, CutRecipe(kinds=("MC", "FIB"), sources=("coco",)))
    found = diff_versions(local, all_of_it, some)
    assert found.counts["added"] == found.counts["changed"] == 0
    assert set(found.causes["removed"]) == {"recipe", "filtered_kind"}
    back = diff_versions(local, some, all_of_it)
    assert set(back.causes["added"]) == {"recipe"} and back.recipe["sources"] == [["coco"], []]


def test_an_image_is_followed_to_rows_versions_and_training(store: Store) -> None:
    grower = Grower(store)
    data = drawing(1)
    grower.grow("coco.000001", [(data, [COLOUR, CHOICE]), (drawing(2), [COLOUR])])
    version = cut(store)
    image = sha256_hex(data)
    rows = store.read_parquet(f"versions/{version}/rows.parquet").filter(pl.col("image_id") == image)
    (story,) = whereabouts(store, image[:10])
    assert json.loads(json.dumps(story)) == story
    assert {row["row_id"] for row in story["versions"][0]["rows"]} == set(rows["row_id"])
    assert story["trained"] == [] and story["retracted"] == [] and not story["erased"]
    assert {row["reached"] for row in story["in_force"]} == {"reasoning_paths"}
    note_policy(store, f"{version}.grpo-s1")
    for name in (image, story["files"][0]["item"], f"coco/{story['files'][0]['item']}"):
        (told,) = whereabouts(store, name)
        assert told["image_id"] == image
        assert [use["key"] for use in told["trained"]] == [f"{version}.grpo-s1"]
    assert [use["key"] for use in lineage_of(store, version)["trained"]] == [f"{version}.grpo-s1"]
    with pytest.raises(VersionError, match="holds no image"):
        whereabouts(store, "coco/nothing.jpg")
    with pytest.raises(VersionError, match="holds no image"):
        whereabouts(store, digest_of("nothing"))


def test_the_version_s_page_links_to_runs_batches_sources_and_training(local: Store) -> None:
    grower = Grower(local)
    grower.grow("geoqa+.000001", [(drawing(1), [COLOUR])])
    version = cut(local)
    note_policy(local, f"{version}.sft")
    page = lineage_markdown(lineage_of(local, version))
    for target in (
        "/assets/source/geoqa)",
        "/assets/model/describer)",
        "/runs/run-1)",
        "/assets/reasoning_paths?partition=geoqa%2B.000001)",
        "/assets/policy?partition=v0001.sft)",
    ):
        assert target in page
    assert "none yet" in page, "it was not scored"
