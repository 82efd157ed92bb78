"""`datasets`, Croissant's validator and WebDataset read exports: every row with its image, train and held-out rows apart."""

import polars as pl
import pytest

from wethink_assets.dataset.exports.export import export_formats
from wethink_assets_tests.dataset.exports.conftest import Exported
from wethink_assets_tests.dataset.exports.consumers.conftest import SPLITS, Reading

pytestmark = pytest.mark.consumers

MODES = [(name, mode) for name, form in export_formats().items() for mode in form.images]
LOADED = [(name, mode) for name, mode in MODES if name not in ("fiftyone", "webdataset")]
"""Formats whose folder `datasets.load_dataset` reads without being told how, also where the images of a version are of several formats."""


@pytest.mark.parametrize(("form", "mode"), LOADED)
def test_the_folder_alone_gives_every_row_with_its_image(
    reading: Reading, exported_sample: Exported, pixels: dict[str, list[str]], form: str, mode: str
) -> None:
    read = reading("datasets", "read_with_datasets", exported_sample(form, mode))
    assert read["pixels"] == pixels
    if mode == "embedded":
        assert all(any("Image(" in feature for feature in read["features"][split].values()) for split in SPLITS)


@pytest.mark.parametrize(("form", "mode"), MODES)
def test_croissant_is_valid_and_gives_image_answer_and_split(
    reading: Reading,
    exported_sample: Exported,
    sampled_rows: pl.DataFrame,
    pixels: dict[str, list[str]],
    form: str,
    mode: str,
) -> None:
    read = reading("datasets", "read_with_mlcroissant", exported_sample(form, mode))
    assert (read["validated"], read["complaints"]) == (0, [])
    assert read["pixels"] == pixels
    assert read["splits"] == {split: [split] for split in SPLITS}
    assert read["answers"] == {s: sampled_rows.filter(pl.col("split") == s)["answer"].to_list() for s in SPLITS}


def test_shards_give_every_row_with_its_image(
    reading: Reading, exported_sample: Exported, sampled_rows: pl.DataFrame, pixels: dict[str, list[str]]
) -> None:
    read = reading("datasets", "read_with_webdataset", exported_sample("webdataset"))
    assert read["pixels"] == pixels
    assert read["answers"] == {s: sampled_rows.filter(pl.col("split") == s)["answer"].to_list() for s in SPLITS}
