"""Keys of batches and where they lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.sources.batches import batch_key, batch_path, list_batches, read_membership, split_batch_key
from wethink_assets.storage.store import Store


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", fullmatch=True), st.integers(1, 10**9))
def test_a_key_splits_into_what_it_was_made_of(source: str, number: int) -> None:
    assert split_batch_key(batch_key(source, number)) == (source, number)


def test_keys_keep_true_names() -> None:
    assert batch_key("geoqa+", 3) == "geoqa+.000003"
    assert batch_path("CLEVR_v1.0.000012") == "batches/CLEVR_v1.0/000012.parquet"


@pytest.mark.parametrize("key", ["coco", "coco.", ".000001", "coco.1", "coco.00000x", "", "coco.００００１２"])
def test_other_strings_are_refused(key: str) -> None:
    with pytest.raises(SourceError, match=r"coco\.000003"):
        split_batch_key(key)


def test_an_empty_store_has_no_batches(store: Store) -> None:
    assert list_batches(store) == []
    assert list_batches(store, "geoqa+") == []
    with pytest.raises(StoreError, match=r"no batch coco\.000001"):
        read_membership(store, "coco.000001")
