"""Stage tables: written once, and the highest commit says what is current."""

from datetime import UTC, datetime

import polars as pl
import pytest

from wethink_assets.errors import StoreError
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import FEW, Commit, Provenance, Tables


def output(*ids: str) -> StageOutput:
    refused = [{"item": "z", "stage": "images", "reason": "corrupt", "detail": "half a file"}]
    return StageOutput(pl.DataFrame({"image_id": list(ids)}), rejections(refused))


def test_what_was_published_is_current_and_complete(store: Store) -> None:
    tables = Tables(store)
    commit = tables.publish("images", "geoqa+.000001", output("a", "b"), Provenance(run_id="r1", inputs={"x": "1"}))
    loaded = tables.load("images", "geoqa+.000001")
    assert loaded.results.equals(output("a", "b").results)
    assert loaded.rejections.equals(output().rejections)
    assert (commit.number, commit.results, commit.rejections, commit.reasons) == (1, 2, 1, {"corrupt": 1})
    assert [c.batch for c in tables.commits("images")] == ["geoqa+.000001"]


def test_the_same_content_from_the_same_inputs_adds_no_commit(store: Store) -> None:
    tables = Tables(store)
    first = tables.publish("images", "coco.000001", output("a"), Provenance(run_id="r1", code_version="1"))
    again = tables.publish("images", "coco.000001", output("a"), Provenance(run_id="r2", code_version="1"))
    assert again == first
    other_code = tables.publish("images", "coco.000001", output("a"), Provenance(run_id="r3", code_version="2"))
    assert (other_code.number, other_code.digest) == (2, first.digest)


def test_history_keeps_every_table(store: Store) -> None:
    tables = Tables(store)
    for ids in ("a", "b"):
        tables.publish("images", "coco.000001", output(ids), Provenance())
    commits = "tables/images/coco.000001/commits"
    old, new = (Commit.model_validate_json(store.read(f"{commits}/{name}")) for name in store.names(commits))
    assert (old.number, new.number) == (1, 2)
    assert tables.load_commit(old).results["image_id"].to_list() == ["a"]
    assert tables.load("images", "coco.000001").results["image_id"].to_list() == ["b"]


def test_a_batch_never_materialized_says_so(store: Store) -> None:
    with pytest.raises(StoreError, match=r"images of batch coco\.000009 was never materialized"):
        Tables(store).load("images", "coco.000009")


def test_a_damaged_commit_is_named(store: Store) -> None:
    tables = Tables(store)
    tables.publish("images", "coco.000001", output("a"), Provenance())
    store.publish("tables/images/coco.000001/commits/000002.json", b"{half")
    with pytest.raises(StoreError, match=r"000002.json is damaged"):
        tables.current("images", "coco.000001")


def test_commits_of_many_batches_are_those_of_each(store: Store) -> None:
    tables = Tables(store)
    batches = [f"geoqa+.{number:06d}" for number in range(FEW + 5)]
    for number, batch in enumerate(batches):
        for again in range(1 + number % 2):
            commit = Commit(
                asset="images",
                batch=batch,
                number=again + 1,
                digest=f"{number}-{again}",
                data_version="",
                results=1,
                rejections=0,
                reasons={},
                finished=datetime.now(UTC),
            )
            path = f"tables/images/{batch}/commits/{again + 1:06d}.json"
            assert store.create(path, commit.model_dump_json().encode())
    one_by_one = [tables.current("images", batch) for batch in batches]
    assert [commit.number for commit in one_by_one if commit] == [1 + number % 2 for number in range(len(batches))]
    asked = {*batches, "coco.000001"}
    assert list(tables.all_current("images", asked)) == list(tables.commits("images")) == one_by_one
    assert list(tables.all_current("images", asked - {batches[3]})) == [*one_by_one[:3], *one_by_one[4:]]
    assert list(tables.all_current("images", batches[:3])) == one_by_one[:3]
    assert list(tables.all_current("answers", asked)) == []
