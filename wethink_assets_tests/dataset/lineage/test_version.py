"""Where a version came from and where it went stays right, whatever is synthesized again afterwards."""

import json

import pytest

from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.lineage.version import lineage_of
from wethink_assets.defs.metadata.version import lineage_markdown
from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Asked, Grower
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
        assert set(batch["tables"]) == set(stage_names())
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
    assert before["runs"][0]["tables"] == 250 * len(stage_names())
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
    for asset in stage_names():
        commit = tables.current(asset, batch)
        assert commit is not None
        provenance = Provenance(**commit.model_dump(include=set(Provenance.model_fields)))
        tables.publish(asset, other, tables.load_commit(commit), provenance)


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
        "/assets/reasoning_paths?view=partitions&partition=geoqa%2B.000001)",
        "/assets/policy?view=partitions&partition=v0001.sft)",
    ):
        assert target in page
    assert "none yet" in page, "it was not scored"
