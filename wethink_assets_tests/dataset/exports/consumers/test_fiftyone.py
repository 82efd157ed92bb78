"""FiftyOne reads the samples that are its own: every row with its image and its labels."""

import polars as pl
import pytest

from wethink_assets_tests.dataset.exports.conftest import Exported
from wethink_assets_tests.dataset.exports.consumers.conftest import SPLITS, Reading

pytestmark = pytest.mark.consumers


def test_every_sample_has_its_image_and_labels(
    reading: Reading, exported_sample: Exported, sampled_rows: pl.DataFrame, pixels: dict[str, list[str]]
) -> None:
    read = reading("fiftyone", "read_with_fiftyone", exported_sample("fiftyone"))
    assert read["database"] and read["pixels"] == pixels
    for split in SPLITS:
        kinds = sampled_rows.filter(pl.col("split") == split)["kind"].value_counts()
        assert read["labels"][split] == dict(kinds.iter_rows())
        assert read["tags"][split] == {split: len(pixels[split])}
