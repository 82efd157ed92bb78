"""A stage closes: every upstream item is in exactly one of its two tables."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.errors import UnaccountedItems
from wethink_assets.stages.output import StageOutput, rejections, require_closed, unaccounted


def output(passed: list[str], refused: list[str]) -> StageOutput:
    return StageOutput(
        pl.DataFrame({"image_id": passed}, schema={"image_id": pl.String}),
        rejections({"item": item, "stage": "images", "reason": "corrupt", "detail": ""} for item in refused),
    )


@pytest.mark.parametrize(
    ("expected", "passed", "refused", "fault"),
    [
        (["a", "b"], ["a"], [], ("b", "lost")),
        (["a"], ["a"], ["a"], ("a", "both")),
        (["a"], ["a", "a"], [], ("a", "repeated")),
        (["a"], [], ["a", "a"], ("a", "repeated")),
        (["a"], ["a", "z"], [], ("z", "unknown")),
        (["a"], ["a"], ["z"], ("z", "unknown")),
    ],
)
def test_each_fault_is_named(
    expected: list[str], passed: list[str], refused: list[str], fault: tuple[str, str]
) -> None:
    faults = unaccounted(pl.Series(expected), output(passed, refused), "image_id")
    assert fault in list(faults.iter_rows())


@given(st.dictionaries(st.text(min_size=1), st.booleans()))
def test_a_partition_of_the_items_closes(fates: dict[str, bool]) -> None:
    done = output([i for i, ok in fates.items() if ok], [i for i, ok in fates.items() if not ok])
    assert unaccounted(pl.Series(list(fates), dtype=pl.String), done, "image_id").is_empty()


def test_the_error_names_the_item_and_the_stage() -> None:
    with pytest.raises(UnaccountedItems, match=r"images: 1 items unaccounted for, nothing was published: b \(lost\)"):
        require_closed("images", pl.Series(["a", "b"]), output(["a"], []), "image_id")


def test_reasons_are_counted_most_frequent_first() -> None:
    table = rejections(
        {"item": str(n), "stage": "images", "reason": reason, "detail": ""}
        for n, reason in enumerate(["corrupt", "empty", "corrupt"])
    )
    assert list(StageOutput(pl.DataFrame(), table).reasons().items()) == [("corrupt", 2), ("empty", 1)]
