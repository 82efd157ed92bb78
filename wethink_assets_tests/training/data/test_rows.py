"""Rows are selected with a reason for each that is left out, read from a mapped file, and come in an order that seed and epoch decide."""

import multiprocessing
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.dataset.takedown.takedown import Takedown
from wethink_assets.errors import TrainingError
from wethink_assets.storage.store import Store
from wethink_assets.training.data.rows import Rows, RowSelection, row_order, select_rows, version_rows
from wethink_assets.training.policies.catalog import publish_policy
from wethink_assets.training.runs.plan import plan_run
from wethink_assets_tests.support.policies import policy_files, policy_record

EMBEDDED = {"pipeline": {"prompt_pack": "embedded"}}


def recipe(**settings: Any) -> RecipeSettings:
    return RecipeSettings.model_validate(settings)


def select(store: Store, target: Path, **settings: Any) -> tuple[RowSelection, set[str]]:
    selection = select_rows(store, "v0001", "train", recipe(**settings), target)
    rows = Rows(target)
    return selection, {rows[index]["row_id"] for index in range(len(rows))}


def test_every_row_is_taken_or_left_out_with_a_reason(drawn: Store, tmp_path: Path) -> None:
    total = version_rows(drawn, "v0001", "train").collect()
    kinds = Counter(total["kind"])
    everything, ids = select(drawn, tmp_path / "all.arrow")
    assert everything.rows == total.height == len(ids) and everything.left_out == {}
    rules, _ = select(drawn, tmp_path / "rules.arrow", accuracy="rules")
    assert rules.left_out == {"needs_judge": kinds["DES"]} and rules.kinds == {"FIB": kinds["FIB"], "MC": kinds["MC"]}
    only, _ = select(drawn, tmp_path / "mc.arrow", kinds=["MC"])
    assert only.rows == kinds["MC"] and only.left_out == {"kind": total.height - kinds["MC"]}
    assert RowSelection.from_json(only.as_json()) == only


def test_a_smaller_share_is_part_of_every_larger_one(drawn: Store, tmp_path: Path) -> None:
    before: set[str] = set()
    for share in (0.1, 0.3, 0.7, 1.0):
        selection, ids = select(drawn, tmp_path / f"{share}.arrow", data_share=share)
        assert before <= ids and selection.rows + selection.left_out.get("data_share", 0) == 24
        before = ids


def test_what_was_taken_down_is_not_trained_on_and_changes_the_policy(home: Path, tmp_path: Path) -> None:
    store = Store.open(str(home / "data"))
    settings = Settings.model_validate({**EMBEDDED, "folder": str(home), "recipes": {"r": {"accuracy": "rules"}}})
    before = plan_run(settings, store, "v0001.r")
    gone = version_rows(store, "v0001", "train").collect()["image_id"][0]
    record = Takedown(kind="image", name=gone, created=datetime.now(UTC))
    store.publish(record.path, record.model_dump_json().encode())
    selection, _ = select(store, tmp_path / "rows.arrow")
    assert selection.left_out == {"retracted": 1}
    assert plan_run(settings, store, "v0001.r").digest != before.digest


def test_difficulty_comes_from_a_former_run(home: Path, tmp_path: Path) -> None:
    store = Store.open(str(home / "data"))
    ids = version_rows(store, "v0001", "train").collect()["row_id"].to_list()
    folder = policy_files(tmp_path / "policy")
    known = {"row_id": [ids[0], ids[0], ids[1], ids[2]], "accuracy": [1.0, 1.0, 0.5, 0.0]}
    pl.DataFrame(known).write_parquet(folder / "completions.parquet")
    publish_policy(store, policy_record(), folder)
    selection, kept = select(store, tmp_path / "r.arrow", difficulty_from="v0001.grpo-s1", difficulty=(0.2, 0.8))
    assert selection.left_out == {"difficulty": 2} and kept == set(ids) - {ids[0], ids[2]}
    with pytest.raises(TrainingError, match=r"names v0009\.no, which was not trained"):
        select(store, tmp_path / "no.arrow", difficulty_from="v0009.no")


def read_elsewhere(rows: Rows, index: int) -> tuple[list[str], Mapping[str, Any]]:
    """In another process: what came with the rows, and one of them."""
    return sorted(vars(rows)), rows[index]


def test_rows_are_mapped_and_a_copy_carries_only_their_path(drawn: Store, tmp_path: Path) -> None:
    select_rows(drawn, "v0001", "train", recipe(), tmp_path / "rows.arrow")
    rows = Rows(tmp_path / "rows.arrow")
    assert rows[3]["options"] is not None and rows[-1]["row_id"] == rows[len(rows) - 1]["row_id"]
    with pytest.raises(IndexError):
        rows[len(rows)]
    assert sorted(vars(rows)) == ["_path", "_table"], "it was read here"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as worker:
        came_with, row = worker.submit(read_elsewhere, rows, 5).result()
    assert came_with == ["_path"] and row == rows[5]


@given(rows=st.integers(1, 50), wanted=st.integers(0, 200), seed=st.integers(0, 3))
def test_the_order_is_one_of_whole_epochs_and_goes_on_the_same(rows: int, wanted: int, seed: int) -> None:
    order = row_order(rows, wanted, seed).tolist()
    assert len(order) == wanted
    for start in range(0, wanted - wanted % rows, rows):
        assert sorted(order[start : start + rows]) == list(range(rows))
    assert row_order(rows, wanted + 7, seed).tolist()[:wanted] == order
