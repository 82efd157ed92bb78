"""What a version tells of rows left out, and that it holds the same rows however it grew."""

from pathlib import Path

import polars as pl

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built, rows_of

FIRST = [(drawing(1), [Asked("How many blocks?", "7"), COLOUR]), (drawing(2), [STORY])]
SECOND = [(drawing(1), [Asked("Please, how many blocks?", "7"), COLOUR]), (drawing(3), [COLOUR])]


def test_the_same_rows_stay_whichever_batch_came_first(tmp_path: Path) -> None:
    kept = []
    for number, batches in enumerate(([FIRST, SECOND], [SECOND, FIRST])):
        store = Store.open(str(tmp_path / f"{number}"))
        grower = Grower(store)
        for place, batch in enumerate(batches, 1):
            grower.grow(f"coco.{place:06d}", batch)
            version = built(store).version
        kept.append(rows_of(store, version)["row_id"].to_list())
    assert kept[0] == kept[1]
    assert len(kept[0]) == 4


def test_a_survivor_is_in_the_version_also_with_a_cap(local: Store) -> None:
    grower = Grower(local)
    grower.grow("coco.000001", FIRST)
    grower.grow("coco.000002", SECOND)
    for cap in (1, 2, 3):
        version = built(local, CutRecipe(max_rows=cap)).version
        left_out = rows_of(local, version, "excluded")
        assert set(left_out["survivor"].drop_nulls()) <= set(rows_of(local, version)["row_id"])
        doubles = left_out.filter(pl.col("reason").str.starts_with("duplicate"))
        assert doubles["survivor"].null_count() == 0
        assert left_out.height == 6 - cap


def test_a_conflict_names_its_opponent(local: Store) -> None:
    Grower(local).grow(
        "coco.000001", [(drawing(1), [Asked("How many blocks?", "7"), Asked("How many blocks?", "8"), COLOUR])]
    )
    left_out = rows_of(local, built(local).version, "excluded")
    assert left_out["reason"].to_list() == ["conflicting_answers"] * 2
    slots = left_out["slot"].to_list()
    assert [slot in detail for slot, detail in zip(slots[::-1], left_out["detail"], strict=True)] == [True, True]
