"""Differences between two versions, with their causes."""

import json

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import cut

SIZE = Asked("How large is the block?", "large")


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
